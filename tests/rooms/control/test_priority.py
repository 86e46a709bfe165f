"""Who wins, and for how long."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.control import RANK, Standing
from agent.model import Origin
from tests.rooms.control.testpump import demand

ORDER = (Origin.SAFETY, Origin.RESIDENT, Origin.PLATFORM, Origin.SCHEDULE)


def test_every_origin_has_its_rank() -> None:
    assert sorted(RANK, key=RANK.__getitem__) == list(ORDER)
    assert set(RANK) == set(Origin)


@pytest.mark.parametrize("order", tuple(permutations(ORDER)))
def test_the_first_of_the_order_wins_whoever_came_first(order: tuple[Origin, ...]) -> None:
    standing = Standing()
    for origin in order:
        standing.put(demand("mode", origin.value, origin))
    for origin in ORDER:
        winner = standing.winner("hp", "mode", 0.0)
        assert winner is not None
        assert winner.origin is origin
        standing.drop("hp", "mode", origin)
    assert standing.winner("hp", "mode", 0.0) is None
    assert standing.places() == ()


def test_a_wish_ends_with_its_time_and_the_next_one_counts() -> None:
    standing = Standing()
    standing.put(demand("mode", "heat", Origin.SCHEDULE))
    standing.put(demand("mode", "auto", Origin.RESIDENT, until=100.0))
    at = [standing.winner("hp", "mode", mono) for mono in (99.9, 100.0)]
    assert [one.value if one else None for one in at] == ["auto", "heat"]


def test_the_newer_wish_of_one_origin_replaces_the_older() -> None:
    standing = Standing()
    standing.put(demand("mode", "heat", until=100.0))
    standing.put(demand("mode", "auto", until=50.0))
    winner = standing.winner("hp", "mode", 0.0)
    assert winner is not None
    assert winner.value == "auto"
    assert standing.winner("hp", "mode", 60.0) is None


def test_above_names_only_who_outranks() -> None:
    standing = Standing()
    standing.put(demand("mode", "auto", Origin.PLATFORM, until=100.0))
    assert standing.above(demand("mode", "heat", Origin.RESIDENT), 0.0) is None
    assert standing.above(demand("mode", "heat", Origin.PLATFORM), 0.0) is None
    above = standing.above(demand("mode", "heat", Origin.SCHEDULE), 0.0)
    assert above is not None
    assert above.origin is Origin.PLATFORM
    assert standing.above(demand("mode", "heat", Origin.SCHEDULE), 100.0) is None


def test_points_and_devices_do_not_mix() -> None:
    standing = Standing()
    standing.put(demand("mode", "auto"))
    standing.put(replace(demand("mode", "heat"), device="other"))
    assert standing.winner("hp", "power_on", 0.0) is None
    other = standing.winner("other", "mode", 0.0)
    assert other is not None
    assert other.value == "heat"


def test_only_a_parking_is_dropped_when_the_doubt_is_over() -> None:
    standing = Standing()
    standing.put(demand("mode", "heat", Origin.SCHEDULE))
    standing.drop_park("hp", "mode")
    assert standing.winner("hp", "mode", 0.0) is not None
    standing.put(demand("mode", "heat", Origin.SCHEDULE, park=True))
    standing.drop_park("hp", "mode")
    assert standing.winner("hp", "mode", 0.0) is None


wishes = st.lists(st.tuples(st.sampled_from(Origin), st.one_of(st.none(), st.integers(0, 100))))


@given(wishes, st.integers(0, 100))
def test_the_winner_is_the_best_rank_still_standing(
    found: list[tuple[Origin, int | None]], mono: int
) -> None:
    standing = Standing()
    last: dict[Origin, int | None] = {}
    for origin, until in found:
        standing.put(demand("mode", origin.value, origin, until))
        last[origin] = until
    alive = [origin for origin, until in last.items() if until is None or mono < until]
    winner = standing.winner("hp", "mode", mono)
    assert (winner.origin if winner else None) == min(alive, key=ORDER.index, default=None)
