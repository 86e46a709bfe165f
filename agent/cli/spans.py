"""A home's months, its saving with interval, and what that is worth: for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from agent.account.report import Span, told
from agent.account.savings import Factors, Saved
from agent.tables import table

HEADS = ("month", "days", "kWh", "room C", "outdoor C", "Kh<18", "writes", "gross", "net")


def months(found: Sequence[Span]) -> str:
    """The table of the months and of the whole season."""
    return table(list(HEADS), [_row(span) for span in found])


def saving(whole: Span, currency: str) -> Iterator[str]:
    """Both savings in words, each with its interval, and what the first is worth."""
    factors = Factors()
    yield f"saved against the home as found:    {told(whole.judged.as_found)}"
    yield f"saved at equal room temperature:    {told(whole.judged.equal_room)}"
    change = whole.judged.room_change_k
    if change is not None:
        yield f"room temperature against as found:  {change:+.1f} K"
    if isinstance(whole.judged.as_found, Saved):
        worth = whole.worth(whole.judged.as_found, factors)
        money = (
            "no tariff priced those days, "
            if worth.household is None
            else f"{worth.household:.0f} {currency} to the household, "
            f"{worth.public_purse or 0.0:.0f} {currency} to the public purse, "
        )
        air = f"{worth.coal_kg:.0f} kg of standard coal, {worth.co2_kg:.0f} kg of CO2"
        yield f"that is {money}{air}"
        yield f"  {factors.coal_kg_per_kwh} kg coal/kWh: {factors.coal_source}"
        yield f"  {factors.co2_kg_per_kwh} kg CO2/kWh: {factors.co2_source}"


def as_json(span: Span) -> dict[str, object]:
    """A span with all that is known of it, for programs."""
    known: dict[str, Any] = msgspec.to_builtins(span)
    known["bill"] |= {"net": span.bill.net, "refunded": span.bill.refunded}
    for name, saved in (("as_found", span.judged.as_found), ("equal_room", span.judged.equal_room)):
        if isinstance(saved, Saved):
            known["judged"][name] |= {"share": saved.share}
            known["judged"][name] |= asdict(span.worth(saved, Factors()))
    return known | {"factors": asdict(Factors())}


def _row(span: Span) -> list[object]:
    return [
        span.name,
        span.days,
        f"{span.bill.kwh:.0f}",
        _one(span.room_c),
        _one(span.outdoor_c),
        f"{span.kh_below:.1f}",
        span.writes,
        f"{span.bill.gross:.2f}",
        f"{span.bill.net:.2f}",
    ]


def _one(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
