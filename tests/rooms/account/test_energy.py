"""Energy from a counter or from power: restarts, replaced meters, gaps, clocks in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.account.energy import EnergyCounter, EnergyState, Look

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def look(
    seconds: float, total: float | None = None, power: float | None = None, trusted: bool = True
) -> Look:
    return Look(START + timedelta(seconds=seconds), seconds, trusted, total, power)


def test_the_first_look_at_a_counter_counts_nothing() -> None:
    assert EnergyCounter().look(look(0, total=1234.5)) == ()


def test_a_counter_that_rises_late_is_spread_over_the_time_since_it_rose() -> None:
    counter = EnergyCounter()
    counter.look(look(0, total=100.0))
    assert counter.look(look(1800, total=100.0)) == ()
    (drawn,) = counter.look(look(3600, total=101.0))
    assert (drawn.start, drawn.end, drawn.kwh) == (START, START + timedelta(hours=1), 1.0)


def test_a_restart_loses_nothing_of_a_counter() -> None:
    before = EnergyCounter()
    before.look(look(0, total=100.0))
    after = EnergyCounter(before.state)
    (drawn,) = after.look(Look(START + timedelta(hours=9), 3.0, True, 127.0, None))
    assert drawn.kwh == 27.0
    assert drawn.start == START


def test_a_replaced_meter_begins_again_and_is_told() -> None:
    counter = EnergyCounter()
    counter.look(look(0, total=5000.0))
    assert counter.look(look(60, total=0.0)) == ()
    assert counter.state.refused == 1
    (drawn,) = counter.look(look(3600, total=2.0))
    assert drawn.kwh == 2.0


def test_a_leap_no_home_can_draw_is_refused_and_told() -> None:
    counter = EnergyCounter()
    counter.look(look(0, total=100.0))
    assert counter.look(look(60, total=6653.6)) == ()
    assert counter.state.refused == 1


def test_a_clock_set_back_makes_no_negative_time() -> None:
    counter = EnergyCounter()
    counter.look(look(0, total=100.0))
    (drawn,) = counter.look(look(-3600, total=100.5))
    assert drawn.start == drawn.end
    assert drawn.kwh == 0.5


def test_while_the_clock_is_in_doubt_the_counter_keeps_it() -> None:
    counter = EnergyCounter()
    counter.look(look(0, total=100.0))
    assert counter.look(look(3600, total=102.0, trusted=False)) == ()
    (drawn,) = counter.look(look(7200, total=103.0))
    assert drawn.kwh == 3.0


def test_power_is_summed_between_looks() -> None:
    counter = EnergyCounter()
    counter.look(look(0, power=1000.0))
    (drawn,) = counter.look(look(60, power=2000.0))
    assert drawn.kwh == pytest.approx(1500 * 60 / 3.6e6)


def test_a_gap_in_power_is_told_not_guessed() -> None:
    counter = EnergyCounter()
    counter.look(look(0, power=1000.0))
    assert counter.look(look(900, power=1000.0)) == ()
    assert counter.state.missed_s == 900


def test_power_of_an_untrusted_hour_is_dated_once_the_clock_is_right() -> None:
    counter = EnergyCounter(EnergyState())
    for second in range(0, 3600, 60):
        assert counter.look(look(second, power=1000.0, trusted=False)) == ()
    (drawn,) = counter.look(look(3600, power=1000.0))
    assert drawn.kwh == pytest.approx(1.0)
    assert drawn.end - drawn.start == timedelta(hours=1)
