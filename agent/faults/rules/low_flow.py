"""F04: less water than usual: a blocked strainer, a closed valve, a weak pump."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import HEATING, modelled
from agent.faults.texts import WORDS
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


LOW_FLOW = modelled(
    name="low_flow",
    fault="F04",
    severity=Severity.S2,
    signatures=SIGNATURES,
    words=WORDS["F04"],
    needs=(*HEATING, "water_return_temp"),
)
