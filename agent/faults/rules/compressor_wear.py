"""F13: the compressor moves less gas: worn or leaking valves."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import HEATING, modelled
from agent.faults.texts import WORDS
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
        clean          -0.7    0.5
        spread         -0.5   0.15
        subcooling     -0.4    0.2
        condenser      -0.2    0.1
        """,
        least=0.4,
        swift=True,
    ),
)


COMPRESSOR_WEAR = modelled(
    name="compressor_wear",
    fault="F13",
    severity=Severity.S2,
    signatures=SIGNATURES,
    words=WORDS["F13"],
    needs=(*HEATING, "discharge_temp", ("active_power", "water_flow")),
)
