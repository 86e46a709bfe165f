"""F13: the compressor moves less gas: worn or leaking valves."""

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
        "F13",
        """
        power          -7.5    0.8
        capacity      -13.5    2.5
        discharge       2.9    0.7
        valve          -4.5      1
        approach      -0.85    0.3
        clean          -0.7    0.3
        spread         -0.5   0.15
        subcooling     -0.4    0.2
        condenser      -0.2    0.1
        """,
        least=0.4,
        swift=True,
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES)


COMPRESSOR_WEAR = Rule(
    name="compressor_wear",
    fault="F13",
    severity=Severity.S2,
    look=look,
    on=ON,
    words=WORDS["F13"],
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
        "discharge_temp",
        ("active_power", "water_flow"),
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
