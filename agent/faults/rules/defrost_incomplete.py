"""F09: defrosts leave ice behind, and it builds up."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import HEATING, modelled
from agent.faults.texts import WORDS
from agent.model import Severity

SIGNATURES = (
    signature(
        "F09",
        """
        clean           5.0    1.0
        approach        1.8    1.0
        power          -0.2    0.2
        superheat      -0.2    0.2
        """,
        least=0.25,
        proof=0.85,
        airside=True,
        must=("clean",),
    ),
)


DEFROST_INCOMPLETE = modelled(
    name="defrost_incomplete",
    fault="F09",
    severity=Severity.S2,
    signatures=SIGNATURES,
    words=WORDS["F09"],
    needs=(*HEATING, ("defrost_active", "mode_active")),
)
