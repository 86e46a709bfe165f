"""F04: less water than usual: a blocked strainer, a closed valve, a weak pump."""

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
        "F04",
        """
        flow          -35.7
        spread          1.6    0.4
        subcooling      1.1    0.4
        capacity        0.5      2
        """,
        least=0.3,
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES)


LOW_FLOW = Rule(
    name="low_flow",
    fault="F04",
    severity=Severity.S2,
    look=look,
    on=ON,
    words=WORDS["F04"],
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
        "water_return_temp",
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
