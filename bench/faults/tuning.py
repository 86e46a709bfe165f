"""Every false alarm, every miss and every wrong name in words, for those who tune."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.faults.negatives import beside
from bench.faults.outcome import DAY_S, Case, Healthy, Outcome
from bench.faults.plan import GOAL_OF
from bench.faults.score import fault_of, right, suspects
from bench.faults.tables import span_text


def told(outcomes: Sequence[Outcome], spans: Sequence[Healthy]) -> Iterator[str]:
    """One line each; false alarms first."""
    yield from _false(spans)
    yield from _missed(outcomes)
    yield from _late(outcomes)
    yield from _wrong(outcomes)


def _false(spans: Sequence[Healthy]) -> Iterator[str]:
    for span in sorted(spans, key=lambda one: one.case.variant):
        for one in span.opened:
            event = beside(span.events, one.opened_s)
            yield (
                f"FALSE {one.severity} {one.rule}{':' + one.key if one.key else ''} "
                f"[{span.case.variant}] {_where(span.case)} day {one.opened_s / DAY_S:.1f} "
                f"{_evidence(one.evidence)}{' | ' + event if event else ''}"
            )


def _missed(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for one in outcomes:
        if one.first is None:
            twin = ",".join(sorted({rule for rule, _ in one.twin}))
            yield f"MISS {_what(one.case)} twin raised [{twin}] off {len(one.off)}"


def _late(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for one in outcomes:
        goal = GOAL_OF.get((one.case.fault, one.case.severity))
        limit = goal[1] if goal else None
        if one.first is not None and limit is not None and one.first.opened_s > limit:
            yield (
                f"LATE {_what(one.case)} {span_text(one.first.opened_s)} (goal {span_text(limit)}) "
                f"by {one.first.rule} {_evidence(one.first.evidence)}"
            )


def _wrong(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for one in outcomes:
        if one.first is None or right(one, 1):
            continue
        rules = dict.fromkeys(seen.rule for seen in one.new(one.opened))
        verdict, names = "SECOND" if right(one, 2) else "WRONG", ">".join(suspects(one)[:4])
        yield (
            f"{verdict} {_what(one.case)} truth {fault_of(one.case.fault)}, told {names}; "
            f"first {one.first.rule} after {span_text(one.first.opened_s)} "
            f"{_evidence(one.first.evidence)}; opened {','.join(rules)}"
        )


def _where(case: Case) -> str:
    return f"{case.weather} unit {case.unit} seed {case.seed}"


def _what(case: Case) -> str:
    study = "" if case.study == "matrix" else f" ({case.study})"
    return f"{case.fault} {case.severity}{study} [{case.variant}] {_where(case)}"


def _evidence(evidence: Mapping[str, object]) -> str:
    return " ".join(f"{key}={_short(value)}" for key, value in evidence.items())


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
