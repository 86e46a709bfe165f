"""The rows of the page: a fault in a weather, the groups of goals, peers, ways of seeing. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from bench.faults.outcome import DAY_S, DISPATCH, HOUR_S, UNNAMED, Healthy, Outcome
from bench.faults.plan import GOAL_OF, GROUPS, combinations
from bench.faults.score import (
    detected,
    diagnosis,
    fault_of,
    median_s,
    right,
    share,
    suspects,
    wrong,
)
from bench.kit import Figure, Row


def span_text(seconds: float | None) -> str | None:
    """A time as people say it: 45 s, 12 min, 3.2 h, 4.1 d."""
    if seconds is None:
        return None
    for limit, unit, word in ((120.0, 1.0, "s"), (7200.0, 60.0, "min"), (2 * DAY_S, HOUR_S, "h")):
        if seconds < limit:
            return (
                f"{seconds / unit:.0f} {word}" if unit < HOUR_S else f"{seconds / unit:.1f} {word}"
            )
    return f"{seconds / DAY_S:.1f} d"


def matrix(outcomes: Sequence[Outcome], kinds: Sequence[str], weathers: Sequence[str]) -> list[Row]:
    """A row for each fault, severity and weather; what does not apply says why."""
    rows: list[Row] = []
    for kind, severity, weather, why in combinations(kinds, weathers):
        own = [
            one
            for one in outcomes
            if (one.case.fault, one.case.severity, one.case.weather) == (kind, severity, weather)
        ]
        if why is not None:
            rows.append(_row(kind, severity, weather) | {"note": f"not applicable: {why}"})
        elif own:
            rows.append(_row(kind, severity, weather) | _figures(own, kind, severity))
    return rows


def _row(kind: str, severity: str, weather: str) -> dict[str, Figure]:
    return {"fault": kind, "severity": severity, "weather": weather}


def _figures(own: Sequence[Outcome], kind: str, severity: str) -> dict[str, Figure]:
    found, time = detected(own), median_s(own)
    goal = GOAL_OF.get((kind, severity))
    names = diagnosis(own)
    return {
        "units": len(own),
        "detected": found,
        "goal": _goal(goal),
        "median": span_text(time) or "never",
        "median_s": None if time is None else round(time),
        "met": met(found, time, goal),
        "top1": names["top1"],
        "top2": names["top2"],
        "misdiagnosed": names["misdiagnosed"],
        "kwh_lost": _middle(one.lost_kwh for one in own),
        "named_instead": _instead(own),
    }


def _goal(goal: tuple[float, float | None] | None) -> str | None:
    if goal is None:
        return None
    part, limit = goal
    return f">= {part:g}" + (f" in {span_text(limit)}" if limit is not None else "")


def met(found: float | None, time: float | None, goal: tuple[float, float | None] | None) -> str:
    """Whether share and median time are as the goal asks: yes, no, or nothing without a goal."""
    if goal is None or found is None:
        return ""
    part, limit = goal
    in_time = limit is None or (time is not None and time <= limit)
    return "yes" if found >= part and in_time else "NO"


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 1) if known else None


def _instead(own: Sequence[Outcome]) -> str | None:
    """What was named first where it was not the fault, the commonest first."""
    named = Counter(suspects(one)[0] for one in own if one.first and not right(one, 1))
    return ", ".join(f"{name} {count}" for name, count in named.most_common(3)) or None


def groups(outcomes: Sequence[Outcome]) -> list[Row]:
    """The table of goals: all weathers of a group together."""
    rows: list[Row] = []
    for group in GROUPS:
        for severity, goal in group.goals.items():
            own = [
                one
                for one in outcomes
                if one.case.fault in group.kinds and one.case.severity == severity
            ]
            if not own:
                continue
            found, time = detected(own), median_s(own)
            rows.append(
                {
                    "group": group.name,
                    "severity": severity,
                    "branches": len(own),
                    "detected": found,
                    "median": span_text(time) or "never",
                    "goal": _goal(goal),
                    "met": met(found, time, goal),
                }
            )
    return rows


def peers(outcomes: Sequence[Outcome]) -> list[Row]:
    """The unit's own code beside us, by fault; days earlier are ours before it."""
    rows: list[Row] = []
    for kind in dict.fromkeys(one.case.fault for one in outcomes):
        own = [one for one in outcomes if one.case.fault == kind]
        shown = [one for one in own if one.vendor_s is not None]
        both = [
            (one.vendor_s - one.first.opened_s) / DAY_S
            for one in shown
            if one.vendor_s is not None and one.first is not None
        ]
        rows.append(
            {
                "fault": kind,
                "branches": len(own),
                "ours": detected(own),
                "own_code": share(len(shown), len(own)),
                "own_code_never": share(len(own) - len(shown), len(own)),
                "days_earlier": _middle(both),
                "ours_later": sum(days < 0 for days in both),
                "only_own_code": sum(one.first is None for one in shown),
                "kwh_lost": _middle(one.lost_kwh for one in own if one.first is not None),
                "kwh_lost_14_days_missed": _middle(one.lost_kwh for one in own if not one.first),
            }
        )
    return rows


def two_faults(outcomes: Sequence[Outcome]) -> list[Row]:
    """Two at once: how many of the true ones are named by what stands after a day."""
    rows: list[Row] = []
    for name in dict.fromkeys(one.case.fault for one in outcomes):
        own = [one for one in outcomes if one.case.fault == name]
        truth = {fault_of(part) for part in name.split("+")}
        hits = [len(truth & _told(one)) for one in own]
        strange = [bool(_leads(one) - truth) for one in own]
        rows.append(
            {
                "faults": name,
                "branches": len(own),
                "detected": detected(own),
                "one_named": share(sum(hit >= 1 for hit in hits), len(own)),
                "both_named": share(sum(hit == 2 for hit in hits), len(own)),
                "wrong_name_leads": share(sum(strange), len(own)),
            }
        )
    return rows


def _told(outcome: Outcome) -> set[str]:
    """The first two suspects of everything of ours that was opened."""
    return {fault_of(name) for one in outcome.new(outcome.opened) for name in one.names[:2]}


def _leads(outcome: Outcome) -> set[str]:
    """What the leading alarm names first, where it names anything."""
    return {fault_of(name) for name in suspects(outcome)[:1] if name not in UNNAMED}


def unmodelled(outcomes: Sequence[Outcome]) -> list[Row]:
    """What no rule knows: an advisory without a name is right, a name is wrong."""
    rows: list[Row] = []
    for name in dict.fromkeys(one.case.fault for one in outcomes):
        for severity in dict.fromkeys(one.case.severity for one in outcomes):
            own = [
                one for one in outcomes if (one.case.fault, one.case.severity) == (name, severity)
            ]
            named = [one for one in own if _leads(one)]
            rows.append(
                {
                    "fault": name,
                    "severity": severity,
                    "branches": len(own),
                    "advisory_without_a_name": share(
                        sum(one.first is not None for one in own) - len(named), len(own)
                    ),
                    "wrong_name": share(len(named), len(own)),
                    "wrong_name_dispatch": share(
                        sum(bool(one.first and one.first.severity in DISPATCH) for one in named),
                        len(own),
                    ),
                    "names": ", ".join(sorted({suspects(one)[0] for one in named})) or None,
                }
            )
    return rows


def while_learning(outcomes: Sequence[Outcome]) -> list[Row]:
    """There from the first day: found, said to be not learnable, named wrongly, or silent."""
    rows: list[Row] = []
    for name in dict.fromkeys(one.case.fault for one in outcomes):
        own = [one for one in outcomes if one.case.fault == name]
        found = [one for one in own if right(one, 2)]
        rows.append(
            {
                "fault": name,
                "branches": len(own),
                "found": share(len(found), len(own)),
                "told_not_learnable": share(
                    sum(one.unlearnt for one in own if one not in found), len(own)
                ),
                "wrong_name": share(sum(wrong(one) for one in own), len(own)),
                "silent": share(
                    sum(one.first is None and not one.unlearnt for one in own), len(own)
                ),
            }
        )
    return rows


def ramps(ramped: Sequence[Outcome], steps: Sequence[Outcome]) -> list[Row]:
    """Ten days of growing against a step of the same size."""
    rows: list[Row] = []
    for name in dict.fromkeys(one.case.fault for one in ramped):
        slow = [one for one in ramped if one.case.fault == name]
        fast = [one for one in steps if (one.case.fault, one.case.severity) == (name, "medium")]
        rows.append(
            {
                "fault": name,
                "step_detected": detected(fast),
                "step_median": span_text(median_s(fast)) or "never",
                "ramp_detected": detected(slow),
                "ramp_median": span_text(median_s(slow)) or "never",
                "ramp_top1": diagnosis(slow)["top1"],
            }
        )
    return rows


def culprits(spans: Sequence[Healthy]) -> list[Row]:
    """Which rules raised false alarms, in which way of seeing, the most frequent first."""
    months = dict.fromkeys(dict.fromkeys(span.case.variant for span in spans), 0.0)
    counted: Counter[tuple[str, str, str]] = Counter()
    for span in spans:
        months[span.case.variant] += span.months
        for one in span.opened:
            counted[span.case.variant, one.rule, one.severity] += 1
    return [
        {
            "way": way,
            "rule": rule,
            "severity": severity,
            "alarms": count,
            "per_device_month": round(count / months[way], 4) if months[way] else None,
        }
        for (way, rule, severity), count in counted.most_common()
    ]
