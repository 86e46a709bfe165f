"""The rule: it learns the curve of a home, keeps its budget, and never falls under its floor."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.control import Learned
from agent.control.heating import (
    BLIND_EXTRA_K,
    GAINS,
    Heating,
    Reach,
    decided,
    floor_c,
    ideal_c,
    seen,
)
from agent.control.learned import (
    BASES,
    MARGINS_K,
    SLOPES,
    STORINGS,
    Seen,
    Settled,
    curve_c,
    fresh,
    learn,
)

CALM = Heating(replace(fresh("radiators"), outdoor_slow_c=-3.0, room_slow_c=18.25))
LOOK = Seen(18.0, 18.25, -3.0, 42.0, 12)


@given(
    st.floats(20.0, 70.0),
    st.sampled_from([0.1, 0.5, 1.0, 2.0]),
    st.sampled_from([0.0, 5.0, 20.5]),
    st.floats(20.0, 70.0),
)
def test_what_is_asked_is_in_steps_and_never_above_the_highest(
    highest_c: float, step_k: float, origin_c: float, water_c: float
) -> None:
    asked = Reach(highest_c, step_k, origin_c).on_grid(water_c)
    assert asked <= highest_c + 1e-6
    steps = (asked - origin_c) / step_k
    assert steps == pytest.approx(round(steps))
    assert asked > min(highest_c, water_c) - max(step_k, 0.5) - 1e-6


def test_the_first_curve_is_the_usual_park_value_at_the_coldest() -> None:
    assert curve_c(fresh("radiators"), 18.0, -8.0) == pytest.approx(45.0)
    assert curve_c(fresh("floor"), 18.0, -8.0) == pytest.approx(35.0)


@pytest.mark.parametrize(("base", "slope"), [(4.0, 0.5), (9.0, 1.1), (6.0, 0.75)])
def test_the_curve_of_a_home_is_found(base: float, slope: float) -> None:
    """A home that needs just this curve is known after three weeks of changing weather."""
    known = fresh("radiators")
    for step in range(21 * 144):
        outdoor = -4.0 + 6.0 * ((step // 400) % 3 - 1)
        water = 18.0 + base + slope * (18.0 - outdoor)
        slow = replace(known, outdoor_slow_c=outdoor)
        known = learn(slow, Seen(17.9, 18.0, outdoor, water, None), 600.0)
    for outdoor in (-10.0, -4.0, 2.0):
        needed = 18.0 + base + slope * (18.0 - outdoor)
        assert curve_c(known, 18.0, outdoor) == pytest.approx(needed, abs=0.7)


def test_lessons_survive_the_store() -> None:
    known = learn(fresh("radiators"), LOOK, 600.0)
    assert msgspec.json.decode(msgspec.json.encode(known), type=Learned) == known


@given(
    st.lists(
        st.tuples(st.floats(-5, 45), st.floats(-30, 25), st.floats(20, 60), st.integers(0, 23)),
        max_size=60,
    )
)
def test_no_weather_and_no_room_takes_the_lessons_out_of_their_bounds(
    looks: list[tuple[float, float, float, int]],
) -> None:
    known = fresh("radiators")
    for room, outdoor, water, hour in looks:
        known = learn(known, Seen(18.0, room, outdoor, water, hour), 3600.0)
        for value, (low, high) in zip(known.curve, (BASES, SLOPES, STORINGS), strict=True):
            assert low <= value <= high
        assert MARGINS_K[0] <= known.margin_k <= MARGINS_K[1]
        assert abs(known.trim_k) <= 8.0
        assert all(abs(one) <= 6.0 for one in known.rhythm_k)


def test_a_room_that_falls_short_widens_the_margin_and_a_warm_one_narrows_it() -> None:
    old = replace(fresh("radiators"), age_s=2 * 86400.0)
    cold = learn(old, replace(LOOK, room_c=17.5), 3600.0)
    warm = learn(old, replace(LOOK, room_c=18.6), 3600.0)
    assert cold.margin_k > old.margin_k > warm.margin_k


def test_without_a_room_the_curve_stands_alone_and_higher() -> None:
    blind = ideal_c(CALM, replace(LOOK, room_c=None), "radiators")
    assert blind == pytest.approx(curve_c(CALM.known, 18.0, -3.0) + BLIND_EXTRA_K)


@pytest.mark.parametrize("emitter", GAINS)
def test_a_cold_room_asks_for_more_water_and_floors_ask_for_less(emitter: str) -> None:
    cold, warm = (replace(CALM, known=replace(CALM.known, room_slow_c=c)) for c in (17.25, 19.25))
    even = ideal_c(CALM, LOOK, emitter)
    assert ideal_c(cold, LOOK, emitter) - even == pytest.approx(GAINS[emitter])
    assert even - ideal_c(warm, LOOK, emitter) == pytest.approx(GAINS[emitter])


@pytest.mark.parametrize(
    ("wanted", "since_s", "tokens", "told"),
    [
        (43.3, 9000.0, 6.0, 42.0),  # not worth a write yet
        (43.6, 9000.0, 6.0, 43.5),
        (42.9, 11000.0, 6.0, 43.0),  # after three hours small changes are
        (42.7, 11000.0, 6.0, 42.0),
        (43.5, 5400.0, 6.0, 42.0),  # too soon for a small change
        (45.0, 5400.0, 6.0, 45.0),  # not for a large one
        (45.0, 3000.0, 6.0, 42.0),
        (45.0, 9000.0, 0.9, 42.0),  # no write left
        (30.0, 9000.0, 6.0, 39.0),  # three kelvin at a time downwards
        (90.0, 9000.0, 6.0, 55.0),
    ],
)
def test_when_a_write_pays(wanted: float, since_s: float, tokens: float, told: float) -> None:
    rule = replace(CALM, target_c=42.0, wrote_mono=0.0, tokens=tokens)
    after, target = decided(rule, wanted, 25.0, 42.0, since_s, Reach(55.0, 0.5))
    assert target == told
    assert after.tokens == tokens - (1.0 if told != 42.0 else 0.0)


@given(st.lists(st.floats(20, 60), min_size=1, max_size=300))
def test_twelve_writes_a_day_in_the_mean_whatever_is_wanted(ideals: list[float]) -> None:
    rule, writes, before = replace(CALM, target_c=42.0, wrote_mono=0.0, at_mono=0.0), 0, 42.0
    for number, ideal in enumerate(ideals, 1):
        rule = seen(rule, LOOK, number * 600.0)
        rule, target = decided(rule, ideal, 25.0, before, number * 600.0, Reach())
        writes += target != before
        before = target
    assert writes <= 6 + 12 * len(ideals) / 144


def test_in_doubt_the_floor_is_the_curve_at_the_coldest_of_a_day() -> None:
    rule = replace(CALM, outdoors=((0.0, -9.0), (3600.0, -3.0)))
    assert floor_c(rule, LOOK, (), doubtful=False) == 25.0
    assert floor_c(rule, LOOK, (), doubtful=True) == curve_c(rule.known, 18.0, -9.0)
    colder = floor_c(rule, LOOK, (-12.0,) * 24, doubtful=True)
    assert colder == curve_c(rule.known, 18.0, -12.0)


def test_to_outlast_us_a_forecast_raises_the_floor_before_the_cold_comes() -> None:
    mild, snap = (2.0,) * 72, (2.0,) * 24 + (-12.0,) * 48
    low, high = (floor_c(CALM, LOOK, hours, False, outlast=True) for hours in (mild, snap))
    assert low == pytest.approx(curve_c(CALM.known, 18.0, 2.0) + 4.0)
    assert high == pytest.approx(curve_c(CALM.known, 18.0, -12.0) + 4.0)


@pytest.mark.parametrize(
    ("step_k", "told"), [(0.1, 43.5), (0.2, 43.2), (0.5, 43.5), (1.0, 43.0), (2.0, 44.0)]
)
def test_water_is_told_in_the_machine_s_own_steps_of_half_a_kelvin_or_more(
    step_k: float, told: float
) -> None:
    assert Reach(55.0, step_k).on_grid(43.4) == told


def test_a_rule_at_its_lowest_or_highest_water_learns_nothing_of_the_room() -> None:
    """Otherwise weeks of sun at the lowest water unwind the trim, and the next cold finds none."""
    for ideal, held in ((20.0, True), (90.0, True), (40.0, False)):
        rule, _ = decided(CALM, ideal, 25.0, 42.0, 0.0, Reach())
        assert rule.held is held
        rule = replace(rule, at_mono=0.0)
        after = seen(rule, replace(LOOK, room_c=20.0), 600.0)
        assert (after.known.trim_k == rule.known.trim_k) is held


def test_a_step_of_the_plan_is_no_shortage_that_widens_the_margin() -> None:
    slow = replace(fresh("radiators"), age_s=3 * 86_400.0)  # the first day teaches no margin
    rising = Seen(19.5, 18.0, -3.0, 42.0, 4)
    short = learn(slow, rising, 3600.0)
    settled = learn(slow, replace(rising, settled=Settled(18.0, 18.0, 19.5)), 3600.0)
    assert short.margin_k > slow.margin_k
    assert settled.margin_k <= slow.margin_k


@pytest.mark.parametrize(("room", "trims"), [(18.9, 0), (17.6, 1), (20.4, -1)])
def test_between_the_plan_and_stored_heat_nothing_is_an_error(room: float, trims: int) -> None:
    known = replace(fresh("radiators"), room_slow_c=room)
    look = Seen(19.5, room, -3.0, 42.0, 12, settled=Settled(18.0, 18.0, 19.5))
    after = learn(known, look, 3600.0)
    assert (after.trim_k > 0) - (after.trim_k < 0) == trims
    assert any(after.rhythm_k) is bool(trims)


def test_a_highest_between_two_steps_costs_no_writes() -> None:
    heating = replace(CALM, target_c=42.0, wrote_mono=0.0)
    assert decided(heating, 60.0, 25.0, 42.0, 20_000.0, Reach(42.9))[0].tokens == heating.tokens


@pytest.mark.parametrize(
    ("ideal", "since_s", "target"),
    [
        (37.0, 600.0, 39.0),  # five kelvin: at once, three at a time
        (38.0, 600.0, 42.0),  # four can wait
        (48.0, 600.0, 48.0),
        (37.0, 540.0, 42.0),
    ],
)
def test_a_step_of_the_plan_is_written_in_quick_steps(
    ideal: float, since_s: float, target: float
) -> None:
    heating = replace(CALM, target_c=42.0, wrote_mono=0.0)
    assert decided(heating, ideal, 25.0, 42.0, since_s, Reach())[1] == target
