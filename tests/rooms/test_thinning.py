"""Folding readings: nothing that was said last gets lost, counters never, whoever it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.thinning import COUNTERS, fold

POINTS = ("water_supply_temp", "power_on", "energy_total", "dhw_temp")
REASONS = ("stale", "absent", "out_of_range", "not_ready")


def body(values: dict[str, Any], missing: dict[str, str], device: str = "hp", **more: Any) -> bytes:
    return json.dumps({"device": device, "values": values, "missing": missing, **more}).encode()


def folded(*bodies: bytes) -> list[tuple[int, dict[str, Any]]]:
    return [(index, json.loads(one)) for index, one in fold(bodies)]


@pytest.mark.parametrize(
    ("records", "values", "missing"),
    [
        ([({"power_on": False}, {}), ({"power_on": True}, {})], {"power_on": True}, {}),
        ([({"dhw_temp": 40}, {}), ({}, {"dhw_temp": "stale"})], {}, {"dhw_temp": "stale"}),
        ([({}, {"dhw_temp": "stale"}), ({"dhw_temp": 40}, {})], {"dhw_temp": 40}, {}),
        (
            [({}, {"dhw_temp": "out_of_range"}), ({}, {"dhw_temp": "not_ready"})],
            {},
            {"dhw_temp": "out_of_range"},
        ),
        ([({"energy_total": 7.5}, {}), ({}, {"energy_total": "stale"})], {"energy_total": 7.5}, {}),
        (
            [({"dhw_temp": 40}, {}), ({"power_on": True}, {})],
            {"dhw_temp": 40, "power_on": True},
            {},
        ),
    ],
)  # fmt: skip
def test_the_last_word_on_every_point_stays(
    records: list[tuple[dict[str, Any], dict[str, str]]],
    values: dict[str, Any],
    missing: dict[str, str],
) -> None:
    ((index, found),) = folded(*(body(*one) for one in records))
    assert (index, found["values"], found["missing"]) == (len(records) - 1, values, missing)


@pytest.mark.parametrize("text", [b"?", b'{"device": "\xff"}'])
def test_devices_are_folded_apart_and_strangers_left_alone(text: bytes) -> None:
    found = fold((body({"a": 1}, {}, "x"), body({"a": 2}, {}, "y"), text, body({"a": 3}, {}, "x")))
    assert [index for index, _ in found] == [1, 2, 3]
    assert found[1] == (2, text)
    assert json.loads(found[2][1])["values"] == {"a": 3}


@pytest.mark.parametrize(
    ("marks", "full"), [((True, False), True), ((False, False), False), ((None, None), None)]
)
def test_one_full_record_makes_the_step_full(marks: tuple[Any, ...], full: Any) -> None:
    bodies = [body({}, {}, **({} if mark is None else {"full": mark})) for mark in marks]
    assert folded(*bodies)[0][1].get("full") == full


WORD = st.one_of(
    st.tuples(st.just("values"), st.floats(0, 99)),
    st.tuples(st.just("missing"), st.sampled_from(REASONS)),
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(POINTS), WORD), min_size=1, max_size=12)


@given(RECORDS, st.integers(1, 4))
def test_folding_in_parts_ends_as_folding_at_once_does(
    said: list[dict[str, tuple[str, Any]]], parts: int
) -> None:
    """Minutes folded into quarters say what the seconds folded into quarters would have said."""
    bodies = []
    for record in said:
        kinds: dict[str, dict[str, Any]] = {"values": {}, "missing": {}}
        for point, (kind, word) in record.items():
            kinds[kind][point] = word
        bodies.append(body(kinds["values"], kinds["missing"]))
    size = -(-len(bodies) // parts)
    minutes = [fold(bodies[at : at + size])[0][1] for at in range(0, len(bodies), size)]
    once, twice = folded(*bodies)[0][1], folded(*minutes)[0][1]
    assert once["values"] == twice["values"]
    assert once["missing"].keys() == twice["missing"].keys()
    last = {point: word for record in said for point, word in record.items()}
    for point, (kind, word) in last.items():
        if kind == "values":
            assert once["values"][point] == word
    for point in COUNTERS & {p for r in said for p, (kind, _) in r.items() if kind == "values"}:
        assert point in once["values"]
