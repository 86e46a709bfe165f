"""The cheapest hours of a tariff, as the household pays them."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from agent.account.tariff import UNPRICED, Rate, Refund, Tariff
from agent.account.valley import valleys_of
from agent.config.tariff import read_tariff


def tariff(*rates: Rate) -> Tariff:
    return Tariff("test", "yuan", (11, 1), (3, 31), rates)


DAY = Rate("day", time(0), time(0), 0.5)
CASES: dict[str, tuple[Tariff, tuple[tuple[int, int], ...]]] = {
    "Beijing": (read_tariff("beijing_rural"), ((20, 8),)),
    "no tariff": (UNPRICED, ()),
    "one price": (tariff(DAY), ()),
    "two pieces": (
        tariff(Rate("a", time(2), time(6), 0.2), Rate("b", time(13), time(15), 0.2), DAY),
        ((2, 6), (13, 15)),
    ),
    "neighbours are one": (
        tariff(Rate("a", time(22), time(2), 0.2), Rate("b", time(2), time(6), 0.2), DAY),
        ((22, 6),),
    ),
    "the first that fits counts": (
        tariff(Rate("peak", time(4), time(5), 0.9), Rate("a", time(2), time(6), 0.2), DAY),
        ((2, 4), (5, 6)),
    ),
    "refunds make it cheap": (
        tariff(Rate("a", time(9), time(11), 0.6, refunds=(Refund("city", 0.3),)), DAY),
        ((9, 11),),
    ),
    "in summer only": (tariff(Rate("a", time(2), time(6), 0.2, in_season=False), DAY), ()),
    "one that ends": (
        tariff(Rate("a", time(2), time(6), 0.2, last_day=date(2027, 3, 31)), DAY),
        (),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_valley(case: tuple[Tariff, tuple[tuple[int, int], ...]]) -> None:
    given, hours = case
    assert valleys_of(given)[-1].hours == tuple((time(start), time(end)) for start, end in hours)


@pytest.mark.parametrize(
    ("name", "hours", "share"),
    [
        ("Beijing", ((20, 8),), 0.10 / 0.4883),
        ("Beijing", ((14, 2),), 1.0),  # half of the valley, half of the day
        ("two pieces", ((2, 6), (13, 15)), 0.4),
        ("no tariff", ((20, 8),), None),
        ("one price", (), None),
    ],
)
def test_the_price_in_the_valley(
    name: str, hours: tuple[tuple[int, int], ...], share: float | None
) -> None:
    given = tuple((time(start), time(end)) for start, end in hours)
    found = valleys_of(CASES[name][0], given)[-1].share
    assert found == (None if share is None else pytest.approx(share))


def test_prices_of_another_year_make_another_valley_from_their_day_on() -> None:
    old, new, ends = date(2026, 10, 31), date(2026, 11, 1), date(2027, 3, 31)
    found = valleys_of(
        tariff(
            Rate("old", time(20), time(8), 0.1, last_day=old),
            Rate("new", time(23), time(7), 0.3, first_day=new, last_day=ends),
            DAY,
        )
    )
    assert [(one.first_day, one.hours) for one in found] == [
        (date.min, ((time(20), time(8)),)),
        (new, ((time(23), time(7)),)),
        (ends + timedelta(days=1), ()),
    ]
    assert [one.share for one in found] == [pytest.approx(0.2), pytest.approx(0.6), None]
