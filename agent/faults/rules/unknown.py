"""An anomaly that no known fault explains: told as one, never under a wrong name."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.modelled import MASKED_BY, ON, found
from agent.faults.rule import NOTHING, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.verdict import UNKNOWN
from agent.faults.view import View
from agent.model import Severity


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Strong deviations from the machine's own history that fit no signature."""
    verdict = view.judge.verdict
    if verdict is None or verdict.fault != UNKNOWN:
        return NOTHING
    return (found(verdict),)


UNKNOWN_ANOMALY = Rule(
    name="unknown_anomaly",
    fault=UNKNOWN,
    severity=Severity.S3,
    look=look,
    on=ON,
    words=WORDS["F00"],
    needs=("compressor_frequency", "outdoor_temp", "water_supply_temp"),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
)
