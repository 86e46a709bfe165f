"""Wild values: what is impossible is never seen, and what leaps on a bad line must be confirmed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faults.believed import LEAPS, NOISY_S, Belief
from agent.faults.sample import Sample

WILD = 3276.7
POINTS = ("water_flow", "compressor_on", "outdoor_temp")


def played(*rows: dict[str, float], every_s: float = 30.0) -> list[Sample]:
    """What is left of these polls, one after the other."""
    belief, found = Belief(POINTS.__contains__), []
    for k, row in enumerate(rows):
        sample = Sample(k * every_s, 0.0)
        for name, value in row.items():
            setattr(sample, name, value)
        belief.check(sample)
        found.append(sample)
    return found


def flows(*values: float) -> list[float | None]:
    return [one.water_flow for one in played(*({"water_flow": value} for value in values))]


@pytest.mark.parametrize(
    ("shown", "left"),
    [
        ((18.0, 0.0, 18.0), [18.0, 0.0, 18.0]),  # a clean line: believed at once
        ((18.0, WILD, 18.0), [18.0, None, 18.0]),
        ((WILD, 18.0, 85.0, 18.0), [None, 18.0, None, 18.0]),
        ((WILD, 18.0, 85.0, 85.0, 18.0), [None, 18.0, None, None, 18.0]),
        ((WILD, 18.0, 0.0, 0.0, 0.0, 0.2), [None, 18.0, None, None, 0.0, 0.2]),
        ((WILD, 18.0, 85.0, 0.0, 150.0), [None, 18.0, None, None, None]),
        ((WILD, 18.0, 20.0, 22.0), [None, 18.0, 20.0, 22.0]),
    ],
)
def test_a_leap_is_confirmed_where_impossible_values_were_seen(
    shown: tuple[float, ...], left: list[float | None]
) -> None:
    assert flows(*shown) == left


def test_a_switch_stays_as_it_was_until_the_other_state_is_confirmed() -> None:
    rows = [{"water_flow": WILD}, *({"compressor_on": v} for v in (1.0, 85.0, 0.0, 1.0, 0.0, 0.0))]
    assert [one.compressor_on for one in played(*rows, {"compressor_on": 0.0})] == [
        None,
        *(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0),
    ]


def test_a_day_without_an_impossible_value_is_believed_again() -> None:
    rows = ({"water_flow": value} for value in (WILD, 18.0, 0.0))
    assert [one.water_flow for one in played(*rows, every_s=NOISY_S)] == [None, 18.0, 0.0]


@given(st.lists(st.fixed_dictionaries({"water_flow": st.floats(0.0, 200.0)}), max_size=20))
def test_what_is_possible_passes_unchanged_on_a_clean_line(rows: list[dict[str, float]]) -> None:
    assert [one.water_flow for one in played(*rows)] == [row["water_flow"] for row in rows]


@given(st.floats(-60.0, 60.0), st.floats(-60.0, 60.0))
def test_what_lasts_is_believed_whatever_it_is(before: float, after: float) -> None:
    rows = [{"water_flow": WILD}, {"outdoor_temp": before}, *[{"outdoor_temp": after}] * LEAPS]
    assert played(*rows)[-1].outdoor_temp == after
