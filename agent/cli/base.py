"""What all commands share: exit codes, the way a command is declared, readings as text and JSON."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterable
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

from agent.model import Quality, Reading, Snapshot
from agent.tables import table

if TYPE_CHECKING:  # the drivers take a tenth of a second, and not every command needs them
    from agent.drivers import Device

OK, FAILED, WRONG, MISSING = 0, 1, 2, 3
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    config_file: bool = False,
    as_json: bool = False,
) -> argparse.ArgumentParser:
    """A new command; its help is the docstring of `run`, which returns the exit code."""
    text = (run.__doc__ or "").strip()
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    if config_file:
        parser.add_argument("config", help="the gateway's YAML file")
    if as_json:
        parser.add_argument("--json", action="store_true", help="for programs")
    return parser


def seconds(text: str) -> float:
    """An argument that is a time above 0 s."""
    found = float(text) if text.replace(".", "", 1).isdecimal() else 0.0
    if not (isfinite(found) and found > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed here; allowed: above 0 s")
    return found


def tcp_port(text: str) -> int:
    """An argument that is a TCP port; 0 lets the system choose one."""
    found = int(text) if text.isdecimal() else -1
    if not 0 <= found <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed here; allowed: 0 to 65535")
    return found


def modbus_unit(text: str) -> int:
    """An argument that is a Modbus unit id."""
    found = int(text) if text.isdecimal() else 0
    if not 1 <= found <= 247:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed here; allowed: 1 to 247")
    return found


def quiet(arguments: argparse.Namespace) -> None:
    """Commands that print a result keep the log for those who ask for it."""
    if not arguments.verbose:
        logging.getLogger().setLevel(logging.ERROR)


def points_json(readings: Iterable[Reading]) -> dict[str, dict[str, object]]:
    """Readings by point, for programs."""
    return {r.point: {"value": r.value, "quality": r.quality.value, "raw": r.raw} for r in readings}


def readings_table(device: Device, snapshot: Snapshot) -> str:
    """Readings as a table for people, with their names in both languages."""
    rows = [_row(device, reading) for reading in snapshot.readings.values()]
    return table(["point", "value", "unit", "quality", "name", "名称"], rows)


def _row(device: Device, reading: Reading) -> list[object]:
    point = device.map.point(reading.point)
    value = "" if reading.value is None else str(reading.value)
    quality = "" if reading.quality is Quality.GOOD else reading.quality.value
    return [reading.point, value, point.unit.value, quality, point.en, point.zh]
