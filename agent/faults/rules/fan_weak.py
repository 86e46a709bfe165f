"""F08: the fan turns slower than it should."""

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
        "F08",
        """
        fan             -91
        approach        3.5    0.8
        clean           3.2    0.6
        power          -0.3    0.3
        superheat      -0.2    0.2
        """,
        least=0.2,
        must=("fan",),
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES)


FAN_WEAK = Rule(
    name="fan_weak",
    fault="F08",
    severity=Severity.S2,
    look=look,
    on=ON,
    words=WORDS["F08 weak"],
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
        "fan_speed",
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
