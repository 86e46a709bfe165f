"""Which value holds when: midnight, the turn of the week, nothing at all."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.control import Period, WeekSchedule

MONDAY = datetime(2026, 1, 12, tzinfo=UTC)
DAYS = range(7)
WEEKDAYS, WEEKEND = frozenset(range(5)), frozenset({5, 6})
HOME = WeekSchedule(
    (
        Period(WEEKDAYS, time(6), 44),
        Period(WEEKDAYS, time(22), 40),
        Period(WEEKEND, time(7, 30), 45),
        Period(WEEKEND, time(23), 41),
    )
)


@pytest.mark.parametrize(
    ("day", "hour", "minute", "value"),
    [
        (0, 5, 59, 41),  # Monday early: still Sunday's night
        (0, 6, 0, 44),
        (0, 21, 59, 44),
        (0, 22, 0, 40),
        (0, 23, 59, 40),
        (1, 0, 0, 40),  # over midnight
        (1, 5, 59, 40),
        (5, 7, 29, 40),  # Saturday begins with Friday's night
        (5, 7, 30, 45),
        (6, 22, 59, 45),
        (6, 23, 0, 41),
    ],
)
def test_a_week(day: int, hour: int, minute: int, value: int) -> None:
    local = MONDAY + timedelta(days=day, hours=hour, minutes=minute)
    assert HOME.value_at(local) == value


def test_empty() -> None:
    assert WeekSchedule(()).value_at(MONDAY) is None
    assert WeekSchedule((Period(frozenset(), time(6), 44),)).value_at(MONDAY) is None


@pytest.mark.parametrize("minutes", [0, 1, 6 * 60 - 1, 6 * 60, 24 * 60, 7 * 24 * 60 - 1])
def test_one_period_a_week_holds_all_week(minutes: int) -> None:
    once = WeekSchedule((Period(frozenset({0}), time(6), 44),))
    assert once.value_at(MONDAY + timedelta(minutes=minutes)) == 44


periods = st.lists(
    st.tuples(st.frozensets(st.sampled_from(DAYS), min_size=1), st.integers(0, 1439)), min_size=1
)


@given(periods, st.integers(0, 7 * 1440 - 1))
def test_the_newest_edge_of_the_past_week_counts(
    found: list[tuple[frozenset[int], int]], minute: int
) -> None:
    schedule = WeekSchedule(
        tuple(Period(days, time(m // 60, m % 60), day_m) for day_m, (days, m) in enumerate(found))
    )
    week = 7 * 1440
    ages = [(minute - (day * 1440 + m)) % week for days, m in found for day in days]
    newest = [
        i
        for i, (days, m) in enumerate(found)
        if any((minute - (day * 1440 + m)) % week == min(ages) for day in days)
    ]
    assert schedule.value_at(MONDAY + timedelta(minutes=minute)) in newest
