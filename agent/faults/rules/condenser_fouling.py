"""F03: the water side of the condenser is fouled or scaled."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import HEATING, modelled
from agent.faults.texts import WORDS
from agent.model import Severity

SIGNATURES = (
    signature(
        "F03",
        """
        condenser      1.05
        subcooling     0.65    0.2
        discharge       0.6    0.5
        power           1.9    0.4
        valve          -0.5    0.3
        """,
        least=0.5,
        proof=1.5,
        patient=True,
    ),
)


CONDENSER_FOULING = modelled(
    name="condenser_fouling",
    fault="F03",
    severity=Severity.S3,
    signatures=SIGNATURES,
    words=WORDS["F03"],
    needs=(*HEATING, ("high_pressure", "condensing_temp")),
    worse=3.5,
)
