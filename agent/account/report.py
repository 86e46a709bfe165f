"""A home's account for people and programs: months and season, kWh, yuan, coal and CO2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.account.days import Day
from agent.account.savings import Factors, Judged, Method, Saved, Unknown, judge
from agent.account.tariff import Bill


@dataclass(frozen=True, slots=True)
class Worth:
    """What a saving is worth at the mean price of the judged days, split by who would have paid;
    None where none of them had a price.
    """

    household: float | None
    public_purse: float | None
    coal_kg: float
    co2_kg: float


@dataclass(frozen=True, slots=True)
class Span:
    """A month or the whole season: totals of all its days, and the saving of its control days."""

    name: str
    days: int
    bill: Bill
    room_c: float | None
    outdoor_c: float | None
    kh_below: float
    writes: int
    judged: Judged

    def worth(self, saved: Saved, factors: Factors) -> Worth:
        """Money and emissions of a saving of this span."""
        bill = self.judged.bill
        priced_kwh = bill.kwh - bill.unpriced_kwh
        return Worth(
            saved.kwh * bill.net / priced_kwh if priced_kwh > 0 else None,
            saved.kwh * bill.refunded / priced_kwh if priced_kwh > 0 else None,
            saved.kwh * factors.coal_kg_per_kwh,
            saved.kwh * factors.co2_kg_per_kwh,
        )


def spans(
    days: Sequence[Day], method: Method, evidence: Sequence[Day] | None = None
) -> tuple[Span, ...]:
    """Each month, oldest first, and then all days together.

    `evidence` are the days the baseline is learnt from, all of them when None.
    """
    ordered = sorted(days, key=lambda day: day.day)
    months: dict[str, list[Day]] = {}
    for day in ordered:
        months.setdefault(f"{day.day:%Y-%m}", []).append(day)
    found = [_span(name, part, evidence or ordered, method) for name, part in months.items()]
    return (*found, _span("season", ordered, evidence or ordered, method))


def _span(name: str, part: Sequence[Day], days: Sequence[Day], method: Method) -> Span:
    bill = sum((day.bill for day in part), Bill())
    rooms = [day.room_c.value for day in part if day.room_c.value is not None]
    outside = [day.outdoor_c.value for day in part if day.outdoor_c.value is not None]
    return Span(
        name,
        len(part),
        bill,
        sum(rooms) / len(rooms) if rooms else None,
        sum(outside) / len(outside) if outside else None,
        sum(day.kh_below for day in part),
        sum(day.writes for day in part),
        judge(days, method, part),
    )


def told(saved: Saved | Unknown) -> str:
    """A saving as people read it: never a bare number."""
    if isinstance(saved, Unknown):
        return f"not known: {saved.why}"
    return (
        f"{saved.kwh:.0f} kWh ({saved.low_kwh:.0f} to {saved.high_kwh:.0f}), "
        f"{100 * saved.share:.0f} % of {saved.baseline_kwh:.0f}"
    )
