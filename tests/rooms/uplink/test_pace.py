"""Pace, rests and ranges by tables and properties."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.uplink.pace import Pace, rest_s
from agent.uplink.ranges import Ranges


def test_a_slow_platform_slows_the_backlog() -> None:
    pace = Pace(0.5)
    assert pace.may(10.0)
    pace.answered(0.1, 10.0)
    assert (pace.may(10.49), pace.may(10.5)) == (False, True)
    pace.answered(4.0, 20.0)
    assert (pace.may(31.9), pace.may(32.0)) == (False, True)
    pace.answered(1000.0, 40.0)
    assert pace.due == 100.0


def test_a_later_answer_never_hurries() -> None:
    pace = Pace(0.5)
    pace.wait(0.0, 60.0)
    pace.answered(0.1, 1.0)
    assert pace.due == 60.0


@given(st.floats(0, 1), st.integers(1, 200))
def test_gateways_do_not_return_together(share: float, failures: int) -> None:
    found = rest_s(share, failures, 1.0, 60.0)
    assert 1.0 <= found <= 60.0
    assert rest_s(0.0, failures, 1.0, 60.0) == 1.0
    assert rest_s(1.0, 6, 1.0, 60.0) == 60.0


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12))), st.integers(1, 60))
def test_ranges_are_a_set(adds: list[tuple[int, int]], first: int) -> None:
    ranges, numbers = Ranges(), set[int]()
    for start, more in adds:
        ranges.add(start, start + more)
        numbers |= set(range(start, start + more + 1))
    assert [n for n in range(1, 80) if n in ranges] == sorted(numbers)
    assert all(b + 1 < c for (_, b), (c, _) in zip(ranges.pairs, ranges.pairs[1:], strict=False))
    inside = {n for a, b in ranges.within(first, first + 9) for n in range(a, b + 1)}
    assert inside == numbers & set(range(first, first + 10))
