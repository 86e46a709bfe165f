"""R23: a setpoint taken in the wrong mode is reported as accepted and not effective."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.control import Control, ControlSettings
from agent.drivers import driver
from agent.facts import Keep, Send, WriteDone, WriteRepeated
from agent.model import Outcome, Result
from tests.rooms.control.testpump import command, snapshot, stamp
from tests.rooms.control.testpump import pump as machine
from tests.rooms.quirks.testquirk import Pump, map_of, polled

POINTS = """
weather_curve_on: {at: 0, values: {0: none, 1: points, 3: fix}, write: {}}
water_setpoint:
  at: 1
  write:
    {low: 20, high: 60, step: 1, only_if: {weather_curve_on: [fix]}, confirm_within: 100 ms}
"""


def curve(word: str, setpoint: int = 45) -> object:
    def furnish(pump: Pump) -> None:
        pump.image.set("weather_curve_on", word)
        pump.image.set("water_setpoint", setpoint)

    return furnish


async def test_r23_taken_and_not_acted_on(tmp_path: Path) -> None:
    """It acknowledges and keeps its value, as the machine of a curve does."""
    async with polled(tmp_path, map_of(POINTS), set_up=curve("points")) as pump:  # type: ignore[arg-type]
        await pump.sweeps(1)
        done = await pump.write("water_setpoint", 50)
        assert done.outcome is Outcome.NOT_EFFECTIVE
        assert done.why == "accepted, not effective: weather_curve_on is points, not fix"
        assert done.read_back == 45
        assert not [fact for fact in pump.facts if isinstance(fact, WriteRepeated)]


async def test_r23_shown_and_still_not_acted_on(tmp_path: Path) -> None:
    """It shows the new value, but follows its curve."""
    async with polled(tmp_path, map_of(POINTS), set_up=curve("points", 50)) as pump:  # type: ignore[arg-type]
        done = await pump.write("water_setpoint", 50)
        assert done.outcome is Outcome.NOT_EFFECTIVE
        assert done.read_back == 50


async def test_r23_in_the_right_mode_it_is_verified(tmp_path: Path) -> None:
    async with polled(tmp_path, map_of(POINTS), set_up=curve("fix")) as pump:  # type: ignore[arg-type]
        done = await pump.write("water_setpoint", 50)
        assert (done.outcome, done.read_back) == (Outcome.VERIFIED, 50)


def test_r23_it_is_the_result_of_the_command() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    control = Control(ControlSettings(zone), {"hp": machine()}, {})
    seen = {"hp": snapshot(0.0)}
    effects = list(control.command(command("c1", 40), seen, stamp(0.0)))
    (write,) = [effect.write for effect in effects if isinstance(effect, Send)]
    why = "accepted, not effective: weather_curve_on is true, not false"
    done = WriteDone(write, Outcome.NOT_EFFECTIVE, why, stamp(1.0), 45)
    kept = [e.record for e in control.write_done(done) if isinstance(e, Keep)]
    assert isinstance(kept[0], Result)
    assert (kept[0].outcome, kept[0].why, kept[0].read_back) == ("not_effective", why, 45)


def test_r23_known_beforehand_it_is_not_written_at_all() -> None:
    control = Control(ControlSettings(ZoneInfo("Asia/Shanghai")), {"hp": machine()}, {})
    seen = {"hp": snapshot(0.0, weather_curve_on=True)}
    effects = list(control.command(command("c1", 40), seen, stamp(0.0)))
    (result,) = [e.record for e in effects if isinstance(e, Keep)]
    assert isinstance(result, Result)
    assert result.why == "it would have no effect: weather_curve_on is true, not false"
    assert not [effect for effect in effects if isinstance(effect, Send)]


@pytest.mark.parametrize("name", ["haier_atw_r290", "hitachi_atw_mbs_02", "midea_mthermal_r290"])
def test_r23_the_drivers_state_the_condition(name: str) -> None:
    rule = driver(name).map.points["water_setpoint"].write
    assert rule is not None
    assert rule.only_if
