"""What people may order of alarms, what chatter and crowds of them lead to, and who is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.faults import Issuer, No
from agent.faults.rights import audience_of
from agent.model import Alarm, AlarmState, Audience, Severity
from tests.rooms.faults.alarmlife import (
    DAY,
    PLATFORM,
    RESIDENT,
    S1,
    S2,
    S3,
    SERVICE,
    VENDOR,
    Told,
    at,
    condition,
    open_lives,
)

HOUR = 3600.0


def raised(severity: Severity = S2, rule: str = "rule", fault: str = "") -> Told:
    told = Told()
    told.judge(0, condition(severity=severity, rule=rule, fault=fault))
    return told


# --- acknowledge -------------------------------------------------------------------------------


def test_only_known_roles_acknowledge() -> None:
    told = raised()
    assert isinstance(told.cycle.acknowledge(told.last.id, Issuer("", "x"), at(1)), No)
    assert told.note(told.cycle.acknowledge(told.last.id, RESIDENT, at(1))) == [
        "acknowledged acknowledged_active"
    ]
    assert told.note(told.cycle.acknowledge(told.last.id, PLATFORM, at(1))) == [
        "acknowledged acknowledged_active"
    ]
    assert told.cycle.acknowledge(told.last.id, PLATFORM, at(2)) == ()
    assert told.note(told.cycle.acknowledge(told.last.id, SERVICE, at(2))) == [
        "acknowledged acknowledged_active"
    ]
    assert told.cycle.acknowledge(told.last.id, VENDOR, at(2)) == ()
    assert told.cycle.acknowledge(told.last.id, RESIDENT, at(3)) == ()
    assert told.cycle.acknowledge("nothing", VENDOR, at(2)) == No("no open alarm has this id")


# --- shelve ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "by", "why", "for_s", "no"),
    [
        (raised(), SERVICE, "part ordered", HOUR, ""),
        (raised(), PLATFORM, "part ordered", 7 * DAY, ""),
        (raised(), PLATFORM, "part ordered", 7 * DAY + 1, "a time of at most 7 days"),
        (raised(), PLATFORM, "part ordered", 0.0, "a time of at most 7 days"),
        (raised(), PLATFORM, "  ", HOUR, "a reason"),
        (raised(), RESIDENT, "it blinks", HOUR, "a resident does not shelve"),
        (raised(S1), PLATFORM, "part ordered", HOUR, "a platform does not shelve"),
        (raised(S1), VENDOR, "part ordered", HOUR, ""),
        (raised(S1, fault="F06"), VENDOR, "part ordered", HOUR, "never shelved"),
        (raised(S2, fault="F20"), SERVICE, "part ordered", HOUR, "never shelved"),
        (raised(S2, fault="F23"), SERVICE, "part ordered", HOUR, "never shelved"),
        (raised(S2, "frost_danger"), SERVICE, "part ordered", HOUR, "never shelved"),
    ],
)
def test_who_shelves_what(told: Told, by: Issuer, why: str, for_s: float, no: str) -> None:
    answer = told.cycle.shelve(told.last.id, by, why, for_s, at(1))
    if no:
        assert isinstance(answer, No)
        assert no in answer.why
        return
    assert told.note(answer) == ["shelved shelved"]
    assert (told.last.shelved_by, told.last.shelved_why) == (by.tag, why)
    assert (told.last.shelved_until, told.last.annunciated) == (at(1 + for_s).at, False)


def test_a_shelf_ends_by_time_or_by_order_and_what_is_gone_meanwhile_waits_for_it() -> None:
    told = raised()
    told.note(told.cycle.shelve(told.last.id, SERVICE, "why", HOUR, at(0)))
    assert told.judge(10) == ["returned shelved"]
    assert told.judge(20, condition()) == ["again shelved"]
    assert told.judge(30) == ["returned shelved"]
    told.note(told.cycle.acknowledge(told.last.id, PLATFORM, at(31)))
    assert told.judge(HOUR) == ["cleared normal"]

    told = raised()
    told.note(told.cycle.shelve(told.last.id, SERVICE, "why", HOUR, at(0)))
    told.note(told.cycle.unshelve(told.last.id, PLATFORM, at(5)))
    assert open_lives(told.cycle) == {"": "unacknowledged_active"}
    assert isinstance(told.cycle.unshelve(told.last.id, PLATFORM, at(5)), No)


@pytest.mark.parametrize("gone", [False, True])
def test_no_shelf_hides_what_becomes_an_s1(gone: bool) -> None:
    told = raised()
    told.note(told.cycle.shelve(told.last.id, SERVICE, "why", HOUR, at(0)))
    if gone:
        told.judge(5)
    (said,) = told.judge(10, condition(severity=S1))
    assert said.endswith("unacknowledged_active")
    assert (told.last.severity, told.last.shelved_until) == (S1, None)
    assert told.judge(HOUR, condition(severity=S1)) == []


# --- out of service ----------------------------------------------------------------------------


def test_a_device_out_of_service_keeps_what_protects_the_house() -> None:
    told = raised()
    out = told.cycle.take_out("hp", "all", SERVICE, "pump exchanged", HOUR, at(1))
    assert told.note(out) == ["out_of_service out_of_service"]
    more = (condition(), condition("b"), condition(rule="frost_danger", severity=S1))
    assert told.judge(10, *more) == ["raised out_of_service", "raised unacknowledged_active"]
    assert told.judge(10 + HOUR, *more) == ["in_service unacknowledged_active"] * 2
    assert told.cycle.out_of_service == ()


def test_a_rule_is_put_back_by_order() -> None:
    told = raised()
    told.note(told.cycle.take_out("hp", "rule", VENDOR, "sensor moved", HOUR, at(1)))
    assert told.note(told.cycle.put_back("hp", "rule", VENDOR, at(2))) == [
        "in_service unacknowledged_active"
    ]
    assert isinstance(told.cycle.put_back("hp", "rule", VENDOR, at(2)), No)
    for rule, by, why, for_s in (
        ("frost_danger", VENDOR, "why", HOUR),
        ("rule", RESIDENT, "why", HOUR),
        ("rule", VENDOR, "", HOUR),
        ("rule", VENDOR, "why", 8 * DAY),
    ):
        assert isinstance(told.cycle.take_out("hp", rule, by, why, for_s, at(3)), No)


# --- suppressed by design ----------------------------------------------------------------------


def test_what_another_fault_explains_is_told_and_seen_by_nobody() -> None:
    told = Told()
    assert told.judge(0, condition(cause="F25")) == ["raised suppressed_by_design"]
    assert (told.last.suppressed_by, told.last.annunciated) == ("F25", False)
    assert told.judge(10, condition()) == ["released unacknowledged_active"]
    assert told.judge(20, condition(cause="F25")) == ["suppressed suppressed_by_design"]
    assert told.last.cause == "F25"


def test_what_a_standing_fault_hides_does_not_return_before_that_has_gone() -> None:
    """Suppressed by design until then: its rule cannot be believed, neither yes nor no."""
    told, fan = Told(), condition("fan", fault="F08")
    told.judge(0, condition(), fan)
    assert told.judge(10, condition(cause="F08"), fan) == ["suppressed suppressed_by_design"]
    assert told.judge(20, fan) == told.judge(DAY, fan) == []
    assert open_lives(told.cycle)[""] == "suppressed_by_design"
    assert told.judge(DAY + 10) == ["returned returned_unacknowledged"] * 2
    told.judge(DAY + 20, condition(cause="season"), condition("other"))
    assert told.judge(DAY + 30, condition("other")) == ["returned returned_unacknowledged"]


def test_what_protects_the_house_is_never_explained_away() -> None:
    told = Told()
    frost = condition(rule="frost_danger", severity=S1, cause="season")
    assert told.judge(0, frost) == ["raised unacknowledged_active"]


def test_an_explanation_that_comes_and_goes_leaves_the_alarm_in_sight() -> None:
    told = raised()
    for minute in range(60):
        told.judge(60.0 * minute, condition(cause="F25" if minute % 2 else ""))
    assert sum(one.change == "suppressed" for one in told.records) == 6
    assert told.last.annunciated


# --- chatter -----------------------------------------------------------------------------------


def comes_and_goes(severity: Severity, until_s: float, rule: str = "rule") -> Told:
    told = Told()
    for minute in range(int(until_s / 60)):
        found = (condition(severity=severity, rule=rule),) if minute % 2 == 0 else ()
        told.judge(60.0 * minute, *found)
    return told


def test_an_alarm_that_comes_and_goes_is_shelved_for_an_hour_and_that_is_told() -> None:
    told = comes_and_goes(S2, 2 * HOUR - 60)
    first = [f"{one.rule} {one.change}" for one in told.records[:8]]
    assert first == ["rule raised", *["rule returned", "rule again"] * 2, "rule returned",
                     "rule again", "chattering raised"]  # fmt: skip
    held, advice = told.records[6:8]
    assert (held.life, held.shelved_by, held.seq) == ("shelved", "gateway", 7)
    assert (advice.severity, advice.evidence["alarm"]) == (S3, held.id)
    assert held.shelved_until == at(6 * 60 + HOUR).at
    later = [f"{one.rule} {one.change}" for one in told.records[8:11]]
    assert later == ["rule unshelved", "chattering returned", "rule returned"]


def test_what_somebody_shelved_stays_on_his_shelf_though_it_comes_and_goes() -> None:
    told, found = raised(), (condition(),)
    told.note(told.cycle.shelve(told.last.id, SERVICE, "sensor comes Friday", 3 * DAY, at(0)))
    for minute in range(1, 180):
        told.judge(60.0 * minute, *(found if minute % 4 < 2 else ()))
        (own,) = [one for one in told.cycle.open if one.rule == "rule"]
        assert (own.shelved_by, own.shelved_why) == (SERVICE.tag, "sensor comes Friday")
        assert (own.shelved_until, own.annunciated) == (at(3 * DAY).at, False)
    changes = [one.change for one in told.records if one.rule == "rule"]
    assert len(changes) < 30  # and does not flood
    assert "chattering" in {one.rule for one in told.records}


def test_an_s1_that_comes_and_goes_is_kept_standing() -> None:
    told = comes_and_goes(S1, HOUR)
    assert [one.change for one in told.records if one.rule == "rule"] == [
        "raised", "returned", "again", "returned", "again",
    ]  # fmt: skip
    assert told.records[-1].rule == "chattering"
    (standing,) = [one for one in told.cycle.open if one.rule == "rule"]
    assert (standing.state, standing.annunciated) == (AlarmState.RAISED, True)


def test_many_alarms_at_once_are_no_chatter() -> None:
    told, many = Told(), [condition(str(number), S3) for number in range(20)]
    assert len(told.judge(0, *many)) == 20
    assert len(told.judge(10)) == 20
    assert {one.rule for one in told.records} == {"rule"}


def sensors_in_turn(severity: Severity, minutes: int) -> Told:
    """Ten sensors of one cable: each is gone for three minutes of ten, one after the other."""
    told, found = Told(), [condition(str(n), severity, "sensor_stuck") for n in range(10)]
    for minute in range(minutes):
        told.judge(60.0 * minute, *[found[(minute + k) % 10] for k in range(3)])
    return told


def test_one_rule_does_not_flood_by_many_keys_and_what_is_new_is_always_told() -> None:
    told = sensors_in_turn(S3, 60)
    seen = [one for one in told.records if one.annunciated]
    assert sum(one.change == "raised" and one.rule == "sensor_stuck" for one in seen) == 10
    assert sum(one.change == "again" for one in seen) == 3
    assert len(told.records) <= 40
    (advice,) = [one for one in told.records if one.rule == "chattering"]
    assert (advice.key, advice.change) == ("sensor_stuck", "raised")


def test_the_advice_of_chatter_is_no_chatter_however_many_rules_do() -> None:
    told = Told()
    rules = [condition(rule=f"rule {n}") for n in range(6)]
    for minute in range(6 * 60):
        told.judge(60.0 * minute, *(rules if minute % 2 == 0 else ()))
    advices = [one for one in told.records if one.rule == "chattering"]
    assert {one.key for one in advices} == {one.rule for one in rules}
    assert not any(one.shelved_by for one in advices)


def test_an_order_to_unshelve_lets_the_rule_be_heard_again() -> None:
    told = sensors_in_turn(S3, 13)
    of_rule = [one for one in told.cycle.open if one.rule == "sensor_stuck"]
    held = next(one for one in of_rule if one.shelved_by == "gateway")
    free = next(one for one in of_rule if not one.shelved_by and not one.active)
    told.note(told.cycle.unshelve(held.id, SERVICE, at(780.0)))
    told.judge(790.0, condition(free.key, S3, "sensor_stuck"))
    last = [one for one in told.records if one.key == free.key][-1]
    assert (last.change, last.annunciated) == ("again", True)


def test_s1_of_one_rule_with_many_keys_are_kept_standing() -> None:
    told = sensors_in_turn(S1, 60)
    assert sum(one.rule == "sensor_stuck" for one in told.records) <= 40
    assert all(one.annunciated for one in told.cycle.open)


# --- dispatch places ---------------------------------------------------------------------------


def test_the_fourth_s2_waits_and_is_told_as_waiting() -> None:
    told = Told()
    four = [condition(str(number)) for number in range(4)]
    said = told.judge(0, *four)
    assert said == ["raised unacknowledged_active"] * 3 + ["raised suppressed_by_design"]
    assert told.last.suppressed_by == "dispatch_limit"
    assert told.judge(10, *four[1:]) == [
        "returned returned_unacknowledged", "released unacknowledged_active",
    ]  # fmt: skip
    assert told.judge(20, *four) == ["again suppressed_by_design"]


def test_an_s1_always_has_a_place_and_the_newest_s2_makes_room() -> None:
    told = Told()
    for number in range(3):
        told.judge(number * 10.0, *[condition(str(n)) for n in range(number + 1)])
    worse = [condition(f"bad {n}", S1) for n in range(4)]
    three = [condition(str(n)) for n in range(3)]
    said = told.judge(40, *three, *worse)
    assert said[:4] == ["raised unacknowledged_active"] * 4
    assert said[4:] == ["suppressed suppressed_by_design"] * 3
    lives = open_lives(told.cycle)
    assert [key for key, life in lives.items() if life == "unacknowledged_active"] == [
        "bad 0", "bad 1", "bad 2", "bad 3",
    ]  # fmt: skip


def test_advice_needs_no_place_and_what_is_hidden_gives_its_place_away() -> None:
    told = Told()
    found = [condition(str(n)) for n in range(4)] + [condition("advice", S3)]
    told.judge(0, *found)
    assert open_lives(told.cycle)["advice"] == "unacknowledged_active"
    first = told.cycle.open[0].id
    assert told.note(told.cycle.shelve(first, SERVICE, "why", HOUR, at(1))) == [
        "shelved shelved", "released unacknowledged_active",
    ]  # fmt: skip
    assert told.judge(HOUR + 1, *found) == ["unshelved suppressed_by_design"]
    assert told.last.id == first, "who has a place keeps it, younger or not"
    assert told.last.suppressed_by == "dispatch_limit"


def test_what_becomes_worse_and_finds_no_place_sends_nobody() -> None:
    told = Told()
    three = [condition(str(n)) for n in range(3)]
    told.judge(0, condition("worse", S3))
    told.judge(10, *three, condition("worse", S3))
    assert told.judge(20, *three, condition("worse")) == ["severity suppressed_by_design"]
    assert told.judge(30, *three[1:], condition("worse")) == [
        "returned returned_unacknowledged", "released unacknowledged_active",
    ]  # fmt: skip


def test_what_nothing_explains_any_more_waits_all_the_same() -> None:
    told = Told()
    three = [condition(str(n)) for n in range(3)]
    told.judge(0, *three, condition("fourth", cause="F25"))
    assert told.last.suppressed_by == "F25"
    assert told.judge(10, *three, condition("fourth")) == ["suppressed suppressed_by_design"]
    assert told.last.suppressed_by == "dispatch_limit"


def test_what_becomes_an_advice_waits_for_no_place() -> None:
    told = Told()
    three = [condition(str(n)) for n in range(3)]
    told.judge(0, *three, condition("mild"))
    milder = (*three, condition("mild", S3))
    told.judge(10, *milder)
    assert told.judge(HOUR + 10, *milder) == ["severity unacknowledged_active"]


# --- who is told -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "resident", "audience"),
    [
        (S1, "", "resident vendor service village town"),
        (S2, "", "vendor service village town"),
        (S2, "Open the valves.", "vendor service village town resident"),
        (S3, "", "vendor service"),
        (S3, "Clear the leaves.", "vendor service resident"),
    ],
)
def test_the_audience_by_severity(severity: Severity, resident: str, audience: str) -> None:
    made = replace(condition(severity=severity), resident_en=resident)
    told = Told()
    told.judge(0, made)
    alarm: Alarm = told.last
    assert alarm.audience == tuple(Audience(one) for one in audience.split())
    assert audience_of(alarm) == alarm.audience
