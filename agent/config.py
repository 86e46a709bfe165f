"""The gateway's configuration: a YAML file to frozen records, every mistake with its place.

The fields of the file stand in `agent.configfile`; here is what they must be to one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.configcontrol import home_control
from agent.configfile import ControlSection, DeviceSection, GatewaySection, LineSection
from agent.control import (
    ControlSettings,
    HomeControl,
)
from agent.core import CoreSettings
from agent.drivers import Cost, Device, Driver, RegisterMap, driver
from agent.errors import DriverError, FileError, Mistake
from agent.line import PortSettings
from agent.model import PointId
from agent.spool import SpoolSettings
from agent.uplink import UplinkSettings
from agent.yamltext import Document, parse

PORTS_ALLOWED = "/dev/..., tcp://host:port, rtu+tcp://host:port"


@dataclass(frozen=True, slots=True)
class LineConfig:
    """A line ready to be opened: its port and its devices."""

    port: PortSettings
    devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class Config:
    """All a gateway needs to run."""

    gateway: str
    spool: SpoolSettings
    uplink: UplinkSettings
    lines: tuple[LineConfig, ...]
    core: CoreSettings
    timezone: ZoneInfo


def read(path: str | Path) -> Config:
    """The configuration of a file. Raises FileError with every mistake, also for missing files."""
    file = Path(path)
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise FileError([Mistake(str(path), 1, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise FileError([Mistake(str(path), 1, "", "is not UTF-8 text")]) from None
    return build(parse(text, str(path)), file.parent)


def build(doc: Document, folder: Path = Path()) -> Config:
    """Check what no single field can tell and make the records. Raises FileError."""
    raw = doc.read(GatewaySection)
    mistakes: list[Mistake] = []
    lines = _lines(raw, doc, mistakes)
    devices = {device.name: device for line in lines for device in line.devices}
    core = _core(raw, doc, devices, mistakes)
    uplink = _uplink(raw, doc, folder, mistakes)
    _positive(raw, doc, mistakes)
    if mistakes or core is None or uplink is None:
        raise FileError(mistakes)
    spool = SpoolSettings(
        str(folder / raw.spool.path), float(raw.spool.commit_every), raw.spool.commit_records
    )
    return Config(raw.gateway, spool, uplink, lines, core, ZoneInfo(raw.timezone))


def _lines(raw: GatewaySection, doc: Document, mistakes: list[Mistake]) -> tuple[LineConfig, ...]:
    lines: list[LineConfig] = []
    names: set[str] = set()
    ports: set[str] = set()
    if not raw.lines:
        mistakes.append(doc.mistake(("lines",), "no line is named", "one or more"))
    for i, line in enumerate(raw.lines):
        if not line.devices:
            mistakes.append(doc.mistake(("lines", i, "devices"), "nobody is on it", "one or more"))
        for key, value, seen in (("name", line.name, names), ("port", line.port, ports)):
            if value in seen:
                mistakes.append(doc.mistake(("lines", i, key), f"{value} is used twice"))
            seen.add(value)
        drivers = [
            _driver(section.driver, doc, ("lines", i, "devices", j, "driver"), mistakes)
            for j, section in enumerate(line.devices)
        ]
        port = _port(line, drivers, doc, i, mistakes)
        made = _devices(line, drivers, port, doc, i, mistakes)
        lines.append(LineConfig(port, made))
    _unique_names(raw, doc, mistakes)
    return tuple(lines)


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
    made: list[Device] = []
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
        _check_rhythm(section, found.map, doc, path, mistakes)
        cost = Cost.of_line(
            None if network else port.baudrate, float(rule.turnaround), float(rule.gap)
        )
        every_s = float(section.every) if section.every is not None else None
        made.append(Device(section.name, found.map, unit_id, cost, found.hooks, every_s))
    return tuple(made)


def _check_rhythm(
    section: DeviceSection,
    found: RegisterMap,
    doc: Document,
    path: tuple[str | int, ...],
    mistakes: list[Mistake],
) -> None:
    """Whether the machine may be polled at all, and often enough that it does not let go."""
    if found.line.master == "passive":
        message = f"{found.map} has a master of its own on the wire; listening is not built yet"
        mistakes.append(doc.mistake((*path, "driver"), message, "a driver that may be polled"))
    longest = found.line.max_silence
    every = section.every if section.every is not None else found.every
    if longest is not None and float(every) > float(longest) / 2:
        key = (*path, "every") if section.every is not None else path
        message = f"polled every {every:g} s, it drops control after {longest:g} s of silence"
        mistakes.append(doc.mistake(key, message, f"at most {float(longest) / 2:g} s"))


def _unique_names(raw: GatewaySection, doc: Document, mistakes: list[Mistake]) -> None:
    seen: set[str] = set()
    for i, line in enumerate(raw.lines):
        for j, device in enumerate(line.devices):
            if device.name in seen:
                path = ("lines", i, "devices", j, "name")
                mistakes.append(doc.mistake(path, f"{device.name} is used twice"))
            seen.add(device.name)


def _positive(raw: GatewaySection, doc: Document, mistakes: list[Mistake]) -> None:
    """No waiting time may be nothing: the program would never rest."""
    times: dict[tuple[str | int, ...], float | None] = {
        ("spool", "commit_every"): raw.spool.commit_every,
        ("platform", "batch_every"): raw.platform.batch_every,
        ("platform", "ack_timeout"): raw.platform.ack_timeout,
    }
    for i, line in enumerate(raw.lines):
        for j, device in enumerate(line.devices):
            times["lines", i, "devices", j, "every"] = device.every
    for i, section in enumerate(raw.control):
        times["control", i, "room_stale_after"] = section.room_stale_after
    for path, seconds in times.items():
        if seconds is not None and seconds <= 0:
            mistakes.append(doc.mistake(path, "0 s is not allowed here", "longer than 0 s"))


def _core(
    raw: GatewaySection, doc: Document, devices: Mapping[str, Device], mistakes: list[Mistake]
) -> CoreSettings | None:
    try:
        timezone = ZoneInfo(raw.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last for a folder, such as Asia
        mistakes.append(
            doc.mistake(
                ("timezone",),
                f"no time zone is named {raw.timezone}",
                "an IANA name such as Asia/Shanghai",
            )
        )
        return None
    homes: list[HomeControl] = []
    places: set[tuple[str, PointId]] = set()
    needed: dict[str, set[PointId]] = {}
    broken = {device.name for line in raw.lines for device in line.devices} - devices.keys()
    for i, section in enumerate(raw.control):
        if section.device in broken or (section.room and section.room.device in broken):
            continue  # what is wrong with the device is told where it stands
        if (section.device, section.point) in places:
            message = f"{section.point} of {section.device} is controlled twice"
            mistakes.append(doc.mistake(("control", i), message))
        places.add((section.device, section.point))
        home = home_control(section, doc, i, devices, timezone, mistakes)
        _unlocked(raw, section, doc, i, devices, mistakes)
        if home is not None:
            homes.append(home)
        if home is not None and home.room is not None:
            needed.setdefault(home.room[0], set()).add(home.room[1])
    unlocked = frozenset(d.name for line in raw.lines for d in line.devices if d.allow_unverified)
    control = ControlSettings(timezone, tuple(homes), unlocked)
    return CoreSettings(devices, control, {k: frozenset(v) for k, v in needed.items()})


def _unlocked(
    raw: GatewaySection,
    section: ControlSection,
    doc: Document,
    i: int,
    devices: Mapping[str, Device],
    mistakes: list[Mistake],
) -> None:
    """Control of a point that the guard will never let be written is a mistake."""
    device = devices.get(section.device)
    terms = device.terms(section.point) if device is not None else None
    if device is None or terms is None:
        return
    allowed = any(d.allow_unverified for n in raw.lines for d in n.devices if d.name == device.name)
    if terms.confidence in ("contra", "unverified") and not allowed:
        message = f"{section.point} is {terms.confidence} in the map of {section.device}"
        need = "a point that is sure, or allow_unverified: true on the device"
        mistakes.append(doc.mistake(("control", i, "point"), message, need))
    if device.monitor_only:
        message = f"{section.device} is only watched: it has no control of its own to fall back to"
        mistakes.append(doc.mistake(("control", i, "device"), message))


def _uplink(
    raw: GatewaySection, doc: Document, folder: Path, mistakes: list[Mistake]
) -> UplinkSettings | None:
    platform = raw.platform
    try:
        parts = urlsplit(platform.broker)
        good = parts.scheme in ("mqtt", "mqtts") and bool(parts.hostname) and bool(parts.port)
    except ValueError:
        good = False
    if not good:
        message = f"{platform.broker!r} is no broker"
        allowed = "mqtt://host:port, mqtts://host:port"
        mistakes.append(doc.mistake(("platform", "broker"), message, allowed))
    files: dict[str, Path | None] = {}
    for key in ("ca", "certificate", "key", "password_file"):
        name = getattr(platform, key)
        files[key] = folder / name if name is not None else None
        if name is not None and not (folder / name).is_file():
            mistakes.append(doc.mistake(("platform", key), f"there is no file {name}"))
    if (platform.certificate is None) != (platform.key is None):
        mistakes.append(doc.mistake(("platform",), "certificate and key go together"))
    if not good:
        return None
    return UplinkSettings(
        gateway=raw.gateway,
        broker_url=platform.broker,
        ca=files["ca"],
        certificate=files["certificate"],
        key=files["key"],
        acknowledge=platform.acknowledge,
        batch_every_s=float(platform.batch_every),
        ack_timeout_s=float(platform.ack_timeout),
        username=platform.username,
        password_file=files["password_file"],
    )
