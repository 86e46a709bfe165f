"""Rules that learn what one machine does by itself: defrosts, starts, flow, fan, setpoints."""

from __future__ import annotations

from typing import Any

import pytest

from agent.faults import Detector, Profile
from agent.faults.rule import Rule
from agent.faults.rules.air_in_water import AIR_IN_WATER
from agent.faults.rules.capacity_short import CAPACITY_SHORT
from agent.faults.rules.defrost_missing import DEFROST_MISSING
from agent.faults.rules.fan_stopped import FAN_STOPPED
from agent.faults.rules.flow_dropped import FLOW_DROPPED
from agent.faults.rules.needless_defrost import NEEDLESS_DEFROST
from agent.faults.rules.no_flow import NO_FLOW
from agent.faults.rules.overheat import OVERHEAT
from agent.faults.rules.reversing_stuck import REVERSING_STUCK
from agent.faults.rules.short_cycling import SHORT_CYCLING
from agent.faults.rules.supply_too_hot import SUPPLY_TOO_HOT
from agent.model import Severity
from tests.rooms.faults.rulebench import CALM, REST, Seen

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
LEARNT = 2 * HOUR
TANK = {"mode": "hot_water", "water_setpoint_active": 62.0}
PROFILE = Profile(refrigerant="R32", highest_hz=90.0, high_pressure_bar=42.0)
Stretch = tuple[float, dict[str, Any]]
WELL: Stretch = (LEARNT, {"fan_speed": 700.0})
FLOW_LPM = CALM["water_flow"]
SHORT_OF_HEAT = {"water_setpoint_active": 40.0, "compressor_frequency": 90.0, "indoor_temp": 15.0}
LONG: Stretch = (73 * HOUR, {})
LITTLE = {"water_flow": 0.4 * FLOW_LPM}
CASES: dict[str, tuple[Rule, list[Stretch], list[str]]] = {
    "no flow": (NO_FLOW, [WELL, (60, {"water_flow": 0.0})], ["no_flow"]),
    "no flow in one sample": (NO_FLOW, [WELL, (30, {"water_flow": 0.0})], []),
    "little flow": (NO_FLOW, [WELL, (HOUR, {"water_flow": 4.0})], []),
    "no flow, pump off": (NO_FLOW, [WELL, (HOUR, {"water_flow": 0.0, "pump_on": 0.0})], []),
    "a negative flow": (NO_FLOW, [WELL, (HOUR, {"water_flow": -50.0})], []),
    "flow comes back": (NO_FLOW, [WELL, (90, {"water_flow": 0.0}), (30, {})], []),
    "no flow from one start to the next": (
        NO_FLOW,
        [WELL, (30, {"water_flow": 0.0}), (60, {"pump_on": 0.0}), (90, {"water_flow": 0.0})],
        [],
    ),
    "nothing learnt": (NO_FLOW, [(HOUR, {"water_flow": 0.0})], []),
    "fan stands": (FAN_STOPPED, [WELL, (60, {"fan_speed": 0.0})], ["fan_stopped"]),
    "fan stands in one sample": (FAN_STOPPED, [WELL, (30, {"fan_speed": 0.0})], []),
    "fan at a low stage": (FAN_STOPPED, [WELL, (HOUR, {"fan_speed": 330.0})], []),
    "fan rests with the compressor": (FAN_STOPPED, [WELL, (HOUR, {**REST, "fan_speed": 0.0})], []),
    "fan of a defrost": (
        FAN_STOPPED,
        [WELL, (8 * MINUTE, {"fan_speed": 0.0, "mode": "defrost"})],
        [],
    ),
    "fan waits after a defrost": (
        FAN_STOPPED,
        [WELL, (300, {"fan_speed": 0.0, "mode": "defrost"}), (120, {"fan_speed": 0.0})],
        [],
    ),
    "a stop does not end it": (
        FAN_STOPPED,
        [WELL, (60, {"fan_speed": 0.0}), (HOUR, {**REST, "fan_speed": 0.0})],
        ["fan_stopped"],
    ),
    "the fan turns again": (FAN_STOPPED, [WELL, (90, {"fan_speed": 0.0}), WELL], []),
    "pressure at its limit": (OVERHEAT, [(60, {"high_pressure": 41.5})], ["overheat"]),
    "pressure for a moment": (OVERHEAT, [(30, {"high_pressure": 41.5})], []),
    "pressure of a hot tank": (OVERHEAT, [(HOUR, {"high_pressure": 40.5})], []),
    "pressure of a legionella run": (
        OVERHEAT,
        [(HOUR, {"high_pressure": 42.0, **TANK}), (60, {"high_pressure": 42.0})],
        [],
    ),
    "pressure beyond the machine's own stop": (
        OVERHEAT,
        [(60, {"high_pressure": 43.5, **TANK})],
        ["overheat"],
    ),
    "discharge of a hot tank": (OVERHEAT, [(HOUR, {"discharge_temp": 106.0, **TANK})], []),
    "discharge": (OVERHEAT, [(60, {"discharge_temp": 119.0})], ["overheat"]),
    "discharge of a very cold day": (OVERHEAT, [(HOUR, {"discharge_temp": 115.0})], []),
    "a discharge sensor gone": (OVERHEAT, [(HOUR, {"discharge_temp": 150.0})], []),
    "a tank is hot": (OVERHEAT, [(HOUR, {"water_supply_temp": 63.0, **TANK})], []),
    "heating is not": (OVERHEAT, [(4 * MINUTE, {"water_supply_temp": 60.0})], ["overheat"]),
    "hot for a moment": (OVERHEAT, [(2 * MINUTE, {"water_supply_temp": 60.0})], []),
    "set too high": (OVERHEAT, [(60, {"water_setpoint_active": 65.0})], ["overheat"]),
    "set by the schedule": (OVERHEAT, [(HOUR, {"water_setpoint_active": 55.0})], []),
    "a defrost that warms nothing": (
        REVERSING_STUCK,
        [(HOUR, {}), (7 * MINUTE, {"mode": "defrost", "coil_temp": -16.0})],
        ["reversing_valve_stuck"],
    ),
    "not yet to be told": (
        REVERSING_STUCK,
        [(HOUR, {}), (4 * MINUTE, {"mode": "defrost", "coil_temp": -16.0})],
        [],
    ),
    "a defrost": (
        REVERSING_STUCK,
        [(HOUR, {}), (9 * MINUTE, {"mode": "defrost", "coil_temp": 8.0})],
        [],
    ),
    "a defrost seen by a stuck coil sensor": (
        REVERSING_STUCK,
        [(HOUR, {}), (9 * MINUTE, {"mode": "defrost", "water_supply_temp": 22.0})],
        [],
    ),
    "a defrost whose beginning no sensor showed": (
        REVERSING_STUCK,
        [
            (HOUR, {}),
            (2 * MINUTE, {"absent": ("coil_temp", "water_supply_temp")}),
            (7 * MINUTE, {"mode": "defrost"}),
        ],
        [],
    ),
    "heating that cools": (
        REVERSING_STUCK,
        [(HOUR, {}), (7 * MINUTE, {"water_supply_temp": 28.0})],
        ["reversing_valve_stuck"],
    ),
    "a tank after heating": (
        REVERSING_STUCK,
        [(HOUR, {}), (7 * MINUTE, {"water_supply_temp": 28.0, **TANK})],
        [],
    ),
    "short of heat": (
        CAPACITY_SHORT,
        [
            (HOUR, {"water_setpoint_active": 40.0, "water_supply_temp": 40.0}),
            (2.2 * HOUR, SHORT_OF_HEAT),
        ],
        ["capacity_short"],
    ),
    "short of heat while a window is open": (
        CAPACITY_SHORT,
        [
            (HOUR, {"water_setpoint_active": 40.0, "water_supply_temp": 40.0}),
            (1.5 * HOUR, SHORT_OF_HEAT),
        ],
        [],
    ),
    "a strainer is blocked": (FLOW_DROPPED, [LONG, (6 * MINUTE, LITTLE)], ["flow_dropped"]),
    "a strainer clears itself": (FLOW_DROPPED, [LONG, (6 * MINUTE, LITTLE), (MINUTE, {})], []),
    "little flow for a moment": (FLOW_DROPPED, [LONG, (3 * MINUTE, LITTLE)], []),
    "less flow, as a stage of the pump gives": (
        FLOW_DROPPED,
        [LONG, (HOUR, {"water_flow": 0.7 * FLOW_LPM})],
        [],
    ),
    "a pump that has run slower": (
        FLOW_DROPPED,
        [LONG, (HOUR, {"water_flow": 0.66 * FLOW_LPM}), (HOUR, {"water_flow": 0.5 * FLOW_LPM})],
        [],
    ),
    "no flow is told by another rule": (FLOW_DROPPED, [LONG, (HOUR, {"water_flow": 0.0})], []),
    "little flow while the pump begins": (
        FLOW_DROPPED,
        [LONG, *[(5 * MINUTE, {"pump_on": 0.0, "water_flow": 0.0}), (MINUTE, LITTLE)] * 10],
        [],
    ),
    "a pump that follows the compressor to its stop": (
        FLOW_DROPPED,
        [LONG, (HOUR, {**REST, **LITTLE})],
        [],
    ),
    "a pump that gave all for hot water at rest": (
        FLOW_DROPPED,
        [LONG, (20 * MINUTE, REST), (HOUR, {**REST, **LITTLE})],
        [],
    ),
    "a strainer is blocked at rest": (
        FLOW_DROPPED,
        [LONG, (HOUR, REST), (HOUR, {}), (8 * MINUTE, {**REST, **LITTLE})],
        ["flow_dropped"],
    ),
    "the first minutes of a rest": (
        FLOW_DROPPED,
        [LONG, (HOUR, REST), (HOUR, {}), (5.5 * MINUTE, {**REST, **LITTLE})],
        [],
    ),
    "less and less at rest": (
        FLOW_DROPPED,
        [LONG, *[(HOUR, {**REST, "water_flow": s * FLOW_LPM}) for s in (0.48, 0.4, 0.27)]],
        [],
    ),
    "less at rest than half of the flow, as ever": (
        FLOW_DROPPED,
        [(HOUR, {**REST, **LITTLE}), LONG, (HOUR, {**REST, **LITTLE})],
        [],
    ),
    "less still at rest": (
        FLOW_DROPPED,
        [
            LONG,
            (HOUR, {**REST, **LITTLE}),
            (6 * MINUTE, {**REST, "water_flow": 0.2 * FLOW_LPM}),
        ],
        ["flow_dropped"],
    ),
    "a pump that has run as slow may rest as slow": (
        FLOW_DROPPED,
        [
            LONG,
            (40 * MINUTE, REST),
            (HOUR, {"water_flow": 0.66 * FLOW_LPM}),
            (HOUR, {**REST, "water_flow": 0.5 * FLOW_LPM}),
        ],
        [],
    ),
    "a pump that is slower at rest may run as slow": (
        FLOW_DROPPED,
        [(HOUR, {**REST, "water_flow": 0.55 * FLOW_LPM}), LONG, (HOUR, LITTLE)],
        [],
    ),
    "little flow stands while a compressor rests that never did": (
        FLOW_DROPPED,
        [LONG, (6 * MINUTE, LITTLE), (HOUR, {**REST, **LITTLE})],
        ["flow_dropped"],
    ),
    "a pause of a moment tells nothing of a pump at rest": (
        FLOW_DROPPED,
        [*[(MINUTE, {}), (30, REST), (30, {})] * 40, LONG, (HOUR, {**REST, **LITTLE})],
        [],
    ),
    "the flow comes back at rest": (
        FLOW_DROPPED,
        [LONG, (HOUR, REST), (6 * MINUTE, LITTLE), (MINUTE, {**REST, **LITTLE}), (HOUR, REST)],
        [],
    ),
    "little flow in the first days": (FLOW_DROPPED, [WELL, (HOUR, LITTLE)], []),
    "the room is warm": (
        CAPACITY_SHORT,
        [
            (
                5 * HOUR,
                {
                    "water_setpoint_active": 40.0,
                    "compressor_frequency": 90.0,
                    "indoor_temp": 21.0,
                },
            )
        ],
        [],
    ),
    "water follows a step": (
        CAPACITY_SHORT,
        [
            (HOUR, {"water_setpoint_active": 35.0, "water_supply_temp": 35.0}),
            (3 * HOUR, {"water_setpoint_active": 42.0, "compressor_frequency": 90.0}),
        ],
        [],
    ),
}


def played(rule: Rule, stretches: list[Stretch]) -> tuple[Seen, list[str]]:
    seen, found = Seen(rule, profile=PROFILE), []
    seen.detector.knew("fan_speed")
    for for_s, differs in stretches:
        found = seen.many(for_s, **differs)
    return seen, found


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_told(case: tuple[Rule, list[Stretch], list[str]]) -> None:
    rule, stretches, expected = case
    assert played(rule, stretches)[1] == expected


def test_what_is_told_has_all_it_names() -> None:
    for rule, stretches, expected in CASES.values():
        seen, _ = played(rule, stretches) if expected else (Seen(rule), [])
        for one in seen.said:
            assert " - " not in one.en
            assert "- C" not in one.en


def test_a_fan_is_missed_sooner_than_it_wears() -> None:
    seen, _ = played(FAN_STOPPED, [WELL, (60, {"fan_speed": 0.0})])
    assert [one.severity for one in seen.said] == [Severity.S1]
    assert seen.said[0].evidence["fan_speed_usual"] == 700


def test_a_wild_value_now_and_then_makes_a_line_noisy_and_pairs_are_no_longer_believed() -> None:
    seen, found = played(NO_FLOW, [WELL, (30, {"water_flow": 0.0}), (HOUR, {})])
    assert seen.many(90, water_flow=0.0) == []
    assert seen.many(60, water_flow=0.0) == ["no_flow"]
    assert found == []


@pytest.mark.parametrize(("every", "hours", "found"), [(3, 3.2, ["air_in_water"]), (40, 9, [])])
def test_air_makes_the_flow_jump(every: int, hours: float, found: list[str]) -> None:
    seen, said = Seen(AIR_IN_WATER), []
    for n in range(round(hours * 120)):
        said = seen.one(water_flow=6.0 if n % every == 0 else 18.0, pump_speed=80.0)
    assert said == found


def test_flow_that_follows_the_pump_is_no_air() -> None:
    seen = Seen(AIR_IN_WATER)
    for n in range(1200):
        low = n % 3 == 0
        assert seen.one(water_flow=9.0 if low else 18.0, pump_speed=50.0 if low else 90.0) == []


def thawed(seen: Seen, coil_c: float, times: int, every_s: float = HOUR, **more: float) -> None:
    """Hours of heating that end in a defrost each."""
    for _ in range(times):
        seen.many(every_s, coil_temp=coil_c, **more)
        seen.many(6 * MINUTE, mode="defrost", coil_temp=12.0, water_supply_temp=24.0, **more)


@pytest.mark.parametrize(
    ("coil_c", "every_s", "found"),
    [
        (-16.0, HOUR, False),
        (-14.5, 0.6 * HOUR, False),
        (-9.0, HOUR, False),  # early, but not often: the air is dry
        (-9.0, 0.6 * HOUR, True),
        (-14.5, 0.3 * HOUR, True),  # hardly early, but very often
        (-16.0, 0.3 * HOUR, False),  # fog
    ],
)
def test_defrosts_that_come_too_early_for_this_machine(
    coil_c: float, every_s: float, found: bool
) -> None:
    seen = Seen(NEEDLESS_DEFROST, step_s=60.0)
    thawed(seen, -16.0, 14 * 22)
    thawed(seen, coil_c, 10, every_s)
    assert bool(seen.said) is found


@pytest.mark.parametrize(("outdoor_c", "coil_c", "found"), [(4.0, -6.0, False), (4.0, 0.0, True)])
def test_what_is_early_depends_on_the_air(outdoor_c: float, coil_c: float, found: bool) -> None:
    seen = Seen(NEEDLESS_DEFROST, step_s=60.0)
    for k in range(14 * 22):
        air_c = -9.0 + k // 24
        thawed(seen, 1.4 * air_c - 12.0, 1, outdoor_temp=air_c)
    thawed(seen, coil_c, 10, 0.6 * HOUR, outdoor_temp=outdoor_c)
    assert bool(seen.said) is found


@pytest.mark.parametrize(("coil_c", "found"), [(-1.0, True), (-12.0, False)])
def test_defrosts_of_a_warm_coil(coil_c: float, found: bool) -> None:
    seen = Seen(NEEDLESS_DEFROST, step_s=60.0)
    thawed(seen, coil_c, 10)
    assert bool(seen.said) is found


@pytest.mark.parametrize(
    ("outdoor_c", "coil_c", "hours", "found"),
    [
        (-1.0, -22.0, 2.5, False),
        (-1.0, -22.0, 3.5, True),  # where it used to begin at -16 C
        (-1.0, -18.0, 3.5, False),
        (-1.0, -22.0, 1.0, False),
        (-15.0, -36.0, 3.5, False),  # too dry for frost
    ],
)
def test_a_defrost_is_missed(outdoor_c: float, coil_c: float, hours: float, found: bool) -> None:
    seen = Seen(DEFROST_MISSING)
    thawed(seen, -16.0, 8)
    seen.many(hours * HOUR, outdoor_temp=outdoor_c, coil_temp=coil_c)
    assert bool(seen.said) is found


def cycled(seen: Seen, cycles: int, below_k: float, off_s: float, **more: float) -> None:
    """Runs of the compressor that begin so far below the setpoint after so long a rest."""
    for _ in range(cycles):
        cool = {"water_supply_temp": 38.0 - below_k, "water_setpoint_active": 38.0, **more}
        seen.many(off_s, **REST, **cool)
        seen.many(2700.0, water_supply_temp=41.0, water_setpoint_active=38.0)


@pytest.mark.parametrize(
    ("below_k", "off_s", "found"), [(2.0, 120.0, True), (2.0, 900.0, False), (6.0, 120.0, False)]
)
def test_starts_that_come_sooner_and_nearer_than_they_used_to(
    below_k: float, off_s: float, found: bool
) -> None:
    seen = Seen(SHORT_CYCLING, step_s=60.0)
    cycled(seen, 14 * 25, 6.0, 900.0)
    cycled(seen, 14, below_k, off_s)
    assert bool(seen.said) is found


@pytest.mark.parametrize(("run_s", "found"), [(240.0, True), (900.0, False)])
def test_short_runs(run_s: float, found: bool) -> None:
    seen = Seen(SHORT_CYCLING)
    for _ in range(6):
        seen.many(40 * MINUTE, **REST)
        seen.many(run_s)
    seen.many(60, **REST)
    assert bool(seen.said) is found


@pytest.mark.parametrize(
    ("more_k", "days", "found"), [(8.0, 4, True), (8.0, 2, False), (2.0, 6, False)]
)
def test_a_curve_that_was_raised(more_k: float, days: int, found: bool) -> None:
    seen = Seen(SUPPLY_TOO_HOT, step_s=120.0)
    for day in range(15):
        air_c = -3.0 + 6.0 * (day % 3 - 1)
        seen.many(DAY, outdoor_temp=air_c, water_setpoint_active=38.0 - 0.7 * air_c)
    seen.many(days * DAY, outdoor_temp=0.0, water_setpoint_active=38.0 + more_k)
    assert bool(seen.said) is found


def test_the_first_defrost_after_a_restart_follows_nobody_knows_what() -> None:
    seen = Seen(NEEDLESS_DEFROST, step_s=60.0)
    thawed(seen, -1.0, 8)
    again = Seen(NEEDLESS_DEFROST, step_s=60.0)
    again.detector = Detector(
        seen.machine, Profile(highest_hz=90.0), seen.detector.save(), rules=(NEEDLESS_DEFROST,)
    )
    again.many(6 * MINUTE, mode="defrost", coil_temp=12.0, **REST)
    again.many(6 * MINUTE, coil_temp=-1.0)
    assert [one.evidence["in_a_row"] for one in again.said] == [8.0]
    assert "since_min" not in again.said[0].evidence


@pytest.mark.parametrize(("room_c", "severity"), [(15.0, Severity.S3), (7.5, Severity.S2)])
def test_a_house_too_big_is_advice_until_people_are_in_danger(
    room_c: float, severity: Severity
) -> None:
    seen = Seen(CAPACITY_SHORT, profile=PROFILE)
    seen.many(HOUR, water_setpoint_active=40.0, water_supply_temp=40.0)
    seen.many(2.2 * HOUR, **{**SHORT_OF_HEAT, "indoor_temp": room_c})
    assert [one.severity for one in seen.said] == [severity]
