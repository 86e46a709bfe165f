"""The day book and the account of a home through midnight, restarts and doubtful clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agent.account.days import Day, Mean, Moment
from agent.account.energy import Look
from agent.account.home import AccountState, HomeAccount
from agent.config.tariff import read_tariff

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)  # 12:00 in Beijing


def sweep(
    account: HomeAccount,
    seconds: float,
    room: float | None = 17.0,
    power: float = 2000.0,
    who: str = "schedule",
    trusted: bool = True,
) -> tuple[Day, ...]:
    at = NOON + timedelta(seconds=seconds)
    moment = Moment(at.astimezone(ZONE), room, -5.0, 40.0, who)
    return account.take(Look(at, seconds, trusted, None, power), moment)


def test_a_day_and_a_half_of_sweeps() -> None:
    account = HomeAccount("h", ZONE, read_tariff("beijing_rural"))
    closed: list[Day] = []
    for second in range(0, 60 * 3600, 60):
        closed += sweep(account, second, who="resident" if second < 7200 else "schedule")
    (first,) = closed
    assert first.day == date(2026, 1, 5)
    assert first.hours == pytest.approx(12.0)
    assert first.hours_by == {"resident": pytest.approx(2.0), "schedule": pytest.approx(10.0)}
    assert first.bill.kwh == pytest.approx(24.0)
    assert first.bill.kwh_by_rate["valley"] == pytest.approx(8.0)
    assert first.room_c.value == pytest.approx(17.0)
    assert first.kh_below == pytest.approx(12.0)
    assert [day.day for day in account.state.days] == [date(2026, 1, 6), date(2026, 1, 7)]


def test_an_account_goes_on_after_a_restart_as_if_there_was_none() -> None:
    whole = HomeAccount("h", ZONE, read_tariff("beijing_rural"))
    parts = HomeAccount("h", ZONE, read_tariff("beijing_rural"))
    for second in range(0, 7200, 60):
        sweep(whole, second)
        sweep(parts, second)
        if second == 3600:
            saved = msgspec.json.encode(parts.state)
            state = msgspec.json.decode(saved, type=AccountState)
            parts = HomeAccount("h", ZONE, read_tariff("beijing_rural"), state)
            sweep(parts, second)  # the first look after the start
    (one,), (other,) = whole.state.days, parts.state.days
    assert other.bill.kwh == pytest.approx(one.bill.kwh)
    assert other.bill.net == pytest.approx(one.bill.net)
    assert other.hours == pytest.approx(one.hours)


def test_what_was_seen_last_holds_for_two_minutes_at_most() -> None:
    account = HomeAccount("h", ZONE)
    sweep(account, 0)
    sweep(account, 7200)
    (day,) = account.state.days
    assert day.hours == pytest.approx(120 / 3600)


def test_an_untrusted_clock_puts_nothing_under_a_day() -> None:
    account = HomeAccount("h", ZONE)
    for second in range(0, 600, 60):
        sweep(account, second, trusted=False)
    assert account.state.days == ()
    sweep(account, 600)
    sweep(account, 660)
    (day,) = account.state.days
    assert day.hours == pytest.approx(60 / 3600)
    assert day.bill.kwh == pytest.approx(2.0 * 660 / 3600)


def test_a_missing_room_temperature_is_no_number() -> None:
    account = HomeAccount("h", ZONE)
    sweep(account, 0, room=None)
    sweep(account, 60, room=19.0)
    sweep(account, 120, room=19.0)
    (day,) = account.state.days
    assert day.room_c.value == 19.0
    assert day.room_c.hours == pytest.approx(60 / 3600)
    assert day.kh_below == 0.0
    assert Mean().value is None


def test_writes_stand_under_their_local_day() -> None:
    account = HomeAccount("h", ZONE)
    account.write(datetime(2026, 1, 5, 15, 59, tzinfo=UTC))
    account.write(datetime(2026, 1, 5, 16, 1, tzinfo=UTC))
    assert [(day.day.day, day.writes) for day in account.state.days] == [(5, 1), (6, 1)]
