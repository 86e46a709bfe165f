"""Traces that may be shared: what `record` must not keep, and what a shared trace must show.

A trace that leaves a home holds the words of known points and nothing else: serial numbers are
blanked, and so are words that belong to no point, for nobody knows what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.config import Config
from agent.drivers import Device, Driver, ReadRequest, Request
from agent.kit.replay import Replayed, replay
from agent.line import Answer
from agent.line.trace import Exchange, Mask
from agent.model import Quality, Reading

IDENTIFYING = ("serial_number",)
"""A point whose name contains one of these names the machine, in numbers or in letters."""

Place = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class About:
    """Where a trace is from: `simulated` means of a simulator, which proves nothing about a
    machine; `compared` that somebody compared the readings with the machine's own display.
    """

    firmware: str = "unknown"
    simulated: bool = False
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Golden:
    """The readings that a driver made of a trace; kept beside it as JSON."""

    driver: str
    map_sha256: str
    unit_id: int
    simulated: bool
    compared: bool
    readings: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Checked:
    """One device of a trace: how its file is called, its golden readings, what is wrong."""

    device: str
    name: str
    golden: Golden
    exchanges: tuple[Exchange, ...]
    unmasked: tuple[str, ...]
    findings: tuple[str, ...]


def mask_of(config: Config) -> Mask:
    """A function that blanks every word of a trace that may not be shared."""
    open_places = {
        (line.port.name, place)
        for line in config.lines
        for one in line.devices
        for place in shareable(one)
    }

    def mask(line: str, request: Request, words: tuple[int, ...]) -> tuple[int, ...]:
        if not isinstance(request, ReadRequest):
            return words
        unit_id, table = request.unit_id, request.table
        return tuple(
            word if (line, (unit_id, table, request.at + i)) in open_places else 0
            for i, word in enumerate(words)
        )

    return mask


def shareable(device: Device) -> frozenset[Place]:
    """The places of all points and fault bits that do not name the machine."""
    known, secret = set[Place](), set[Place]()
    for name, codec in device.codecs.items():
        names_it = any(part in name for part in IDENTIFYING)
        places = {(codec.unit_id, codec.table, at) for at in codec.rule.addresses}
        (secret if names_it else known).update(places)
    known |= {(b.unit_id or device.unit_id, b.table, b.at) for b in device.map.faults.bits}
    return frozenset(known - secret)


def check(exchanges: Iterable[Exchange], device: Device, driver: Driver, about: About) -> Checked:
    """Judge the part of a line's trace that belongs to one device, and name it by convention."""
    places = shareable(device)
    units = {device.unit_id} | {codec.unit_id for codec in device.codecs.values()}
    own = tuple(one for one in exchanges if one.unit in units)
    read = [
        (one.request, one.reply.words)
        for one in own
        if isinstance(one.request, ReadRequest) and isinstance(one.reply, Answer)
    ]
    found = replay(driver.map, read, {}, device.unit_id, type(driver.hooks))
    return Checked(
        device.name,
        file_name(driver, about),
        _golden(found, device, driver, about),
        own,
        tuple(_unmasked(read, places)),
        tuple(f"{one.path or one.rule}: {one.message}" for one in found.findings),
    )


def _unmasked(
    read: Iterable[tuple[ReadRequest, tuple[int, ...]]], places: frozenset[Place]
) -> list[str]:
    seen = {
        (request.table, request.at + i)
        for request, words in read
        for i, word in enumerate(words)
        if word and (request.unit_id, request.table, request.at + i) not in places
    }
    return [f"{table} {at}" for table, at in sorted(seen)]


def _golden(found: Replayed, device: Device, driver: Driver, about: About) -> Golden:
    readings = {name: _said(reading) for name, reading in sorted(found.snapshot.readings.items())}
    origin = (about.simulated, about.compared)
    return Golden(driver.name, driver.sha256, device.unit_id, *origin, readings)


def _said(reading: Reading) -> dict[str, object]:
    if reading.quality is Quality.GOOD:
        return {"value": reading.value}
    return {"value": reading.value, "quality": reading.quality.value}


def file_name(driver: Driver, about: About) -> str:
    """`<Brand>_<Model>_<firmware>`, without what a file name cannot hold."""
    cover = driver.map.covers[0]
    brand = _plain(cover.brand) or _plain(driver.name)  # two makers of no Latin name stay apart
    told = (_plain(cover.model) or "unknown", _plain(about.firmware) or "unknown")
    return "_".join((f"Simulated-{brand}" if about.simulated else brand, *told))


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")
