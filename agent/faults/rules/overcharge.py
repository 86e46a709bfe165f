"""F02: too much refrigerant."""

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
        "F02",
        """
        subcooling      4.2    1.3
        condenser       2.3    1.3
        discharge         1    1.5
        power           4.3      2
        capacity          3      2
        valve          -1.3    0.8
        """,
        least=0.35,
        swift=True,
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES)


OVERCHARGE = Rule(
    name="overcharge",
    fault="F02",
    severity=Severity.S3,
    look=look,
    on=ON,
    words=WORDS["F02"],
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
        "liquid_temp",
        ("high_pressure", "condensing_temp"),
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
