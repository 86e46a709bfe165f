"""What becomes of a home when something is gone: the rows of docs/explanations/park-values.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.control import Comfort, ControlSettings, HomeControl, Period, WeekSchedule
from agent.core import Core, CoreSettings
from agent.facts import (
    BlockFailed,
    BlockRead,
    Effect,
    Failure,
    ForecastKnown,
    Send,
    WriteDone,
)
from agent.model import Outcome, Value
from tests.rooms.control.testpump import CALM, NOON, pump, readings, stamp

EVERY = frozenset(range(7))
PLAN = WeekSchedule((Period(EVERY, time(0), 18),))
HOME = HomeControl(
    "hp",
    "water_setpoint",
    WeekSchedule(()),
    45,
    ("hp", "indoor_temp"),
    ZoneInfo("Asia/Shanghai"),
    comfort=Comfort(PLAN),
)
LOOK_S = 600.0


class Gateway:
    """A core and its machine, which does as it is told as long as the bus carries words."""

    def __init__(self, home: HomeControl = HOME) -> None:
        self.core = Core(CoreSettings({"hp": pump()}, ControlSettings(home.timezone, (home,))))
        self.shows: dict[str, Value | None] = {**CALM, "indoor_temp": 18.3, "water_setpoint": 35}
        self.mono = 0.0

    @property
    def setpoint(self) -> float:
        value = self.shows["water_setpoint"]
        assert isinstance(value, int | float)
        return float(value)

    def hours(self, count: float, answers: bool = True, **values: Value | None) -> int:
        """Let time pass; how many writes there were."""
        self.shows.update(values)
        before = self.mono
        written = 0
        while self.mono < before + count * 3600.0:
            self.mono += LOOK_S
            written += self._take(self.core.step(self._look(answers)))
        return written

    def _look(self, answers: bool) -> BlockRead | BlockFailed:
        if answers:
            return BlockRead("hp", readings(**self.shows), stamp(self.mono), sweep_end=True)
        return BlockFailed("hp", Failure.SILENCE, "silence", stamp(self.mono), sweep_end=True)

    def _take(self, effects: Iterable[Effect]) -> int:
        writes = [effect.write for effect in effects if isinstance(effect, Send)]
        for write in writes:
            self.shows[write.point] = write.value
            done = WriteDone(write, Outcome.VERIFIED, "told", stamp(self.mono), write.value)
            self._take(self.core.step(done))
        return len(writes)


def test_a_silent_bus_is_not_written_to_and_the_rule_goes_on_when_it_answers() -> None:
    gateway = Gateway()
    gateway.hours(6)
    assert gateway.hours(0.25, answers=False, outdoor_temp=-12.0) == 0, "a quarter of an hour"
    assert gateway.hours(24, answers=False) == 0, "a day"
    before = gateway.setpoint
    assert gateway.hours(6) > 0
    assert gateway.setpoint > before, "it has become colder meanwhile"


def test_days_without_the_platform_change_nothing_and_an_old_forecast_ends() -> None:
    forecast = ForecastKnown(NOON + timedelta(hours=1), (-5.0,) * 72, stamp(0.0))
    alone, told = (Gateway(replace(HOME, comfort=Comfort(PLAN, outlast=True))) for _ in range(2))
    told.core.step(forecast)
    assert (alone.hours(10), told.hours(10)) != (0, 0)
    assert told.setpoint > alone.setpoint
    raised = told.setpoint
    told.hours(6 * 24)
    assert told.setpoint < raised - 2, "its hours are over"


@pytest.mark.parametrize(
    ("schedule", "water"), [((), 45), ((Period(EVERY, time(0), 39),), 39)], ids=["none", "a plan"]
)
def test_without_an_outdoor_temperature_the_schedule_else_the_park_value(
    schedule: tuple[Period, ...], water: float
) -> None:
    gateway = Gateway(replace(HOME, schedule=WeekSchedule(schedule)))
    gateway.hours(4)
    gateway.hours(1, outdoor_temp=None)
    gateway.hours(6)
    assert gateway.setpoint == water
