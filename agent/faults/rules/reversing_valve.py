"""F14: hot gas leaks through the reversing valve into the suction."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import HEATING, modelled
from agent.faults.texts import WORDS
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
        clean          -0.7    0.5
        spread        -0.45   0.15
        subcooling    -0.35   0.15
        condenser     -0.15    0.1
        """,
        least=0.4,
        swift=True,
        odds=0.6,
    ),
)


REVERSING_VALVE = modelled(
    name="reversing_valve_leak",
    fault="F14",
    severity=Severity.S2,
    signatures=SIGNATURES,
    words=WORDS["F14"],
    needs=(*HEATING, "suction_temp"),
)
