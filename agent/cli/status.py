"""`status`: the light of a running gateway, and what waits in its buffer for the platform."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

import msgspec

from agent import config
from agent.cli.base import FAILED, OK, Commands, command, quiet
from agent.clock import Clock
from agent.enrol import Standing
from agent.glimpse import Glimpse, look
from agent.light import LOOKS, Light
from agent.spool import Glance, LaneGlance, glance
from agent.tables import table


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "status", _status, config_file=True, as_json=True)


def _status(arguments: argparse.Namespace) -> int:
    """Show the light of the gateway, its certificate, and what waits for the platform by lane.

    The light means the same as on the lamp and on the page; the exit code is 0 for green only.
    Reads a copy of the durable buffer and its file in memory, so the gateway may run meanwhile.
    What the platform acknowledged since the last commit is still counted.
    """
    quiet(arguments)
    path = config.read(arguments.config).spool.path
    clock = Clock()
    shown, found, now = look(path, clock.boot), glance(path, clock.boot), datetime.now(UTC)
    print(_json(path, shown, found, now) if arguments.json else _text(path, shown, found, now))
    return OK if shown is not None and shown.light is Light.GREEN else FAILED


def _json(path: str, shown: Glimpse | None, found: Glance, now: datetime) -> str:
    lanes = {
        one.lane.value: {
            "on_disk": one.on_disk,
            "in_memory": one.in_memory,
            "oldest_at": one.oldest_at,
            "oldest_s": age_s(one, now),
            "lost": one.lost,
            "thinned": one.thinned,
        }
        for one in found.lanes
    }
    light = None
    if shown is not None:
        words = LOOKS[shown.light]
        light = {"shows": shown.light.value, "since": shown.since, "en": words.en, "zh": words.zh}
    said = {
        "light": light,
        "identity": None if shown is None else msgspec.to_builtins(shown.identity),
        "file": path,
        "bytes": found.file_bytes,
        "lanes": lanes,
    }
    return json.dumps(said)


def _text(path: str, shown: Glimpse | None, found: Glance, now: datetime) -> str:
    heads = ["lane", "waiting", "of it in memory", "oldest", "age", "lost", "thinned"]
    rows = [
        [
            one.lane.value,
            one.on_disk + one.in_memory,
            one.in_memory,
            one.oldest_at or "",
            in_words(age_s(one, now)),
            one.lost,
            one.thinned,
        ]
        for one in found.lanes
    ]
    return f"{_light(shown)}\n{table(heads, rows)}\n{path}: {found.file_bytes / 1e6:.2f} MB"


def _light(shown: Glimpse | None) -> str:
    """The light and the certificate in words, in both languages."""
    if shown is None:
        return "off: the gateway does not run, or another user's does\n网关没有运行"
    words, identity = LOOKS[shown.light], shown.identity
    why = f" ({identity.why})" if identity.why else ""
    lines = [f"{shown.light} since {shown.since}", words.zh, words.en]
    if identity.standing is not Standing.NONE:
        lines += [identity.zh, f"{identity.en}{why}"]
    return "\n".join(lines)


def age_s(one: LaneGlance, now: datetime) -> float | None:
    """How long the oldest record has waited; never negative, whatever the clock did since."""
    if one.oldest_at is None:
        return None
    return round(max(0.0, (now - datetime.fromisoformat(one.oldest_at)).total_seconds()), 1)


def in_words(seconds: float | None) -> str:
    """`45 s`, `12 min`, `3.5 h`, `8.0 days`; empty for none."""
    if seconds is None:
        return ""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
