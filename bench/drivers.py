"""How many machines are known, how well, and how small their maps are."""

from __future__ import annotations

from importlib.resources import files
from statistics import median

from agent.drivers import Driver, Hooks, driver, maps, names
from agent.drivers.registermap import RegisterMap
from bench.kit import Bench, Figure, Figures, Goal, Options, Row


def run(options: Options) -> Figures:
    """Every installed driver loaded through its entry point; lines are those of the map's file."""
    found = [driver(name) for name in names()]
    ours = [one for one in found if (files(maps) / f"{one.map.map}.yaml").is_file()]
    pumps = [one for one in ours if one.map.kind == "heat_pump"]
    hooked = [one for one in ours if type(one.hooks) is not Hooks]
    return {
        "families": len(pumps),
        "meters_and_sensors": len(ours) - len(pumps),
        "points": sum(len(one.map.points) for one in pumps),
        "writable": sum(_writable(one.map) for one in pumps),
        "fault_codes": sum(_texts(one.map) for one in pumps),
        "median_lines": median(_lines(one) for one in pumps),
        "with_hooks": len(hooked),
        "water_setpoint": sum("water_setpoint" in one.map.capabilities for one in pumps),
        "maps": [_row(one) for one in ours],
    }


def _row(one: Driver) -> Row:
    row: dict[str, Figure] = {
        "driver": one.name,
        "kind": one.map.kind,
        "grade": one.map.grade,
        "points": len(one.map.points),
        "writable": _writable(one.map),
        "fault_codes": _texts(one.map),
        "lines": _lines(one),
        "hooks": type(one.hooks) is not Hooks,
    }
    return row


def _writable(found: RegisterMap) -> int:
    return sum(rule.write is not None for rule in found.points.values())


def _texts(found: RegisterMap) -> int:
    return len(found.faults.codes) + len(found.faults.bits)


def _lines(one: Driver) -> int:
    return len((files(maps) / f"{one.map.map}.yaml").read_text("utf-8").splitlines())


BENCH = Bench(
    "drivers",
    "Families of heat pumps with a map, their points, writable points and fault texts in both "
    "languages, and the size of the maps. All are drafts: no machine was at hand.",
    "every installed driver, loaded once",
    run,
    (
        Goal("families", ">=", 18),
        Goal("median_lines", "<=", 120),
        Goal("with_hooks", "<=", 4),
    ),
)
