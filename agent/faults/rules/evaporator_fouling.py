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
        clean           1.3    0.4
        approach        0.9    0.5
        subcooling     -0.3    0.3
        condenser      -0.2    0.2
        power          -0.4    0.4
        """,
        least=0.3,
        airside=True,
    ),
)


EVAPORATOR_FOULING = modelled(
    name="evaporator_fouling",
    fault="F07",
    severity=Severity.S2,
    signatures=SIGNATURES,
    words=WORDS["F07"],
    advice=0.7,
    shown_by="clean",  # ice that melts for hours looks like dirt to all the rest
)
