"""The life of an alarm: delays, returns, ends, restarts, machines that cannot be judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from agent.faults import Condition, LifeCycle, OutOfService
from agent.model import Alarm, AlarmState, Life, Suspect
from tests.rooms.faults.alarmlife import (
    DAY,
    PLATFORM,
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


def life(*seconds: tuple[float, bool], masked: frozenset[float] = frozenset()) -> list[str]:
    """What one condition, seen or not at these seconds, leads to: `30 raised`."""
    cycle, said = LifeCycle(), list[str]()
    for mono, seen in seconds:
        found = (condition(raise_s=30.0, clear_s=20.0),) if seen else ()
        for alarm in cycle.step("hp", found, at(mono), masked=mono in masked):
            said.append(f"{mono:g} {alarm.change}")
    return said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ([(0, True), (29.9, True)], []),
        ([(0, True), (30, True)], ["30 raised"]),
        ([(0, True), (10, False), (31, True)], []),
        ([(0, True), (10, False), (31, True), (61, True)], ["61 raised"]),
        ([(0, True), (30, True), (40, True)], ["30 raised"]),
        ([(0, True), (30, True), (40, False), (59.9, False)], ["30 raised"]),
        ([(0, True), (30, True), (40, False), (60, False)], ["30 raised", "60 returned"]),
        ([(0, True), (30, True), (40, False), (59, True), (60, False), (79, False)], ["30 raised"]),
        (
            [(0, True), (30, True), (40, False), (60, False), (70, True), (99, True), (100, True)],
            ["30 raised", "60 returned", "100 again"],
        ),
    ],
)
def test_delays(seconds: list[tuple[float, bool]], said: list[str]) -> None:
    assert life(*seconds) == said


def test_a_masked_machine_neither_raises_nor_clears() -> None:
    masked = frozenset(range(10, 500, 10))
    assert life((0, True), (10, False), (490, False), (500, True), masked=masked) == []
    assert life((0, True), (30, True), (40, False), (400, False), masked=masked) == ["30 raised"]
    late = life((0, True), (30, True), (35, False), (40, False), (501, False), masked=masked)
    assert late == ["30 raised"]


def test_what_is_listed_may_change_on_a_masked_machine() -> None:
    told = Told()
    assert told.judge(0, condition("a"), masked=True) == ["raised unacknowledged_active"]


def test_id_texts_and_number_of_an_alarm_stay_its_own() -> None:
    told = Told()
    told.judge(5, condition("a"))
    told.judge(6)
    raised, returned = told.records
    assert returned.id == raised.id == "hp:rule:a:20260114T040005Z"
    assert (raised.seq, returned.seq) == (1, 2)
    assert (raised.state, returned.state) == (AlarmState.RAISED, AlarmState.CLEARED)
    kept = (returned.opened_at, returned.text_zh, returned.severity)
    assert kept == (raised.opened_at, "zh a", S2)


def test_ids_differ_though_a_clock_that_is_not_believed_stands_still() -> None:
    cycle, ids = LifeCycle(), set[str]()
    for _ in range(3):
        (raised,) = cycle.step("hp", (condition("a"),), at(5, trusted=False))
        ids.add(raised.id)
        assert not raised.clock_ok
        cycle.acknowledge(raised.id, SERVICE, at(5))
        cycle.step("hp", (), at(5))
        assert cycle.open == ()
    assert len(ids) == 3


# --- the end -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "rule", "good_for_s"),
    [(S2, "rule", DAY), (S3, "rule", 7 * DAY), (S1, "communication_lost", DAY)],
)
def test_what_nobody_acknowledged_ends_after_good_days(
    severity: object, rule: str, good_for_s: float
) -> None:
    told = Told()
    told.judge(0, condition(severity=severity, rule=rule))  # type: ignore[arg-type]
    assert told.judge(10) == ["returned returned_unacknowledged"]
    assert told.last.state is AlarmState.CLEARED
    assert told.judge(10 + good_for_s - 1) == []
    assert told.judge(10 + good_for_s) == ["cleared normal"]
    assert told.cycle.open == ()


def test_an_s1_is_latched_until_an_installer_or_the_vendor_has_seen_it() -> None:
    told = Told()
    told.judge(0, condition(severity=S1))
    assert told.judge(10) == ["returned latched_unacknowledged"]
    assert told.last.state is AlarmState.RAISED
    assert told.judge(30 * DAY) == []
    seen = told.cycle.acknowledge(told.last.id, PLATFORM, at(30 * DAY))
    assert told.note(seen) == ["acknowledged latched_acknowledged"]
    ended = told.cycle.acknowledge(told.last.id, VENDOR, at(30 * DAY))
    assert told.note(ended) == ["cleared normal"]
    assert told.last.acked_by == "vendor:acme"


def test_what_was_acknowledged_ends_as_it_returns() -> None:
    told = Told()
    told.judge(0, condition("a"), condition("b", severity=S1))
    for alarm in told.cycle.open:
        assert told.note(told.cycle.acknowledge(alarm.id, SERVICE, at(1))) == [
            "acknowledged acknowledged_active"
        ]
    assert told.judge(10) == ["cleared normal", "cleared normal"]


def test_a_condition_that_comes_back_is_the_same_alarm_and_to_be_seen_anew() -> None:
    told = Told()
    told.judge(0, condition("a"))
    told.judge(10)
    assert told.judge(20, condition("a")) == ["again unacknowledged_active"]
    assert (told.last.count, told.last.seq, told.last.ends_at) == (2, 3, None)
    assert len({one.id for one in told.records}) == 1
    assert told.judge(10 + DAY, condition("a")) == []


def test_days_nobody_could_look_are_not_good_days() -> None:
    told = Told()
    told.judge(0, condition("a"))
    told.judge(10)
    told.judge(20, masked=True)
    assert told.judge(20 + 3 * DAY, masked=True) == []
    assert told.judge(30 + 3 * DAY) == ["put_off returned_unacknowledged"]
    assert told.last.ends_at == at(20 + 4 * DAY).at
    assert told.last.cause == "nobody could look at the device for 72.0 h"
    assert told.judge(20 + 4 * DAY - 1) == []
    assert told.judge(20 + 4 * DAY) == ["cleared normal"]


def test_a_poll_that_failed_puts_nothing_off() -> None:
    told = Told()
    told.judge(0, condition("a"))
    told.judge(10)
    for hour in range(1, 24):
        assert told.judge(hour * HOUR, masked=True) == []
        assert told.judge(hour * HOUR + HOUR - 1) == []
    assert told.judge(10 + DAY) == ["cleared normal"]


def test_what_only_a_shelf_keeps_is_not_put_off() -> None:
    told = Told()
    told.judge(0, condition("a"))
    told.note(told.cycle.shelve(told.last.id, SERVICE, "part ordered", 3 * DAY, at(0)))
    assert told.judge(10) == ["returned shelved"]
    assert told.judge(10 + DAY) == []
    told.judge(20 + DAY, masked=True)
    assert told.judge(20 + 2 * DAY) == []
    assert told.judge(3 * DAY) == ["unshelved returned_unacknowledged", "cleared normal"]


def test_alarms_of_a_device_that_is_gone_come_to_their_end() -> None:
    told = Told()
    told.judge(0, condition("a", severity=S1), condition("b"))
    assert told.note(told.cycle.forget("hp", at(5))) == ["cleared normal"] * 2
    assert told.cycle.open == ()


# --- worse, milder, better known ---------------------------------------------------------------


def test_worse_at_once_milder_after_an_hour() -> None:
    told = Told()
    told.judge(0, condition())
    told.note(told.cycle.acknowledge(told.last.id, SERVICE, at(1)))
    assert told.judge(10, condition(severity=S1)) == ["severity unacknowledged_active"]
    told.note(told.cycle.acknowledge(told.last.id, SERVICE, at(11)))
    milder = (condition(severity=S2),)
    assert told.cycle.step("hp", milder, at(20)) == ()
    assert told.cycle.step("hp", milder, at(20 + HOUR - 1)) == ()
    (eased,) = told.cycle.step("hp", milder, at(20 + HOUR))
    assert (eased.severity, eased.cause) == (S2, "S1 before")


def test_an_s1_nobody_looked_at_does_not_become_milder() -> None:
    told = Told()
    told.judge(0, condition(severity=S1))
    assert told.judge(10, condition(severity=S2)) == []
    assert told.judge(10 + 2 * HOUR, condition(severity=S2)) == []
    told.note(told.cycle.acknowledge(told.last.id, SERVICE, at(3 * HOUR)))
    assert told.judge(3 * HOUR, condition(severity=S2)) == []
    assert told.judge(4 * HOUR, condition(severity=S2)) == ["severity acknowledged_active"]


def test_another_leading_suspect_is_told_at_most_once_an_hour() -> None:
    def suspected(fault: str, weight: float = 0.7) -> Condition:
        return replace(condition(), suspects=(Suspect(fault, weight), Suspect("F21", 0.2)))

    told = Told()
    told.judge(0, suspected("F07"))
    assert told.judge(HOUR, suspected("F07", 0.5)) == []
    assert told.judge(HOUR + 1, suspected("F09")) == ["diagnosis unacknowledged_active"]
    other = (suspected("F07"),)
    assert told.cycle.step("hp", other, at(HOUR + 10)) == ()
    assert len(told.cycle.step("hp", other, at(2 * HOUR + 1))) == 1


# --- restarts ----------------------------------------------------------------------------------


def again(cycle: LifeCycle) -> LifeCycle:
    """The life cycle after a restart: what is open, through the form in which it is kept."""
    kept = msgspec.json.encode((cycle.open, cycle.out_of_service))
    alarms, _ = msgspec.json.decode(kept, type=tuple[tuple[Alarm, ...], list[object]])
    return LifeCycle(alarms, cycle.out_of_service)


def test_an_alarm_outlives_a_restart_under_its_id() -> None:
    told = Told()
    told.judge(0, condition("a"))
    second = Told(again(told.cycle))
    assert second.cycle.open == told.cycle.open
    assert second.judge(3) == second.judge(62) == []
    assert second.judge(63) == ["returned returned_unacknowledged"]
    assert (second.last.id, second.last.seq) == (told.last.id, 2)


def test_what_waits_for_a_good_day_ends_in_time_after_a_restart() -> None:
    told = Told()
    told.judge(0, condition("a"))
    told.judge(10)
    cycle = again(told.cycle)
    shift = 1000.0  # a new boot counts its seconds from another beginning
    stamps = [replace(at(10 + s), mono=s + shift) for s in (0.0, DAY - 11, DAY)]
    untrusted = replace(stamps[2], trusted=False)
    assert cycle.step("hp", (), untrusted) == ()
    assert cycle.step("hp", (), stamps[0]) == cycle.step("hp", (), stamps[1]) == ()
    (ended,) = cycle.step("hp", (), stamps[2])
    assert ended.life is Life.NORMAL


def test_days_nobody_could_look_are_not_good_days_after_a_restart_either() -> None:
    """As the state machine found it: a flapping condition, a silent day, two restarts."""
    told = Told()
    found = condition("a", raise_s=60.0, clear_s=120.0)
    for mono in range(0, 8 * 1400, 700):
        told.judge(mono, *((found,) if mono // 1400 % 2 == 0 else ()))
    assert told.last.life == Life.RETURNED
    told.judge(11_300, masked=True)
    told = Told(again(told.cycle))
    told.judge(11_300, masked=True)
    assert told.judge(11_300 + DAY, masked=True) == []
    assert told.judge(11_300 + DAY) == ["put_off returned_unacknowledged"]
    told = Told(again(told.cycle))
    assert told.judge(11_300 + DAY) == []
    assert told.judge(11_300 + 2 * DAY) == ["cleared normal"]


def test_a_device_that_was_silent_before_a_restart_makes_what_waits_wait_anew() -> None:
    """Since when nobody could look is not known: no good hour is made up."""
    told, lost = Told(), condition(rule="communication_lost")
    told.judge(0, condition("a"))
    told.judge(10)
    told.judge(20, lost, masked=True)
    assert told.judge(2 * DAY, lost, masked=True) == []
    told = Told(again(told.cycle))
    assert told.judge(2 * DAY, lost, masked=True) == []
    assert told.judge(2 * DAY + 60) == [
        "put_off returned_unacknowledged", "returned returned_unacknowledged",
    ]  # fmt: skip
    assert told.records[0].ends_at == at(3 * DAY + 60).at
    assert told.records[0].cause == "nobody could look at the device for an unknown time"
    assert told.judge(3 * DAY + 59) == []
    assert told.judge(3 * DAY + 60) == ["cleared normal"] * 2


def test_a_first_poll_that_fails_after_a_restart_puts_nothing_off() -> None:
    told = Told()
    told.judge(0, condition("a"))
    told.judge(10)
    told = Told(again(told.cycle))
    assert told.judge(DAY - 600, masked=True) == []
    assert told.judge(10 + DAY) == ["cleared normal"]


def test_a_clock_that_is_set_later_moves_no_wait_that_began_after_the_restart() -> None:
    told = Told()
    told.judge(0, condition("a"))
    cycle = again(told.cycle)
    wrong = [replace(at(s - 400 * DAY, trusted=False), mono=float(s)) for s in (0, 61)]
    assert [one.change for one in cycle.step("hp", (), wrong[0])] == []
    assert [one.change for one in cycle.step("hp", (), wrong[1])] == ["returned"]
    assert cycle.step("hp", (), at(70)) == ()
    assert cycle.step("hp", (), at(61 + DAY - 1)) == ()
    assert [one.change for one in cycle.step("hp", (), at(61 + DAY))] == ["cleared"]


def test_the_clock_is_set_for_every_device_at_once() -> None:
    cycle = LifeCycle()
    for name in ("hp", "meter"):
        cycle.step(name, (condition("a", device=name),), at(0))
        shelf = cycle.shelve(cycle.open[-1].id, SERVICE, "waits for a part", HOUR, at(0))
        assert isinstance(shelf, tuple)
    cycle, still = again(cycle), {name: (condition("a", device=name),) for name in ("hp", "meter")}
    for second, trusted in ((0, False), (30, False), (60, True), (90, True)):
        for name, found in still.items():
            assert cycle.step(name, found, at(second, trusted)) == ()
    for name, found in still.items():
        assert [one.change for one in cycle.step(name, found, at(HOUR))] == ["unshelved"]


def test_what_is_out_of_service_is_back_in_time_though_the_clock_was_set_late() -> None:
    until = at(HOUR).at
    cycle = LifeCycle((), (OutOfService("hp", "all", "service:x", "pump exchanged", until),))
    found = (condition("a"),)
    (raised,) = cycle.step("hp", found, at(30, trusted=False))
    assert raised.life == "out_of_service"
    assert cycle.step("hp", found, at(60)) == ()
    assert [one.life for one in cycle.step("hp", found, at(HOUR))] == ["unacknowledged_active"]
    assert cycle.out_of_service == ()


def test_what_comes_back_milder_becomes_milder_after_an_hour() -> None:
    told, found = Told(), (condition("a", S3),)
    told.judge(0, condition("a"))
    told.judge(60)
    assert told.note(told.cycle.step("hp", found, at(120))) == ["again unacknowledged_active"]
    assert told.last.severity is S2
    assert told.cycle.step("hp", found, at(150)) == ()  # and nothing new is judged from now on
    assert told.cycle.step("hp", found, at(150 + HOUR - 1)) == ()
    (eased,) = told.cycle.step("hp", found, at(150 + HOUR))
    assert (eased.change, eased.severity) == ("severity", S3)


def test_a_shelf_outlives_a_restart() -> None:
    told = Told()
    told.judge(0, condition("a"))
    told.note(told.cycle.shelve(told.last.id, SERVICE, "waits for a part", HOUR, at(0)))
    second = Told(again(told.cycle))
    assert second.judge(HOUR - 1, condition("a")) == []
    assert second.judge(HOUR, condition("a")) == ["unshelved unacknowledged_active"]


OLD = b"""[{"id":"hp:vendor_fault:7:20260101T000000Z","rule":"vendor_fault","device":"hp",
"state":"raised","severity":"S2","text_en":"E7","text_zh":"E7","opened_at":"2026-01-01T00:00:00Z",
"key":"7","point":null,"code":"E7","evidence":{"raw":7}}]"""


def test_what_an_older_version_saved_still_stands() -> None:
    told = Told(LifeCycle(msgspec.json.decode(OLD, type=tuple[Alarm, ...])))
    assert open_lives(told.cycle) == {"7": "unacknowledged_active"}
    assert told.judge(0, condition("7", rule="vendor_fault")) == []
    assert told.judge(10) == ["returned returned_unacknowledged"]
    assert told.last.seq == 2


# --- nothing to do -----------------------------------------------------------------------------


class Watched(tuple[Condition, ...]):
    """Conditions that count how often somebody looked at them."""

    looks = 0

    def __iter__(self) -> Iterator[Condition]:
        self.looks += 1
        return super().__iter__()


def test_the_same_conditions_are_not_looked_at_twice_while_no_delay_runs() -> None:
    cycle, found = LifeCycle(), Watched((condition("a", raise_s=30.0),))
    assert cycle.step("hp", found, at(0)) == cycle.step("hp", found, at(29)) == ()
    assert found.looks == 1
    assert len(cycle.step("hp", found, at(30))) == 1
    for second in range(31, 2000):
        assert cycle.step("hp", found, at(second)) == ()
    assert found.looks == 2
    cycle.acknowledge(cycle.open[0].id, SERVICE, at(2000))
    cycle.step("hp", found, at(2001))
    assert found.looks == 3


def test_one_bad_reading_in_a_hundred_raises_nothing() -> None:
    told = Told()
    for sweep in range(1000):
        found = (condition(raise_s=30.0),) if sweep % 100 == 50 else ()
        assert told.judge(sweep * 10.0, *found) == []


def test_devices_do_not_touch_each_other() -> None:
    told = Told()
    told.judge(0, condition("a"))
    assert told.cycle.step("other", (), at(999)) == ()
    assert len(told.cycle.open) == 1
