"""`replay`: a trace or a table of values through detection, or through a whole gateway."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from pathlib import Path
from time import monotonic

from agent.cli.base import OK, Commands, command
from agent.faults import Profile
from agent.replay import Event, replay

BESIDE = ("rules_off", "file")
SILENT_S, EVERY_S = 2.0, 1.0


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    again = command(commands, "replay", _replay)
    again.add_argument("file", help="a trace, or a CSV or JSONL of timed values")
    again.add_argument("--config", help="configuration that says what stands on the line")
    again.add_argument(
        "--refrigerant", choices=("R32", "R410A", "R290"), help="of the pump, without --config"
    )
    again.add_argument(
        "--utc-offset",
        type=float,
        default=8.0,
        metavar="HOURS",
        help="hours that the pump's winter time is ahead of UTC, without --config (default 8)",
    )


def _replay(arguments: argparse.Namespace) -> int:
    """Run a trace, or a CSV or JSONL of values, through detection, or with --config a gateway."""
    gc.disable()  # rows by the hundred thousand, and no cycles among them
    found = None
    if arguments.config:
        from agent import config  # noqa: PLC0415  half a second, and only for a gateway

        found = config.read(arguments.config)
    profile = Profile(refrigerant=arguments.refrigerant, east_h=arguments.utc_offset)
    events = replay(Path(arguments.file), found, profile, _Bar().show)
    for event in events:
        if event["kind"] in BESIDE:
            print(_said(event), file=sys.stderr)
        else:
            print(json.dumps(event, ensure_ascii=False, default=str))
    return OK


def _said(event: Event) -> str:
    """A line for people about the file and the rules."""
    if event["kind"] == "rules_off":
        off = event["rules"]
        assert isinstance(off, dict)
        why = "; ".join(f"{rule} {reason}" for rule, reason in off.items()) or "none"
        return f"device={event['device']} points={len(_list(event['points']))} rules off: {why}"
    odd = {key: value for key, value in event.items() if value and key not in ("kind", "device")}
    told = " ".join(f"{key}={_text(value)}" for key, value in odd.items())
    return f"device={event['device']} {told}"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


class _Bar:
    """How far a long replay is, once a second, for people who wait."""

    def __init__(self) -> None:
        self._began = self._shown = monotonic()

    def show(self, share: float) -> None:
        now = monotonic()
        if now - self._began < SILENT_S or now - self._shown < EVERY_S:
            return
        self._shown = now
        left_s = (now - self._began) * (1.0 / max(share, 0.001) - 1.0)
        bar = "#" * round(20 * share)
        print(f"[{bar:20}] {100 * share:.0f} %, {left_s:.0f} s left", file=sys.stderr)
