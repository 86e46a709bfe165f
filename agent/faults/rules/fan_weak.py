"""F08: the fan turns slower than it should."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import HEATING, modelled
from agent.faults.texts import WORDS
from agent.model import Severity

SIGNATURES = (
    signature(
        "F08",
        """
        fan             -91
        approach        3.5    0.8
        clean           3.2    0.6
        power          -0.3    0.3
        superheat      -0.2    0.2
        """,
        least=0.2,
        must=("fan",),
    ),
)


FAN_WEAK = modelled(
    name="fan_weak",
    fault="F08",
    severity=Severity.S2,
    signatures=SIGNATURES,
    words=WORDS["F08 weak"],
    needs=(*HEATING, "fan_speed"),
)
