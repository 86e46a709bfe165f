"""What the installed drivers can do, and what a home with each of them still needs, as rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from agent.drivers import Driver, driver, usable
from agent.drivers.registermap import Capability, RegisterMap
from agent.homes import BASIC_SET
from agent.model import PointId

CAPABILITIES: tuple[str, ...] = get_args(Capability)
FULL_SET: tuple[PointId, ...] = ("outdoor_temp", "water_flow", "active_power", "energy_total")
"""What T/CECA-G 0013-2017 asks for beyond its basic set, as far as it can be measured here."""

Cell = str | int | bool | list[str]


def rows() -> list[dict[str, Cell]]:
    """One row for each installed driver, for programs."""
    return [_row(driver(name)) for name in usable()]


def short_rows() -> list[dict[str, str]]:
    """The same for people: capabilities as columns, `locked` where the installer must allow it."""
    return [_short(driver(name)) for name in usable()]


def sensor_rows() -> list[dict[str, str]]:
    """What of T/CECA-G 0013 each heat pump measures itself, and what must be added."""
    maps = [driver(name).map for name in usable()]
    return [_sensors(found) for found in maps if found.kind == "heat_pump"]


def _row(one: Driver) -> dict[str, Cell]:
    found = one.map
    return {
        "driver": one.name,
        "kind": found.kind,
        "brands": _brands(found),
        "models": [f"{cover.brand} {cover.model}" for cover in found.covers],
        "grade": found.grade,
        "points": len(found.points),
        "writable": len(_writable(found)),
        "locked": [point for point in _writable(found) if found.unsure(point)],
        "fault_texts": len(found.faults.codes) + len(found.faults.bits),
        "can": list(found.capabilities),
        "monitor_only": found.line.master == "controller",
        "sha256": one.sha256,
    }


def _short(one: Driver) -> dict[str, str]:
    found = one.map
    row = {
        "driver": one.name,
        "brand": ", ".join(_brands(found)),
        "grade": found.grade,
        "points": str(len(found.points)),
        "writable": str(len(_writable(found))),
        "faults": str(len(found.faults.codes) + len(found.faults.bits)),
    }
    return row | {name: _can(found, name) for name in CAPABILITIES}


def _can(found: RegisterMap, capability: str) -> str:
    point = found.capabilities.get(capability)  # type: ignore[call-overload]
    if point is None:
        return ""
    return "locked" if found.unsure(point) else "yes"


def _brands(found: RegisterMap) -> list[str]:
    return list(dict.fromkeys(cover.brand for cover in found.covers))


def _writable(found: RegisterMap) -> list[PointId]:
    if found.line.master == "controller":
        return []
    return [name for name, rule in found.points.items() if rule.write]


def _sensors(found: RegisterMap) -> dict[str, str]:
    row = {"driver": found.map}
    row |= {point: _measured(found, point) for point in BASIC_SET}
    row |= {"fault_alarm": _alarm(found)}
    row |= {point: _measured(found, point) for point in FULL_SET}
    return row | {"to add": ", ".join(_to_add(row))}


def _measured(found: RegisterMap, point: PointId) -> str:
    rule = found.points.get(point)
    if rule is None:
        return "no"
    absent = rule.absent if rule.absent is not None else found.absent.get(rule.type, ())
    optional = bool(rule.fitted_if) or (point == "indoor_temp" and bool(absent))
    return "if fitted" if optional else "yes"


def _alarm(found: RegisterMap) -> str:
    faults = found.faults
    texts = len(faults.codes) + len(faults.bits)
    if texts > 1:
        return f"{texts} texts"
    if faults.point is not None:
        return "code"
    return "yes" if faults.also else "no"


def _to_add(row: dict[str, str]) -> Iterator[str]:
    if row["indoor_temp"] != "yes":
        yield "room sensor" if row["indoor_temp"] == "no" else "room sensor unless fitted"
    if "no" in (row["active_power"], row["energy_total"]):
        yield "meter"
    if "no" in (row["water_supply_temp"], row["water_return_temp"]):
        yield "water sensors"
