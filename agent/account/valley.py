"""The hours in which a tariff is cheapest for the household. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import time

from agent.account.tariff import Rate, Tariff, covers

Hours = tuple[time, time]


def valley_of(tariff: Tariff) -> tuple[Hours, ...]:
    """Start and end of each cheapest piece of a winter day; empty when all hours cost the same.

    What counts is what the household pays, refunds taken off. Rates with a last day are left out: a
    period that ends must not be planned with for ever.
    """
    rates = _winter(tariff)
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


def share_of(tariff: Tariff, valley: Iterable[Hours]) -> float | None:
    """What a kWh costs the household in these hours as a share of what it costs in the others.

    Means over time of a winter day, refunds taken off; None where the tariff does not say.
    """
    within, others = [0, 0.0], [0, 0.0]  # minutes, and price times minutes
    rates, hours = _winter(tariff), tuple(valley)
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


def _winter(tariff: Tariff) -> tuple[Rate, ...]:
    return tuple(r for r in tariff.rates if r.in_season is not False and r.last_day is None)


def _net(rates: Sequence[Rate], at: time) -> float | None:
    rate = next((one for one in rates if one.covers(at)), None)
    return None if rate is None else rate.price - sum(one.per_kwh for one in rate.refunds)
