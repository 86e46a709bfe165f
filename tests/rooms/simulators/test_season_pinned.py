"""What the loop counts in five days, pinned: making it faster must not change a decision.

The water follows a timetable here, so that tuning the rule for the water moves none of the figures;
core, guard, budgets, account and plant are those of a season.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from agent.config import Config, read
from agent.control.schedule import Period, WeekSchedule
from agent.model import Value
from simulators.closed_loop import CONFIG, ClosedLoop, run
from simulators.plants import VARIANTS, VariantPlant
from simulators.weather import synthetic_winter

DAYS = 5
EVERY_DAY = frozenset(range(7))
TIMES: tuple[tuple[int, Value], ...] = ((0, 38), (6, 45), (9, 36), (13, 33), (17, 42), (22, 39))


def timetable() -> Config:
    """The loop's own gateway, with a timetable in place of comfort."""
    config = read(CONFIG)
    week = WeekSchedule(tuple(Period(EVERY_DAY, time(hour), water) for hour, water in TIMES))
    homes = tuple(
        replace(home, comfort=None, schedule=week) if home.comfort else home
        for home in config.core.control.homes
    )
    control = replace(config.core.control, homes=homes)
    return replace(config, core=replace(config.core, control=control))


@pytest.mark.parametrize(
    ("kind", "kwh", "room_c", "writes", "starts"),
    [
        ("fixed", 51.27080349713491, 19.59706269443197, 44, 124),
        ("inverter", 59.80392962646276, 22.460656520982795, 44, 46),
        ("fixed_floor", 72.69700530074984, 24.638853048959866, 44, 44),
    ],
)
def test_five_days_by_timetable_are_what_they_were(
    kind: str, kwh: float, room_c: float, writes: int, starts: int
) -> None:
    weather = synthetic_winter()
    home, unit, _ = VARIANTS[kind]
    loop = ClosedLoop(timetable(), VariantPlant(home, unit, weather), weather)
    account = run(loop, DAYS * 86400.0)
    assert account.kwh == pytest.approx(kwh, rel=1e-9)
    assert account.mean_room_c == pytest.approx(room_c, rel=1e-9)
    assert loop.counted.total() == writes
    assert loop.shown["compressor_starts"] == starts
