"""F03: the water side of the condenser is fouled or scaled."""

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
        "F03",
        """
        condenser      1.05
        subcooling     0.65   0.25
        discharge       0.6    0.5
        power           1.9    0.4
        valve          -0.5    0.3
        """,
        least=0.5,
        proof=1.5,
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES, worse=3.5)


CONDENSER_FOULING = Rule(
    name="condenser_fouling",
    fault="F03",
    severity=Severity.S3,
    look=look,
    on=ON,
    words=WORDS["F03"],
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
        ("high_pressure", "condensing_temp"),
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
