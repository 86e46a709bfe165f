"""All results of a run as the figures it prints: top-level keys first, then the tables. Pure."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.faults import score, tables
from bench.faults.outcome import HOUR_S, Healthy, Outcome
from bench.faults.ways import DISTURBED, FULL, WAYS
from bench.kit import Figure, Figures, Row

DISPATCH_GOAL, ALL_GOAL = 0.005, 0.05


def frozen() -> dict[str, Figure]:
    """The commit that last changed detection, and whether it has been changed since."""
    root = Path(__file__).parents[2]

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    changed = bool(git("status", "--porcelain", "--", "agent/faults"))
    return {
        "thresholds_commit": git("log", "-1", "--format=%h", "--", "agent/faults") or None,
        "thresholds_changed_since": changed,
    }


def figures(
    outcomes: Sequence[Outcome],
    spans: Sequence[Healthy],
    kinds: Sequence[str],
    weathers: Sequence[str],
) -> Figures:
    """What a run prints."""
    full = [span for span in spans if span.case.variant == FULL.name]
    every = [one for one in outcomes if one.case.study == "matrix"]
    own = [one for one in every if one.case.variant == FULL.name]
    told: dict[str, Figure | Sequence[Row]] = {
        **score.false_alarms(full),
        **score.diagnosis(own),
        **{f"{key}_at_opening": value for key, value in score.diagnosis(own, "open").items()},
        **{f"{key}_after_a_day": value for key, value in score.diagnosis(own, "day").items()},
    }
    for key in ("no_response_at_opening", "no_response_after_a_day"):
        told.pop(key)
    told |= _disturbed(every, spans)
    told |= _cost(spans, own) | frozen()
    rows = tables.matrix(own, kinds, weathers)
    grouped = tables.groups(own)
    told["groups_met"] = sum(row["met"] == "yes" for row in grouped)
    told["groups"] = len(grouped)
    told |= _freeze(own)
    extras = {study: _study(outcomes, study) for study in STUDIES}
    return told | {
        "group_table": grouped,
        "faults": rows,
        "own_codes": tables.peers(own),
        "ways": ways(every, spans),
        "two_faults": tables.two_faults(extras["two faults"]),
        "unmodelled": tables.unmodelled(extras["unmodelled"]),
        "while_learning": tables.while_learning(extras["while learning"]),
        "ramp": tables.ramps(extras["ramp"], own),
        "false_by_rule": tables.culprits(spans),
    }


STUDIES = ("two faults", "unmodelled", "while learning", "ramp")


def _study(outcomes: Sequence[Outcome], study: str) -> list[Outcome]:
    return [one for one in outcomes if one.case.study == study]


def _disturbed(every: Sequence[Outcome], spans: Sequence[Healthy]) -> dict[str, Figure]:
    """The same figures with lost polls, wild values and jitter at once, and how far they moved
    against the same units on a clean line.
    """
    disturbed = [one for one in spans if one.case.variant == DISTURBED.name]
    found = score.false_alarms(disturbed)
    if not found["device_months"]:
        return {}
    units = {_unit(one) for one in disturbed}
    both = [one for one in spans if one.case.variant == FULL.name and _unit(one) in units]
    clean = score.false_alarms(both)
    same = _same_cases(every)
    shares = {way: score.detected(same[way]) for way in (FULL.name, DISTURBED.name)}
    keys = ("dispatch_false_per_device_month", "all_false_per_device_month")
    told: dict[str, Figure] = {f"{key}_disturbed": found[key] for key in keys}
    told |= {f"{key}_same_units": clean[key] for key in keys}
    goals = (DISPATCH_GOAL, ALL_GOAL)
    moves = [score.moved(clean[k], found[k], goal) for k, goal in zip(keys, goals, strict=True)]
    moves.append(score.moved(shares[FULL.name], shares[DISTURBED.name], 1.0))
    told["detected_medium"] = shares[FULL.name]
    told["detected_medium_disturbed"] = shares[DISTURBED.name]
    told["disturbed_moves"] = max((move for move in moves if move is not None), default=None)
    return told


def _unit(span: Healthy) -> tuple[int, str, int]:
    return span.case.seed, span.case.weather, span.case.unit


def _same_cases(every: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes by way of seeing, only of cases that were seen in all ways: those of medium."""
    found: dict[str, list[Outcome]] = {way: [] for way in WAYS}
    for one in every:
        if one.case.severity == "medium":
            found[one.case.variant].append(one)
    return found


def _cost(spans: Sequence[Healthy], own: Sequence[Outcome]) -> dict[str, Figure]:
    samples = sum(span.samples for span in spans)
    seconds = sum(span.see_s for span in spans)
    sizes = [*(span.state_bytes for span in spans), *(one.state_bytes for one in own)]
    return {
        "state_bytes": max(sizes, default=None),
        "us_per_sample": round(1e6 * seconds / samples, 1) if samples else None,
    }


def _freeze(own: Sequence[Outcome]) -> dict[str, Figure]:
    """How long before water at 0 degC the alarm opened, for the branches whose water froze."""
    leads = [one.lead_s / HOUR_S for one in own if one.lead_s is not None]
    frost = [one for one in own if one.case.fault.startswith("F20") and one.lead_s is not None]
    least = min((one.lead_s for one in frost if one.lead_s is not None), default=None)
    return {
        "freeze_least_lead_h": round(least / HOUR_S, 1) if least is not None else None,
        "froze": len(leads),
    }


def ways(every: Sequence[Outcome], spans: Sequence[Healthy]) -> list[Row]:
    """Each way of seeing: detection and diagnosis of medium faults, false alarms."""
    same = _same_cases(every)
    rows: list[Row] = []
    for way in WAYS:
        own, quiet = same[way], [span for span in spans if span.case.variant == way]
        if not own and not quiet:
            continue
        false, names = score.false_alarms(quiet), score.diagnosis(own)
        rows.append(
            {
                "way": way,
                "branches": len(own),
                "detected": score.detected(own),
                "median": tables.span_text(score.median_s(own)),
                "top1": names["top1"],
                "top2": names["top2"],
                "misdiagnosed": names["misdiagnosed"],
                "device_months": false["device_months"],
                "dispatch_false": false["dispatch_false"],
                "all_false": false["all_false"],
                "rules_off": max(
                    map(len, (*(one.off for one in own), *(one.off for one in quiet))), default=0
                ),
            }
        )
    return rows
