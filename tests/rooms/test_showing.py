"""What the page is told of a real core: numbers, who decides, money, alarms, raw points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agent.clock import Clock
from agent.config import Config
from agent.config.tariff import read_tariff
from agent.control import Comfort, ControlSettings, HomeControl, Period, WeekSchedule
from agent.core import Core, CoreSettings
from agent.enrol import identity_state
from agent.facts import BlockFailed, BlockRead, CommandReceived, Failure, Keep, Tick
from agent.handover import NO_KEY
from agent.homes import Home
from agent.model import Check, Outcome, Quality, Reading, Result, Value, Visit
from agent.selftest import Report
from agent.showing import Showing, _doing
from agent.spool import Spool, SpoolSettings
from agent.thinning import fold
from agent.updates import Newer, Waiting
from agent.vitals import Vitals
from agent.web import view
from tests.rooms.control.testpump import CALM, command, pump, readings, snapshot, stamp
from tests.rooms.healths import WELL

CHINA = ZoneInfo("Asia/Shanghai")
EVERY = frozenset(range(7))
ROOMS = HomeControl(
    "hp", "water_setpoint", WeekSchedule(()), 45, ("hp", "indoor_temp"), CHINA,
    comfort=Comfort(WeekSchedule((Period(EVERY, time(6), 20.0), Period(EVERY, time(22), 18.0)))),
)  # fmt: skip


@dataclass(slots=True)
class At:
    """A clock that a test sets."""

    mono: float = 0.0

    def stamp(self) -> Any:
        return stamp(self.mono)


class Healthy:
    """Vitals of a gateway that fares well."""

    def now(self) -> Any:
        return WELL

    def identity(self) -> Any:
        at = stamp(0.0).at
        return identity_state("gw", None, wanted=True, withdrawn=True, why="", now=at, trusted=True)


class House:
    """A core with one home, and what the page is told of it."""

    def __init__(self, control: HomeControl = ROOMS, spool: Spool | None = None) -> None:
        self.settings = CoreSettings(
            {"hp": pump()},
            ControlSettings(CHINA, (control,)),
            homes=(Home("east", "hp"),),
            tariff=read_tariff("beijing_rural"),
        )
        self.core, self.clock = Core(self.settings), At()
        self.newer: Waiting | None = None
        config = replace(_EMPTY, core=self.settings)
        self.showing = Showing(
            self.core, cast(Spool, spool), cast(Vitals, Healthy()), cast(Clock, self.clock), config,
            Newer(lambda: 0.0, lambda: self.newer),
        )  # fmt: skip

    def sweep(self, mono: float, **values: Value) -> None:
        self.clock.mono = mono
        seen = readings(**{**CALM, "active_power": 1800, **values})
        self.core.step(BlockRead("hp", seen, stamp(mono), True))

    def say(self, mono: float, point: str, value: Value) -> Outcome:
        one = command(f"{point}-{mono}", at=mono, point=point, value=value, role="resident")
        effects = self.core.step(CommandReceived(one, stamp(mono)))
        records = [effect.record for effect in effects if isinstance(effect, Keep)]
        (result,) = [record for record in records if isinstance(record, Result)]
        return result.outcome

    @property
    def home(self) -> view.Home:
        (found,) = self.showing.live().homes
        return found


_EMPTY = Config("gw-1", cast(Any, None), cast(Any, None), (), cast(Any, None), CHINA,
                cast(Any, None), None, None)  # fmt: skip


def test_numbers_and_who_decides() -> None:
    house = House()
    house.sweep(0.0)
    house.sweep(60.0)
    home = house.home
    assert (home.name, home.device, home.room_c, home.outdoor_c) == ("east", "hp", 20.0, 8.0)
    assert (home.power_w, home.wanted_c, home.age_s) == (1800.0, 20.0, 0.0)
    assert (home.doing, home.decides, home.mode) == ("heating", "plan", "plan")
    assert home.dial == view.Dial("room", 20.0, 16.0, 28.0, 0.5)
    assert home.plan == (
        view.Step(tuple(range(7)), 360, 20.0),
        view.Step(tuple(range(7)), 1320, 18.0),
    )


def test_what_the_household_chose_and_until_when() -> None:
    house = House()
    house.sweep(0.0)
    assert house.say(1.0, "wanted", 21.5) is Outcome.VERIFIED
    home = house.home
    assert home.decides == "resident"
    assert home.dial is not None
    assert home.dial.value == 21.5
    assert home.dial.until is not None
    assert f"{home.dial.until:%H:%M}" == "22:00"  # noon, to the next step of the plan
    house.say(2.0, "household_mode", "away 2026-01-16")
    assert (house.home.mode, str(house.home.away_until)) == ("away", "2026-01-16")


def test_water_is_turned_where_no_rule_finds_it() -> None:
    water = replace(ROOMS, comfort=None, schedule=WeekSchedule((Period(EVERY, time(0), 42),)))
    house = House(water)
    house.sweep(0.0)
    assert house.home.dial == view.Dial("water", 45.0, 25.0, 60.0, 0.5)
    assert house.home.mode is None


def test_money_of_today_and_of_the_season_with_what_is_left_of_the_cap() -> None:
    house = House()
    for minute in range(121):
        house.sweep(60.0 * minute)
    today, season = house.home.today, house.home.season
    assert today is not None
    assert season is not None
    assert today.kwh == pytest.approx(3.6, abs=0.05)
    assert today.net is not None
    assert today.gross is not None
    assert today.net == pytest.approx(today.gross - today.refunded)
    assert season.kwh == today.kwh
    assert season.cap_left_kwh == 10_000.0  # noon: nothing of a valley was drawn
    assert len(house.home.slots) >= 12
    assert house.home.bars[-1].kwh == today.kwh


def test_an_alarm_of_the_household_and_the_evidence_for_the_technician() -> None:
    house = House()
    house.sweep(0.0)
    for second in range(10, 400, 10):
        house.clock.mono = float(second)
        house.core.step(BlockFailed("hp", Failure.SILENCE, "no answer", stamp(second), True))
        house.core.step(Tick(stamp(second)))
    live = house.showing.live()
    (alarm,) = live.alarms
    assert (alarm.device, alarm.stands, alarm.acknowledged) == ("hp", True, False)
    assert alarm.todo.zh
    assert alarm.todo.en
    assert live.homes[0].doing == "silent"
    assert live.registered == "withdrawn"
    assert "供暖照常" in live.identity.zh
    assert house.say(400.0, "alarm_acknowledge", alarm.id) is Outcome.VERIFIED
    assert house.showing.live().alarms[0].acknowledged


@pytest.mark.parametrize(
    ("values", "doing"),
    [
        ({"compressor_frequency": 50}, "heating"),
        ({"compressor_frequency": 0}, "idle"),
        ({"compressor_on": True, "mode": "cool"}, "cooling"),
        ({"compressor_on": True, "mode_active": "dhw"}, "hot_water"),
        ({"defrost_active": True, "compressor_on": True}, "defrosting"),
        ({"power_on": False}, "off"),
        ({"active_power": 1500}, "heating"),
        ({"active_power": 40}, "idle"),
        ({}, "unknown"),
    ],
)
def test_what_a_machine_does(values: dict[str, Value], doing: str) -> None:
    quiet: dict[str, Value | None] = dict.fromkeys(CALM)
    assert _doing(snapshot(0.0, "hp", **{**quiet, **values}), 0.0) == doing
    assert _doing(snapshot(0.0, "hp", **{**quiet, **values}), 200.0) == "silent"


async def test_what_a_technician_sees(tmp_path: Path) -> None:
    settings = SpoolSettings(str(tmp_path / "spool.db"))
    spool = await Spool.open(settings, "boot", lambda: stamp(0.0), fold)
    try:
        await spool.journal("2026-01-14T04:00:00+00:00", "command", b'{"point": "wanted"}')
        await spool.journal("2026-01-14T04:01:00+00:00", "result", b'{"outcome": "verified"}')
        house = House(spool=spool)
        house.sweep(0.0)
        doubtful = (Reading("outdoor_temp", None, Quality.ABSENT, 0x7FFF),)
        house.core.step(BlockRead("hp", doubtful, stamp(5.0)))
        house.clock.mono = 10.0
        check = Check("late", Visit.SOON, "late", "太慢", values={"late": 2, "silent": None})
        kept = Report("hp", stamp(0.0).at, Outcome.VERIFIED, Visit.SOON, (check,), "poll_check")
        await spool.save_state("poll_check hp", msgspec.json.encode((kept,)))
        service = await house.showing.service()
        paper = await house.showing.handover()
    finally:
        await spool.close()
    assert [(line.kind, f"{line.at:%H:%M}") for line in service.log] == [
        ("result", "12:01"),
        ("command", "12:00"),
    ]
    outdoor = next(one for one in service.values["hp"] if one.point == "outdoor_temp")
    assert (outdoor.value, outdoor.quality, outdoor.age_s, outdoor.raw) == (
        None, "absent", 5.0, 0x7FFF,
    )  # fmt: skip
    assert outdoor.name.zh == "室外温度"
    (test,) = service.tests["hp"]
    assert (test.order, test.visit) == ("poll_check", "soon")
    assert test.checks == (("soon", view.Text("太慢", "late"), "late 2"),)
    assert paper.handed.not_signed == NO_KEY
    assert NO_KEY in paper.html
    assert f"<style>{paper.style}</style>" in paper.html
    assert (service.buses[0].name, service.buses[0].silences) == ("bus1", 4)
    assert service.depth.lanes["telemetry"] == 12
