"""Recorded days through core, faults and control without any bus.

Two kinds of files: a bus trace as `record` writes it, decoded by the drivers of a configuration, or
a CSV or JSONL of timed point values with canonical names. What comes out are alarms, demands and
refusals as plain dictionaries, in the order in which they would have happened.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import msgspec

from agent.config import Config
from agent.control import ControlSettings
from agent.core import Core, CoreSettings
from agent.drivers import Block, Cost, Device, ReadRequest, RegisterMap
from agent.drivers.registermap import Faults, PointRule
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
from agent.model import POINTS, Outcome, Quality, Reading, Stamp, Value
from agent.records import Lane

TIME_COLUMNS = ("at", "time", "timestamp")
Event = dict[str, object]


def replay(path: Path, config: Config | None) -> Iterator[Event]:
    """What a recorded file would have caused. Raises FileError for a file that is neither kind."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise FileError([Mistake(str(path), 1, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise FileError([Mistake(str(path), 1, "", "is not UTF-8 text")]) from None
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("{") and '"fn"' in first:
        if config is None:
            message = "a bus trace needs --config, which says what stands on the line"
            raise FileError([Mistake(str(path), 1, "", message)])
        yield from _run(Core(config.core), _trace_facts(lines, config, path))
        return
    rows = _jsonl(lines, path) if first.startswith("{") else _csv(lines, path)
    table = list(rows)
    core = Core(config.core if config else _settings(table))
    yield from _run(core, _row_facts(table, config, path))


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
    inside = tuple(
        codec.name
        for codec in device.codecs.values()
        if (codec.unit_id, codec.table) == (request.unit_id, request.table)
        and request.at <= codec.span[0]
        and codec.span[1] < request.at + request.count
    )
    if isinstance(exchange.reply, Refused):
        return BlockFailed(device.name, Failure.REFUSED, "as recorded", stamp, sweep_end=True)
    if not isinstance(exchange.reply, Answer):
        return BlockFailed(device.name, Failure.SILENCE, "as recorded", stamp, sweep_end=True)
    readings = device.decode(Block(request, inside, 0.0), exchange.reply.words)
    if isinstance(readings, str):
        return BlockFailed(device.name, Failure.GARBLED, readings, stamp, sweep_end=True)
    return BlockRead(device.name, readings, stamp, sweep_end=True)


# --- tables of values -----------------------------------------------------------------------


def _csv(lines: list[str], path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    reader = csv.DictReader(lines)
    try:
        for row in reader:
            yield reader.line_num, {key: value for key, value in row.items() if key is not None}
    except csv.Error as error:
        raise FileError([Mistake(str(path), reader.line_num, "", f"not CSV: {error}")]) from None
    if reader.fieldnames is None:
        raise FileError([Mistake(str(path), 1, "", "is empty")])


def _jsonl(lines: list[str], path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise FileError([Mistake(str(path), number, "", f"not JSON: {error.msg}")]) from None
        values = row.get("values", {}) if isinstance(row, dict) else None
        if not isinstance(values, dict):
            raise FileError([Mistake(str(path), number, "", "is no row", "{at, device, values}")])
        yield number, {**{k: v for k, v in row.items() if k != "values"}, **values}


def _settings(table: list[tuple[int, dict[str, object]]]) -> CoreSettings:
    """Devices as the file names them, each with the points the file has; nothing is controlled."""
    names = {str(row.get("device") or "device") for _, row in table}
    columns = {column for _, row in table for column in row}
    points = sorted(columns & set(POINTS))
    rules = {name: PointRule(at=i) for i, name in enumerate(points)}
    faults = Faults(point="fault_code") if "fault_code" in points else Faults()
    found = RegisterMap(
        map="replay", api=1, covers=(), source=(), grade="draft", points=rules, faults=faults
    )
    cost = Cost(0.0, 0.0)
    devices = {name: Device(name, found, 1, cost) for name in names}
    return CoreSettings(devices, ControlSettings(UTC))


def _row_facts(
    table: list[tuple[int, dict[str, object]]], config: Config | None, path: Path
) -> Iterator[Fact]:
    first: datetime | None = None
    for number, row in table:
        at = _instant(row, number, path)
        first = first or at
        stamp = Stamp(at, (at - first).total_seconds())
        device = str(row.get("device") or _only(config) or "device")
        if config is not None and device not in config.core.devices:
            known = ", ".join(config.core.devices)
            message = f"no device is named {device}"
            raise FileError([Mistake(str(path), number, "device", message, known)])
        points = set(config.core.devices[device].map.points if config is not None else POINTS)
        readings = tuple(
            _reading(name, value)
            for name, value in row.items()
            if name in points and value is not None
        )
        yield BlockRead(device, readings, stamp, sweep_end=True)


def _only(config: Config | None) -> str | None:
    names = list(config.core.devices) if config else []
    return names[0] if len(names) == 1 else None


def _instant(row: dict[str, object], number: int, path: Path) -> datetime:
    text = next((str(row[key]) for key in TIME_COLUMNS if row.get(key)), None)
    if text is None:
        message, allowed = "has no time", ", ".join(TIME_COLUMNS)
        raise FileError([Mistake(str(path), number, "", message, allowed)])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no time"
        raise FileError([Mistake(str(path), number, "at", message, "ISO 8601")]) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _reading(name: str, value: object) -> Reading:
    parsed = _value(value)
    if parsed is None:
        return Reading(name, None, Quality.ABSENT)
    raw = int(parsed) if isinstance(parsed, int | float) else None
    return Reading(name, parsed, Quality.GOOD, raw)


def _value(value: object) -> Value | None:
    if isinstance(value, bool | int):
        return value
    text = str(value).strip()
    if text.lower() in ("", "null", "none"):
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) else None
