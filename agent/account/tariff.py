"""What a kilowatt-hour costs at a local time: rates, refunds with a cap, and yearly tiers.

A tariff is data. It knows no clock: a stretch of energy comes in with its local times, and what it
costs comes out, gross and by who pays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

MonthDay = tuple[int, int]


def covers(start: time, end: time, local: time) -> bool:
    """Whether a local time is in a piece of the day that may cross midnight; alike: all day."""
    if start < end:
        return start <= local < end
    return local >= start or local < end


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back for each kWh of a rate, up to `cap_kwh` a home and heating season."""

    payer: str
    per_kwh: float
    cap_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A gross price per kWh between two local times; `end` before `start` crosses midnight.

    Start and end alike mean the whole day. `in_season` None holds all year, True in the heating
    season only, False outside of it. Both days of validity are included.
    """

    name: str
    start: time
    end: time
    price: float
    in_season: bool | None = None
    first_day: date | None = None
    last_day: date | None = None
    refunds: tuple[Refund, ...] = ()

    def covers(self, local: time) -> bool:
        """Whether the rate holds at this local time of day."""
        return covers(self.start, self.end, local)

    def valid(self, day: date) -> bool:
        """Whether the rate is in force on this day."""
        after = self.first_day is None or day >= self.first_day
        return after and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True)
class Tier:
    """Above so many kWh in a calendar year each kWh costs so much more."""

    above_kwh: float
    add: float


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices in `currency` per kWh. Of several rates that fit, the first one counts.

    The season runs from `season_start` to `season_end`, both included, as (month, day).
    """

    name: str
    currency: str
    season_start: MonthDay
    season_end: MonthDay
    rates: tuple[Rate, ...]
    tiers: tuple[Tier, ...] = ()

    def season_of(self, day: date) -> str | None:
        """The heating season a day is in, named by the year it began in; None outside."""
        start, end, here = self.season_start, self.season_end, (day.month, day.day)
        if start <= end:
            return str(day.year) if start <= here <= end else None
        if here >= start:
            return str(day.year)
        return str(day.year - 1) if here <= end else None

    def rate_at(self, local: datetime) -> Rate | None:
        """The rate in force at a local time; None when the tariff has none."""
        day = local.date()
        heating = self.season_of(day) is not None
        for rate in self.rates:
            if rate.in_season is not None and rate.in_season is not heating:
                continue
            if rate.valid(day) and rate.covers(local.time()):
                return rate
        return None

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """`start` to `end` cut at midnights and wherever a rate begins or ends."""
        edges = {time(0)} | {t for rate in self.rates for t in (rate.start, rate.end)}
        while start < end:
            day, now = start.date(), start.time()
            later = min((edge for edge in edges if edge > now), default=None)
            if later is None:
                later, day = time(0), day + timedelta(1)
            until = min(datetime.combine(day, later, start.tzinfo), end)
            yield start, until
            start = until


UNPRICED = Tariff("no tariff", "yuan", (1, 1), (12, 31), ())


class Tally(Struct, frozen=True):
    """What a tariff must remember of a home: kWh refunded this season, kWh of this year."""

    season: str | None = None
    refunded_kwh: Mapping[str, float] = field(default_factory=dict)
    year: int = 0
    year_kwh: float = 0.0


class Bill(Struct, frozen=True):
    """Energy and what it costs: gross, and what each payer gives back of it."""

    kwh: float = 0.0
    gross: float = 0.0
    refunds: Mapping[str, float] = field(default_factory=dict)
    kwh_by_rate: Mapping[str, float] = field(default_factory=dict)
    unpriced_kwh: float = 0.0

    @property
    def refunded(self) -> float:
        """What the public purse pays."""
        return sum(self.refunds.values())

    @property
    def net(self) -> float:
        """What the household pays."""
        return self.gross - self.refunded

    def __add__(self, other: Bill) -> Bill:
        return Bill(
            self.kwh + other.kwh,
            self.gross + other.gross,
            added(self.refunds, other.refunds),
            added(self.kwh_by_rate, other.kwh_by_rate),
            self.unpriced_kwh + other.unpriced_kwh,
        )


def charge(
    tariff: Tariff, tally: Tally, start: datetime, end: datetime, kwh: float
) -> tuple[Tally, tuple[tuple[datetime, Bill], ...]]:
    """What `kwh`, drawn evenly from `start` to `end` (aware, local), costs after all before it.

    A bill for each stretch of one day and one rate, with the local time at which it begins. An
    instant (`start` = `end`) is charged at the rate of that instant.
    """
    whole = (end - start).total_seconds()
    bills: list[tuple[datetime, Bill]] = []
    for begin, until in list(tariff.stretches(start, end)) or [(start, end)]:
        share = (until - begin).total_seconds() / whole if whole > 0 else 1.0
        tally, bill = _charge_one(tariff, tally, begin, kwh * share)
        bills.append((begin, bill))
    return tally, tuple(bills)


def _charge_one(tariff: Tariff, tally: Tally, local: datetime, kwh: float) -> tuple[Tally, Bill]:
    rate = tariff.rate_at(local)
    tally = _turned(tariff, tally, local.date())
    before = tally.year_kwh
    tally = replace(tally, year_kwh=before + kwh)
    if rate is None:
        return tally, Bill(kwh, unpriced_kwh=kwh)
    refunds: dict[str, float] = {}
    refunded = dict(tally.refunded_kwh)
    for refund in rate.refunds:
        done = refunded.get(refund.payer, 0.0)
        left = kwh if refund.cap_kwh is None else max(0.0, min(kwh, refund.cap_kwh - done))
        refunded[refund.payer] = done + left
        refunds[refund.payer] = left * refund.per_kwh
    gross = kwh * rate.price + _tiered(tariff, before, kwh)
    return replace(tally, refunded_kwh=refunded), Bill(kwh, gross, refunds, {rate.name: kwh})


def _tiered(tariff: Tariff, before: float, kwh: float) -> float:
    after = before + kwh
    return sum(max(0.0, after - max(before, t.above_kwh)) * t.add for t in tariff.tiers)


def _turned(tariff: Tariff, tally: Tally, day: date) -> Tally:
    """The tally with a new season or year begun where the day asks for it.

    Between two seasons the old one's kWh stay, so that a day late in coming finds its cap; a late
    one of the old year counts with the new, whose kWh it does not end.
    """
    season = tariff.season_of(day)
    if season is not None and season != tally.season:
        tally = replace(tally, season=season, refunded_kwh={})
    if day.year not in (tally.year, tally.year - 1):
        tally = replace(tally, year=day.year, year_kwh=0.0)
    return tally


def added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Two tables of amounts as one."""
    return {key: one.get(key, 0.0) + other.get(key, 0.0) for key in (*one, *other)}
