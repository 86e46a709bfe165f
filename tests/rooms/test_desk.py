"""Orders of alarms from the command to the result, through the core."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.control import ControlSettings
from agent.core import Core, CoreSettings
from agent.facts import CommandReceived, Effect, Journal, Keep, Save, Tick
from agent.faults import SeasonSettings
from agent.model import Alarm, Change, Command, Life, Outcome, Result
from agent.records import Lane
from tests.rooms.control.testpump import command, pump, stamp
from tests.rooms.test_core import CHINA, alarms, core, failed, kept, read, run

HOUR = 3600.0


def silent() -> tuple[Core, Alarm]:
    """A core whose machine has been silent for a minute, and the alarm of it."""
    found = core()
    run(found, read(0.0), failed(10.0), failed(70.0))
    (alarm,) = found.open_alarms
    return found, alarm


def order(point: str, value: Any, role: str = "service", at: float = 80.0, **more: Any) -> Command:
    why = more.pop("why", "")
    return replace(command("c1", value, role, point, at=at, **more), why=why)


def given(found: Core, wish: Command, at: float = 80.0) -> list[Effect]:
    return run(found, CommandReceived(wish, stamp(at)))


def result(effects: list[Effect]) -> Result:
    (one,) = kept(effects, Lane.RESULT)
    assert isinstance(one, Result)
    return one


def test_an_acknowledgement_is_journaled_told_at_once_saved_and_answered() -> None:
    found, alarm = silent()
    effects = given(found, order("alarm_acknowledge", alarm.id))
    journal = [one.kind for one in effects if isinstance(one, Journal)]
    assert journal == ["command", "result"]
    (told,) = kept(effects, Lane.ALARM)
    assert (told.change, told.life, told.acked_by) == (
        Change.ACKNOWLEDGED, Life.ACKNOWLEDGED, "service:someone",
    )  # fmt: skip
    assert [one.value for one in effects if isinstance(one, Save)] == [found.open_alarms]
    end = result(effects)
    assert (end.outcome, end.why) == (Outcome.VERIFIED, f"{alarm.id} acknowledged")
    again = given(found, order("alarm_acknowledge", alarm.id))
    assert result(again).why == "no open alarm changes by it"
    assert kept(again, Lane.ALARM) == []
    assert alarms(run(found, read(100.0), read(111.0))) == [("communication_lost", "cleared")]
    assert found.open_alarms == ()


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (order("alarm_acknowledge", "nothing"), "no open alarm of hp has this id"),
        (order("alarm_acknowledge", 7), "the value of alarm_acknowledge is a word, not 7"),
        (order("alarm_shelve", "ID", "resident"), "a resident does not shelve alarms"),
        (order("alarm_shelve", "ID", hold_s=HOUR), "it needs a reason: why"),
        (order("alarm_shelve", "ID", why="part"), "it needs a time of at most 7 days: hold_s"),
        (order("alarm_unshelve", "ID"), "it is not shelved"),
        (order("in_service", "all"), "it is not out of service"),
        (order("repaired", "F04", "platform"), "a platform repairs nothing"),
        (order("repaired", "F99"), "'F99' is no fault; allowed: F04, a rule such as frost_danger"),
        (order("out_of_service", "all", device="x"), "no device is named x; there are hp"),
        (order("out_of_service", "low_flwo"), "'low_flwo' is no rule; allowed: one such as"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(wish: Command, why: str) -> None:
    found, alarm = silent()
    if wish.value == "ID":
        wish = replace(wish, value=alarm.id)
    effects = given(found, wish)
    end = result(effects)
    assert end.outcome is Outcome.REFUSED
    assert end.why.startswith(why)
    assert found.open_alarms == (alarm,)
    assert kept(effects, Lane.ALARM) == [] == [one for one in effects if isinstance(one, Save)]


def test_shelving_hides_for_a_while() -> None:
    found, alarm = silent()
    wish = order("alarm_shelve", alarm.id, "platform", hold_s=HOUR, why="the breaker is off")
    (told,) = kept(given(found, wish), Lane.ALARM)
    assert (told.life, told.shelved_why) == (Life.SHELVED, "the breaker is off")
    assert kept(run(found, Tick(stamp(80.0 + HOUR - 1))), Lane.ALARM) == []
    (seen,) = kept(run(found, Tick(stamp(80.0 + HOUR))), Lane.ALARM)
    assert (seen.change, seen.life) == (Change.UNSHELVED, Life.UNACKNOWLEDGED)


def test_a_device_is_taken_out_of_service_and_that_is_kept() -> None:
    found, _ = silent()
    wish = order("out_of_service", "all", hold_s=HOUR, why="pump exchanged")
    effects = given(found, wish)
    (told,) = kept(effects, Lane.ALARM)
    assert told.life is Life.OUT_OF_SERVICE
    saved = {one.key: one.value for one in effects if isinstance(one, Save)}
    (listed,) = saved["out_of_service"]  # type: ignore[misc]
    assert (listed.device, listed.rule, listed.by) == ("hp", "all", "service:someone")
    back = given(found, order("in_service", "all"))
    assert {one.key: one.value for one in back if isinstance(one, Save)}["out_of_service"] == ()


def test_a_repair_acknowledges_and_is_learnt_anew() -> None:
    found, _ = silent()
    effects = given(found, order("repaired", "communication_lost", "vendor"))
    (told,) = kept(effects, Lane.ALARM)
    assert told.acked_by == "vendor:someone"
    later = run(found, failed(90.0))
    assert [one.key for one in later if isinstance(one, Save)] == ["detector hp"]


def test_the_record_of_an_alarm_comes_before_everything_that_follows_from_it() -> None:
    found = core()
    effects = run(found, read(0.0), failed(10.0), failed(70.0))
    kinds = [type(one) for one in effects if isinstance(one, Keep | Save)]
    assert kinds[-2:] == [Keep, Save]


# --- seasons -----------------------------------------------------------------------------------


def seasonal(settings: SeasonSettings) -> Core:
    pumps = {"hp": pump()}
    return Core(CoreSettings(pumps, ControlSettings(CHINA), season=settings))


def test_a_pump_that_is_off_all_summer_is_told_and_bothers_nobody() -> None:
    found = seasonal(SeasonSettings(("01-01", "01-31")))  # the tests' clock shows January
    effects = run(found, read(0.0), failed(10.0), failed(70.0))
    (told,) = kept(effects, Lane.ALARM)
    assert (told.life, told.suppressed_by) == (Life.SUPPRESSED, "sealed_season")
    assert [one.detail for one in effects if isinstance(one, Journal)] == [{"season": "sealed"}]


def test_a_frost_in_the_sealed_season_is_an_alarm() -> None:
    found = seasonal(SeasonSettings(("01-01", "01-31")))
    effects = run(found, *[read(10.0 * n, indoor_temp=4.0) for n in range(8)])
    (told,) = kept(effects, Lane.ALARM)
    assert (told.rule, told.life) == ("frost_danger", Life.UNACKNOWLEDGED)


def test_in_extreme_cold_silence_is_an_s1_after_half_a_minute() -> None:
    found = seasonal(SeasonSettings(extreme_below_c=9.0))
    effects = run(found, read(0.0), failed(10.0), failed(39.9))
    assert kept(effects, Lane.ALARM) == []
    (told,) = kept(run(found, failed(40.0)), Lane.ALARM)
    assert (told.rule, told.severity.value) == ("communication_lost", "S1")
