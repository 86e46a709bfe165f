"""A change at the machine: whose it is, and how long it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from agent.control import Comfort, Period, WeekSchedule
from agent.control.override import Panel, hold_s
from agent.model import Origin
from tests.rooms.control.test_home import EVERY, HOME
from tests.rooms.control.testpump import stamp


def test_what_we_wrote_and_what_was_there_is_nobodys_wish() -> None:
    panel = Panel()
    assert panel.wish(HOME, 45, stamp(0.0)) is None
    panel.expect("hp", "water_setpoint", 41)
    assert panel.wish(HOME, 41, stamp(10.0)) is None
    assert panel.wish(HOME, None, stamp(20.0)) is None


def test_another_value_is_the_residents_wish_once() -> None:
    panel = Panel()
    panel.expect("hp", "water_setpoint", 41)
    wish = panel.wish(HOME, 50, stamp(0.0))
    assert wish is not None
    assert (wish.value, wish.origin) == (50, Origin.RESIDENT)
    assert panel.wish(HOME, 50, stamp(10.0)) is None


def test_after_a_failed_write_nobody_knows() -> None:
    panel = Panel()
    panel.expect("hp", "water_setpoint", 41)
    panel.expect("hp", "water_setpoint", None)
    assert panel.wish(HOME, 44, stamp(0.0)) is None


@pytest.mark.parametrize(
    ("at_h", "hours"),
    [(0.0, 10.0), (8.0, 4.0), (9.0, 4.0)],  # noon, 20:00, 21:00; the next period begins at 22:00
)
def test_to_the_next_period_and_four_hours_at_least(at_h: float, hours: float) -> None:
    assert hold_s(HOME, stamp(at_h * 3600.0)) == hours * 3600.0


def test_four_hours_when_the_plan_never_changes_or_the_clock_is_wrong() -> None:
    flat = replace(HOME, comfort=Comfort(WeekSchedule((Period(EVERY, time(0), 18.0),))))
    assert hold_s(flat, stamp(0.0)) == 4 * 3600.0
    assert hold_s(HOME, stamp(0.0, trusted=False)) == 4 * 3600.0
