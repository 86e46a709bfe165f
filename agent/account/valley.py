"""The hours in which a tariff is cheapest for the household. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from agent.account.tariff import Rate, Tariff, covers

Hours = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Valley:
    """The cheap hours from a day on, until prices change again.

    `share` is what a kWh costs the household in them as a share of what it costs in the others:
    means over time of a winter day, refunds taken off; None where the tariff does not say.
    """

    first_day: date
    hours: tuple[Hours, ...]
    share: float | None


def valleys_of(tariff: Tariff, hours: tuple[Hours, ...] = ()) -> tuple[Valley, ...]:
    """The valley of each stretch of days with the same prices in winter, oldest first.

    It is start and end of each cheapest piece of a day, none where all hours cost the same; or the
    `hours` that are given. What counts is what the household pays, refunds taken off.
    """
    winter = [one for one in tariff.rates if one.in_season is not False]
    found: list[Valley] = []
    for day in sorted({date.min, *_changes(winter)}):
        rates = [one for one in winter if one.valid(day)]
        cheap = hours or _cheapest(rates)
        found.append(Valley(day, cheap, _share(rates, cheap)))
    return tuple(found)


def _changes(rates: Sequence[Rate]) -> Iterator[date]:
    for one in rates:
        if one.first_day is not None:
            yield one.first_day
        if one.last_day is not None and one.last_day < date.max:
            yield one.last_day + timedelta(days=1)


def _cheapest(rates: Sequence[Rate]) -> tuple[Hours, ...]:
    edges = sorted({time(0)} | {edge for one in rates for edge in (one.start, one.end)})
    prices = [_net(rates, edge) for edge in edges]
    known = {price for price in prices if price is not None}
    if len(known) < 2:
        return ()
    found: list[Hours] = []
    for start, end, price in zip(edges, (*edges[1:], edges[0]), prices, strict=True):
        if price != min(known):
            continue
        joins = bool(found) and found[-1][1] == start
        found.append((found.pop()[0] if joins else start, end))
    if len(found) > 1 and found[-1][1] == found[0][0]:  # one piece over midnight
        found[0] = (found.pop()[0], found[0][1])
    return tuple(found)


def _share(rates: Sequence[Rate], hours: Sequence[Hours]) -> float | None:
    within, others = [0, 0.0], [0, 0.0]  # minutes, and price times minutes
    for minute in range(24 * 60):
        at = time(minute // 60, minute % 60)
        price = _net(rates, at)
        if price is None:
            return None
        side = within if any(covers(*piece, at) for piece in hours) else others
        side[0] += 1
        side[1] += price
    if not within[0] or others[1] <= 0:
        return None
    return (within[1] / within[0]) / (others[1] / others[0])


def _net(rates: Sequence[Rate], at: time) -> float | None:
    rate = next((one for one in rates if one.covers(at)), None)
    return None if rate is None else rate.price - sum(one.per_kwh for one in rate.refunds)
