"""F07: air reaches the evaporator badly: leaves, snow, dirt."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.diagnosis import signature
from agent.faults.modelled import MASKED_BY, ON, told
from agent.faults.rule import Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

SIGNATURES = (
    signature(
        "F07",
        """
        approach        1.0   0.15
        clean          0.65    0.2
        """,
        least=0.4,
        proof=0.9,
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES, advice=0.7)


EVAPORATOR_FOULING = Rule(
    name="evaporator_fouling",
    fault="F07",
    severity=Severity.S2,
    look=look,
    on=ON,
    words=WORDS["F07"],
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
