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
        subcooling      4.2    0.8
        condenser       2.6    0.9
        discharge         1    1.5
        power           4.3      2
        capacity          3      2
        valve          -1.3    0.8
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
