"""What a forecast does to a home: it raises water, ends by itself, yields to the thermometer."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.control import Comfort, HomeControl, Period, WeekSchedule
from agent.control.tending import Tending
from agent.facts import ForecastKnown
from tests.rooms.control.testpump import NOON, pump, snapshot, stamp

PLAN = WeekSchedule((Period(frozenset(range(7)), time(0), 18),))
HOME = HomeControl(
    "hp",
    "water_setpoint",
    WeekSchedule(()),
    45,
    ("hp", "indoor_temp"),
    ZoneInfo("Asia/Shanghai"),
    comfort=Comfort(PLAN, outlast=True),
)


def water(
    ahead: tuple[float, ...], start_h: float = 0.0, outdoor_c: float = 5.0, trusted: bool = True
) -> float:
    """What is demanded after a few hours with this forecast."""
    tending = Tending([HOME], {"hp": pump()}, {})
    if ahead:
        tending.foretold(ForecastKnown(NOON + timedelta(hours=start_h), ahead, stamp(0.0)))
    told = 30.0
    for n in range(24):
        shown = {"hp": snapshot(600.0 * n, outdoor_temp=outdoor_c, indoor_temp=18.3,
                                water_setpoint=told)}  # fmt: skip
        found = tending.demand(HOME, shown, stamp(600.0 * n, trusted), 600.0 * n)
        assert found is not None
        assert isinstance(found.value, float)
        told = found.value
    return told


COLD = (5.0,) * 24 + (-15.0,) * 60


def test_a_cold_night_to_come_raises_the_water_now() -> None:
    assert water(COLD) > water(()) + 5


@pytest.mark.parametrize(
    ("ahead", "start_h", "outdoor_c", "trusted"),
    [
        (COLD, -84.0, 5.0, True),
        (COLD, 10.0, 5.0, True),
        (COLD, 0.0, -10.1, True),
        (COLD, 0.0, 5.0, False),
    ],
    ids=["over", "not begun", "15 K from the thermometer", "no clock"],
)
def test_it_changes_nothing_when(
    ahead: tuple[float, ...], start_h: float, outdoor_c: float, trusted: bool
) -> None:
    without = water((), outdoor_c=outdoor_c, trusted=trusted)
    assert water(ahead, start_h, outdoor_c, trusted) == without


def test_no_forecast_lowers_the_water() -> None:
    assert water((19.0,) * 100) >= water(())


def test_a_home_that_need_not_outlast_us_ignores_it_while_all_is_well() -> None:
    calm = replace(HOME, comfort=Comfort(PLAN))
    tending = Tending([calm], {"hp": pump()}, {})
    shown = {"hp": snapshot(0.0, outdoor_temp=5.0, indoor_temp=18.3, water_setpoint=30)}
    before = tending.demand(calm, shown, stamp(0.0), 0.0)
    tending.foretold(ForecastKnown(NOON, COLD, stamp(0.0)))
    assert tending.demand(calm, shown, stamp(0.0), 0.0) == before
