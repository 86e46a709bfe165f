"""`alarms`: what is open on a gateway, out of its own durable buffer."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime, tzinfo

import msgspec

from agent import config
from agent.cli.base import OK, Commands, command, quiet
from agent.model import Alarm
from agent.restored import kept_alarms, kept_service
from agent.tables import table

_HEADS = {
    "en": ["", "life", "device", "fault", "since", "count", "id"],
    "zh": ["", "状态", "设备", "故障", "发生时间", "次数", "编号"],
}
_LIVES_ZH = {
    "unacknowledged_active": "未确认",
    "acknowledged_active": "已确认",
    "returned_unacknowledged": "已恢复未确认",
    "latched_unacknowledged": "已锁存未确认",
    "latched_acknowledged": "已锁存已确认",
    "shelved": "搁置",
    "suppressed_by_design": "抑制",
    "out_of_service": "停用",
}
_NONE = {"en": "no alarm is open", "zh": "没有未结束的告警"}


def add(commands: Commands) -> None:
    """Declare the command."""
    made = command(commands, "alarms", _alarms, config_file=True, as_json=True)
    made.add_argument("--lang", choices=("en", "zh"), default="en", help="of the texts (en)")
    made.add_argument("--all", action="store_true", help="also what is hidden or has returned")


def _alarms(arguments: argparse.Namespace) -> int:
    """List the open alarms of a gateway, the worst first, with what to do and their ids.

    Reads a copy of the durable buffer, so the gateway may run meanwhile. An id is what a command
    acknowledges or shelves: see the how-to on alarms.
    """
    quiet(arguments)
    home = config.read(arguments.config)
    path = home.spool.path
    found = kept_alarms(path)
    shown = [one for one in found if arguments.all or arguments.json or one.annunciated]
    shown.sort(key=lambda one: (one.severity, one.opened_at, one.id))
    if arguments.json:
        print(msgspec.json.encode(shown).decode())
        return OK
    print(_text(shown, arguments.lang, home.timezone) if shown else _NONE[arguments.lang])
    for one in kept_service(path):
        if one.until > datetime.now(UTC):
            said = "out of service" if arguments.lang == "en" else "停用"
            print(f"{said}: {one.device} {one.rule}, {one.until.isoformat()}, {one.by}: {one.why}")
    hidden = len(found) - len(shown)
    if hidden:
        print(f"{hidden} more are hidden or have returned: --all" if arguments.lang == "en"
              else f"另有{hidden}条被隐藏或已恢复：--all")  # fmt: skip
    return OK


def _text(alarms: list[Alarm], language: str, zone: tzinfo) -> str:
    rows = [
        [
            one.severity.value,
            _LIVES_ZH[one.life] if language == "zh" else one.life.value,
            one.device,
            f"{one.fault} {one.rule}".strip(),
            f"{one.opened_at.astimezone(zone):%Y-%m-%d %H:%M}",
            one.count,
            one.id,
        ]
        for one in alarms
    ]
    return "\n".join([table(_HEADS[language], rows), "", *_words(alarms, language)])


def _words(alarms: list[Alarm], language: str) -> list[str]:
    lines: list[str] = []
    for one in alarms:
        exact, plain = one.text_en, one.resident_en
        if language == "zh":
            exact, plain = one.text_zh, one.resident_zh
        lines.append(f"{one.severity} {one.device}: {exact}")
        if plain:
            lines.append(f"   -> {plain}")
        if len(one.suspects) > 1:
            lines.append("   ? " + ", ".join(f"{s.fault} {s.weight:.0%}" for s in one.suspects))
        if one.shelved_until is not None:
            lines.append(f"   {one.shelved_by}, {one.shelved_until.isoformat()}: {one.shelved_why}")
        if one.suppressed_by:
            lines.append(f"   <- {one.suppressed_by}")
        if one.evidence:
            lines.append("   " + json.dumps(dict(one.evidence), ensure_ascii=False))
    return lines
