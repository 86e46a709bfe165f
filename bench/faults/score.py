"""From outcomes to figures; strict where a choice is to be made. Pure.

Detected: an alarm of ours opened after the onset whose rule and key the healthy twin did not raise
in the same days; the unit's own code handed on (F28) is no detection. Right cause: the leading
alarm is the most severe of the new ones that stand, the oldest of equals, one that is told as the
consequence of another last; its suspects are read one hour after the first new alarm opened, the
hour within which a service team answers the telephone (as they stood at opening where nothing
stands any more). Top 1: the fault leads the suspects; top 2: it is among the first two;
misdiagnosed: the leading alarm names faults and the true one is not among the first two. All
three are shares of every detected branch of every severity and weather. A false alarm: every alarm
raised in healthy time, whatever its rule, learning days and the unit's own codes included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, log
from statistics import median

from bench.faults.outcome import DISPATCH, UNNAMED, Healthy, Outcome, Seen

JUDGED = "hour"


def upper95(events: int, exposure: float) -> float | None:
    """One-sided 95 % upper bound of a Poisson rate (Garwood, exact); None without exposure."""
    if exposure <= 0:
        return None
    low, high = 0.0, 10.0 + 3.0 * events
    for _ in range(100):
        mean = (low + high) / 2
        low, high = (mean, high) if _at_most(events, mean) > 0.05 else (low, mean)
    return high / exposure


def _at_most(events: int, mean: float) -> float:
    """The chance of at most so many events."""
    if mean <= 0:
        return 1.0
    total, term = 0.0, -mean
    for k in range(events + 1):
        total += exp(term)
        term += log(mean) - log(k + 1)
    return total


def fault_of(name: str) -> str:
    """The catalogue id in an injection's name: F14 of F14_leak."""
    return name[:3]


def leading(seen: Iterable[Seen]) -> Seen | None:
    """The alarm a service team would act upon."""
    return min(seen, key=lambda one: (one.caused, one.severity, one.opened_s), default=None)


def suspects(outcome: Outcome, instant: str = JUDGED) -> tuple[str, ...]:
    """What the leading alarm names at an instant; empty when nothing was detected."""
    stood = leading(outcome.new(outcome.stood.get(instant, ())))
    told = stood or leading(outcome.new(outcome.stood.get("open", ()))) or outcome.first
    return () if told is None else told.names


def right(outcome: Outcome, first: int, instant: str = JUDGED) -> bool:
    """Whether the true fault is among the first so many suspects."""
    truth = fault_of(outcome.case.fault)
    return truth in {fault_of(name) for name in suspects(outcome, instant)[:first]}


def wrong(outcome: Outcome, instant: str = JUDGED) -> bool:
    """Whether it names faults and not the true one among the first two."""
    named = [name for name in suspects(outcome, instant)[:2] if name not in UNNAMED]
    return bool(named) and not right(outcome, 2, instant)


def share(part: int, whole: int, digits: int = 4) -> float | None:
    return round(part / whole, digits) if whole else None


def diagnosis(outcomes: Sequence[Outcome], instant: str = JUDGED) -> dict[str, float | None]:
    """Top 1, top 2 and misdiagnosed of those detected; no response of all."""
    found = [one for one in outcomes if one.first is not None]
    return {
        "top1": share(sum(right(one, 1, instant) for one in found), len(found)),
        "top2": share(sum(right(one, 2, instant) for one in found), len(found)),
        "misdiagnosed": share(sum(wrong(one, instant) for one in found), len(found)),
        "no_response": share(len(outcomes) - len(found), len(outcomes)),
    }


def detected(outcomes: Sequence[Outcome]) -> float | None:
    """The share of branches with a detection."""
    return share(sum(one.first is not None for one in outcomes), len(outcomes))


def median_s(outcomes: Sequence[Outcome]) -> float | None:
    """Median time to detect over all branches, those missed counted as never; None when never."""
    times = sorted(one.first.opened_s if one.first else float("inf") for one in outcomes)
    middle = median(times) if times else float("inf")
    return middle if middle < float("inf") else None


def false_alarms(spans: Sequence[Healthy]) -> dict[str, float | int | None]:
    """Counts, rates per device-month and their upper bounds over healthy time."""
    months = sum(span.months for span in spans)
    alarms = [alarm for span in spans for alarm in span.opened]
    dispatch = sum(alarm.severity in DISPATCH for alarm in alarms)
    return {
        "device_months": round(months, 1),
        "dispatch_false": dispatch,
        "all_false": len(alarms),
        "dispatch_false_per_device_month": _rate(dispatch, months),
        "dispatch_false_upper95": _round(upper95(dispatch, months)),
        "all_false_per_device_month": _rate(len(alarms), months),
        "all_false_upper95": _round(upper95(len(alarms), months)),
    }


def moved(clean: float | None, disturbed: float | None, goal: float) -> float | None:
    """By how much a figure moved, as a share of the clean one; of its goal where that is 0."""
    if clean is None or disturbed is None:
        return None
    return round(abs(disturbed - clean) / (clean or goal), 3)


def _rate(events: int, months: float) -> float | None:
    return round(events / months, 4) if months > 0 else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
