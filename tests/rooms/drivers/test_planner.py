"""The plan is the cheapest there is, asks nothing forbidden, and forgets no point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.drivers import Block, Cost, ReadRequest, RegisterMap, halves, load, plan
from agent.drivers.registermap import Cover, LineRule, PointRule
from agent.yamltext import Span

RTU = Cost.of_line(9600, 0.02)


def record(points: dict[str, PointRule], **top: Any) -> RegisterMap:
    return RegisterMap(
        map="acme",
        api=1,
        covers=(Cover(brand="Acme", model="One"),),
        source=("sheet",),
        grade="draft",
        points=points,
        **top,
    )


def map_of(points: str, top: str = "") -> RegisterMap:
    text = (
        "map: acme\napi: 1\ncovers: [{brand: Acme, model: One}]\nsource: [sheet of Acme, 2024]\n"
        f"grade: draft\n{top}\npoints:\n"
    )
    return load(text + "".join(f"  {line.strip()}\n" for line in points.strip().splitlines()), "m")


def asked(blocks: tuple[Block, ...]) -> list[tuple[str, int, int]]:
    return [(block.request.table, block.request.at, block.request.count) for block in blocks]


# --- properties -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Some points, what may not be asked, and what asking costs."""

    found: RegisterMap
    cost: Cost


@st.composite
def cases(draw: st.DrawFn, most: int = 10) -> Case:
    points: dict[str, PointRule] = {}
    at = draw(st.integers(0, 5))
    free: list[int] = []
    for index in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(["u16", "u16", "u32", "halves"]))
        if kind == "halves":
            points[f"x_{index}_low"] = PointRule(at=at, bits=Span(0, 7))
            points[f"x_{index}_high"] = PointRule(at=at, bits=Span(8, 15))
        else:
            points[f"x_{index}"] = PointRule(at=at, type=kind)  # type: ignore[arg-type]
        end = at + (2 if kind == "u32" else 1)
        gap = draw(st.integers(0, 12))
        free += range(end, end + gap)
        at = end + gap
    points = dict(draw(st.permutations(list(points.items()))))
    points = dict(list(points.items())[:most])
    holes = draw(st.lists(st.sampled_from(free), max_size=3)) if free else []
    alone_at = draw(st.none() | st.integers(0, at))
    alone = (Span(alone_at, alone_at + draw(st.integers(0, 10))),) if alone_at is not None else ()
    found = record(
        points,
        line=LineRule(max_words=draw(st.integers(2, 40))),
        holes={"holding": tuple(Span(hole, hole) for hole in holes)},
        alone={"holding": alone},
    )
    cost = Cost(draw(st.floats(0.001, 0.2)), draw(st.floats(0.0001, 0.005)))
    return Case(found, cost)


def price(request: ReadRequest, cost: Cost) -> float:
    return cost.request_s + request.count * cost.register_s


def cheapest(case: Case) -> float:
    """The least cost over every partition of the points into requests, tried one by one."""
    rules = list(case.found.points.values())
    line, holes = case.found.line, case.found.holes.get("holding", ())
    alone = case.found.alone.get("holding", ())

    def one_request(chosen: list[PointRule]) -> float:
        first = min(rule.addresses[0] for rule in chosen)
        last = max(rule.addresses[-1] for rule in chosen)
        span = range(first, last + 1)
        if len({rule.addresses for rule in chosen}) > 1 and (
            len(span) > line.max_words
            or any(at in hole for hole in holes for at in span)
            or any(at in lonely for lonely in alone for at in span)
        ):
            return float("inf")
        return case.cost.request_s + len(span) * case.cost.register_s

    singles = [
        [rule for bit, rule in enumerate(rules) if mask >> bit & 1]
        for mask in range(1 << len(rules))
    ]
    costs = [0.0, *(one_request(chosen) for chosen in singles[1:])]

    @cache
    def best(left: int) -> float:
        if not left:
            return 0.0
        lowest = left & -left
        least, part = float("inf"), left
        while part:
            if part & lowest and costs[part] < least:
                least = min(least, costs[part] + best(left & ~part))
            part = (part - 1) & left
        return least

    return best((1 << len(rules)) - 1)


@settings(max_examples=150, deadline=None)
@given(cases(most=8))
def test_no_partition_of_the_points_is_cheaper(case: Case) -> None:
    blocks = plan(case.found, 1, case.cost)
    total = sum(price(block.request, case.cost) for block in blocks)
    assert total == pytest.approx(cheapest(case))


@settings(max_examples=15, deadline=None)
@given(cases(most=10))
def test_no_partition_of_ten_points_is_cheaper(case: Case) -> None:
    blocks = plan(case.found, 1, case.cost)
    total = sum(price(block.request, case.cost) for block in blocks)
    assert total == pytest.approx(cheapest(case))


@given(cases(most=40))
def test_every_point_is_read_once_and_nothing_forbidden_is_asked(case: Case) -> None:
    found = case.found
    blocks = plan(found, 1, case.cost)
    assert sorted(name for block in blocks for name in block.points) == sorted(found.points)
    for block in blocks:
        span = range(block.request.at, block.request.at + block.request.count)
        places = {found.points[name].addresses for name in block.points}
        assert all(set(place) <= set(span) for place in places)
        assert len(span) <= found.line.max_words
        assert not any(at in hole for hole in found.holes["holding"] for at in span)
        if any(at in lonely for lonely in found.alone["holding"] for at in span):
            assert len(places) == 1


@given(cases(most=40))
def test_halves_share_the_points_out_until_one_place_is_left(case: Case) -> None:
    found = case.found
    waiting = list(plan(found, 1, case.cost))
    while waiting:
        block = waiting.pop()
        pair = halves(block, found)
        if pair is None:
            assert len({found.points[name].addresses for name in block.points}) == 1
            continue
        left, right = pair
        assert sorted(left.points + right.points) == sorted(block.points)
        assert left.points
        assert right.points
        assert block.request.at <= left.request.at
        assert left.request.at + left.request.count <= right.request.at
        assert right.request.at + right.request.count <= block.request.at + block.request.count
        assert left.every_s == right.every_s == block.every_s
        for half in pair:
            span = range(half.request.at, half.request.at + half.request.count)
            assert all(set(found.points[name].addresses) <= set(span) for name in half.points)
        waiting += pair


# --- cases ----------------------------------------------------------------------------------


@pytest.mark.parametrize("turnaround_s", [0.005, 0.050], ids=["quick line", "slow line"])
def test_a_hole_is_read_over_while_it_is_cheaper_than_asking_again(turnaround_s: float) -> None:
    """At 9600 baud a request costs 13 characters, two silences of 3.5 and the turnaround."""
    cost = Cost.of_line(9600, turnaround_s)
    widest = max(
        hole
        for hole in range(60)
        if len(plan(record({"x_a": PointRule(at=0), "x_b": PointRule(at=1 + hole)}), 1, cost)) == 1
    )
    expected = (20 * 10 / 9600 + turnaround_s) / (2 * 10 / 9600)
    assert expected - 1 <= widest <= expected


def test_the_cost_of_a_line() -> None:
    slow = Cost.of_line(9600, 0.05, gap_s=0.2)
    assert slow.request_s == pytest.approx(13 * 10 / 9600 + 3.5 * 10 / 9600 + 0.2 + 0.05)
    assert slow.register_s == pytest.approx(20 / 9600)
    fast = Cost.of_line(115200, 0.0)
    assert fast.request_s == pytest.approx(13 * 10 / 115200 + 2 * 0.00175)
    assert Cost.of_line(None, 0.02, gap_s=0.01).request_s == pytest.approx(0.03)


def test_slow_points_ride_along_and_keep_their_interval_elsewhere() -> None:
    found = map_of(
        """
        x_a: {at: 0, en: a, zh: 甲}
        x_b: {at: 2, en: b, zh: 乙}
        x_inside: {at: 1, en: i, zh: 丙, every: 10 min}
        x_outside: {at: 90, en: o, zh: 丁, every: 10 min}
        """,
        "every: 10 s",
    )
    fast, slow = plan(found, 1, RTU)
    assert set(fast.points) == {"x_a", "x_b", "x_inside"}
    assert (fast.every_s, slow.every_s) == (10.0, 600.0)
    assert slow.points == ("x_outside",)
    assert [block.every_s for block in plan(found, 1, RTU, every_s=30.0)] == [30.0, 600.0]
    assert {block.every_s for block in plan(found, 1, RTU, every_s=900.0)} == {900.0}


def test_what_others_depend_on_is_read_first() -> None:
    found = map_of(
        """
        water_supply_temp: {at: 5, switch: {point: x_tenths, equals: "true", scale: 0.1}}
        x_tenths: {at: 700, type: bool, en: tenths, zh: 十分度, every: 10 min}
        """
    )
    assert [block.points for block in plan(found, 1, RTU)] == [
        ("x_tenths",),
        ("water_supply_temp",),
    ]


def test_tables_and_unit_ids_are_never_mixed() -> None:
    found = map_of(
        """
        x_a: {at: 0, en: a, zh: 甲}
        x_b: {at: 1, en: b, zh: 乙, table: input}
        x_c: {at: 2, en: c, zh: 丙, unit_id: 11}
        x_d: {at: 3, en: d, zh: 丁, table: coil}
        x_e: {at: 4, en: e, zh: 戊}
        """
    )
    assert sorted(
        (b.request.unit_id, *place)
        for b, place in zip(plan(found, 2, RTU), asked(plan(found, 2, RTU)), strict=True)
    ) == [(2, "coil", 3, 1), (2, "holding", 0, 5), (2, "input", 1, 1), (11, "holding", 2, 1)]


def test_two_halves_of_a_word_that_must_be_read_alone_share_one_request() -> None:
    found = map_of(
        """
        x_low: {at: 203, bits: 0..7, en: low, zh: 低}
        x_high: {at: 203, bits: 8..15, en: high, zh: 高}
        x_next: {at: 204, en: next, zh: 下}
        """,
        "alone: {holding: [201..290]}",
    )
    assert asked(plan(found, 1, RTU)) == [("holding", 203, 1), ("holding", 204, 1)]


def test_prescribed_blocks_are_sent_exactly_so() -> None:
    found = map_of(
        """
        x_a: {at: 11, en: a, zh: 甲}
        x_b: {at: 17, en: b, zh: 乙}
        x_c: {at: 40, en: c, zh: 丙}
        """,
        "blocks: [{at: 10, count: 10}, {at: 60, count: 5}]",
    )
    assert asked(plan(found, 1, RTU)) == [("holding", 10, 10), ("holding", 40, 1)]


def test_what_the_machine_has_refused_is_left_out() -> None:
    found = record({f"x_{at}": PointRule(at=at) for at in range(5)})
    (block,) = plan(found, 1, RTU, unsupported=("x_4", "x_0"))
    assert block.points == ("x_1", "x_2", "x_3")
    assert (block.request.at, block.request.count) == (1, 3)


def test_a_pack_is_never_torn() -> None:
    found = map_of(
        """
        x_far: {pack: [{at: 0, bits: 0..3}, {at: 8}], en: far, zh: 远}
        x_between: {at: 4, en: between, zh: 间}
        x_after: {at: 9, en: after, zh: 后}
        """
    )
    (block,) = plan(found, 1, RTU)
    pair = halves(block, found)
    assert pair is not None
    assert {frozenset(half.points) for half in pair} == {
        frozenset({"x_far", "x_between"}),
        frozenset({"x_after"}),
    }
    assert halves(pair[0], found) is None
