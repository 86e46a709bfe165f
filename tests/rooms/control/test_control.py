"""Commands and standing demands: one result each, the order of wishes, counters, the way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.control import Control, ControlSettings, HomeControl, Period, WeekSchedule
from agent.facts import Count, Effect, Journal, Keep, Send, WriteDone
from agent.model import Outcome, Result, Snapshot, Value, Write
from agent.records import Lane
from tests.rooms.control.testpump import RemoteFirst, command, pump, snapshot, stamp

EVERY = frozenset(range(7))
CHINA = ZoneInfo("Asia/Shanghai")


def home(value: Value = 42, **more: Any) -> HomeControl:
    schedule = WeekSchedule((Period(EVERY, time(0), value),))
    return replace(HomeControl("hp", "water_setpoint", schedule, 45, None, CHINA), **more)


def control(
    *homes: HomeControl,
    zone: tzinfo = CHINA,
    writes: dict[tuple[str, str, str], int] | None = None,
    hooks: Any = None,
) -> Control:
    found = ControlSettings(zone, homes, frozenset({"hp"}))
    return Control(found, {"hp": pump(hooks=hooks)}, writes or {})


def sends(effects: Iterable[Effect]) -> list[Write]:
    return [effect.write for effect in effects if isinstance(effect, Send)]


def results(effects: Iterable[Effect]) -> list[Result]:
    kept = [effect for effect in effects if isinstance(effect, Keep)]
    assert all(one.lane is Lane.RESULT for one in kept)
    return [one.record for one in kept if isinstance(one.record, Result)]


class Run:
    """A control and its machine; every step takes the second at which it happens."""

    def __init__(self, found: Control, **values: Value | None) -> None:
        self.control, self.values = found, values

    def shown(self, mono: float) -> dict[str, Snapshot]:
        return {"hp": snapshot(mono, "hp", **self.values)}

    def sweep(self, mono: float, trusted: bool = True) -> list[Effect]:
        return list(self.control.sweep(self.shown(mono), stamp(mono, trusted), mono))

    def command(self, id: str, mono: float = 0.0, **more: Any) -> list[Effect]:
        one = command(id, at=mono, **more)
        return list(self.control.command(one, self.shown(mono), stamp(mono)))

    def done(
        self, write: Write, mono: float, outcome: Outcome = Outcome.VERIFIED, why: str = "told"
    ) -> list[Effect]:
        if outcome is Outcome.VERIFIED:
            self.values[write.point] = write.value
        back = write.value if outcome is Outcome.VERIFIED else None
        return list(self.control.write_done(WriteDone(write, outcome, why, stamp(mono), back)))

    def park(self, mono: float) -> list[Effect]:
        return list(self.control.park(self.shown(mono), stamp(mono)))


# --- commands -----------------------------------------------------------------------------------


def test_a_command_is_counted_journalled_sent_and_answered_once() -> None:
    run = Run(control())
    effects = run.command("c1", value=40, life_s=90)
    kinds = [type(effect) for effect in effects]
    assert kinds == [Journal, Count, Journal, Send]
    (write,) = sends(effects)
    assert (write.value, write.command_id, write.deadline_mono) == (40, "c1", 90.0)
    (result,) = results(run.done(write, 2.0, why="read back and equal"))
    assert (result.command_id, result.outcome, result.why) == (
        "c1",
        Outcome.VERIFIED,
        "read back and equal",
    )
    assert (result.value, result.read_back, result.issuer) == (40, 40, "someone")
    assert results(run.done(write, 3.0)) == []


@pytest.mark.parametrize(("age_h", "off"), [(1.0, True), (3.0, False), (20.0, False)])
def test_air_of_hours_ago_does_not_say_that_it_is_no_frost_now(age_h: float, off: bool) -> None:
    found, mono = control(), age_h * 3600.0
    picture = snapshot(mono, "hp", power_on=True, outdoor_temp=8.0)
    picture = replace(picture, mono={**picture.mono, "outdoor_temp": 0.0})
    one = command("c", at=mono, point="power_on", value=False)
    effects = list(found.command(one, {"hp": picture}, stamp(mono)))
    assert bool(sends(effects)) == off
    if not off:
        assert "frost" in results(effects)[0].why


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.EXPIRED, Outcome.REFUSED])
def test_how_the_write_ended_is_how_the_command_ended(outcome: Outcome) -> None:
    run = Run(control())
    (write,) = sends(run.command("c1"))
    (result,) = results(run.done(write, 2.0, outcome, "no acknowledgement"))
    assert (result.outcome, result.why) == (outcome, "no acknowledgement")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"device": "ghost"}, "no device is named ghost; there are hp"),
        ({"point": "sauna"}, "hp has no point sauna"),
        ({"value": 99}, "the highest is 60"),
        ({"point": "outdoor_temp"}, "cannot be written"),
    ],
)
def test_a_refused_command_has_its_result_at_once(more: dict[str, Any], why: str) -> None:
    effects = Run(control()).command("c1", **more)
    assert sends(effects) == []
    (result,) = results(effects)
    assert result.outcome is Outcome.REFUSED
    assert why in result.why


def test_what_is_so_already_is_verified_without_a_write() -> None:
    effects = Run(control()).command("c1", value=45)
    assert sends(effects) == []
    (result,) = results(effects)
    assert (result.outcome, result.why, result.read_back) == (
        Outcome.VERIFIED,
        "it already is so",
        45,
    )


def test_a_second_command_for_a_point_under_way_is_refused_and_others_are_not() -> None:
    run = Run(control())
    (write,) = sends(run.command("c1"))
    (second,) = results(run.command("c2", value=41))
    assert (second.command_id, second.outcome) == ("c2", Outcome.REFUSED)
    assert "under way" in second.why
    assert len(sends(run.command("c3", point="dhw_setpoint", value=48))) == 1
    assert [one.command_id for one in results(run.done(write, 1.0))] == ["c1"]
    assert len(sends(run.command("c4", 2.0, value=41))) == 1


def test_an_expired_command_goes_with_a_deadline_that_has_passed() -> None:
    late = list(control().command(command("c1", life_s=5), {"hp": snapshot(9.0)}, stamp(9.0)))
    (write,) = sends(late)
    assert write.deadline_mono == 5.0


# --- who wins -----------------------------------------------------------------------------------


def test_the_resident_outranks_the_platform_for_four_hours() -> None:
    run = Run(control())
    (write,) = sends(run.command("r", role="resident", value=48))
    run.done(write, 1.0)
    (refused,) = results(run.command("p", 60.0, role="platform", value=40))
    assert refused.outcome is Outcome.REFUSED
    assert "resident's choice 48 still holds" in refused.why
    assert results(run.command("same", 61.0, role="vendor", value=48))[0].outcome is (
        Outcome.VERIFIED
    )
    (late,) = results(run.command("p2", 4 * 3600.0 - 0.1, role="service", value=40))
    assert late.outcome is Outcome.REFUSED
    assert len(sends(run.command("p3", 4 * 3600.0, value=40))) == 1


def test_the_resident_overrules_the_platform() -> None:
    run = Run(control())
    run.done(sends(run.command("p", value=40))[0], 1.0)
    assert len(sends(run.command("r", 2.0, role="resident", value=48))) == 1


@pytest.mark.parametrize("role", ["resident", "platform"])
def test_a_command_keeps_the_schedule_away_until_its_hold_ends(role: str) -> None:
    run = Run(control(home(44)))
    (write,) = sends(run.command("c", role=role, value=50, hold_s=700.0))
    run.done(write, 1.0)
    assert sends(run.sweep(2.0)) == []
    assert sends(run.sweep(699.9)) == []
    (back,) = sends(run.sweep(700.0))
    assert (back.value, back.command_id) == (47, None)  # 3 K at a time


def test_a_failed_command_no_longer_keeps_others_away() -> None:
    run = Run(control(home(44)))
    (write,) = sends(run.command("c", value=50))
    run.done(write, 1.0, Outcome.FAILED)
    assert sends(run.sweep(2.0)) == []  # a machine that refuses rests
    assert [one.value for one in sends(run.sweep(700.0))] == [44]


# --- the schedule -------------------------------------------------------------------------------


def test_the_schedule_falls_in_steps_of_three_kelvin_an_interval_apart() -> None:
    run, mono = Run(control(home(38))), 0.0
    seen: list[tuple[float, Value]] = []
    while mono < 2400.0:
        for write in sends(run.sweep(mono)):
            seen.append((mono, write.value))
            run.done(write, mono + 1.0)
        mono += 10.0
    assert seen == [(0.0, 42), (600.0, 39), (1200.0, 38)]


def test_on_an_untrusted_clock_nothing_begins() -> None:
    run = Run(control(home(42)))
    assert sends(run.sweep(0.0, trusted=False)) == []
    assert len(sends(run.sweep(10.0))) == 1


def test_nothing_more_is_sent_while_a_write_is_under_way() -> None:
    run = Run(control(home(42)))
    assert len(sends(run.sweep(0.0))) == 1
    assert sends(run.sweep(10.0)) == []


def test_a_refusal_is_told_once_not_at_every_sweep() -> None:
    run = Run(control(home(44)), weather_curve_on=True)
    told = [
        effect
        for mono in range(0, 600, 10)
        for effect in run.sweep(float(mono))
        if isinstance(effect, Journal)
    ]
    assert [one.kind for one in told] == ["refused"]
    assert "no effect" in str(told[0].detail["why"])


def test_parking_ends_with_its_doubt_also_when_the_schedule_is_empty() -> None:
    run = Run(control(home(schedule=WeekSchedule(()), room=("hp", "indoor_temp"))))
    run.values |= {"indoor_temp": None, "water_setpoint": 40}
    (parking,) = sends(run.sweep(0.0))
    assert parking.value == 45
    run.done(parking, 1.0)
    run.values |= {"indoor_temp": 20.0, "water_setpoint": 50}  # somebody turned it up at the panel
    assert sends(run.sweep(700.0)) == []


def test_a_machine_that_does_not_obey_is_not_parked_at_every_sweep() -> None:
    run = Run(control(home(room=("hp", "indoor_temp"))), indoor_temp=None, water_setpoint=40)
    tried = 0
    for mono in range(0, 3600, 10):
        for write in sends(run.sweep(float(mono))):
            tried += 1
            run.done(write, mono + 5.0, Outcome.FAILED)
    assert tried == 6


# --- counters -----------------------------------------------------------------------------------


def test_the_budget_is_of_the_local_day() -> None:
    today = {("hp", "water_setpoint", "2026-01-14"): 12}  # noon in China is four in the morning UTC
    run = Run(control(writes=today))
    (refused,) = results(run.command("c1"))
    assert "12 writes today" in refused.why
    assert results(run.command("c2", 12 * 3600.0 - 1.0))[0].outcome is Outcome.REFUSED
    assert len(sends(run.command("c3", 12 * 3600.0))) == 1
    assert len(sends(Run(control(zone=UTC, writes=today)).command("c4", 12 * 3600.0))) == 0


def test_what_is_written_before_is_counted_and_capped_too() -> None:
    day = "2026-01-14"
    run = Run(control(hooks=RemoteFirst(), writes={("hp", "quiet_mode", day): 23}))
    effects = run.command("c1", point="dhw_setpoint", value=48)
    counted = [effect.point for effect in effects if isinstance(effect, Count)]
    assert counted == ["quiet_mode", "dhw_setpoint"]
    run.done(sends(effects)[0], 1.0)
    (refused,) = results(run.command("c2", 2.0, point="dhw_setpoint", value=49))
    assert "24 writes of quiet_mode today" in refused.why


# --- the end ------------------------------------------------------------------------------------


def test_stopping_parks_also_against_a_standing_wish() -> None:
    run = Run(control(home(42)))
    run.done(sends(run.command("p", value=38))[0], 1.0)
    (write,) = sends(run.park(2.0))
    assert (write.point, write.value, write.origin.value) == ("water_setpoint", 45, "safety")


def test_stopping_parks_behind_a_write_that_is_under_way() -> None:
    run = Run(control(home(42)))
    assert [one.value for one in sends(run.sweep(0.0))] == [42]
    assert [one.value for one in sends(run.park(1.0))] == [45]  # although 45 is what it shows


def test_stopping_needs_no_write_where_all_is_parked() -> None:
    assert sends(Run(control(home(42))).park(0.0)) == []


def test_what_is_parked_stays_parked() -> None:
    run = Run(control(home(44)), water_setpoint=40)
    (write,) = sends(run.park(0.0))
    run.done(write, 1.0)
    assert run.sweep(900.0) == []
    (refused,) = results(run.command("late", 901.0))
    assert refused.why == "the gateway stops (this may pass)"


def test_what_cannot_be_parked_is_told() -> None:
    run = Run(control(home(42)), water_setpoint=40, weather_curve_on=True)
    effects = run.park(0.0)
    assert sends(effects) == []
    (told,) = [effect for effect in effects if isinstance(effect, Journal)]
    assert told.kind == "not_parked"
    assert "no effect" in str(told.detail["why"])


# --- whatever happens ---------------------------------------------------------------------------

steps = st.lists(
    st.tuples(
        st.sampled_from(["command", "command", "sweep", "done", "room", "panel"]),
        st.floats(0.0, 7200.0),
        st.integers(38, 122).map(lambda n: n / 2),
        st.sampled_from(["resident", "platform"]),
        st.sampled_from(["water_setpoint", "dhw_setpoint", "mode", "ghost"]),
        st.sampled_from([Outcome.VERIFIED, Outcome.VERIFIED, Outcome.FAILED, Outcome.EXPIRED]),
    ),
    max_size=120,
)


@settings(deadline=None, max_examples=150)
@given(steps)
def test_every_command_ends_once_and_no_day_sees_more_than_24_writes(found: Any) -> None:
    run = Run(control(home(42, room=("hp", "indoor_temp"))))
    asked: list[str] = []
    ended: list[str] = []
    under_way: list[Write] = []
    mono = 0.0
    counts: dict[tuple[str, str], int] = {}
    for number, (what, wait_s, value, role, point, outcome) in enumerate(found):
        mono += wait_s if number % 3 == 0 else 1.0
        effects: list[Effect] = []
        if what == "command":
            asked.append(f"c{number}")
            wish = "auto" if point == "mode" else value
            effects = run.command(asked[-1], mono, role=role, point=point, value=wish)
        elif what == "sweep":
            effects = run.sweep(mono)
        elif what == "done" and under_way:
            effects = run.done(under_way.pop(0), mono, outcome)
        elif what == "room":
            run.values["indoor_temp"] = None if run.values.get("indoor_temp") else 20.0
        elif what == "panel":
            run.values["water_setpoint"] = value
        for effect in effects:
            if isinstance(effect, Count):
                day = effect.stamp.at.astimezone(CHINA).date().isoformat()
                counts[effect.point, day] = counts.get((effect.point, day), 0) + 1
        for write in sends(effects):
            assert (write.point, write.command_id) not in {
                (one.point, one.command_id) for one in under_way
            }
            assert write.point == "mode" or 20 <= float(write.value) <= 65
            under_way.append(write)
        ended += [result.command_id for result in results(effects)]
    for write in under_way:
        ended += [result.command_id for result in results(run.done(write, mono))]
    assert sorted(ended) == sorted(asked)
    assert all(count <= 24 for count in counts.values())


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(40, 120), st.floats(0.0, 900.0)), min_size=60, max_size=90))
def test_the_hard_cap_holds_against_a_panel_that_fights(found: list[tuple[int, float]]) -> None:
    run = Run(control(home(room=("hp", "indoor_temp"))), indoor_temp=None)
    mono, counts = 0.0, dict[str, int]()
    for half_degrees, wait_s in found:
        mono += wait_s
        run.values["water_setpoint"] = half_degrees / 2
        for write in sends(run.sweep(mono)):
            day = stamp(mono).at.astimezone(CHINA).date().isoformat()
            counts[day] = counts.get(day, 0) + 1
            run.done(write, mono)
    assert all(count <= 24 for count in counts.values())


def test_a_second_try_counts_and_near_the_cap_there_is_none() -> None:
    day = stamp(0.0).at.astimezone(CHINA).date().isoformat()
    found = control(home(), writes={("hp", "water_setpoint", day): 3})
    run = Run(found, water_setpoint=40)
    (write,) = sends(run.sweep(10.0))
    assert write.tries == 2
    assert list(found.write_repeated("hp", "water_setpoint", stamp(11.0))) == [
        Count("hp", "water_setpoint", stamp(11.0))
    ]
    last = control(home(), writes={("hp", "water_setpoint", day): 23})
    (park,) = sends(last.park(Run(last, water_setpoint=40).shown(5.0), stamp(5.0)))
    assert park.tries == 1
