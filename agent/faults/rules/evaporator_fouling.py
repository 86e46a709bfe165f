"""F07: air reaches the evaporator badly: leaves, snow, dirt."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import modelled
from agent.faults.texts import WORDS
from agent.model import Severity

SIGNATURES = (
    signature(
        "F07",
        """
        approach        1.4    0.3
        clean           1.1    0.3
        """,
        least=0.3,
        proof=0.8,
    ),
)


EVAPORATOR_FOULING = modelled(
    name="evaporator_fouling",
    fault="F07",
    severity=Severity.S2,
    signatures=SIGNATURES,
    words=WORDS["F07"],
    advice=0.7,
)
