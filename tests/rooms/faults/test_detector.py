"""The detector as others see it: what holds now, masks, restarts, and rules that are off."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from math import inf
from typing import Any, cast

import msgspec
import pytest

from agent.faults import RULES, Condition, Detector, LifeCycle, Profile, Sample, Saved
from agent.faults.dark import dark
from agent.faults.masking import unmasked
from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule, Words
from agent.faults.rules.communication import COMMUNICATION_LOST
from agent.faults.rules.mains import MAINS_VOLTAGE
from agent.faults.sample import FIELDS
from agent.faults.view import View
from agent.model import Machine, Severity
from tests.rooms.control.testpump import stamp
from tests.rooms.faults.testheating import Machine as Heating
from tests.rooms.faults.testheating import means, sample, stretch

R32 = Profile("R32")
LEARNT_DAYS = 16


def machine(*points: str) -> Machine:
    return cast(Machine, Heating(*points))


def rule(name: str, fault: str = "F99", **more: object) -> Rule:
    """A rule that finds what the room says: above 30 degC one thing, above 40 degC another."""

    def look(view: View, memory: Memory) -> Iterable[Finding]:
        room_c = view.sample.indoor_temp
        if room_c is None or room_c < 30.0:
            return NOTHING
        memory["seen"] = memory.get("seen", 0.0) + 1.0
        return (Finding({"room": room_c}, key="hot" if room_c >= 40.0 else "warm"),)

    made = Rule(name, fault, Severity.S3, look, Event.SAMPLE, Words("{room:.0f} {none:.1f}", "zh"))
    return replace(made, **more)  # type: ignore[arg-type]


def feed(detector: Detector, samples: Iterable[Sample]) -> tuple[Condition, ...]:
    said: tuple[Condition, ...] = ()
    for one in samples:
        said = detector.see(one)
    return said


def test_the_same_tuple_comes_back_while_nothing_changes() -> None:
    detector = Detector(machine(), R32, rules=(rule("warm"),))
    calm = detector.see(sample(0.0))
    assert detector.see(sample(30.0)) is calm
    warm = detector.see(sample(60.0, indoor_temp=31.0))
    assert [one.key for one in warm] == ["warm"]
    assert detector.see(sample(90.0, indoor_temp=35.0)) is warm
    assert [one.key for one in detector.see(sample(120.0, indoor_temp=45.0))] == ["hot"]
    assert detector.see(sample(150.0)) == ()


def test_what_is_not_known_shows_as_a_dash() -> None:
    detector = Detector(machine(), R32, rules=(rule("warm"),))
    (condition,) = detector.see(sample(0.0, indoor_temp=31.0))
    assert (condition.en, condition.fault, condition.suspects[0].fault) == ("31 -", "F99", "F99")


def test_a_sample_from_the_past_changes_nothing() -> None:
    detector = Detector(machine(), R32, rules=(rule("warm"),))
    warm = detector.see(sample(60.0, indoor_temp=31.0))
    assert detector.see(sample(30.0)) is warm
    assert detector.see(sample(60.0)) is warm


def test_a_rule_without_its_points_is_off_and_says_why() -> None:
    wanted = rule("both", needs=("indoor_temp", ("high_pressure", "condensing_temp")))
    detector = Detector(machine("indoor_temp"), R32, rules=(wanted,))
    assert detector.off == {"both": "needs high_pressure or condensing_temp"}
    assert detector.see(sample(0.0, indoor_temp=50.0)) == ()
    gas = rule("gas", needs_refrigerant=True)
    assert Detector(machine(), Profile(), rules=(gas,)).off == {"gas": "needs the refrigerant"}
    assert Detector(machine(), R32, rules=(wanted, gas)).off == {}


def test_rules_of_other_kinds_of_machines_are_not_there() -> None:
    room = rule("room", kinds=("sensor",))
    detector = Detector(machine(), R32, rules=(room,))
    assert detector.off == {}
    assert detector.see(sample(0.0, indoor_temp=50.0)) == ()


def test_a_cause_hides_what_follows_from_it_and_never_itself() -> None:
    cause = (rule("cause", "F08", masked_by=("F08",)), "cause")
    after = (rule("after", "F07", masked_by=("F08",)), "after")
    other = (rule("other", "F20"), "other")

    def told(*pairs: tuple[Rule, str]) -> list[str]:
        found = [(r, Condition(n, "hp", Severity.S2, "", "", fault=r.fault)) for r, n in pairs]
        return [one.rule for one in unmasked(found) if not one.cause]

    assert told(cause, after, other) == ["cause", "other"]
    assert told(after, other) == ["after", "other"]


def test_an_open_alarm_is_suppressed_while_its_cause_stands_and_then_released() -> None:
    def frozen(view: View, memory: Memory) -> Iterable[Finding]:
        return (Finding(),) if view.sample.outdoor_temp == -60.0 else NOTHING

    cause = rule("cause", "F08", look=frozen, clear_after_s=0.0)
    detector = Detector(machine(), R32, rules=(cause, rule("after", "F07", masked_by=("F08",))))
    cycle, said = LifeCycle(), []
    for mono, outdoor_c in ((0.0, 5.0), (30.0, -60.0), (60.0, -60.0), (90.0, 5.0)):
        found = detector.see(sample(mono, indoor_temp=31.0, outdoor_temp=outdoor_c))
        said += [f"{one.rule} {one.change}" for one in cycle.step("hp", found, stamp(mono))]
    assert said == [
        "after raised", "cause raised", "after suppressed", "after released", "cause returned",
    ]  # fmt: skip


def test_silence_hides_all_but_what_is_known_of_silence() -> None:
    detector = Detector(machine(), R32, rules=(rule("warm"), COMMUNICATION_LOST))
    detector.see(sample(0.0, indoor_temp=31.0))
    lost = detector.see(Sample(30.0, 0.0, lost="no answer"))
    assert [one.fault for one in lost] == ["F25"]
    assert [one.key for one in detector.see(sample(60.0, indoor_temp=31.0))] == ["warm"]


@pytest.fixture(scope="module")
def learnt() -> Saved:
    """A machine that has run in health for some days, a poll every two minutes."""
    detector = Detector(machine(), R32, rules=RULES)
    day_s = 86400
    for mono in range(0, LEARNT_DAYS * day_s, 120):
        detector.see(sample(float(mono)))
    saved = detector.save()
    assert saved.own["steady"][""][1] == 1.0
    return saved


def ill(saved: Saved, days: float, **off: float) -> tuple[Condition, ...]:
    """What is told after so many days of something wrong."""
    detector = Detector(machine(), R32, saved)
    said: tuple[Condition, ...] = ()
    begins = LEARNT_DAYS * 86400
    for mono in range(begins, begins + int(days * 86400), 120):
        shown = means(mono / 3600.0, **off)
        said = detector.see(sample(float(mono), **{point: shown[point] for point in off}))
    return tuple(one for one in said if one.gate == "G1")


def test_a_state_is_small_and_comes_back_from_json(learnt: Saved) -> None:
    written = msgspec.json.encode(learnt)
    assert len(written) <= 8192
    assert msgspec.json.decode(written, type=Saved) == learnt


@pytest.mark.parametrize("young", [True, False])
def test_what_is_saved_often_is_what_is_saved_once(learnt: Saved, young: bool) -> None:
    """Over stretches that are judged, others that are learnt, ends of days, and a repair."""
    heating, before = machine(), None if young else learnt
    often, once = Detector(heating, R32, before), Detector(heating, R32, before)
    begins, own = LEARNT_DAYS * 86400, list[object]()
    for second in range(0, 4 * 86400, 120):
        mono, of_day = float(begins + second), second % 86400
        unseen = second > 2.5 * 86400 and second % 7200 > 5400
        shown = sample(mono, outdoor_temp=-25.0) if unseen else sample(mono)
        if of_day > 82_800 or of_day < 600:  # the day ends in silence
            shown = Sample(mono, mono, lost="no answer")
        if second == 3 * 86400 + 7200:
            often.repaired("all")
            once.repaired("all")
        often.see(shown)
        once.see(shown)
        saved = often.save() if second % 600 == 0 else None
        if saved is not None and (second % 6600 == 0 or of_day < 1800):
            assert saved == deepcopy(once, {id(heating): heating}).save()
            own += [saved.own] if saved.own not in own else []
    assert len(own) > 10


def test_a_history_in_which_nothing_happened_is_not_built_again(learnt: Saved) -> None:
    detector = Detector(machine(), R32, learnt)
    before = detector.save()
    detector.see(sample(LEARNT_DAYS * 86400.0))
    assert detector.save().own is before.own
    detector.repaired("all")
    began = [detector.save().own["loop"][""][0]]
    detector.see(sample(LEARNT_DAYS * 86400.0 + 30.0))
    detector.repaired("all")
    began.append(detector.save().own["loop"][""][0])
    assert began[1] - began[0] == 30.0


def test_what_compares_with_the_past_alone_says_so_once_there_is_one(learnt: Saved) -> None:
    heating = machine()
    assert Detector(heating, R32).unlearnable == ()
    found = Detector(heating, R32, learnt).unlearnable
    assert "F11" in found
    assert not {"F16", "F22"} & set(found)  # the one is found all the same, the other has no points


def test_health_goes_on_without_a_word(learnt: Saved) -> None:
    assert ill(learnt, 3.0) == ()


def test_a_sensor_that_lies_is_found_in_days_and_named(learnt: Saved) -> None:
    (condition,) = ill(learnt, 2.2, liquid_temp=2.0)
    assert (condition.fault, condition.severity) == ("F16", Severity.S3)
    assert condition.suspects[0].fault == "F16"
    assert condition.expected["subcooling"].value == pytest.approx(4.0, abs=0.2)
    assert condition.evidence["subcooling"] == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize(("days", "severity"), [(1.2, Severity.S3), (2.2, Severity.S2)])
def test_less_water_sends_a_technician_when_a_second_day_says_so(
    learnt: Saved, days: float, severity: Severity
) -> None:
    (condition,) = ill(learnt, days, water_flow=-7.5, water_return_temp=-1.7, liquid_temp=-1.1)
    assert (condition.fault, condition.severity) == ("F04", severity)


@pytest.mark.parametrize(
    ("minutes", "off", "found"),
    [
        (60, {"suction_temp": 10.0}, ["F12"]),
        (20, {"suction_temp": 10.0}, []),
        (60, {"suction_temp": 6.0}, []),
        (60, {"suction_temp": 10.0, "eev_steps": 40.0}, []),  # it seeks refrigerant
        (60, {"suction_temp": 10.0, "mode": "hot_water"}, []),
    ],
)
def test_a_valve_that_starves_the_evaporator_is_told_within_the_hour(
    learnt: Saved, minutes: int, off: dict[str, Any], found: list[str]
) -> None:
    detector = Detector(machine(), R32, learnt)
    begins, said = LEARNT_DAYS * 86400, tuple[Condition, ...]()
    mode = off.get("mode", "heating")
    for mono in range(begins, begins + 15 * 60 + minutes * 60, 30):
        shown = means(mono / 3600.0, **{key: v for key, v in off.items() if key != "mode"})
        wrong = {point: shown[point] for point in off if point != "mode"}
        said = detector.see(sample(float(mono), mode, **wrong))
    assert [one.fault for one in said if one.rule == "expansion_valve_closed"] == found


def test_a_repair_is_learnt_anew(learnt: Saved) -> None:
    detector = Detector(machine(), R32, learnt)
    begins = LEARNT_DAYS * 86400.0
    liquid = [means((begins + k * 120.0) / 3600.0)["liquid_temp"] + 2.0 for k in range(1600)]
    wrong = [
        sample(
            begins + k * 120.0, liquid_temp=means((begins + k * 120.0) / 3600.0)["liquid_temp"] + 2
        )
        for k, shown in enumerate(liquid)
    ]
    assert [one.fault for one in feed(detector, wrong)] == ["F16"]
    detector.repaired("F16")
    assert detector.see(sample(begins + 1600 * 120.0)) == ()
    assert detector.save().own["steady"][""][1] == 0.0


@pytest.mark.parametrize(
    ("repaired", "left"),
    [("one", {"two", "three"}), ("F98", {"one"}), ("F97", {"one", "two", "three"}), ("all", set())],
)
def test_a_repair_forgets_what_its_rules_remember(repaired: str, left: set[str]) -> None:
    rules = (rule("one"), rule("two", "F98"), rule("three", "F98"))
    detector = Detector(machine(), R32, rules=rules)
    detector.see(sample(0.0, indoor_temp=31.0))
    detector.repaired(repaired)
    assert detector.save().memories.keys() == left
    detector.see(sample(30.0, indoor_temp=31.0))
    memories = detector.save().memories
    assert {name for name, memory in memories.items() if memory["seen"] == 1.0} == (
        {"one", "two", "three"} - left
    )


def test_memory_and_points_outlive_a_restart() -> None:
    first = Detector(machine(), R32, rules=(rule("warm"),))
    feed(first, stretch(0.0, 3.0, indoor_temp=31.0))
    saved = first.save()
    assert saved.memories == {"warm": {"seen": 6.0}}
    second = Detector(machine(), R32, saved, rules=(rule("warm"),))
    second.see(sample(0.0, indoor_temp=31.0))
    assert second.save().memories == {"warm": {"seen": 7.0}}
    assert second.save().seen_good >> FIELDS.index("indoor_temp") & 1


def test_another_driver_forgets_what_was_learnt_in_the_numbers_of_the_first(learnt: Saved) -> None:
    other = Detector(machine(), replace(R32, driver="other"), learnt).save()
    assert (other.now, other.seen_good) == (learnt.now, 0)
    assert (other.memories, other.verdict) == ({}, None)
    assert other.own["steady"] != learnt.own["steady"]


@pytest.mark.parametrize(
    ("hour", "trusted", "is_dark"),
    [
        (12.0, True, False),
        (17.9, True, False),
        (18.0, True, True),
        (3.0, True, True),
        (7.6, True, False),
        (3.0, False, False),
    ],
)
def test_the_night_is_that_of_the_place(hour: float, trusted: bool, is_dark: bool) -> None:
    utc_s = 20_000 * 86400.0 + (hour - 8.0) * 3600.0
    assert dark(Sample(0.0, utc_s, trusted), 8.0) is is_dark


def test_the_outdoor_air_is_learnt_by_night_alone() -> None:
    day = Detector(machine(), R32)
    for mono in range(0, 3 * 86400, 120):
        day.see(sample(float(mono), trusted=False))
    own = day.save().own
    assert own["steady"][""][2] > 0.0
    assert own["air"][""][2] == own["clean"][""][2] == 0.0


def test_a_noisy_line_is_one_after_a_restart_too() -> None:
    measured = machine("supply_voltage", "suction_temp")
    first = Detector(measured, R32, rules=(MAINS_VOLTAGE,))
    for poll in range(10):
        wild = 6553.5 if poll % 2 else 25.0
        first.see(sample(30.0 * poll, supply_voltage=220.0, suction_temp=wild))
    for saved, told in ((None, True), (first.save(), False)):
        second = Detector(measured, R32, saved, rules=(MAINS_VOLTAGE,))
        for mono, volts in ((0.0, 220.0), (3600.0, 220.0), (3630.0, 150.0), (3660.0, 150.0)):
            said = second.see(sample(mono, supply_voltage=volts))
        assert bool(said) is told


@pytest.mark.parametrize(
    ("break_s", "trusted", "known"),
    [
        (0.0, True, True),
        (1800.0, True, True),
        (7200.0, True, False),  # what happened to the coil since is not known
        (-3600.0, True, False),
        (1800.0, False, False),
    ],
)
def test_since_when_frost_gathers_is_known_over_a_short_restart(
    break_s: float, trusted: bool, known: bool
) -> None:
    ages_s: list[float] = []

    def age(view: View, memory: Memory) -> Iterable[Finding]:
        ages_s.append(view.now - view.bare_at)
        return NOTHING

    watching = rule("age", look=age)
    first = Detector(machine(), R32, rules=(watching,))
    feed(first, stretch(0.0, 5.0, mode="defrost"))
    feed(first, stretch(300.0, 10.0))
    before = ages_s[-1]
    second = Detector(machine(), R32, first.save(), rules=(watching,))
    second.see(replace(sample(870.0 + break_s), mono=5.0, trusted=trusted))
    second.see(replace(sample(900.0 + break_s), mono=35.0, trusted=trusted))
    assert before == pytest.approx(570.0)
    assert ages_s[-1] == (pytest.approx(before + break_s + 30.0) if known else inf)


def test_how_cold_it_is_around_a_silent_machine_is_known_over_a_restart() -> None:
    first = Detector(machine(), R32, rules=(COMMUNICATION_LOST,))
    feed(first, stretch(0.0, 120.0, outdoor_temp=-9.0))
    second = Detector(machine(), R32, first.save(), rules=(COMMUNICATION_LOST,))
    (lost,) = second.see(Sample(5.0, 5.0, lost="no answer"))
    assert (lost.severity, lost.evidence["outdoor_temp"]) == (Severity.S1, -9.0)
    assert [one.fault for one in lost.suspects] == ["F25", "F20"]
