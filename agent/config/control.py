"""The control part of a configuration: schedules, park values and room sensors, checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from zoneinfo import ZoneInfo

from agent.account.tariff import Tariff
from agent.config.comfort import comfort_of, days_of
from agent.config.sections import ControlSection
from agent.control import HEATING_WATER, LOWEST_WATER_C, HomeControl, Period, WeekSchedule
from agent.control.comfort import FLOOR_PARK_C, HIGHEST_FLOOR_C
from agent.drivers import Device
from agent.errors import Mistake
from agent.model import PointId, Value
from agent.yamltext import Document


def home_control(
    section: ControlSection,
    doc: Document,
    i: int,
    devices: Mapping[str, Device],
    timezone: ZoneInfo,
    room: tuple[str, PointId] | None,
    tariff: Tariff,
    mistakes: list[Mistake],
) -> HomeControl | None:
    """Section `i` as what control needs; None, and why in `mistakes`, when it is wrong.

    `room` is the sensor that the home names for its room temperature.
    """
    path = ("control", i)
    device = devices.get(section.device)
    if device is None:
        message = f"no device is named {section.device}"
        mistakes.append(doc.mistake((*path, "device"), message, ", ".join(devices)))
        return None
    writable = [name for name, rule in device.map.points.items() if rule.write]
    if section.point not in writable:
        message = f"{section.device} cannot write {section.point}"
        mistakes.append(doc.mistake((*path, "point"), message, ", ".join(writable)))
        return None
    park = _value(device, section.point, section.park, doc, (*path, "park"), mistakes)
    terms = device.terms(section.point)
    if section.park is None and terms is not None:
        park = FLOOR_PARK_C if _floor(section) else terms.park
    if section.park is None and park is None:
        mistakes.append(doc.mistake(path, "park must be given: the map names no park value"))
    schedule = _schedule(section, doc, i, device, mistakes)
    comfort = comfort_of(section, doc, i, tariff, mistakes) if section.comfort else None
    if park is None:
        return None
    if section.point in HEATING_WATER and isinstance(park, int | float) and park < LOWEST_WATER_C:
        message = f"{park:g} would let the house get cold"
        allowed = f"{LOWEST_WATER_C:g} or above"
        mistakes.append(doc.mistake((*path, "park"), message, allowed))
    stale_s = float(section.room_stale_after)
    highest_c = _highest_c(section)
    if highest_c is not None and isinstance(park, int | float) and park > highest_c:
        message = f"{park:g} is more than the emitter bears"
        mistakes.append(doc.mistake((*path, "park"), message, f"{highest_c:g} or below"))
    return HomeControl(
        section.device, section.point, schedule, park, room, timezone, stale_s, comfort, highest_c
    )


def _floor(section: ControlSection) -> bool:
    return section.comfort is not None and section.comfort.emitter == "floor"


def _highest_c(section: ControlSection) -> float | None:
    if section.comfort is None or section.comfort.highest is not None:
        return section.comfort.highest if section.comfort else None
    return HIGHEST_FLOOR_C if _floor(section) else None


def _schedule(
    section: ControlSection, doc: Document, i: int, device: Device, mistakes: list[Mistake]
) -> WeekSchedule:
    periods: list[Period] = []
    for j, period in enumerate(section.schedule):
        path = ("control", i, "schedule", j)
        days = days_of(period.days, doc, (*path, "days"), mistakes)
        value = _value(device, section.point, period.value, doc, (*path, "value"), mistakes)
        if value is not None:
            start = time.fromisoformat(period.start)
            periods.append(Period(days, start, value))
    return WeekSchedule(tuple(periods))


def _value(
    device: Device,
    point: PointId,
    text: str | None,
    doc: Document,
    path: tuple[str | int, ...],
    mistakes: list[Mistake],
) -> Value | None:
    """Text to a value this point can be written to."""
    if text is None:
        return None
    value = device.value_of(point, text)
    if value is None:
        mistakes.append(doc.mistake(path, f"{text!r} is no value of {point}"))
        return None
    why = device.unfit(point, value)
    if why is not None and "not known yet" not in why:
        mistakes.append(doc.mistake(path, why))
        return None
    return value
