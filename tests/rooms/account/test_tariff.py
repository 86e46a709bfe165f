"""Prices by local time: the Beijing tariff, caps, tiers, seasons, and what charging conserves."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.account.tariff import UNPRICED, Bill, Rate, Refund, Tally, Tariff, Tier, charge
from agent.config.tariff import read_tariff

ZONE = ZoneInfo("Asia/Shanghai")
BEIJING = read_tariff("beijing_rural")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def cost(start: str, end: str, kwh: float, tally: Tally | None = None) -> Bill:
    _, bills = charge(BEIJING, tally or Tally(), local(start), local(end), kwh)
    return sum((bill for _, bill in bills), Bill())


@pytest.mark.parametrize(
    ("start", "end", "kwh", "gross", "net"),
    [
        ("2025-12-01 09:00", "2025-12-01 10:00", 2.0, 0.9766, 0.9766),
        ("2025-12-01 21:00", "2025-12-01 22:00", 2.0, 0.60, 0.20),
        ("2025-12-01 19:00", "2025-12-02 09:00", 14.0, 2 * 0.4883 + 12 * 0.30, 2 * 0.4883 + 1.2),
        ("2025-12-01 20:00", "2025-12-01 20:00", 1.0, 0.30, 0.10),  # an instant at the edge
        ("2026-03-31 23:00", "2026-04-01 01:00", 2.0, 0.30 + 0.4883, 0.10 + 0.4883),
        ("2025-07-01 21:00", "2025-07-01 22:00", 1.0, 0.4883, 0.4883),
    ],
)
def test_beijing_prices(start: str, end: str, kwh: float, gross: float, net: float) -> None:
    bill = cost(start, end, kwh)
    assert bill.kwh == pytest.approx(kwh)
    assert bill.gross == pytest.approx(gross)
    assert bill.net == pytest.approx(net)
    assert bill.unpriced_kwh == 0


def test_after_the_cap_the_price_jumps() -> None:
    full = Tally("2025", {"city": 9_999.0, "district": 9_999.0}, 2025, 0.0)
    bill = cost("2025-12-01 21:00", "2025-12-01 22:00", 4.0, full)
    assert bill.refunds == {"city": pytest.approx(0.1), "district": pytest.approx(0.1)}
    assert bill.net == pytest.approx(1.2 - 0.2)


def test_a_new_season_has_a_new_cap_and_the_turn_of_the_year_has_not() -> None:
    tally, _ = charge(BEIJING, Tally(), local("2025-12-31 21:00"), local("2026-01-01 02:00"), 50.0)
    assert tally.season == "2025"
    assert tally.refunded_kwh["city"] == pytest.approx(50.0)
    assert tally.year_kwh == pytest.approx(20.0)  # two of five hours are in the new year
    tally, _ = charge(BEIJING, tally, local("2026-11-01 21:00"), local("2026-11-01 22:00"), 1.0)
    assert tally.season == "2026"
    assert tally.refunded_kwh["city"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("day", "season"),
    [
        (date(2025, 10, 31), None),
        (date(2025, 11, 1), "2025"),
        (date(2026, 2, 28), "2025"),
        (date(2028, 2, 29), "2027"),
        (date(2026, 3, 31), "2025"),
        (date(2026, 4, 1), None),
    ],
)
def test_seasons_cross_the_year(day: date, season: str | None) -> None:
    assert BEIJING.season_of(day) == season


def test_a_rate_holds_between_its_days_only() -> None:
    old = Rate("old", time(0), time(0), 1.0, None, None, date(2025, 1, 1))
    new = Rate("new", time(0), time(0), 2.0, None, date(2025, 1, 2))
    tariff = Tariff("t", "yuan", (11, 1), (3, 31), (old, new))
    _, bills = charge(tariff, Tally(), local("2025-01-01 23:00"), local("2025-01-02 01:00"), 2.0)
    assert [bill.gross for _, bill in bills] == [pytest.approx(1.0), pytest.approx(2.0)]


def test_tiers_add_above_their_limits() -> None:
    day = Rate("day", time(0), time(0), 0.5)
    tariff = Tariff("t", "yuan", (11, 1), (3, 31), (day,), (Tier(100, 0.1), Tier(200, 0.2)))
    start = local("2025-06-01 12:00")
    tally, _ = charge(tariff, Tally(), start, start, 90.0)
    _, ((_, bill),) = charge(tariff, tally, start, start, 120.0)
    assert bill.gross == pytest.approx(120 * 0.5 + 110 * 0.1 + 10 * 0.2)


def test_energy_of_the_old_year_that_comes_late_ends_no_kwh_of_the_new() -> None:
    new, old = local("2026-01-02 12:00"), local("2025-12-31 12:00")
    tally, _ = charge(BEIJING, Tally(), new, new, 90.0)
    tally, _ = charge(BEIJING, tally, old, old, 1.0)
    assert (tally.year, tally.year_kwh) == (2026, 91.0)
    tally, _ = charge(BEIJING, replace(tally, year=2099), new, new, 1.0)
    assert (tally.year, tally.year_kwh) == (2026, 1.0), "of a clock that was wrong"


def test_without_a_tariff_energy_is_counted_and_called_unpriced() -> None:
    start = local("2025-12-01 12:00")
    _, ((_, bill),) = charge(UNPRICED, Tally(), start, start, 3.0)
    assert bill == Bill(3.0, unpriced_kwh=3.0)


instants = st.integers(0, 11 * 366 * 86_400).map(
    lambda s: datetime(2019, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)


@given(instants, st.floats(0, 400), st.floats(0, 3000), st.floats(0, 30_000))
def test_charging_in_one_or_in_many_pieces_is_the_same(
    at: datetime, hours: float, kwh: float, before: float
) -> None:
    start = at.astimezone(ZONE)
    end = start + timedelta(hours=hours)
    half = start + (end - start) / 2
    tally = Tally(BEIJING.season_of(start.date()), {"city": before, "district": before})
    once, bills = charge(BEIJING, tally, start, end, kwh)
    first, early = charge(BEIJING, tally, start, half, kwh / 2)
    twice, late = charge(BEIJING, first, half, end, kwh / 2)
    whole = sum((bill for _, bill in bills), Bill())
    parts = sum((bill for _, bill in (*early, *late)), Bill())
    assert whole.kwh == pytest.approx(kwh)
    assert whole.gross == pytest.approx(parts.gross)
    assert whole.net == pytest.approx(parts.net)
    assert once.refunded_kwh == pytest.approx(twice.refunded_kwh)
    assert sum(whole.kwh_by_rate.values()) == pytest.approx(kwh)
    assert 0 <= whole.refunded <= whole.gross + 1e-9


def test_refunds_of_one_payer_run_over_several_rates() -> None:
    refund = (Refund("city", 0.1, 5.0),)
    rates = (
        Rate("night", time(20), time(8), 0.3, refunds=refund),
        Rate("day", time(8), time(20), 0.5, refunds=refund),
    )
    tariff = Tariff("t", "yuan", (11, 1), (3, 31), rates)
    start = local("2025-12-01 07:00")
    _, bills = charge(tariff, Tally(), start, start + timedelta(hours=2), 8.0)
    assert sum((bill for _, bill in bills), Bill()).refunded == pytest.approx(0.5)
