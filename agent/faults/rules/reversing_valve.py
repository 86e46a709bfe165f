"""F14: hot gas leaks through the reversing valve into the suction."""

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
        "F14",
        """
        superheat       6.8    0.8
        discharge       4.5      1
        capacity      -10.5      2
        power          -3.8    0.7
        valve            -4      1
        approach      -0.85    0.3
        clean         -0.65   0.25
        spread        -0.45   0.15
        subcooling    -0.35   0.15
        condenser     -0.15    0.1
        """,
        least=0.4,
        swift=True,
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES)


REVERSING_VALVE = Rule(
    name="reversing_valve_leak",
    fault="F14",
    severity=Severity.S2,
    look=look,
    on=ON,
    words=WORDS["F14"],
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
        "suction_temp",
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
