"""The lines part of a configuration: ports, devices, unit ids and rhythms, checked."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from agent.config.overrides import tailored
from agent.config.rhythm import check_rhythm
from agent.config.sections import GatewaySection, LineSection
from agent.drivers import Cost, Device, Driver, RegisterMap, driver
from agent.errors import DriverError, FileError, Mistake
from agent.line import PortSettings
from agent.yamltext import Document

PORTS_ALLOWED = "/dev/..., tcp://host:port, rtu+tcp://host:port"


@dataclass(frozen=True, slots=True)
class LineConfig:
    """A line ready to be opened: its port and its devices."""

    port: PortSettings
    devices: tuple[Device, ...]
    drivers: tuple[Driver, ...] = ()


def lines_of(raw: GatewaySection, doc: Document, mistakes: list[Mistake]) -> tuple[LineConfig, ...]:
    lines: list[LineConfig] = []
    names: set[str] = set()
    ports: dict[str, bool] = {}
    if not raw.lines:
        mistakes.append(doc.mistake(("lines",), "no line is named", "one or more"))
    for i, line in enumerate(raw.lines):
        if not line.devices:
            mistakes.append(doc.mistake(("lines", i, "devices"), "nobody is on it", "one or more"))
        if line.name in names:
            mistakes.append(doc.mistake(("lines", i, "name"), f"{line.name} is used twice"))
        names.add(line.name)
        drivers = [
            _driver(section.driver, doc, ("lines", i, "devices", j, "driver"), mistakes)
            for j, section in enumerate(line.devices)
        ]
        port = _port(line, drivers, doc, i, mistakes)
        one = any(found is None or found.map.line.one_connection for found in drivers)
        _check_connections(port, one, ports, doc, ("lines", i, "port"), mistakes)
        made = _devices(line, drivers, port, doc, i, mistakes)
        lines.append(LineConfig(port, made, tuple(d for d in drivers if d is not None)))
    _unique_names(raw, doc, mistakes)
    return tuple(lines)


def _check_connections(
    port: PortSettings,
    one: bool,
    known: dict[str, bool],
    doc: Document,
    path: tuple[str | int, ...],
    mistakes: list[Mistake],
) -> None:
    """A serial port has one user; so has a bridge, unless all maps behind it allow for more."""
    where = port.url.split("://")[-1]
    if where in known and (one or known[where] or not port.is_network):
        mistakes.append(doc.mistake(path, f"{port.url} is used twice"))
    known[where] = one or known.get(where, False)


def _driver(
    name: str, doc: Document, path: tuple[str | int, ...], mistakes: list[Mistake]
) -> Driver | None:
    try:
        return driver(name)
    except DriverError as error:
        mistakes.append(doc.mistake(path, str(error)))
    except FileError as error:
        mistakes.extend(error.mistakes)
    return None


def _port(
    line: LineSection, drivers: list[Driver | None], doc: Document, i: int, mistakes: list[Mistake]
) -> PortSettings:
    """The line's settings; what is left out comes from the maps, which must agree."""
    maps = [found.map.line for found in drivers if found is not None]
    baudrates = {m.baudrate for m in maps if m.baudrate}
    parities = {m.parity for m in maps if m.parity}
    stops = {m.stop_bits for m in maps if m.stop_bits}
    serial = "://" not in line.port
    if "://" in line.port:
        _check_address(line.port, doc, ("lines", i, "port"), mistakes)
    elif not line.port.startswith("/"):
        message = f"{line.port!r} is no serial port"
        mistakes.append(doc.mistake(("lines", i, "port"), message, PORTS_ALLOWED))
    for key, given, known in (
        ("baudrate", line.baudrate, baudrates),
        ("parity", line.parity, parities),
        ("stop_bits", line.stop_bits, stops),
    ):
        if given is None and serial and len(known) != 1:
            said = (
                "several: " + ", ".join(map(str, sorted(map(str, known)))) if known else "nothing"
            )
            message = f"{key} must be given: the maps say {said}"
            mistakes.append(doc.mistake(("lines", i), message))
    return PortSettings(
        line.name,
        line.port,
        int(line.baudrate) if line.baudrate else next(iter(baudrates), 9600),
        line.parity or next(iter(parities), None) or "none",
        int(line.stop_bits) if line.stop_bits else next(iter(stops), 1),
    )


def _check_address(
    url: str, doc: Document, path: tuple[str | int, ...], mistakes: list[Mistake]
) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("tcp", "rtu+tcp") and parts.hostname and parts.port
    except ValueError:
        good = None
    if not good:
        mistakes.append(doc.mistake(path, f"{url!r} is no address of a line", PORTS_ALLOWED))


def _devices(
    line: LineSection,
    drivers: list[Driver | None],
    port: PortSettings,
    doc: Document,
    i: int,
    mistakes: list[Mistake],
) -> tuple[Device, ...]:
    made: list[tuple[tuple[str | int, ...], Device]] = []
    taken: dict[int, str] = {}
    network = port.url.startswith("tcp://")
    for j, (section, found) in enumerate(zip(line.devices, drivers, strict=True)):
        if found is None:
            continue
        path = ("lines", i, "devices", j)
        rule = found.map.line
        unit_id = section.unit_id if section.unit_id is not None else rule.unit_id
        if unit_id is None or not 1 <= unit_id <= 247:
            message = "unit_id must be given: the map names none"
            if unit_id is not None:
                message = f"{unit_id} is no unit id"
            mistakes.append(doc.mistake((*path, "unit_id"), message, "1 to 247"))
            continue
        ids = {unit_id} | {p.unit_id for p in found.map.points.values() if p.unit_id}
        for one in sorted(ids):
            other = taken.setdefault(one, section.name)
            if other != section.name:
                message = f"unit id {one} is already {other}'s on this line"
                mistakes.append(doc.mistake((*path, "unit_id"), message))
        _check_master(found.map, len(line.devices) == 1, not network, doc, path, mistakes)
        cost = Cost.of_line(
            None if network else port.baudrate, float(rule.turnaround), float(rule.gap)
        )
        every_s = float(section.every) if section.every is not None else None
        own = tailored(found.map, section, doc, path, mistakes)
        made.append((path, Device(section.name, own, unit_id, cost, found.hooks, every_s)))
    check_rhythm(made, doc, mistakes)
    return tuple(device for _, device in made)


def _check_master(
    found: RegisterMap,
    alone: bool,
    serial: bool,
    doc: Document,
    path: tuple[str | int, ...],
    mistakes: list[Mistake],
) -> None:
    """A wire with a master of its own bears no second one: nobody else can be polled there."""
    if found.line.master != "passive" or (alone and serial):
        return
    message = f"{found.map} has a master of its own on the wire; the gateway can only listen there"
    allowed = "alone on a line, at a serial port or rtu+tcp://"
    mistakes.append(doc.mistake((*path, "driver"), message, allowed))


def _unique_names(raw: GatewaySection, doc: Document, mistakes: list[Mistake]) -> None:
    seen: set[str] = set()
    for i, line in enumerate(raw.lines):
        for j, device in enumerate(line.devices):
            if device.name in seen:
                path = ("lines", i, "devices", j, "name")
                mistakes.append(doc.mistake(path, f"{device.name} is used twice"))
            seen.add(device.name)
