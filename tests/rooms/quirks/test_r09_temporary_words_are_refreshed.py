"""R9 and R22: words that lapse are written again within their period, bounded and counted apart."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from agent.control import Control, ControlSettings, HomeControl, Period, WeekSchedule
from agent.control.refresh import most_a_day
from agent.drivers import load
from agent.errors import FileError
from agent.facts import Count, Effect, Journal, Send, WriteDone
from agent.model import Outcome, Value, Write
from tests.rooms.control.testpump import MAP, command, pump, snapshot, stamp

CHINA = ZoneInfo("Asia/Shanghai")
PERIOD_S = 300.0
LAPSES = ('park: "45"', 'park: "45", refresh: 5 min')


class Lapsing:
    """A machine that drops what was written 300 s ago, swept every 30 s."""

    def __init__(self, *homes: HomeControl, refreshed: int = 0) -> None:
        machine = pump(changes=LAPSES)
        before = {("hp", "water_setpoint:refresh", "2026-01-14"): refreshed}
        self.control = Control(ControlSettings(CHINA, homes), {"hp": machine}, before)
        self.value: Value = 50
        self.written = -1e9
        self.dropped = 0
        self.writes: list[tuple[float, Write]] = []
        self.counts: list[Count] = []
        self.journal: list[str] = []
        self.outcome = Outcome.VERIFIED

    def shown(self, mono: float) -> Value:
        return self.value if mono - self.written < PERIOD_S else 50

    def carry_out(self, effects: list[Effect], mono: float) -> None:
        for effect in effects:
            match effect:
                case Count():
                    self.counts.append(effect)
                case Journal(kind):
                    self.journal.append(kind)
                case Send(write):
                    self.writes.append((mono, write))
                    if self.outcome is Outcome.VERIFIED:
                        self.value, self.written = write.value, mono
                    done = WriteDone(write, self.outcome, "told", stamp(mono), write.value)
                    self.carry_out(list(self.control.write_done(done)), mono)

    def run(self, start: float, until: float) -> None:
        for second in range(int(start), int(until), 30):
            mono = float(second)
            if self.writes and mono - self.written >= PERIOD_S:
                self.dropped += 1
            seen = {"hp": snapshot(mono, water_setpoint=self.shown(mono))}
            self.carry_out(list(self.control.sweep(seen, stamp(mono), mono)), mono)


def home(value: Value) -> HomeControl:
    schedule = WeekSchedule((Period(frozenset(range(7)), time(0), value),))
    return HomeControl("hp", "water_setpoint", schedule, 45, None, CHINA)


def test_r09_the_value_stands_for_a_day_without_ever_lapsing() -> None:
    machine = Lapsing(home(48))
    machine.run(0, 86400)
    assert machine.dropped == 0
    assert {write.value for _, write in machine.writes} == {48}
    assert 560 <= len(machine.writes) <= 576


def test_r09_refreshing_is_outside_the_budget_and_counted_apart() -> None:
    machine = Lapsing(home(48))
    machine.run(0, 43200)
    names = [count.point for count in machine.counts]
    assert names.count("water_setpoint") == 1
    assert names.count("water_setpoint:refresh") == len(machine.writes) - 1
    assert [count.interval for count in machine.counts] == [True] + [False] * (len(names) - 1)
    assert machine.journal == ["write", "written"]
    assert all(write.tries == 1 for _, write in machine.writes[1:])


def test_r09_no_more_than_the_period_can_need() -> None:
    terms = pump(changes=LAPSES).terms("water_setpoint")
    assert terms is not None
    assert most_a_day(terms) == 576
    for refreshed, more in ((576, 0), (574, 2)):
        machine = Lapsing(home(48), refreshed=refreshed)
        machine.run(0, 3600)
        assert len([write for _, write in machine.writes if write.refresh]) == more


def test_r09_a_command_stands_until_its_hold_ends_and_then_lapses() -> None:
    machine = Lapsing()
    wish = command("c1", 48, hold_s=3600.0)
    seen = {"hp": snapshot(0.0, water_setpoint=50)}
    machine.carry_out(list(machine.control.command(wish, seen, stamp(0.0))), 0.0)
    machine.run(30, 3600)
    assert machine.dropped == 0
    sent = len(machine.writes)
    assert sent > 20
    machine.run(3600, 7200)
    assert len(machine.writes) == sent
    assert machine.shown(7200.0) == 50


def test_r09_after_a_failure_it_is_tried_again_before_the_word_lapses() -> None:
    machine = Lapsing(home(48))
    machine.run(0, 120)
    machine.outcome = Outcome.FAILED
    machine.run(120, 180)
    assert machine.writes[-1][1].refresh
    machine.outcome = Outcome.VERIFIED
    machine.run(180, 600)
    assert machine.dropped == 0


def test_r09_a_word_that_is_kept_is_not_refreshed() -> None:
    machine = Lapsing(home(48))
    machine.control = Control(ControlSettings(CHINA, (home(48),)), {"hp": pump()}, {})
    machine.run(0, 270)
    assert len(machine.writes) == 1


def test_r09_a_period_that_would_fill_the_line_is_refused() -> None:
    with pytest.raises(FileError, match="it would fill the line"):
        load(MAP.replace(LAPSES[0], 'park: "45", refresh: 1 s'), "m.yaml")
