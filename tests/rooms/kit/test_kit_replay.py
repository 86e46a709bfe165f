"""Recorded words through a map: golden readings, and what physics says of them."""

from __future__ import annotations

import pytest

from agent.drivers import ReadRequest, load
from agent.kit.replay import Replayed, replay, same

MAP = """\
map: acme
api: 1
covers: [{brand: Acme, model: One}]
source: ["Acme: Modbus sheet"]
grade: draft
points:
  water_supply_temp: {at: 0, type: s16, scale: 0.1, low: -30, high: 110}
  water_return_temp: {at: 1, type: s16, scale: 0.1, low: -30, high: 110}
  outdoor_temp: {at: 2, type: s16, scale: 0.1, low: -45, high: 60}
  compressor_on: {at: 3, type: bool}
  mode_active: {at: 4, values: {0: "off", 1: heat}}
  energy_total: {at: 5, type: u32, scale: 0.1}
"""
WORDS = (412, 365, 0xFFB9, 1, 1, 1, 0x86A0)
GOLDEN = {"water_supply_temp": "41.2", "outdoor_temp": "-7", "mode_active": "heat"}


def played(
    *words: tuple[int, ...], text: str = MAP, golden: dict[str, str] | None = None
) -> Replayed:
    recorded = [(ReadRequest(1, "holding", 0, len(one)), one) for one in words]
    return replay(load(text, "acme.yaml"), recorded, GOLDEN if golden is None else golden, 1)


def told(found: Replayed) -> list[str]:
    return [f"{finding.rule} {finding.path}" for finding in found.findings]


def test_a_right_map_meets_its_golden_readings() -> None:
    found = played(WORDS)
    assert told(found) == []
    assert found.snapshot.value("energy_total") == 10000.0


@pytest.mark.parametrize(
    ("old", "new", "point", "hint"),
    [
        ("at: 0, type: s16, scale: 0.1", "at: 0, type: s16", "water_supply_temp", "10 times"),
        ("at: 2, type: s16, scale: 0.1, low: -45, high: 60", "at: 2, scale: 0.1", "outdoor_temp",
         "s16"),
        ("water_supply_temp: {at: 0", "water_supply_temp: {at: 1", "water_supply_temp", "address"),
        ('{0: "off", 1: heat}', '{0: "off", 1: cool}', "mode_active", ""),
    ],
)  # fmt: skip
def test_a_wrong_map_does_not(old: str, new: str, point: str, hint: str) -> None:
    text = MAP.replace(old, new)
    if "at: 1" in new:
        text = text.replace("water_return_temp: {at: 1", "water_return_temp: {at: 0")
    found = played(WORDS, text=text)
    (golden,) = (finding for finding in found.findings if finding.rule == "golden")
    assert golden.path == f"points.{point}"
    assert hint in golden.hint


def test_heating_water_comes_back_colder() -> None:
    assert told(played((350, 412, *WORDS[2:]), golden={})) == ["physics points.water_supply_temp"]
    assert told(played((350, 412, WORDS[2], 0, 0, 1, 1), golden={})) == []


def test_a_counter_that_falls_is_told_once() -> None:
    later = (*WORDS[:5], 1, 0x8000)
    assert told(played(WORDS, later, WORDS, later, golden={})) == ["counter points.energy_total"]


def test_what_was_never_read_is_told_as_a_warning() -> None:
    (finding,) = played(WORDS[:5], golden={}).findings
    assert (finding.level.value, finding.path) == ("warning", "points.energy_total")


def test_an_unknown_word_and_a_value_out_of_range_are_told() -> None:
    found = played((0x7FFF, 365, 0, 1, 9, 0, 0), golden={})
    assert told(found) == ["range points.water_supply_temp", "values points.mode_active"]


@pytest.mark.parametrize(
    ("value", "text", "meets"),
    [
        (41.2, "41", True),
        (41.6, "41", False),
        (41.2, "41.2", True),
        (41.2, "41.3", False),
        (-7.1, "-7", True),
        (True, "true", True),
        (None, "0", False),
        ("heat", "Heat", True),
        (10000.0, "1e4", True),
    ],
)
def test_a_display_is_met_to_its_own_digits(value: float, text: str, meets: bool) -> None:
    assert same(value, text) is meets
