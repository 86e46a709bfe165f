"""F01: refrigerant is missing, by a leak or from the beginning."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import HEATING, modelled
from agent.faults.texts import WORDS
from agent.model import Severity

SIGNATURES = (
    signature(
        "F01",
        """
        subcooling     -3.4    1.5
        valve            32     15
        capacity        -19      5
        superheat       0.4    0.5
        condenser      -0.6    0.4
        discharge         0    1.5
        spread         -0.6    0.2
        power          -0.6    0.8
        approach       -0.8    0.4
        clean          -0.4    0.4
        """,
        least=0.4,
        swift=True,
    ),
    signature(  # while the valve still makes up for it
        "F01",
        """
        subcooling     -3.7    0.6
        condenser      -1.0    0.2
        capacity         -5      2
        power          -1.8    0.8
        valve             4      4
        discharge      -0.7    0.6
        approach       -0.3    0.3
        """,
        least=0.45,
        proof=2.2,
    ),
)


UNDERCHARGE = modelled(
    name="undercharge",
    fault="F01",
    severity=Severity.S2,
    signatures=SIGNATURES,
    words=WORDS["F01"],
    needs=(*HEATING, "discharge_temp"),
    advice=0.6,  # of a quarter of the charge: what is less is watched until it is more
)
