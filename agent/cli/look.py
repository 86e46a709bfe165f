"""`read`, `write` and `record`: the lines opened for a short look, without a platform."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from math import inf
from pathlib import Path
from typing import TextIO

from agent import config
from agent.cli.base import (
    FAILED,
    MISSING,
    OK,
    WRONG,
    Commands,
    command,
    points_json,
    quiet,
    readings_table,
    seconds,
)
from agent.homes import Home, complete
from agent.line.trace import Trace
from agent.model import Outcome, PointId, Snapshot
from agent.sweep import Look, Seen
from agent.tables import table
from agent.traces import mask_of

SWEEP_WITHIN_S = 60.0


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    read = command(commands, "read", _read, config_file=True, as_json=True)
    write = command(commands, "write", _write, config_file=True, as_json=True)
    write.add_argument("device", help="name of the device in the configuration")
    write.add_argument("point", help="name of the point, such as water_setpoint")
    write.add_argument("value", help="the value, in the unit of the point")
    for one in (read, write):
        one.add_argument(
            "--within",
            type=seconds,
            default=SWEEP_WITHIN_S,
            metavar="S",
            help="seconds to wait for the devices (60)",
        )
    record = command(commands, "record", _record, config_file=True)
    record.add_argument("file", help="where to write the trace (JSON lines)")
    record.add_argument("--seconds", type=seconds, default=60.0, help="how long (60)")


def _read(arguments: argparse.Namespace) -> int:
    """Ask every device once and show what it says."""
    found = config.read(arguments.config)
    quiet(arguments)
    return asyncio.run(_read_once(found, arguments))


async def _read_once(found: config.Config, arguments: argparse.Namespace) -> int:
    async with Look(found) as look:
        await look.sweep(arguments.within)
        seen = look.seen
    if arguments.json:
        print(json.dumps(_as_json(found, seen)))
    else:
        _print_sweep(found, seen)
    return OK if any(snapshot.readings for snapshot in seen.snapshots.values()) else FAILED


def _as_json(found: config.Config, seen: Seen) -> dict[str, object]:
    devices = {
        name: points_json(snapshot.readings.values()) for name, snapshot in seen.snapshots.items()
    }
    return {
        "devices": devices,
        "homes": {home.name: _home_json(home, seen) for home in found.core.homes},
        "failures": seen.failures,
        "lines_lost": seen.lost,
    }


def _completed(home: Home, seen: Seen) -> Snapshot:
    """The heat pump's picture with what others supply to its home; all of it was just read."""
    fresh = {name: dict.fromkeys(one.readings, inf) for name, one in seen.snapshots.items()}
    return complete(seen.snapshots[home.heat_pump], home.supplies, seen.snapshots, fresh, 0.0)


def _supplier(home: Home, point: PointId) -> str:
    """`device.point` that measures this point of the home; the heat pump has the others."""
    supply = home.supply(point)
    return f"{supply.device}.{supply.source}" if supply else home.heat_pump


def _home_json(home: Home, seen: Seen) -> dict[str, dict[str, object]]:
    points = points_json(_completed(home, seen).readings.values())
    return {name: {**said, "from": _supplier(home, name)} for name, said in points.items()}


def _home_table(found: config.Config, home: Home, seen: Seen) -> str:
    """Every point of a home in one line, with who measures it."""
    pump = found.core.devices[home.heat_pump].map
    rows = [
        [
            reading.point,
            "" if reading.value is None else reading.value,
            pump.point(reading.point).unit.value,
            "" if reading.good else reading.quality.value,
            _supplier(home, reading.point),
        ]
        for reading in _completed(home, seen).readings.values()
    ]
    return table(["point", "value", "unit", "quality", "from 来自"], rows)


def _print_sweep(found: config.Config, seen: Seen) -> None:
    for name, snapshot in seen.snapshots.items():
        print(f"\n{name} ({found.core.devices[name].map.map})")
        if not snapshot.readings:
            print(f"  no answer: {seen.failures.get(name, 'time ran out')}")
            continue
        print(readings_table(found.core.devices[name], snapshot))
    for home in found.core.homes:
        if home.supplies:
            print(f"\nhome {home.name} 住户 ({home.heat_pump})")
            print(_home_table(found, home, seen))
    for line, why in seen.lost.items():
        print(f"\nline {line}: {why}")


def _write(arguments: argparse.Namespace) -> int:
    """Write one point through the guard, read it back, and say what the machine made of it."""
    found = config.read(arguments.config)
    device = found.core.devices.get(arguments.device)
    if device is None:
        print(
            f"no device is named {arguments.device}; there are {', '.join(found.core.devices)}",
            file=sys.stderr,
        )
        return WRONG
    rule = device.map.points.get(arguments.point)
    value = device.value_of(arguments.point, arguments.value) if rule else None
    if rule is None or rule.write is None or value is None:
        writable = ", ".join(name for name, r in device.map.points.items() if r.write)
        print(
            f"{arguments.point} = {arguments.value} cannot be written; writable points: {writable}",
            file=sys.stderr,
        )
        return WRONG
    quiet(arguments)
    return asyncio.run(_write_once(found, arguments, value))


async def _write_once(
    found: config.Config, arguments: argparse.Namespace, value: float | bool | str
) -> int:
    async with Look(found) as look:
        await look.sweep(arguments.within)
        done = await look.write(arguments.device, arguments.point, value, arguments.within)
    if done.outcome is not Outcome.VERIFIED:
        for line, why in look.seen.lost.items():
            print(f"line {line}: {why}", file=sys.stderr)
        said = {"outcome": done.outcome.value, "why": done.why}
        print(json.dumps(said) if arguments.json else done.why)
        return FAILED
    if arguments.json:
        print(json.dumps({"outcome": done.outcome.value, "read_back": done.read_back}))
    else:
        print(f"{arguments.device} {arguments.point} = {done.read_back} (read back)")
    return OK


def _record(arguments: argparse.Namespace) -> int:
    """Run the lines for a while and keep every exchange in a trace file."""
    found = config.read(arguments.config)
    try:
        with Path(arguments.file).open("w", encoding="utf-8") as file:
            return asyncio.run(_record_for(found, file, arguments))
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{arguments.file}: cannot be written: {error.strerror}", file=sys.stderr)
        return MISSING


async def _record_for(found: config.Config, file: TextIO, arguments: argparse.Namespace) -> int:
    kept = 0

    def put(text: str) -> None:
        nonlocal kept
        kept += 1
        file.write(text)
        if sys.stderr.isatty():
            print(f"\r{kept} exchanges", end="", file=sys.stderr, flush=True)

    async with Look(found, Trace(put, mask_of(found))):
        await asyncio.sleep(arguments.seconds)
    print(f"{kept} exchanges in {arguments.file}")
    return OK if kept else FAILED
