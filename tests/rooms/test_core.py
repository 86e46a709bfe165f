"""The heart by tables: facts in, effects out, no clock and no loop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agent.control import ControlSettings, HomeControl, Period, WeekSchedule
from agent.core import Core, CoreSettings, Restored
from agent.facts import (
    BlockFailed,
    BlockRead,
    CommandReceived,
    CommandTurnedAway,
    Count,
    Effect,
    Fact,
    Failure,
    Journal,
    Keep,
    LineChanged,
    Note,
    PlatformBack,
    Save,
    Send,
    Stopping,
    Tick,
    WriteDone,
)
from agent.model import (
    Alarm,
    AlarmState,
    Life,
    Origin,
    Outcome,
    Quality,
    Reading,
    Result,
    Severity,
    Value,
    Write,
)
from agent.records import Lane, Telemetry
from tests.rooms.control.testpump import CALM, command, pump, readings, stamp

CHINA = ZoneInfo("Asia/Shanghai")
SCHEDULE = WeekSchedule((Period(frozenset(range(7)), time(0), 43),))
HOME = HomeControl("hp", "water_setpoint", SCHEDULE, 45, None, CHINA)


def core(*homes: HomeControl, restored: Restored | None = None, **devices: Any) -> Core:
    found = devices or {"hp": pump()}
    needed = {"hp": frozenset({"indoor_temp"})}
    return Core(CoreSettings(found, ControlSettings(CHINA, homes), needed), restored)


def read(mono: float, device: str = "hp", end: bool = True, **values: Value | None) -> BlockRead:
    return BlockRead(device, readings(**{**CALM, **values}), stamp(mono), end)


def raw(mono: float, *found: Reading) -> BlockRead:
    return BlockRead("hp", found, stamp(mono), True)


def failed(mono: float, failure: Failure = Failure.SILENCE, end: bool = True) -> BlockFailed:
    return BlockFailed("hp", failure, "no answer", stamp(mono), end)


def kept(effects: Iterable[Effect], lane: Lane) -> list[Any]:
    return [one.record for one in effects if isinstance(one, Keep) and one.lane is lane]


def run(found: Core, *facts: Fact) -> list[Effect]:
    return [effect for fact in facts for effect in found.step(fact)]


def alarms(effects: Iterable[Effect]) -> list[tuple[str, str]]:
    return [(alarm.rule, alarm.state.value) for alarm in kept(effects, Lane.ALARM)]


# --- telemetry ----------------------------------------------------------------------------------


def test_a_sweep_is_one_record_of_good_values_and_reasons() -> None:
    bad = (
        Reading("indoor_temp", None, Quality.ABSENT),
        Reading("outdoor_temp", 99.0, Quality.OUT_OF_RANGE),
        Reading("mode", "code 9", Quality.UNDEFINED_CODE, 9),
        Reading("water_supply_temp", None, Quality.NOT_READY),
    )
    effects = run(core(), read(0.0, end=False), BlockRead("hp", bad, stamp(1.0), True))
    (record,) = kept(effects, Lane.TELEMETRY)
    assert record == Telemetry(
        "hp",
        {p: v for p, v in CALM.items() if p not in {"indoor_temp", "outdoor_temp", "mode"}},
        {
            "indoor_temp": "absent",
            "outdoor_temp": "out_of_range",
            "mode": "code 9",
            "water_supply_temp": "not_ready",
        },
    )


def test_only_the_end_of_a_sweep_makes_a_record_and_only_a_fresh_one() -> None:
    found = core()
    assert kept(run(found, read(0.0, end=False)), Lane.TELEMETRY) == []
    assert len(kept(run(found, failed(1.0, end=True)), Lane.TELEMETRY)) == 1
    assert kept(run(found, failed(11.0), failed(21.0), Tick(stamp(30.0))), Lane.TELEMETRY) == []


@pytest.mark.parametrize(("mono", "stale"), [(31.0, False), (31.1, True)])
def test_after_three_polls_a_value_is_stale(mono: float, stale: bool) -> None:
    found = core()
    run(found, read(0.0))
    (record,) = kept(run(found, raw(mono, Reading("mode", "heat"))), Lane.TELEMETRY)
    assert record.values["mode"] == "heat"
    assert ("outdoor_temp" in record.values) is not stale
    assert (record.missing.get("outdoor_temp") == "stale") is stale


def test_only_what_moved_is_told_until_the_platform_comes_back() -> None:
    settings = CoreSettings({"hp": pump()}, ControlSettings(CHINA, ()), full_every_s=900.0)
    found = Core(settings)
    assert len(kept(run(found, read(0.0)), Lane.TELEMETRY)) == 1
    assert kept(run(found, read(10.0)), Lane.TELEMETRY) == []
    (moved,) = kept(run(found, read(20.0, indoor_temp=25.0)), Lane.TELEMETRY)
    assert moved == Telemetry("hp", {"indoor_temp": 25.0}, {}, full=False)
    assert run(found, PlatformBack(stamp(25.0))) == []
    (full,) = kept(run(found, read(30.0)), Lane.TELEMETRY)
    assert full == Telemetry("hp", CALM, {})


def test_a_point_read_seldom_is_stale_after_three_of_its_own_polls() -> None:
    found = core()
    run(found, raw(0.0, Reading("compressor_hours", 7)))
    (fresh,) = kept(run(found, read(1801.0)), Lane.TELEMETRY)
    (old,) = kept(run(found, read(1802.0)), Lane.TELEMETRY)
    assert fresh.values["compressor_hours"] == 7
    assert old.missing == {"compressor_hours": "stale"}


# --- alarms -------------------------------------------------------------------------------------


def test_silence_is_an_alarm_after_a_minute_and_over_ten_seconds_after_the_first_answer() -> None:
    found = core()
    assert alarms(run(found, read(0.0), failed(10.0), failed(69.9))) == []
    effects = run(found, Tick(stamp(70.0)))
    assert alarms(effects) == [("communication_lost", "raised")]
    assert [one.lane for one in effects if isinstance(one, Keep)] == [Lane.ALARM]
    assert alarms(run(found, Tick(stamp(80.0)), failed(300.0))) == []
    assert alarms(run(found, read(310.0))) == []
    assert alarms(run(found, read(319.9))) == []
    assert alarms(run(found, read(320.0))) == [("communication_lost", "cleared")]


def test_a_machine_that_never_answers_is_an_alarm_too() -> None:
    assert alarms(run(core(), failed(0.0), failed(60.0))) == [("communication_lost", "raised")]


@pytest.mark.parametrize("failure", [Failure.GARBLED, Failure.LINE_DOWN])
def test_damage_counts_as_silence_and_a_refusal_does_not(failure: Failure) -> None:
    facts = [failed(mono, failure) for mono in (0.0, 30.0, 60.0)]
    assert alarms(run(core(), *facts)) == [("communication_lost", "raised")]
    refused = [replace(fact, failure=Failure.REFUSED) for fact in facts]
    assert alarms(run(core(), *refused)) == []


def test_one_lost_answer_in_two_is_no_lost_machine() -> None:
    found = core()
    effects = [
        effect
        for sweep in range(40)
        for effect in run(found, failed(sweep * 10.0) if sweep % 2 else read(sweep * 10.0))
    ]
    assert alarms(effects) == []


def test_a_refusal_after_silence_is_not_told_as_silence() -> None:
    found = core()
    run(found, read(0.0), *(failed(float(n)) for n in (1, 2, 3)))
    effects = run(found, failed(4.0, Failure.REFUSED), failed(5.0, Failure.REFUSED))
    assert [one.level for one in effects if isinstance(one, Note)] == ["debug", "debug"]


def test_silence_is_told_as_a_warning_once_and_its_end_with_its_length() -> None:
    found = core()
    effects = run(found, *(failed(float(mono)) for mono in range(6)), read(7.0))
    notes = [one for one in effects if isinstance(one, Note)]
    assert [one.level for one in notes].count("warning") == 1
    assert (notes[-1].text, notes[-1].fields) == (
        "device answers",
        {"device": "hp", "gap_s": 7.0},
    )


def test_an_unknown_vendor_code_keeps_its_number_and_a_status_raises_nothing() -> None:
    found = core()
    effects = [
        effect
        for mono, number in ((0.0, 9), (20.0, 9), (40.0, 77), (50.0, 77))
        for effect in run(found, raw(mono, Reading("fault_code", number, raw=number)))
    ]
    (alarm,) = kept(effects, Lane.ALARM)
    assert (alarm.text_en, alarm.code) == ("Unknown code 77 of test_pump", "77")


def test_one_bad_reading_in_a_hundred_raises_nothing_however_slow_the_polls() -> None:
    for every_s in (10.0, 30.0, 300.0):
        found = core()
        said: list[tuple[str, str]] = []
        for sweep in range(300):
            mono = sweep * every_s
            bad = sweep % 100 == 50
            code = Reading("fault_code", 7 if bad else 0, raw=7 if bad else 0)
            room = Reading(
                "indoor_temp", None if bad else 20.0, Quality("absent" if bad else "good")
            )
            said += alarms(run(found, raw(mono, code, room)))
            for part in range(1, int(every_s) // 10):
                said += alarms(run(found, Tick(stamp(mono + part * 10.0))))
        assert said == []


def test_alarms_are_saved_at_every_change_and_come_back() -> None:
    first = core()
    effects = run(first, failed(0.0), failed(60.0))
    (saved,) = [one.value for one in effects if isinstance(one, Save)]
    text = msgspec.json.encode(saved)
    restored = Restored(alarms=msgspec.json.decode(text, type=tuple[Alarm, ...]))
    second = core(restored=restored)
    assert second.open_alarms == first.open_alarms
    assert alarms(run(second, failed(5.0), failed(99.0))) == []
    effects = run(second, read(100.0), read(160.0))
    (cleared,) = kept(effects, Lane.ALARM)
    assert (cleared.id, cleared.state) == (first.open_alarms[0].id, AlarmState.CLEARED)
    assert [one.value for one in effects if isinstance(one, Save)] == [second.open_alarms]
    assert cleared.life is Life.RETURNED


def open_alarm(device: str, point: str | None = None) -> Alarm:
    return Alarm(
        "id", "sensor_absent", device, AlarmState.RAISED, Severity.S2, "en", "zh", stamp(0).at,
        point or "", point,
    )  # fmt: skip


def test_a_sensor_still_missing_after_a_restart_stays_an_alarm() -> None:
    found = core(restored=Restored(alarms=(open_alarm("hp", "water_supply_temp"),)))
    for mono in range(0, 300, 10):
        gone = Reading("water_supply_temp", None, Quality.ABSENT)
        assert alarms(run(found, raw(float(mono), gone))) == []
    assert len(found.open_alarms) == 1


def test_alarms_of_a_machine_no_longer_configured_come_to_their_end() -> None:
    found = core(restored=Restored(alarms=(open_alarm("scrapped"),)))
    effects = run(found, *(Tick(stamp(mono)) for mono in (0.0, 30.0, 60.0, 70.0)))
    assert alarms(effects) == [("sensor_absent", "cleared")]
    assert found.open_alarms == ()


# --- control ------------------------------------------------------------------------------------


def test_the_schedule_acts_at_the_end_of_a_sweep() -> None:
    found = core(HOME)
    assert not any(isinstance(one, Send) for one in run(found, read(0.0, end=False)))
    effects = run(found, read(1.0))
    order = [type(one) for one in effects if isinstance(one, Count | Send | Journal)]
    assert order == [Count, Journal, Send]
    (write,) = [one.write for one in effects if isinstance(one, Send)]
    assert (write.value, write.origin) == (43, Origin.SCHEDULE)


def test_writes_of_before_the_restart_count() -> None:
    writes = {("hp", "water_setpoint", "2026-01-14"): 12}
    found = core(HOME, restored=Restored(writes))
    assert not any(isinstance(one, Send) for one in run(found, read(0.0)))


def ask(found: Core, id: str, value: Value, mono: float) -> list[Effect]:
    return run(found, CommandReceived(command(id, value, at=mono), stamp(mono)))


def ended(
    found: Core, write: Write, mono: float, outcome: Outcome, back: Value | None = None
) -> list[Effect]:
    return run(found, WriteDone(write, outcome, "told", stamp(mono), back))


def sent(effects: Iterable[Effect]) -> Write:
    (write,) = [one.write for one in effects if isinstance(one, Send)]
    return write


def test_a_command_back_to_the_old_value_is_not_taken_for_done() -> None:
    """Between the write and the next poll the picture must not show what was before."""
    found = core()
    run(found, read(0.0))
    write = sent(ask(found, "c1", 40, 1.0))
    (result,) = kept(ended(found, write, 2.0, Outcome.VERIFIED, 40), Lane.RESULT)
    assert (result.command_id, result.outcome) == ("c1", Outcome.VERIFIED)
    assert sent(ask(found, "c2", 45, 3.0)).value == 45


def test_after_a_failed_write_nobody_knows_what_the_machine_shows() -> None:
    found = core()
    run(found, read(0.0))
    write = sent(ask(found, "c1", 40, 1.0))
    ended(found, write, 2.0, Outcome.FAILED)
    assert sent(ask(found, "c2", 45, 3.0)).value == 45
    run(found, read(4.0))
    assert found.snapshots["hp"].value("water_setpoint") == 45


def test_a_failed_write_does_not_make_a_silent_machine_young() -> None:
    found = core()
    run(found, read(0.0))
    write = sent(ask(found, "c1", 40, 1.0))
    ended(found, write, 299.0, Outcome.FAILED)
    (result,) = kept(ask(found, "c2", 41, 301.0), Lane.RESULT)
    assert result.why == "hp has not answered lately (this may pass)"


def test_a_command_turned_away_has_its_one_result() -> None:
    effects = run(core(), CommandTurnedAway("c1", Outcome.EXPIRED, "too late", stamp(0.0)))
    assert kept(effects, Lane.RESULT) == [Result("c1", "", "", Outcome.EXPIRED, "too late")]
    sender = ("hp", "water_setpoint", "ops")
    (result,) = kept(
        run(core(), CommandTurnedAway("c2", Outcome.REFUSED, "no", stamp(0.0), *sender)),
        Lane.RESULT,
    )
    assert (result.device, result.point, result.issuer) == sender


def test_stopping_parks() -> None:
    found = core(HOME)
    run(found, read(0.0, water_setpoint=40))
    assert sent(run(found, Stopping(stamp(1.0)))).value == 45


def test_a_room_sensor_never_read_parks_after_its_grace() -> None:
    found = core(replace(HOME, room=("room", "indoor_temp")), hp=pump(), room=pump("room"))
    assert sent(run(found, read(1000.0, water_setpoint=41))).value == 43  # time runs from here
    parked = [
        one.write.value
        for mono in (1900.0, 2790.0, 2801.0)
        for one in run(found, read(mono, water_setpoint=43))
        if isinstance(one, Send)
    ]
    assert parked == []  # the write of before is still under way
    again = core(replace(HOME, room=("room", "indoor_temp")), hp=pump(), room=pump("room"))
    run(again, read(1000.0, water_setpoint=43))
    assert not [one for one in run(again, read(2800.0, water_setpoint=43)) if isinstance(one, Send)]
    assert sent(run(again, read(2801.0, water_setpoint=43))).value == 45


@pytest.mark.parametrize(("up", "level"), [(True, "info"), (False, "warning")])
def test_a_line_that_changes_is_told(up: bool, level: str) -> None:
    (note,) = run(core(), LineChanged("bus1", up, "unplugged", stamp(0.0)))
    assert isinstance(note, Note)
    assert (note.level, note.fields) == (level, {"line": "bus1", "why": "unplugged"})
