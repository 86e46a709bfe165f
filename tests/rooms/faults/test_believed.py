"""Wild values: what is impossible is never seen, and what leaps on a bad line must be confirmed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faults.believed import NOISE, NOISY_S, Belief, possible
from agent.faults.sample import Sample
from agent.jump import LEAPS

WILD = 3276.7
POINTS = ("water_flow", "compressor_on", "outdoor_temp")
NOISY = [{"water_flow": WILD}] * NOISE


def played(*rows: dict[str, float], every_s: float = 30.0) -> list[Sample]:
    """What is left of these polls, one after the other."""
    belief, found = Belief(POINTS.__contains__), []
    for k, row in enumerate(rows):
        sample = Sample(k * every_s, 0.0)
        for name, value in row.items():
            setattr(sample, name, value)
        belief.check(sample, sample.mono)
        found.append(sample)
    return found


def flows(*values: float, before: int = NOISE) -> list[float | None]:
    """What is left of these flows after so many impossible ones."""
    rows = [*NOISY[:before], *({"water_flow": value} for value in values)]
    return [one.water_flow for one in played(*rows)][before:]


@pytest.mark.parametrize(
    ("shown", "left"),
    [
        ((18.0, WILD, 18.0), [18.0, None, 18.0]),
        ((18.0, 85.0, 18.0), [18.0, None, 18.0]),
        ((18.0, 85.0, 85.0, 18.0), [18.0, None, None, 18.0]),
        ((18.0, 0.0, 0.0, 0.0, 0.2), [18.0, None, None, 0.0, 0.2]),
        ((18.0, 85.0, 0.0, 150.0), [18.0, None, None, None]),
        ((18.0, 20.0, 22.0), [18.0, 20.0, 22.0]),
    ],
)
def test_a_leap_is_confirmed_where_impossible_values_are_seen(
    shown: tuple[float, ...], left: list[float | None]
) -> None:
    assert flows(*shown) == left


@pytest.mark.parametrize("before", [0, NOISE - 1])
def test_a_line_that_is_clean_or_starts_is_believed_at_once(before: int) -> None:
    assert flows(18.0, 0.0, 18.0, before=before) == [18.0, 0.0, 18.0]


def test_a_switch_is_off_when_two_say_so_and_on_at_once() -> None:
    shown = (1.0, 85.0, 0.0, 1.0, 0.0, 0.0, 1.0)
    rows = [*NOISY, *({"compressor_on": value} for value in shown)]
    assert [one.compressor_on for one in played(*rows)][NOISE:] == [
        *(1.0, 1.0, 1.0, 1.0, 1.0),
        *(0.0, 1.0),
    ]


def test_a_day_without_noise_is_believed_again() -> None:
    belief = Belief(POINTS.__contains__)
    for mono, flow in [(0.0, WILD), (30.0, WILD), (60.0, WILD), (90.0, WILD), (120.0, 18.0)]:
        belief.check(Sample(mono, 0.0, water_flow=flow), mono)
    later = Sample(NOISY_S + 100.0, 0.0, water_flow=0.0)
    belief.check(later, later.mono)
    assert later.water_flow == 0.0


@given(st.lists(st.fixed_dictionaries({"water_flow": st.floats(0.0, 200.0)}), max_size=20))
def test_what_is_possible_passes_unchanged_on_a_clean_line(rows: list[dict[str, float]]) -> None:
    assert [one.water_flow for one in played(*rows)] == [row["water_flow"] for row in rows]


@given(st.floats(-60.0, 60.0), st.floats(-60.0, 60.0))
def test_what_lasts_is_believed_whatever_it_is(before: float, after: float) -> None:
    rows = [*NOISY, {"outdoor_temp": before}, *[{"outdoor_temp": after}] * LEAPS]
    assert played(*rows)[-1].outdoor_temp == after


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "water_flow": st.none() | st.floats(-50.0, 250.0),
                "outdoor_temp": st.floats(-90.0, 90.0),
            }
        ),
        min_size=1,
        max_size=12,
    )
)
def test_possible_says_of_columns_what_a_check_says_of_each(rows: list[dict[str, float]]) -> None:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    unchanged = True
    for row in rows:
        sample = Sample(0.0, 0.0, **row)
        Belief(POINTS.__contains__).check(sample, sample.mono)
        unchanged &= all(getattr(sample, name) == value for name, value in row.items())
    assert possible(columns) is unchanged


def test_a_plain_sample_is_doubted_on_a_noisy_line_all_the_same() -> None:
    belief = Belief(POINTS.__contains__)
    for k in range(NOISE):
        belief.check(Sample(30.0 * k, 0.0, water_flow=WILD), 30.0 * k)
    belief.check(Sample(300.0, 0.0, plain=True, water_flow=18.0), 300.0)
    leap = Sample(330.0, 0.0, plain=True, water_flow=60.0)
    assert belief.check(leap, leap.mono)
    assert leap.water_flow is None
