"""The account on the road: sweeps become days, days leave and are saved, restarts go on."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agent.account.books import Kept, days_key, state_key
from agent.account.days import Day
from agent.account.home import AccountState
from agent.account.savings import off_day
from agent.config.tariff import read_tariff
from agent.control import ControlSettings, HomeControl, Period, WeekSchedule
from agent.core import Core, CoreSettings, Restored
from agent.facts import BlockRead, Effect, Keep, Save, Send, Stopping, WriteDone
from agent.homes import Home
from agent.model import Outcome, Value
from agent.records import Lane
from tests.rooms.control.testpump import CALM, pump, readings, stamp

CHINA = ZoneInfo("Asia/Shanghai")
HOUR_S = 3600.0


def core(restored: Restored | None = None) -> Core:
    settings = CoreSettings(
        {"hp": pump()},
        ControlSettings(CHINA),
        homes=(Home("east", "hp"),),
        tariff=read_tariff("beijing_rural"),
    )
    return Core(settings, restored)


def sweep(found: Core, mono: float, **values: Value) -> list[Effect]:
    seen = readings(**{**CALM, "active_power": 1800, **values})
    return list(found.step(BlockRead("hp", seen, stamp(mono), True)))


def run(found: Core, hours: float, start_s: float = 0.0, step_s: float = 60.0) -> list[Effect]:
    count = int(hours * HOUR_S / step_s)
    return [e for n in range(count) for e in sweep(found, start_s + n * step_s)]


def saved(effects: list[Effect], key: str) -> list[Any]:
    return [one.value for one in effects if isinstance(one, Save) and one.key == key]


def test_a_closed_day_leaves_in_its_own_lane_and_is_saved() -> None:
    effects = run(core(), 60)
    accounts = [e.record for e in effects if isinstance(e, Keep) and e.lane is Lane.ACCOUNT]
    assert accounts, "sixty hours hold a whole day and the one after it"
    day = accounts[0]
    assert (day.home, day.device, day.tariff) == ("east", "hp", "Beijing rural heating")
    assert day.kwh == pytest.approx(1.8 * sum(day.hours_by.values()), rel=0.01)
    assert sum(day.kwh_by_rate.values()) == pytest.approx(day.kwh, abs=0.01)
    assert day.hours_by.keys() == {"machine"}
    (days,) = saved(effects, days_key("east"))[-1:]
    assert [one.day.isoformat() for one in days] == [one.day for one in accounts]


def test_a_counter_that_rises_after_days_makes_their_days_whole_and_none_twice() -> None:
    """A home in summer draws a kilowatt-hour in a week."""
    found, effects = core(), []
    for hour in range(9 * 24):
        effects += sweep(found, hour * HOUR_S, energy_total=100 + (hour >= 8 * 24))
    accounts = [e.record for e in effects if isinstance(e, Keep) and e.lane is Lane.ACCOUNT]
    newest = {one.day: one for one in accounts}
    (days,) = saved(effects, days_key("east"))[-1:]
    assert [one.day.isoformat() for one in days] == list(newest)
    assert len(accounts) > len(newest), "all but the newest came again"
    for day, one in zip(days, newest.values(), strict=True):
        assert one.kwh == pytest.approx(day.bill.kwh, abs=1e-4)
        assert sum(one.hours_by.values()) == pytest.approx(day.hours)
        assert day.hours > 0.0
    assert 0.7 < sum(one.kwh for one in newest.values()) < 1.0, "the newest two days are open"


def test_the_open_account_is_saved_every_quarter_of_an_hour_and_at_the_end() -> None:
    found = core()
    assert len(saved(run(found, 1), state_key("east"))) == 3
    effects = list(found.step(Stopping(stamp(HOUR_S))))
    assert len(saved(effects, state_key("east"))) == 1


def test_a_restart_goes_on_with_what_was_saved() -> None:
    first = core()
    run(first, 2)
    (state,) = saved(list(first.step(Stopping(stamp(2 * HOUR_S)))), state_key("east"))
    state = msgspec.json.decode(msgspec.json.encode(state), type=AccountState)
    old = (Day("east", date(2025, 11, 1)),)
    second = core(Restored(accounts={"east": Kept(state, old)}))
    run(second, 2, 2 * HOUR_S)
    effects = list(second.step(Stopping(stamp(4 * HOUR_S))))
    (after,) = saved(effects, state_key("east"))
    whole = core()
    run(whole, 4)
    (once,) = saved(list(whole.step(Stopping(stamp(4 * HOUR_S)))), state_key("east"))
    # One minute between two looks of the restart was not seen.
    kwh = sum(day.bill.kwh for day in after.days)
    assert kwh == pytest.approx(sum(day.bill.kwh for day in once.days) - 1.8 / 60, abs=0.001)


def test_a_device_without_a_home_has_no_account() -> None:
    settings = CoreSettings({"hp": pump()}, ControlSettings(CHINA))
    effects = run(Core(settings), 1)
    saved_keys = {one.key for one in effects if isinstance(one, Save)}
    assert saved_keys <= {"detector hp"}


def test_on_off_days_the_water_stays_as_found_and_the_day_says_so() -> None:
    always = WeekSchedule((Period(frozenset(range(7)), time(0), 40),))
    home = HomeControl("hp", "water_setpoint", always, 45, None, CHINA)
    found = Core(
        CoreSettings(
            {"hp": pump()},
            ControlSettings(CHINA, (home,)),
            homes=(Home("east", "hp"),),
            as_found_c=45.0,
        )
    )
    wanted: dict[date, set[Value]] = {}
    accounts = []
    for n in range(6 * 24 * 12):
        at = stamp(n * 300.0).at.astimezone(CHINA).date()
        for effect in sweep(found, n * 300.0, water_setpoint=42):
            if isinstance(effect, Send):
                wanted.setdefault(at, set()).add(effect.write.value)
                done = WriteDone(effect.write, Outcome.VERIFIED, "", stamp(n * 300.0), 42)
                found.step(done)
            if isinstance(effect, Keep) and effect.lane is Lane.ACCOUNT:
                accounts.append(effect.record)
    off = {day for day in wanted if off_day("east", day)}
    assert off
    assert wanted.keys() - off
    assert all(wanted[day] == ({45} if day in off else {40}) for day in wanted)
    for account in accounts:
        who = "as_found" if off_day("east", date.fromisoformat(account.day)) else "schedule"
        assert max(account.hours_by, key=account.hours_by.__getitem__) == who
