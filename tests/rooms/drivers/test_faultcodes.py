"""Vendor codes in words: known, unknown, status, what the display shows, and words beside them."""

from __future__ import annotations

import pytest

from agent.drivers import Cost, Device, driver, load
from agent.model import Quality, Reading, Snapshot

MAP = """
map: acme
api: 1
covers: [{brand: Acme, model: One}]
source: [sheet of Acme of 2024]
grade: draft
points:
  fault_code: {at: 1}
  alarm_active: {at: 2, type: bool}
  x_board: {at: 3, en: board fault word, zh: 主板故障字}
faults:
  point: fault_code
  also: [alarm_active, x_board]
  shown_as: CH%02d
  codes:
    5: {label: CH05, en: water flow too low, zh: 水流量不足}
    9: {label: CH09, en: defrosting, zh: 除霜中, kind: status}
"""


def told(code: int, alarm: bool = False, board: int = 0) -> list[tuple[str, bool, str, str]]:
    pump = Device("hp", load(MAP, "acme.yaml"), 1, Cost(0.0, 0.0))
    seen = (
        Reading("fault_code", code, Quality.GOOD, code),
        Reading("alarm_active", alarm, Quality.GOOD, int(alarm)),
        Reading("x_board", board, Quality.GOOD, board),
    )
    faults = pump.vendor_faults(Snapshot("hp").with_readings(seen, 0.0))
    return [(fault.code, fault.known, fault.en, fault.zh) for fault in faults]


def test_a_known_code_is_told_once_whatever_else_is_lit() -> None:
    known = ("CH05", True, "CH05: water flow too low", "CH05：水流量不足")
    assert told(5) == told(5, alarm=True, board=4) == [known]


def test_an_unknown_code_keeps_its_number_and_what_the_display_shows() -> None:
    en = "Unknown code 7 of acme; the display shows CH07"
    assert told(7) == [("7", False, en, "未知故障代码 7（acme），显示屏显示 CH07")]


@pytest.mark.parametrize("alarm", [False, True])
def test_a_status_is_no_fault_also_where_a_lamp_is_lit(alarm: bool) -> None:
    assert told(9, alarm=alarm, board=1) == []


def test_words_beside_the_code_speak_when_it_is_silent() -> None:
    assert told(0) == []
    assert [code for code, *_ in told(0, alarm=True)] == ["alarm_active=1"]
    en, zh = (
        "The machine reports a fault: board fault word, value 4",
        "机组报告故障：主板故障字，数值4",
    )
    assert told(0, board=4) == [("x_board=4", False, en, zh)]


def test_a_code_of_letters_is_told_as_the_display_writes_it() -> None:
    found = driver("daikin_homehub")
    pump = Device("hp", found.map, 1, Cost(0.0, 0.0), found.hooks)
    raw = int.from_bytes(b"U4", "big")
    seen = (Reading("fault_code", "U4", Quality.GOOD, raw),)
    (fault,) = pump.vendor_faults(Snapshot("hp").with_readings(seen, 0.0))
    assert (fault.code, fault.raw) == ("U4", raw)
    assert fault.en == "Unknown code U4 of daikin_homehub"


@pytest.mark.parametrize(
    ("index", "code", "known"),
    [(1, "A0", False), (69, "E8", True), (80, "EU", False), (260, "UU", False)],
)
def test_the_second_table_of_newer_midea_units(index: int, code: str, known: bool) -> None:
    found = driver("midea_mthermal_r290")
    pump = Device("hp", found.map, 1, Cost(0.0, 0.0), found.hooks)
    first = Reading("fault_code", 0, Quality.GOOD, 0)
    second = Reading("fault_subcode", index, Quality.GOOD, index | 3 << 9)
    (fault,) = pump.vendor_faults(Snapshot("hp").with_readings((first, second), 0.0))
    assert (fault.code, fault.known) == (code, known)
    lit = Reading("fault_code", 9, Quality.GOOD, 9)
    (fault,) = pump.vendor_faults(Snapshot("hp").with_readings((lit, second), 0.0))
    assert fault.code == "E8"


def test_a_midea_unit_without_the_second_table_has_no_fault_in_it() -> None:
    found = driver("midea_mthermal_r290")
    pump = Device("hp", found.map, 1, Cost(0.0, 0.0), found.hooks)
    second = Reading("fault_subcode", None, Quality.ABSENT, 0xFFFF)
    both = (Reading("fault_code", 0, Quality.GOOD, 0), second)
    assert pump.vendor_faults(Snapshot("hp").with_readings(both, 0.0)) == ()
