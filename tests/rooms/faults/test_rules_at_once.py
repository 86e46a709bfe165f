"""Rules that need no history: each as a table of what is seen and what is told."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agent.faults import Condition, Detector, Sample
from agent.faults.rule import Rule
from agent.faults.rules.backup_heater import BACKUP_HEATER_NEEDLESS
from agent.faults.rules.clock import CLOCK_WRONG
from agent.faults.rules.communication import COMMUNICATION_LOST
from agent.faults.rules.freeze_ahead import FREEZE_AHEAD
from agent.faults.rules.link import LINK_FROZEN, LINK_POOR
from agent.faults.rules.mains import MAINS_VOLTAGE
from agent.faults.rules.meter import COP_BEYOND, ENERGY_METER, HEAT_METER
from agent.faults.rules.sensor_stuck import SENSOR_STUCK
from agent.faults.rules.sensors import SENSOR_ABSENT
from agent.faults.rules.vendor import VENDOR_FAULT
from agent.model import Severity, VendorFault
from agent.replay.recorded import RecordedMachine
from tests.rooms.faults.rulebench import AT, CALM, REST, RESTLESS, Seen

MINUTE, HOUR = 60.0, 3600.0
ALL = tuple(CALM)
Stretch = tuple[float, dict[str, Any]]
CASES: dict[str, tuple[Rule, list[Stretch], list[str]]] = {
    "voltage well": (MAINS_VOLTAGE, [(HOUR, {"supply_voltage": 200.0})], []),
    "low while a tank is made hot": (MAINS_VOLTAGE, [(3 * HOUR, {"supply_voltage": 195.0})], []),
    "low": (MAINS_VOLTAGE, [(5 * HOUR, {"supply_voltage": 195.0})], ["mains_voltage"]),
    "very low for a moment": (MAINS_VOLTAGE, [(HOUR, {}), (30, {"supply_voltage": 180.0})], []),
    "very low": (MAINS_VOLTAGE, [(HOUR, {}), (60, {"supply_voltage": 180.0})], ["mains_voltage"]),
    "very high": (MAINS_VOLTAGE, [(HOUR, {}), (60, {"supply_voltage": 256.0})], ["mains_voltage"]),
    "very low in the first hour": (MAINS_VOLTAGE, [(90, {"supply_voltage": 180.0})], []),
    "very low from the first": (
        MAINS_VOLTAGE,
        [(120, {"supply_voltage": 180.0})],
        ["mains_voltage"],
    ),
    "a little high": (MAINS_VOLTAGE, [(5 * HOUR, {"supply_voltage": 238.0})], []),
    "a little high all day": (
        MAINS_VOLTAGE,
        [(7 * HOUR, {"supply_voltage": 238.0})],
        ["mains_voltage"],
    ),
    "between two phases": (MAINS_VOLTAGE, [(HOUR, {"supply_voltage": 385.0})], []),
    "a wild value within": (
        MAINS_VOLTAGE,
        [(120, {"supply_voltage": 180.0}), (30, {"supply_voltage": 220.0})],
        ["mains_voltage"],
    ),
    "voltage back": (
        MAINS_VOLTAGE,
        [(120, {"supply_voltage": 180.0}), (60, {"supply_voltage": 220.0})],
        [],
    ),
    "a little back": (
        MAINS_VOLTAGE,
        [(5 * HOUR, {"supply_voltage": 195.0}), (90, {"supply_voltage": 199.0})],
        ["mains_voltage"],
    ),
    "sensor gone": (
        SENSOR_ABSENT,
        [(90, {}), (30, {"absent": ("coil_temp",)})],
        ["sensor_absent coil_temp"],
    ),
    "never there": (SENSOR_ABSENT, [(90, {"absent": ("coil_temp",)})], []),
    "all gone": (SENSOR_ABSENT, [(90, {}), (30, {"absent": ALL})], []),
    "stuck": (
        SENSOR_STUCK,
        [(2.1 * HOUR, {"still": ("discharge_temp",)})],
        [f"sensor_stuck {one}" for one in ("water_return_temp", "discharge_temp", "coil_temp")]
        + [f"sensor_stuck {one}" for one in ("liquid_temp", "low_pressure")],
    ),
    "not yet stuck": (SENSOR_STUCK, [(1.9 * HOUR, {})], []),
    "all stand": (SENSOR_STUCK, [(3 * HOUR, {"still": RESTLESS})], []),
    "still at rest": (SENSOR_STUCK, [(9 * HOUR, REST)], []),
    "frozen": (LINK_FROZEN, [(11 * MINUTE, {"still": RESTLESS})], ["link_frozen"]),
    "frozen shortly": (LINK_FROZEN, [(8 * MINUTE, {"still": RESTLESS})], []),
    "still while off": (LINK_FROZEN, [(3 * HOUR, {**REST, "still": RESTLESS})], []),
    "alive": (LINK_FROZEN, [(HOUR, {})], []),
    "heater at half load": (
        BACKUP_HEATER_NEEDLESS,
        [(33 * MINUTE, {"electric_heater_on": 1.0})],
        ["backup_heater_needless"],
    ),
    "heater for a moment": (
        BACKUP_HEATER_NEEDLESS,
        [(25 * MINUTE, {"electric_heater_on": 1.0})],
        [],
    ),
    "heater at full load": (
        BACKUP_HEATER_NEEDLESS,
        [(HOUR, {"electric_heater_on": 1.0, "compressor_frequency": 88.0})],
        [],
    ),
    "heater finishes a tank": (
        BACKUP_HEATER_NEEDLESS,
        [(HOUR, {**REST, "electric_heater_on": 1.0, "water_supply_temp": 58.0})],
        [],
    ),
    "heater for hot water": (
        BACKUP_HEATER_NEEDLESS,
        [(HOUR, {"electric_heater_on": 1.0, "mode": "hot_water"})],
        [],
    ),
    "heater below -10 degC": (
        BACKUP_HEATER_NEEDLESS,
        [(HOUR, {"electric_heater_on": 1.0, "outdoor_temp": -14.0, "water_setpoint_active": 40.0})],
        [],
    ),
    "heater of water that is hot enough": (
        BACKUP_HEATER_NEEDLESS,
        [
            (
                33 * MINUTE,
                {"electric_heater_on": 1.0, "outdoor_temp": -14.0, "water_setpoint_active": 36.0},
            )
        ],
        ["backup_heater_needless"],
    ),
    "heater for a compressor that waits": (
        BACKUP_HEATER_NEEDLESS,
        [(HOUR, {**REST, "electric_heater_on": 1.0, "water_setpoint_active": 40.0})],
        [],
    ),
    "heater for a compressor that waits in mild air": (
        BACKUP_HEATER_NEEDLESS,
        [
            (
                33 * MINUTE,
                {
                    **REST,
                    "electric_heater_on": 1.0,
                    "water_setpoint_active": 40.0,
                    "outdoor_temp": 8.0,
                },
            )
        ],
        ["backup_heater_needless"],
    ),
    "heater nobody asked for": (
        BACKUP_HEATER_NEEDLESS,
        [(33 * MINUTE, {**REST, "active_power": 3000.0})],
        ["backup_heater_needless"],
    ),
    "silent in frost": (
        FREEZE_AHEAD,
        [(180, {"outdoor_temp": -10.0}), (180, {"lost": "no answer"})],
        ["freeze_ahead"],
    ),
    "silent, hours left": (
        FREEZE_AHEAD,
        [(180, {"outdoor_temp": -1.0}), (180, {"lost": "no answer"})],
        [],
    ),
    "silent for long": (
        FREEZE_AHEAD,
        [(180, {"outdoor_temp": -1.0}), (9 * HOUR, {"lost": "no answer"})],
        ["freeze_ahead"],
    ),
    "silent in summer": (
        FREEZE_AHEAD,
        [(180, {"outdoor_temp": 20.0}), (9 * HOUR, {"lost": "no answer"})],
        [],
    ),
    "five polls lost": (
        FREEZE_AHEAD,
        [(180, {"outdoor_temp": -10.0}), (150, {"lost": "no answer"})],
        [],
    ),
    "no flow in frost": (FREEZE_AHEAD, [(150, {"water_flow": 0.0})], ["freeze_ahead"]),
    "no flow for a moment": (FREEZE_AHEAD, [(150, {}), (60, {"water_flow": 0.0})], []),
    "pump at rest, warm": (FREEZE_AHEAD, [(HOUR, {**REST, "pump_on": 0.0, "water_flow": 0.0})], []),
    "pump at rest in deep frost": (
        FREEZE_AHEAD,
        [(HOUR, {**REST, "pump_on": 0.0, "water_flow": 0.0, "outdoor_temp": -25.0})],
        [],
    ),
    "pump at rest, cold": (
        FREEZE_AHEAD,
        [(HOUR, {**REST, "pump_on": 0.0, "water_flow": 0.0, "water_supply_temp": 8.0})],
        ["freeze_ahead"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_told(case: tuple[Rule, list[Stretch], list[str]]) -> None:
    rule, stretches, expected = case
    seen, found = Seen(rule), []
    for for_s, differs in stretches:
        found = seen.many(for_s, **differs)
    assert found == expected


def test_texts_have_all_they_name() -> None:
    for rule, stretches, expected in CASES.values():
        seen = Seen(rule)
        for for_s, differs in stretches if expected else ():
            seen.many(for_s, **differs)
        for one in seen.said:
            unknown = re.compile(r"(^|[^0-9])-($|[^0-9])")  # how a text shows what is not known
            assert not unknown.search(one.en)
            assert not unknown.search(one.zh)


@pytest.mark.parametrize(
    ("volts", "severity"), [(195, Severity.S3), (246, Severity.S2), (180, Severity.S1)]
)
def test_the_worse_the_voltage_the_worse_the_alarm(volts: float, severity: Severity) -> None:
    seen = Seen(MAINS_VOLTAGE)
    seen.many(5 * HOUR, supply_voltage=volts)
    assert [one.severity for one in seen.said] == [severity]


@pytest.mark.parametrize(
    ("late_s", "found"),
    [(0.0, []), (14.0, []), (-55.0, []), (120.0, ["clock_wrong"]), (-3600.0, ["clock_wrong"])],
)
def test_the_clock_jumps(late_s: float, found: list[str]) -> None:
    seen = Seen(CLOCK_WRONG)
    seen.many(MINUTE)
    seen.late_s = late_s
    assert seen.one() == found
    assert seen.many(30 * MINUTE) == found
    assert seen.many(HOUR) == []


@pytest.mark.parametrize(("late_s", "found"), [(-3600.0, ["clock_wrong"]), (0.0, [])])
def test_a_clock_set_back_over_a_restart(late_s: float, found: list[str]) -> None:
    seen = Seen(CLOCK_WRONG)
    seen.many(HOUR)
    seen.detector = Detector(
        RecordedMachine(frozenset(CALM)), saved=seen.detector.save(), rules=[CLOCK_WRONG]
    )
    seen.late_s = late_s
    assert seen.one() == found


def test_a_year_that_cannot_be() -> None:
    seen = Seen(CLOCK_WRONG)
    seen.late_s = -4e8
    assert seen.many(3 * HOUR) == ["clock_wrong"]


@pytest.mark.parametrize(("times", "found"), [(3, []), (4, ["clock_wrong"])])
def test_repeated_stamps(times: int, found: list[str]) -> None:
    seen = Seen(CLOCK_WRONG)
    said: list[str] = []
    seen.many(HOUR)
    for _ in range(times):
        seen.late_s = -30.0
        said = seen.one()
        seen.late_s = 0.0
        seen.many(10 * MINUTE)
    assert said == found


@pytest.mark.parametrize(
    ("poll_s", "hot_c", "after_s"),
    [(5.0, 70.0, 60.0), (30.0, 70.0, 150.0), (60.0, 70.0, 150.0), (30.0, 999.0, 300.0)],
)
def test_a_slow_poll_and_a_noisy_line_are_given_more_time(
    poll_s: float, hot_c: float, after_s: float
) -> None:
    seen = Seen(COMMUNICATION_LOST, step_s=poll_s)
    seen.many(300.0, discharge_temp=hot_c)
    seen.one(lost="no answer")
    assert [one.raise_after_s for one in seen.said] == [after_s]


@pytest.mark.parametrize(("nth", "found"), [(20, []), (8, ["link_poor"])])
def test_a_link_that_loses_much_is_told(nth: int, found: list[str]) -> None:
    seen, said = Seen(LINK_POOR), []
    for i in range(round(12.2 * HOUR / 30.0)):
        said = seen.one(lost="no answer" if i % nth == 0 else None)
    assert said == found


HEAT_KW = 18.0 * 5.2 * 69.5 / 1000.0
METERS = {
    "both count": (1.0, 1.0, []),
    "electricity stands": (0.0, 1.0, ["energy_meter energy"]),
    "heat stands": (1.0, 0.0, ["heat_meter heat"]),
    "electricity counts little": (0.6, 1.0, ["energy_meter energy"]),
    "heat counts little": (1.0, 0.4, ["heat_meter heat"]),
    "heat counts much": (1.0, 1.8, ["heat_meter heat"]),
    "heat counts more, or less was measured": (1.0, 1.5, []),
    "within what meters may": (0.92, 1.08, []),
}


@pytest.mark.parametrize("case", METERS.values(), ids=METERS)
def test_meters(case: tuple[float, float, list[str]]) -> None:
    energy, heat, expected = case
    seen, found = Seen(ENERGY_METER, HEAT_METER), []
    kwh, heat_kwh = 100.0, 300.0
    for k in range(round(10 * HOUR / 30.0)):
        share, heat_share = (energy, heat) if k > 480 else (1.0, 1.0)
        kwh += 2.0 * share / 120.0
        heat_kwh += HEAT_KW * heat_share / 120.0
        found = seen.one(energy_total=round(kwh, 1), heat_energy_total=round(heat_kwh, 1))
    assert found == expected


def test_a_meter_that_was_replaced_is_no_fault() -> None:
    seen, said = Seen(ENERGY_METER), set()
    for k in range(480):
        kwh = (100.0 if k < 200 else 0.0) + 2.0 * k / 120.0
        said.update(seen.one(energy_total=round(kwh, 1)))
    assert said == set()


def test_wild_values_just_below_the_count_are_no_fall() -> None:
    seen, said = Seen(ENERGY_METER), set()
    for k in range(480):
        kwh = 150.0 if k in (20, 60, 100) else 150.2 + 0.5 * k / 120.0
        said.update(seen.one(energy_total=round(kwh, 2), active_power=500.0))
    assert said == set()


def test_wild_values_just_above_the_count_are_no_rise_and_no_fall() -> None:
    seen, said = Seen(ENERGY_METER), set()
    for k in range(480):
        kwh = 150.0 if k in (20, 60, 100) else 149.2 + 0.5 * k / 120.0
        said.update(seen.one(energy_total=round(kwh, 2), active_power=500.0))
    assert said == set()


@pytest.mark.parametrize("lower_kwh", [100.0, 3.0, 1.0])
def test_a_counter_that_falls_again_and_again_is_told(lower_kwh: float) -> None:
    seen, said = Seen(ENERGY_METER), set()
    for k in range(480):
        kwh = 200.0 + 2.0 * k / 120.0 - (lower_kwh if k % 200 >= 100 else 0.0)
        said.update(seen.one(energy_total=round(kwh, 2)))
    assert said == {"energy_meter energy"}


def test_what_was_counted_in_a_silence_is_no_fault() -> None:
    seen, said = Seen(ENERGY_METER), set()
    for k in range(480):
        kwh = 100.0 + 2.0 * k / 120.0
        lost = "no answer" if 200 <= k < 300 else None
        said.update(seen.one(lost=lost, energy_total=round(kwh, 2)))
    assert said == set()


@pytest.mark.parametrize(("flow", "found"), [(18.0, []), (1.0, ["cop_beyond cop"])])
def test_heat_over_electricity(flow: float, found: list[str]) -> None:
    seen, said = Seen(COP_BEYOND), list[str]()
    for k in range(180):
        said = seen.one(water_flow=flow, water_return_temp=31.0 + 0.1 * (k % 3))
    assert said == found


def test_a_water_sensor_that_stands_still_says_nothing_of_the_meters() -> None:
    assert Seen(COP_BEYOND).many(1.5 * HOUR, water_flow=1.0, water_return_temp=31.0) == []


@pytest.mark.parametrize(
    ("step_k", "hours", "found"), [(0.5, 11.5, 0), (0.5, 12.6, 1), (0.1, 2.2, 1)]
)
def test_where_all_come_in_halves_a_value_may_stand_for_hours(
    step_k: float, hours: float, found: int
) -> None:
    names = ("water_return_temp", "discharge_temp", "coil_temp", "low_pressure", "high_pressure")
    seen, said = Seen(SENSOR_STUCK), list[str]()
    for k in range(round(hours * 120)):
        moving = dict.fromkeys(names, 20.0 + step_k * (k * 7 % 5))
        said = seen.one(water_supply_temp=36.0, absent=("liquid_temp", "suction_temp"), **moving)
    assert len(said) == found


TRIP = (VendorFault("E2", "high pressure", "高压", 2, True),)


@pytest.mark.parametrize(
    ("shown_min", "pause_min", "times", "severity"),
    [
        (5, 55, 1, Severity.S3),
        (29, 0, 1, Severity.S3),
        (31, 0, 1, Severity.S2),
        (5, 20, 2, Severity.S3),
        (5, 20, 3, Severity.S2),
        (5, 55, 5, Severity.S3),
    ],
)
def test_a_trip_that_helps_itself_sends_nobody(
    shown_min: int, pause_min: int, times: int, severity: Severity
) -> None:
    detector = Detector(RecordedMachine(frozenset(CALM)), rules=(VENDOR_FAULT,))
    mono, said = 0.0, list[Condition]()
    for _ in range(times):
        for k in range(pause_min + shown_min):
            mono += 60.0
            faults = TRIP if k >= pause_min else ()
            said = [*detector.see(Sample(mono, AT + mono, faults=faults))]
    assert [one.severity for one in said] == [severity]


def test_what_the_driver_does_wrong_sends_nobody_however_long_it_stands() -> None:
    own = VendorFault("driver", "the driver is wrong", "驱动有误", "driver", True, sends=False)
    detector = Detector(RecordedMachine(frozenset(CALM)), rules=(VENDOR_FAULT,))
    said = list[Condition]()
    for k in range(100):
        faults = (own, *TRIP) if k >= 80 else (own,)
        said = [*detector.see(Sample(60.0 * k, AT + 60.0 * k, faults=faults))]
        assert all(one.severity is Severity.S3 for one in said)
    assert [one.code for one in said] == ["driver", "E2"]


def test_a_silence_begins_with_the_first_poll_after_a_gateways_own_absence() -> None:
    seen = Seen(COMMUNICATION_LOST)
    seen.many(HOUR)
    assert seen.one(lost="no answer") == ["communication_lost"]
    seen.mono += 3 * HOUR
    assert seen.one(lost="no answer") == []
    assert seen.one(lost="no answer") == ["communication_lost"]


def test_a_slow_poll_that_is_lost_is_no_absence() -> None:
    seen = Seen(COMMUNICATION_LOST, step_s=600.0)
    seen.many(5 * HOUR)
    seen.one(lost="no answer")
    assert seen.one(lost="no answer") == ["communication_lost"]


@pytest.mark.parametrize(("impossible", "after_s"), [(0, 60.0), (6, 180.0)])
def test_where_wild_values_are_common_a_sensor_must_be_gone_for_longer(
    impossible: int, after_s: float
) -> None:
    seen = Seen(SENSOR_ABSENT)
    for k in range(40):
        seen.one(water_flow=3276.7 if k < impossible else 18.0)
    seen.one(absent=("coil_temp",))
    assert [one.raise_after_s for one in seen.said] == [after_s]
