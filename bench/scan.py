"""Whether `scan` finds everybody on a bus it knows nothing of, in what time, and reads only.

The line is simulated down to its bits; waits are skipped, not shortened: a minute here is a minute
of line time, timeouts and computing together, as a gateway on a real pair would spend it.
"""

from __future__ import annotations

from random import Random

from agent.drivers import driver, names
from agent.scan import Search, search
from bench.buses import Bus, draw_bus
from bench.kit import Bench, Figures, Goal, Options, Row
from simulators.adapter import LoopAdapter
from simulators.loop import run as run_skipping
from simulators.weather import synthetic_winter

BUSES = 20


def _run(options: Options) -> Figures:
    weather = synthetic_winter()
    drivers = tuple(driver(name) for name in names())
    rows: list[Row] = []
    units = right_units = wrong_units = unsure_units = writes = 0
    for n in range(max(1, round(BUSES * options.share))):
        chance = Random(f"{options.seed}/{n}")
        bus = draw_bus(chance, weather)
        pair = bus.pair(seed=f"{options.seed}/{n}/pair")
        found = run_skipping(search("simulated", drivers, opener=LoopAdapter(pair).attach))
        row = _row(bus, found)
        rows.append(row)
        writes += pair.writes
        units += len(bus.families)
        right_units += _count(row, "right")
        wrong_units += _count(row, "wrong")
        unsure_units += _count(row, "unsure")
        options.progress(
            f"bus {n + 1}: {row['settings']} {row['minutes']} min, {row['right']} right"
        )
    return {
        "buses": len(rows),
        "found": sum(row["whole"] is True for row in rows),
        "minutes_max": max(float(str(row["minutes"])) for row in rows),
        "writes": writes,
        "units": units,
        "units_right": right_units,
        "units_unsure": unsure_units,
        "units_wrong": wrong_units,
        "each": rows,
    }


def _count(row: Row, key: str) -> int:
    value = row[key]
    return value if isinstance(value, int) else 0


def _row(bus: Bus, found: Search) -> Row:
    """How one search compares with the bus: settings, and the driver of each unit."""
    right = unsure = wrong = 0
    seen = {one.unit_id: one.verdict for one in found.units}
    for unit_id, one in bus.families.items():
        verdict = seen.pop(unit_id, None)
        if verdict is not None and verdict.driver == one.name:
            right += 1
        elif verdict is None or verdict.driver is None:
            unsure += 1
        else:
            wrong += 1
    setting = found.setting
    same = setting is not None and (setting.baudrate, setting.parity) == (
        bus.serial.baudrate,
        bus.serial.parity,
    )
    return {
        "settings": f"{bus.serial.baudrate} 8{bus.serial.parity[0].upper()}{bus.serial.stop_bits}",
        "found_settings": str(setting) if setting else "",
        "units": len(bus.families),
        "right": right,
        "unsure": unsure,
        "wrong": wrong + len(seen),
        "questions": found.questions,
        "minutes": round(found.seconds / 60, 2),
        "whole": same and right == len(bus.families) and not seen,
    }


BENCH = Bench(
    "scan",
    "A bus nobody has configured: who is on it, at which settings, and which driver fits.",
    "20 random buses with 1 to 6 machines of the installed serial families (8 % of their words"
    " refused, a quarter answers zeros in holes), 2400 to 115,200 baud, any parity,"
    " factory ids or 1 to 32; bits simulated, waits skipped; stop bits cannot be seen"
    " on a line and come from the maps.",
    _run,
    (
        Goal("found", ">=", 19),
        Goal("minutes_max", "<=", 5),
        Goal("writes", "=", 0),
    ),
)
