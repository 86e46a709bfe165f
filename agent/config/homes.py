"""The homes part of a configuration: which device supplies which point of which home, checked."""

from __future__ import annotations

from collections.abc import Mapping

from agent.config.sections import GatewaySection, HomeSection, SourceSection
from agent.drivers import Device
from agent.errors import Mistake
from agent.homes import Home, Supply
from agent.model import POINTS, PointId
from agent.yamltext import Document, Path

Devices = Mapping[str, Device]


def unmade(raw: GatewaySection, devices: Devices) -> frozenset[str]:
    """Devices that are named but wrong: what is wrong with them is told where they stand."""
    return frozenset(d.name for line in raw.lines for d in line.devices) - devices.keys()


def homes_of(
    raw: GatewaySection, doc: Document, devices: Devices, mistakes: list[Mistake]
) -> tuple[Home, ...]:
    """Every home that is right; what is wrong with the others goes to `mistakes`."""
    homes: list[Home] = []
    names: set[str] = set()
    pumps: dict[str, str] = {}
    broken = unmade(raw, devices)
    for i, section in enumerate(raw.homes):
        path: Path = ("homes", i)
        if section.name in names:
            mistakes.append(doc.mistake((*path, "name"), f"{section.name} is used twice"))
        names.add(section.name)
        other = pumps.setdefault(section.heat_pump, section.name)
        if other != section.name:
            message = f"{section.heat_pump} is already the heat pump of {other}"
            mistakes.append(doc.mistake((*path, "heat_pump"), message))
        if section.heat_pump not in broken:
            home = _home(section, doc, path, devices, broken, mistakes)
            homes += [home] if home is not None else []
    return tuple(homes)


def _home(
    section: HomeSection,
    doc: Document,
    path: Path,
    devices: Devices,
    broken: frozenset[str],
    mistakes: list[Mistake],
) -> Home | None:
    pump = devices.get(section.heat_pump)
    pumps = ", ".join(name for name, device in devices.items() if device.kind == "heat_pump")
    if pump is None or pump.kind != "heat_pump":
        message = f"no device is named {section.heat_pump}"
        if pump is not None:
            message = f"{section.heat_pump} is a {pump.kind}, no heat pump"
        mistakes.append(doc.mistake((*path, "heat_pump"), message, pumps))
        return None
    supplies: list[Supply] = []
    for point, source in section.points.items():
        if source.device in broken:
            continue
        here = (*path, "points", point)
        why = _unsupplied(point, source, pump, devices)
        if why is not None:
            key, message, allowed = why
            mistakes.append(doc.mistake((*here, key) if key else here, message, allowed))
            continue
        supplies.append(Supply(point, source.device, source.point or point))
    return Home(section.name, section.heat_pump, tuple(supplies))


def _unsupplied(
    point: PointId, source: SourceSection, pump: Device, devices: Devices
) -> tuple[str, str, str] | None:
    """Why a source cannot supply a point: the key that is wrong, what is wrong, what is allowed."""
    wanted = source.point or point
    device = devices.get(source.device)
    if point not in POINTS:
        return "", f"{point} is no canonical point", "a name of docs/reference/points.md"
    if pump.terms(point) is not None:
        message = f"{point} is set on {pump.name}; another device cannot supply it"
        return "", message, "a point that is only measured"
    if device is None:
        return "device", f"no device is named {source.device}", ", ".join(devices)
    unit = POINTS[point].unit
    fits = ", ".join(name for name in device.map.points if device.label(name).unit is unit)
    if not device.has(wanted):
        return "point", f"{device.name} has no point {wanted}", fits or "another device"
    there = device.label(wanted).unit
    if there is not unit:
        return "point", f"{wanted} is in {there or 'no unit'}, not in {unit or 'none'}", fits
    return None
