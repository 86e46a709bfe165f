"""What a household chooses: warmer for some hours, a week plan, a mode; above platform and plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import msgspec
import pytest

from agent.control import (
    Chosen,
    Comfort,
    Control,
    ControlSettings,
    HomeControl,
    Period,
    WeekSchedule,
)
from agent.control.household import KEPT
from agent.facts import Save
from agent.model import Outcome, Result, Value
from tests.rooms.control.test_control import CHINA, EVERY, Run, home, results, sends
from tests.rooms.control.testpump import NOON, pump, stamp

ROOMS = HomeControl(
    "hp", "water_setpoint", WeekSchedule(()), 45, ("hp", "indoor_temp"), CHINA,
    comfort=Comfort(WeekSchedule((Period(EVERY, time(0), 18.0),))),
)  # fmt: skip
WATER = home(42)


def run_of(tended: HomeControl, kept: dict[str, Chosen] | None = None) -> Run:
    settings = ControlSettings(CHINA, (tended,))
    return Run(Control(settings, {"hp": pump()}, {}, household=kept), water_setpoint=42)


def say(
    run: Run, point: str, value: Value, mono: float = 0.0, role: str = "resident", **more: Any
) -> tuple[Result, dict[str, Chosen]]:
    """The result of an order, and what was saved by it."""
    effects = run.command(f"{point}-{mono}", mono, point=point, value=value, role=role, **more)
    (result,) = results(effects)
    saved = [one.value for one in effects if isinstance(one, Save) and one.key == KEPT]
    assert all(isinstance(one, dict) for one in saved)
    return result, saved[0] if saved else {}  # type: ignore[return-value]


def wanted(run: Run, mono: float) -> float:
    """The room temperature that the rule is asked for now."""
    tended = run.control.household.tended(ROOMS, stamp(mono))
    assert tended.comfort is not None
    return tended.comfort.wanted(stamp(mono).at.astimezone(CHINA))[0]


def test_water_the_household_wants_is_written_and_stands_four_hours_above_the_platform() -> None:
    run = run_of(WATER)
    result, saved = say(run, "wanted", 48, hold_s=60.0)
    assert (result.outcome, result.why) == (Outcome.VERIFIED, "48 C until 16:00")
    assert saved["hp"].until == NOON + timedelta(hours=4)
    (write,) = sends(run.sweep(1.0))
    assert (write.value, write.origin) == (48, "resident")
    run.done(write, 2.0)
    (refused,) = results(run.command("p", 3.0, role="platform", value=40))
    assert "resident's choice 48.0 still holds" in refused.why
    assert sends(run.sweep(4 * 3600.0 - 1)) == []
    (back,) = sends(run.sweep(4 * 3600.0 + 1))
    assert (back.value, back.origin) == (45, "schedule")  # three kelvin at a time


def test_a_room_the_household_wants_is_the_rules_aim_with_the_residents_rank() -> None:
    run = run_of(ROOMS)
    assert wanted(run, 0.0) == 18.0
    say(run, "wanted", 21.5)
    assert wanted(run, 10.0) == 21.5
    run.sweep(10.0)
    assert run.control.decided_by("hp", 10.0) == "resident"
    (refused,) = results(run.command("p", 20.0, role="platform", value=30))
    assert refused.outcome is Outcome.REFUSED
    run.sweep(4 * 3600.0 - 1)
    assert run.control.decided_by("hp", 4 * 3600.0 - 1) == "resident"
    assert wanted(run, 4 * 3600.0 + 1) == 18.0
    run.sweep(4 * 3600.0 + 1)
    assert run.control.decided_by("hp", 4 * 3600.0 + 1) == "schedule"


def test_it_stands_until_the_next_step_of_the_plan_where_that_is_later() -> None:
    comfort = Comfort(WeekSchedule((Period(EVERY, time(6), 20.0), Period(EVERY, time(22), 18.0))))
    run = run_of(replace(ROOMS, comfort=comfort))
    for degrees in (21, 22):  # a wish that stands already hides no step of the plan
        result, _ = say(run, "wanted", degrees)
        assert result.why == f"{degrees} C until 22:00"


def test_back_to_the_plan_at_once() -> None:
    run = run_of(WATER)
    say(run, "wanted", 48)
    run.done(sends(run.sweep(1.0))[0], 2.0)
    say(run, "as_planned", True, 3.0)
    (back,) = sends(run.sweep(3600.0))
    assert (back.value, back.origin) == (45, "schedule")


def test_the_newer_of_two_wishes_counts_at_the_page_and_at_the_panel() -> None:
    run = run_of(WATER)
    run.sweep(0.0)
    say(run, "wanted", 48)
    run.done(sends(run.sweep(1.0))[0], 2.0)
    run.values["water_setpoint"] = 50  # turned at the machine itself
    assert sends(run.sweep(60.0)) == []
    assert run.control.household.chosen("hp").wanted is None
    say(run, "wanted", 46, 120.0)
    (write,) = sends(run.sweep(121.0))
    assert write.value == 46


@pytest.mark.parametrize("turned_c", [38, 52])
def test_the_panel_stands_against_a_wish_of_before_where_rooms_are_planned(turned_c: int) -> None:
    run = run_of(ROOMS)
    for at in (0.0, 700.0, 1400.0, 5000.0, 9000.0):
        if at == 700.0:
            say(run, "wanted", 21.5, 690.0)
        for write in sends(run.sweep(at)):
            run.done(write, at + 1.0)
    assert run.values["water_setpoint"] != turned_c
    run.values["water_setpoint"] = turned_c
    for at in (9100.0, 9110.0, 9700.0, 10_200.0, 12_000.0, 14_000.0):
        assert sends(run.sweep(at)) == []
    assert run.control.decided_by("hp", 14_000.0) == "resident"


def test_a_wish_that_has_run_out_is_not_kept() -> None:
    run = run_of(ROOMS)
    say(run, "wanted", 16)
    assert [one for one in run.sweep(3600.0) if isinstance(one, Save) and one.key == KEPT] == []
    (kept,) = [one for one in run.sweep(5 * 3600.0) if isinstance(one, Save) and one.key == KEPT]
    assert isinstance(kept.value, dict)
    assert kept.value["hp"].wanted is None
    assert [one for one in run.sweep(6 * 3600.0) if isinstance(one, Save) and one.key == KEPT] == []


def test_a_wish_of_days_ago_is_over_as_soon_as_the_clock_is_set() -> None:
    kept = {"hp": Chosen(wanted=16.0, until=NOON - timedelta(days=3))}
    house = run_of(ROOMS, kept).control.household
    unset = house.wish("hp", stamp(0.0, trusted=False))
    assert unset == (16.0, 24 * 3600.0)
    assert house.wish("hp", stamp(60.0, trusted=False)) == unset  # a day, not a day from each look
    assert house.wish("hp", stamp(120.0)) is None


def test_water_that_the_machine_cannot_be_told_is_no_step_of_a_plan() -> None:
    run = run_of(WATER)
    result, _ = say(run, "week_plan", "every 00:00 45.3")
    assert result.outcome is Outcome.REFUSED
    assert "nearest are 45 and 45.5" in result.why


def test_a_wish_that_is_refused_takes_nothing_away() -> None:
    run = run_of(WATER)
    say(run, "wanted", 48)
    assert say(run, "wanted", 99, 1.0)[0].outcome is Outcome.REFUSED
    assert run.control.household.chosen("hp").wanted == 48


@pytest.mark.parametrize("trusted", [True, False])
def test_a_restart_shortens_no_wish(trusted: bool) -> None:
    first = run_of(ROOMS)
    saved = say(first, "wanted", 22)[1]
    kept = msgspec.json.decode(msgspec.json.encode(saved), type=dict[str, Chosen])
    again = run_of(ROOMS, kept)
    found = again.control.household.wish("hp", stamp(3600.0, trusted))
    assert found is not None
    assert found[1] >= 4 * 3600.0
    if trusted:
        assert found[1] == 4 * 3600.0
        assert again.control.household.wish("hp", stamp(4 * 3600.0)) is None


def test_a_plan_of_the_household_holds_in_place_of_the_files_and_can_be_taken_back() -> None:
    run = run_of(ROOMS)
    result, saved = say(run, "week_plan", "weekdays 06:00 20; sat sun 07:30 21; every 22:00 18.5")
    assert result.outcome is Outcome.VERIFIED
    assert saved["hp"].steps[1] == ((5, 6), 450, 21.0)
    assert wanted(run, 0.0) == 20.0  # a Wednesday, noon
    assert wanted(run, 11 * 3600.0) == 18.5
    assert wanted(run, 3 * 86400.0) == 21.0
    say(run, "week_plan", "", 10.0)
    assert wanted(run, 11 * 3600.0) == 18.0


def test_a_plan_of_water_where_there_are_no_rooms() -> None:
    run = run_of(WATER)
    say(run, "week_plan", "every 00:00 47")
    (write,) = sends(run.sweep(700.0))
    assert write.value == 47


@pytest.mark.parametrize(
    ("mode", "then", "why"),
    [("steady", 20.0, "protected: no setback"), ("away 2026-01-16", 16.0, "away")],
)
def test_modes(mode: str, then: float, why: str) -> None:
    comfort = Comfort(WeekSchedule((Period(EVERY, time(6), 20.0), Period(EVERY, time(22), 17.0))))
    run = run_of(replace(ROOMS, comfort=comfort))
    say(run, "household_mode", mode)
    found = run.control.household.tended(run.control._settings.homes[0], stamp(0.0))
    assert found.comfort is not None
    midnight = stamp(12 * 3600.0).at.astimezone(CHINA)
    assert found.comfort.wanted(midnight) == (then, why)


def test_back_from_away_the_installers_word_on_the_elderly_counts_again() -> None:
    assert ROOMS.comfort is not None
    tended = replace(ROOMS, comfort=replace(ROOMS.comfort, protected=True))
    kept = {"hp": Chosen(mode="away", away_until=date(2026, 1, 16))}
    household = run_of(tended, kept).control.household
    for day, protected in ((0, False), (2, False), (3, True)):
        found = household.tended(tended, stamp(day * 86400.0)).comfort
        assert found is not None
        assert found.protected is protected


@pytest.mark.parametrize(
    ("point", "value", "why"),
    [
        ("wanted", 40, "40 C is not allowed here; allowed: 16 to 28"),
        ("wanted", True, "is a number of degrees"),
        ("wanted", "warm", "is a number of degrees"),
        ("week_plan", 5, "a plan is text"),
        ("week_plan", "someday 06:00 20", "'someday' is no day; allowed: mon, tue"),
        ("week_plan", "mon 25:00 20", "25:00 20 is no time and degrees"),
        ("week_plan", "mon 06:00 nan", "nan C is not allowed"),
        ("week_plan", "mon 06:00 35", "allowed: 16 to 28"),
        ("week_plan", "06:00 20", "is days, a time and degrees"),
        ("week_plan", "mon 06:00 20;" * 43, "43 steps are too many"),
        ("household_mode", "party", "'party' is no mode; allowed: plan, steady, away"),
        ("household_mode", "away tomorrow", "is no date"),
        ("household_mode", "away 2026-01-13", "the last day away is from 2026-01-14"),
        ("household_mode", "away 2027-01-13", "the last day away is from 2026-01-14"),
        ("household_mode", 3, "is no mode"),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_what_can(point: str, value: Value, why: str) -> None:
    result, saved = say(run_of(ROOMS), point, value)
    assert result.outcome is Outcome.REFUSED
    assert why in result.why
    assert saved == {}


def test_the_platform_chooses_nothing_for_the_household() -> None:
    result, _ = say(run_of(ROOMS), "wanted", 20, role="platform")
    assert "a platform chooses nothing" in result.why


def test_what_is_not_controlled_is_not_chosen_for() -> None:
    result, _ = say(run_of(ROOMS), "wanted", 20, device="ghost")
    assert "ghost is no controlled heat pump; there are hp" in result.why


def test_a_room_on_its_way_to_a_wish_teaches_the_rule_nothing_false() -> None:
    assert ROOMS.comfort is not None
    local = stamp(0.0).at.astimezone(CHINA)
    during = replace(ROOMS.comfort, wish_c=22.0).settled(local)
    after = replace(ROOMS.comfort, lately_c=22.0).settled(local)
    assert during is not None
    assert after is not None
    assert (during.lowest_c, during.planned_c, during.highest_c) == (18.0, 22.0, 22.0)
    assert (after.lowest_c, after.planned_c, after.highest_c) == (18.0, 18.0, 22.0)
