"""Energy from a counter or from power: restarts, replaced meters, gaps, clocks in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
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


@pytest.mark.parametrize("digits", [0, 1, 3])
@pytest.mark.parametrize("restart", [False, True])
def test_what_power_counted_while_the_counter_was_silent_is_not_counted_again(
    digits: int, restart: bool
) -> None:
    counter, counted = EnergyCounter(), 0.0
    for second in range(0, 6 * 3600, 60):
        if restart and second == 2 * 3600:
            saved = msgspec.json.encode(counter.state)
            counter = EnergyCounter(msgspec.json.decode(saved, type=EnergyState))
        shown = round(100.0 + second / 1800, digits)
        silent = 3600 <= second < 3 * 3600
        one = look(second, total=None if silent else shown, power=2000.0)
        counted += sum(drawn.kwh for drawn in counter.look(one))
    assert counted == pytest.approx(shown - 100.0, abs=0.001)


def test_power_of_a_silent_counter_and_an_unset_clock_is_in_the_rise() -> None:
    counter = EnergyCounter()
    counter.look(look(0, total=100.0, power=1000.0))
    for second in range(60, 3600, 60):
        assert counter.look(look(second, power=1000.0, trusted=False)) == ()
    (drawn,) = counter.look(look(3600, total=101.0, power=1000.0))
    assert drawn.kwh == 1.0
    (after,) = counter.look(look(3660, power=1000.0))
    assert after.kwh == pytest.approx(1000 * 60 / 3.6e6)


def test_a_new_meter_owes_nothing_of_what_power_counted_before() -> None:
    counter = EnergyCounter()
    counter.look(look(0, total=5000.0, power=2000.0))
    for second in range(60, 1800, 60):
        assert counter.look(look(second, power=2000.0))
    counter.look(look(1800, total=0.0))
    (drawn,) = counter.look(look(3600, total=1.0))
    assert drawn.kwh == 1.0


def test_power_before_the_first_look_at_a_counter_is_dated_with_it() -> None:
    counter = EnergyCounter()
    for second in range(0, 1860, 60):
        assert counter.look(look(second, power=2000.0, trusted=False)) == ()
    (drawn,) = counter.look(look(1800, total=100.0))
    assert drawn.kwh == pytest.approx(1.0)
    (rise,) = counter.look(look(3600, total=101.0))
    assert rise.kwh == 1.0


def test_a_state_saved_before_there_was_anything_ahead_is_read() -> None:
    old = b'{"total_kwh":100.0,"rose_at":"2026-01-05T12:00:00Z","undated_kwh":0.5,"undated_s":60.0}'
    state = msgspec.json.decode(old, type=EnergyState)
    assert (state.total_kwh, state.rose_at, state.ahead_kwh) == (100.0, START, 0.0)
    (drawn,) = EnergyCounter(state).look(look(3600, total=101.0))
    assert drawn.kwh == 1.0
