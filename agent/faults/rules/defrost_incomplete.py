"""F09: defrosts leave ice behind, and it builds up."""

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
        "F09",
        """
        clean           2.6    0.6
        approach        2.4    1.2
        power          -0.2    0.2
        superheat      -0.2    0.2
        """,
        least=0.25,
        proof=0.9,
        must=("clean",),
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES)


DEFROST_INCOMPLETE = Rule(
    name="defrost_incomplete",
    fault="F09",
    severity=Severity.S2,
    look=look,
    on=ON,
    words=WORDS["F09"],
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
        ("defrost_active", "mode_active"),
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
