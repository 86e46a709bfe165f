"""The demand of one home: schedule or park, by room sensor and clock; falls in small steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.control import HomeControl, Period, WeekSchedule, home_demand
from agent.control.home import eased
from agent.model import Origin, Quality, Reading, Snapshot
from tests.rooms.control.testpump import demand, readings, snapshot, stamp

EVERY = frozenset(range(7))
CHINA = ZoneInfo("Asia/Shanghai")
HOME = HomeControl(
    "hp",
    "water_setpoint",
    WeekSchedule((Period(EVERY, time(6), 44), Period(EVERY, time(22), 42))),
    45,
    ("room", "indoor_temp"),
    CHINA,
)


def room(value: float | None, at: float) -> Snapshot:
    return Snapshot("room").with_readings(readings(indoor_temp=value), at)


def wanted(
    found: Snapshot, mono: float = 3600.0, running_s: float = 3600.0, trusted: bool = True
) -> Any:
    snapshots = {"hp": snapshot(mono), "room": found}
    return home_demand(HOME, snapshots, stamp(mono, trusted), running_s)


def test_with_a_good_room_the_schedule_counts_in_local_time() -> None:
    now = wanted(room(20.0, 3590.0))
    assert (now.value, now.origin, now.park, now.until_mono) == (44, Origin.SCHEDULE, False, None)
    night = wanted(room(20.0, 36000.0), mono=36000.0)  # noon and ten hours: 22:00 in China
    assert night.value == 42
    assert wanted(room(20.0, 35999.0), mono=35999.0).value == 44


DOUBTS: dict[str, tuple[Snapshot, str]] = {
    "stale": (room(20.0, 1799.9), "silent for 30 min"),
    "absent": (room(None, 3590.0), "has no value"),
    "freezing": (room(-0.1, 3590.0), "shows -0.1 C"),
    "boiling": (room(40.1, 3590.0), "shows 40.1 C"),
    "doubtful": (
        Snapshot("room").with_readings(
            (Reading("indoor_temp", 20.0, Quality.OUT_OF_RANGE),), 3590.0
        ),
        "has no value",
    ),
    "never read": (Snapshot("room"), "was never read"),
}


@pytest.mark.parametrize("doubt", DOUBTS.values(), ids=DOUBTS)
@pytest.mark.parametrize("trusted", [True, False])
def test_a_room_in_doubt_parks_whatever_the_clock_says(
    doubt: tuple[Snapshot, str], trusted: bool
) -> None:
    demand = wanted(doubt[0], trusted=trusted)
    assert (demand.value, demand.park, demand.origin) == (45, True, Origin.SCHEDULE)
    assert doubt[1] in demand.why


@pytest.mark.parametrize("value", [0.0, 40.0])
@pytest.mark.parametrize("read_at", [1800.0, 3600.0])
def test_the_ends_of_what_is_believed(value: float, read_at: float) -> None:
    assert wanted(room(value, read_at)).park is False


@pytest.mark.parametrize(("running_s", "park"), [(0.0, False), (1800.0, False), (1800.1, True)])
def test_a_sensor_never_read_gets_time_to_speak(running_s: float, park: bool) -> None:
    assert wanted(Snapshot("room"), running_s=running_s).park is park


def test_a_device_nobody_knows_is_a_sensor_never_read() -> None:
    snapshots = {"hp": snapshot(3600.0)}
    demand = home_demand(HOME, snapshots, stamp(3600.0), 3600.0)
    assert demand is not None
    assert demand.park


def test_no_edge_fires_on_a_clock_that_is_not_trusted() -> None:
    assert wanted(room(20.0, 3590.0), trusted=False) is None


def test_without_a_sensor_there_is_no_doubt() -> None:
    blind = replace(HOME, room=None)
    found = home_demand(blind, {"hp": snapshot(0.0)}, stamp(99999.0), 99999.0)
    assert found is not None
    assert found.park is False


def test_an_empty_schedule_wants_nothing() -> None:
    empty = replace(HOME, schedule=WeekSchedule(()), room=None)
    assert home_demand(empty, {"hp": snapshot(0.0)}, stamp(0.0), 0.0) is None


# --- falls --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "wish", "step", "said"),
    [
        (45.0, 40.0, 0.5, 42.0),
        (45.0, 42.0, 0.5, 42.0),
        (45.0, 50.0, 0.5, 50.0),
        (45.3, 40.0, 0.5, 42.5),
        (45.3, 40.0, 1.0, 43.0),
        (44.3, 30.0, 0.1, 41.3),
        (45.0, 39.0, 2.0, 43.0),  # the grid is that of the wish: 39, 41, 43
        (None, 30.0, 0.5, 30.0),
    ],
)
def test_falls_of_three_kelvin(now: float | None, wish: float, step: float, said: float) -> None:
    assert eased(demand("water_setpoint", wish), now, 3.0, step).value == said


def test_words_do_not_fall() -> None:
    assert eased(demand("mode", "heat"), 45.0, 3.0, 1.0).value == "heat"
    assert eased(demand("power_on", False), 45.0, 3.0, 1.0).value is False


tenths = st.integers(200, 600).map(lambda n: n / 10)


@given(tenths, st.integers(0, 40), st.sampled_from([0.1, 0.2, 0.5, 1.0]))
def test_every_step_is_small_on_the_grid_and_ends_at_the_wish(
    start: float, steps: int, step: float
) -> None:
    wish, now = round(20 + steps * step, 6), start
    for _ in range(60):
        value = eased(demand("water_setpoint", wish), now, 3.0, step).value
        assert isinstance(value, float | int)
        assert wish <= value
        assert now - value <= 3.0 + 1e-9
        assert float(str(round(value, 6))) == value
        on_grid = (Fraction(str(value)) - Fraction(str(wish))) % Fraction(str(step)) == 0
        assert on_grid
        if value == wish:
            return
        assert value < now
        now = value
    raise AssertionError("never arrived")
