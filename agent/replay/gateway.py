"""Recorded days through a whole gateway without any bus: core, faults, control, its refusals.

A configuration says what stands on the line: its drivers decode a bus trace, its control acts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import msgspec

from agent.config import Config
from agent.core import Core
from agent.drivers import Device, ReadRequest
from agent.errors import FileError, Mistake
from agent.facts import (
    BlockFailed,
    BlockRead,
    Effect,
    Fact,
    Failure,
    Journal,
    Keep,
    Send,
    WriteDone,
)
from agent.line import Answer, Refused
from agent.line.trace import Exchange, read_trace
from agent.model import Outcome, Quality, Reading, Stamp, Value
from agent.records import Lane
from agent.replay.cells import NOTHING
from agent.replay.stamps import UNSET_S, Stamps
from agent.replay.table import Block, wrong

Event = dict[str, object]


def driven_trace(lines: Iterable[str], config: Config, path: Path) -> Iterator[Event]:
    """What a recorded trace would have caused."""
    yield from _run(Core(config.core), _trace_facts(lines, config, path))


def driven_table(rows: Iterable[Block], config: Config, path: Path) -> Iterator[Event]:
    """What the rows of a table would have caused."""
    yield from _run(Core(config.core), _row_facts(rows, config, path))


def _run(core: Core, facts: Iterable[Fact]) -> Iterator[Event]:
    for fact in facts:
        yield from _events(core, core.step(fact), fact.stamp)


def _events(core: Core, effects: Iterable[Effect], now: Stamp) -> Iterator[Event]:
    for effect in effects:
        match effect:
            case Keep(lane, record, stamp) if lane is not Lane.TELEMETRY:
                body = json.loads(msgspec.json.encode(record))
                yield {"kind": lane.value, "at": stamp.at.isoformat(), **body}
            case Journal("refused" | "held_back" as kind, detail, stamp):
                yield {"kind": kind, "at": stamp.at.isoformat(), **detail}
            case Send(write):
                yield {"kind": "demand", **asdict(write)}
                # Nobody is on the bus: the write counts as done, the recorded values go on.
                done = WriteDone(write, Outcome.VERIFIED, "replayed", now)
                for _ in core.step(done):
                    pass
            case _:
                pass


# --- bus traces -----------------------------------------------------------------------------


def _trace_facts(lines: Iterable[str], config: Config, path: Path) -> Iterator[Fact]:
    devices = {
        (line.port.name, unit_id): device
        for line in config.lines
        for device in line.devices
        for unit_id in {codec.unit_id for codec in device.codecs.values()}
    }
    for number, line in enumerate(lines, 1):
        try:
            for exchange in read_trace(iter([line])):
                device = devices.get((exchange.line, exchange.unit))
                request = exchange.request
                if device is not None and isinstance(request, ReadRequest):
                    yield _trace_fact(device, request, exchange)
        except (ValueError, KeyError) as error:
            message = f"not an exchange: {error}"
            raise FileError([Mistake(str(path), number, "", message)]) from None


def _trace_fact(device: Device, request: ReadRequest, exchange: Exchange) -> Fact:
    stamp = Stamp(datetime.fromisoformat(exchange.at), exchange.mono)
    if isinstance(exchange.reply, Refused):
        return BlockFailed(device.name, Failure.REFUSED, "as recorded", stamp, sweep_end=True)
    if not isinstance(exchange.reply, Answer):
        return BlockFailed(device.name, Failure.SILENCE, "as recorded", stamp, sweep_end=True)
    readings = device.decode(device.block_of(request), exchange.reply.words)
    if isinstance(readings, str):
        return BlockFailed(device.name, Failure.GARBLED, readings, stamp, sweep_end=True)
    return BlockRead(device.name, readings, stamp, sweep_end=True)


# --- tables of values -----------------------------------------------------------------------


def _row_facts(rows: Iterable[Block], config: Config, path: Path) -> Iterator[Fact]:
    devices, only = config.core.devices, _only(config)
    clocks = {name: Stamps() for name in devices}
    for block in rows:
        for k, at in enumerate(block.at):
            name = (block.devices[k] if block.devices is not None else "") or only or "device"
            if name not in devices:
                message, known = f"no device is named {name}", ", ".join(devices)
                raise wrong(path, block.lines[k], "device", message, known)
            mono = clocks[name].mono_of(at) if block.mono is None else block.mono[k]
            stamp = Stamp(datetime.fromtimestamp(at, UTC), mono, at >= UNSET_S)
            points = devices[name].map.points
            readings = tuple(
                _reading(point, cells[k]) for point, cells in block.cells.items() if point in points
            )
            yield BlockRead(name, readings, stamp, sweep_end=True)


def _only(config: Config) -> str | None:
    names = list(config.core.devices)
    return names[0] if len(names) == 1 else None


def _reading(name: str, cell: object) -> Reading:
    parsed = _value(cell)
    if parsed is None:
        return Reading(name, None, Quality.ABSENT)
    raw = int(parsed) if isinstance(parsed, int | float) else None
    return Reading(name, parsed, Quality.GOOD, raw)


def _value(cell: object) -> Value | None:
    if isinstance(cell, bool | int):
        return cell
    text = str(cell).strip()
    if text.lower() in NOTHING:
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) else None
