"""Each rule: what it looks at, and the conditions it finds."""

from __future__ import annotations

from typing import Any

import pytest

from agent.faults import Condition, Detector, sample_of
from agent.model import Quality, Reading, Severity, Snapshot, Value
from tests.rooms.control.testpump import pump, readings, snapshot, stamp

GOOD, ABSENT, BEYOND = Quality.GOOD, Quality.ABSENT, Quality.OUT_OF_RANGE


def seen(point: str, value: Value | None, quality: Quality, raw: int | None = 1) -> Snapshot:
    return snapshot(0.0).with_readings((Reading(point, value, quality, raw),), 0.0)


def conditions(
    picture: Snapshot,
    lost: str | None = None,
    seen_good: frozenset[str] = frozenset(),
    **more: Any,
) -> tuple[Condition, ...]:
    """What the first look at a machine finds; silence comes after a look."""
    machine = pump()
    detector = Detector(machine, **more)
    for point in seen_good:
        detector.knew(point)
    said = detector.see(sample_of(machine, picture, stamp(0.0)))
    return said if lost is None else detector.see(sample_of(machine, picture, stamp(5.0), lost))


def found(picture: Snapshot, **more: Any) -> list[tuple[str, str]]:
    return [(one.rule, one.key) for one in conditions(picture, **more)]


def code(raw: int) -> Snapshot:
    return seen("fault_code", raw, GOOD, raw)


SUPPLY = frozenset({"water_supply_temp"})
CASES: dict[str, tuple[Snapshot, dict[str, Any], list[tuple[str, str]]]] = {
    "all is well": (snapshot(0.0), {}, []),
    "nothing read yet": (Snapshot("hp"), {}, []),
    "absent that was there": (
        seen("water_supply_temp", None, ABSENT),
        {"seen_good": SUPPLY},
        [("sensor_absent", "water_supply_temp")],
    ),
    "absent that the home needs": (
        seen("water_supply_temp", None, ABSENT),
        {"needed": SUPPLY},
        [("sensor_absent", "water_supply_temp")],
    ),
    "never fitted": (seen("water_supply_temp", None, ABSENT), {}, []),
    "a point nobody watches": (
        seen("dhw_setpoint", None, ABSENT),
        {"seen_good": frozenset({"dhw_setpoint"})},
        [],
    ),
    "a point the home needs": (
        seen("dhw_setpoint", None, ABSENT),
        {"needed": frozenset({"dhw_setpoint"})},
        [("sensor_absent", "dhw_setpoint")],
    ),
    "needed and watched is told once": (
        seen("indoor_temp", 99.0, BEYOND),
        {"needed": frozenset({"indoor_temp"})},
        [("sensor_out_of_range", "indoor_temp")],
    ),
    "impossible": (
        seen("outdoor_temp", 80.0, BEYOND),
        {},
        [("sensor_out_of_range", "outdoor_temp")],
    ),
    "stale is no fault": (seen("outdoor_temp", None, Quality.STALE), {}, []),
    "no fault": (code(0), {}, []),
    "a fault": (code(7), {}, [("vendor_fault", "7")]),
    "a status": (code(9), {}, []),
    "unknown": (code(4711), {}, [("vendor_fault", "4711")]),
    "code not believed": (seen("fault_code", None, Quality.NOT_READY, 7), {}, []),
    "a cold room": (snapshot(0.0, indoor_temp=7.9), {}, [("frost_danger", "")]),
    "a freezing room": (snapshot(0.0, indoor_temp=-4.0), {}, [("frost_danger", "")]),
    "cold water": (
        snapshot(0.0, water_supply_temp=4.9, outdoor_temp=-2.0),
        {},
        [("frost_danger", "")],
    ),
    "cold water in mild air": (snapshot(0.0, water_supply_temp=4.9, outdoor_temp=5.1), {}, []),
    "cold water in cool air": (
        snapshot(0.0, water_supply_temp=4.9, outdoor_temp=5.0),
        {},
        [("frost_danger", "")],
    ),
    "cold water in a defrost": (
        snapshot(0.0, water_supply_temp=4.0, outdoor_temp=-3.0, defrost_active=True),
        {},
        [],
    ),
    "a cold room in a defrost": (
        snapshot(0.0, indoor_temp=7.0, outdoor_temp=-3.0, defrost_active=True),
        {},
        [("frost_danger", "")],
    ),
    "cool but safe": (snapshot(0.0, indoor_temp=8.0, water_supply_temp=5.0), {}, []),
    "a room nobody believes": (snapshot(0.0, indoor_temp=-40.0), {}, []),
    "off in the cold": (
        snapshot(0.0, power_on=False, outdoor_temp=-5.1),
        {},
        [("off_in_the_cold", "")],
    ),
    "off at -5": (snapshot(0.0, power_on=False, outdoor_temp=-5.0), {}, []),
    "on in the cold": (snapshot(0.0, outdoor_temp=-20.0), {}, []),
    "frost is told first": (
        code(7).with_readings(readings(indoor_temp=5.0), 0.0),
        {},
        [("frost_danger", ""), ("vendor_fault", "7")],
    ),
    "silence masks the rest": (code(7), {"lost": "no answer"}, [("communication_lost", "")]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_conditions(case: tuple[Snapshot, dict[str, Any], list[tuple[str, str]]]) -> None:
    picture, more, expected = case
    assert found(picture, **more) == expected


@pytest.mark.parametrize(
    ("outdoor_c", "severity"),
    [(-5.1, Severity.S1), (-5.0, Severity.S2), (12.0, Severity.S2), (None, Severity.S2)],
)
def test_a_dead_machine_in_the_frost_is_seen_first(
    outdoor_c: float | None, severity: Severity
) -> None:
    picture = Snapshot("hp").with_readings(readings(outdoor_temp=outdoor_c), 0.0)
    (lost,) = conditions(picture, "no answer")
    assert (lost.severity, lost.raise_after_s, lost.clear_after_s) == (severity, 60.0, 10.0)
    assert lost.fault == "F25"
    assert (lost.evidence["why_en"], lost.evidence["outdoor_temp"]) == ("no answer", outdoor_c)


def test_texts_name_the_sensor_and_the_code_in_both_languages() -> None:
    (absent,) = conditions(seen("outdoor_temp", None, ABSENT), needed=SUPPLY | {"outdoor_temp"})
    assert absent.en.startswith("No value from: ")
    assert "无数值" in absent.zh
    assert absent.point == "outdoor_temp"
    (fault,) = conditions(code(7))
    assert (fault.en, fault.zh, fault.code) == ("E7: flow too low", "E7：水流量不足", "E7")
    (unknown,) = conditions(code(4711))
    assert (unknown.en, unknown.code) == ("Unknown code 4711 of test_pump", "4711")
    assert unknown.zh == "未知故障代码 4711（test_pump）"


COLDEST: dict[str, tuple[Snapshot, str | None, Severity]] = {
    "frost in the room": (snapshot(0.0, indoor_temp=6.0), None, Severity.S1),
    "frost in the water": (
        snapshot(0.0, water_supply_temp=3.0, outdoor_temp=-2.0),
        None,
        Severity.S1,
    ),
    "cold water": (snapshot(0.0, water_supply_temp=3.1, outdoor_temp=-2.0), None, Severity.S2),
    "off at -11": (snapshot(0.0, power_on=False, outdoor_temp=-11.0), None, Severity.S1),
    "silent at -11": (snapshot(0.0, outdoor_temp=-11.0), "no answer", Severity.S1),
    "silent at -5": (snapshot(0.0, outdoor_temp=-5.0), "no answer", Severity.S2),
    "a vendor fault": (code(7), None, Severity.S3),
}


@pytest.mark.parametrize("case", COLDEST.values(), ids=COLDEST)
def test_what_freezes_ranks_first_and_says_what_to_do(
    case: tuple[Snapshot, str | None, Severity],
) -> None:
    picture, lost, severity = case
    (condition,) = conditions(picture, lost)
    assert condition.severity is severity
    if condition.rule in ("frost_danger", "off_in_the_cold"):
        assert "drain the water" in condition.en
        assert "排空水路" in condition.zh
