"""F02: too much refrigerant."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import HEATING, modelled
from agent.faults.texts import WORDS
from agent.model import Severity

SIGNATURES = (
    signature(
        "F02",
        """
        subcooling      2.6    0.6
        condenser       1.6    0.6
        discharge       0.6      1
        power           2.7    1.3
        capacity        1.8    1.3
        valve          -0.8    0.5
        """,
        least=0.35,
        swift=True,
    ),
)


OVERCHARGE = modelled(
    name="overcharge",
    fault="F02",
    severity=Severity.S3,
    signatures=SIGNATURES,
    words=WORDS["F02"],
    needs=(*HEATING, "liquid_temp", ("high_pressure", "condensing_temp")),
)
