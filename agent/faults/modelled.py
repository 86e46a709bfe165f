"""What the rules on a machine's own history have in common: a verdict becomes a finding."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from agent.faults.diagnosis import Signature
from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule, Words
from agent.faults.verdict import Verdict
from agent.faults.view import View
from agent.model import Expected, PointId, Severity, Value

ON = Event.WINDOW | Event.CLEAN | Event.REST | Event.DAY
GATE, CLEAR_AFTER_S = "G1", 3600.0
HEATING: tuple[PointId, ...] = ("compressor_frequency", "outdoor_temp", "water_supply_temp")
"""What the inputs of the models are made of."""
EVIDENCE = 5
SENT_AFTER_DAYS = 2
"""What is told within hours sends nobody before the ends of so many days said the same."""
CLEAR_WEIGHT = 0.6
BY_ITSELF = 3.0  # standard errors
MASKED_BY = ("F05", "F06", "F08", "F10", "F12", "F15", "F17", "F23", "F24")
"""Faults that move what the models use, and have rules of their own."""


def modelled(
    name: str,
    fault: str,
    severity: Severity,
    signatures: tuple[Signature, ...],
    words: Words,
    needs: tuple[PointId | tuple[PointId, ...], ...] = HEATING,
    worse: float = inf,
    advice: float = 0.0,
    shown_by: str = "",
) -> Rule:
    """A rule that only has signatures: it tells the verdict when that names its fault.

    From the size `worse` on it sends a technician; below `advice` it only advises, and as long as
    the signal `shown_by` shows nothing by itself.
    """

    def look(view: View, memory: Memory) -> Iterable[Finding]:
        """What the machine's own history points to."""
        return told(view, signatures, worse, advice, shown_by)

    return Rule(
        name,
        fault,
        severity,
        look,
        ON,
        words,
        needs,
        GATE,
        clear_after_s=CLEAR_AFTER_S,
        masked_by=MASKED_BY,
        signatures=signatures,
    )


def told(
    view: View,
    signatures: Iterable[Signature],
    worse: float,
    advice: float,
    shown_by: str = "",
) -> tuple[Finding, ...]:
    """The finding when the verdict names the fault of these signatures; see `modelled`."""
    verdict = view.judge.verdict
    if verdict is None or all(verdict.fault != one.fault for one in signatures):
        return NOTHING
    severity = None
    if verdict.size >= worse:
        severity = Severity.S2
    hint = verdict.early or verdict.days < SENT_AFTER_DAYS or verdict.size < advice
    if hint or _open(verdict) or not _shown(verdict, shown_by):
        severity = Severity.S3  # nobody is sent out for a hint
    return (found(verdict, severity),)


def _open(verdict: Verdict) -> bool:
    """Whether it may as well be something else."""
    return bool(verdict.suspects) and verdict.suspects[0].weight < CLEAR_WEIGHT


def _shown(verdict: Verdict, name: str) -> bool:
    """Whether this signal stands out by itself; true without a name."""
    if not name:
        return True
    seen = verdict.seen.get(name)
    return seen is not None and abs(seen.off) >= BY_ITSELF * seen.error


def found(verdict: Verdict, severity: Severity | None = None) -> Finding:
    """What was measured and expected, the strongest evidence first."""
    ranked = sorted(verdict.seen.items(), key=lambda one: -abs(one[1].off / one[1].error))
    evidence: dict[str, Value | None] = {}
    expected: dict[str, Expected] = {}
    for name, seen in ranked:
        usual = verdict.expected[name]
        evidence[name] = round(usual + seen.off, 2)
        if len(expected) < EVIDENCE:
            expected[name] = Expected(round(usual, 2), round(seen.error, 2))
    evidence["size"] = round(verdict.size, 2)
    return Finding(evidence, expected, severity=severity, suspects=verdict.suspects)
