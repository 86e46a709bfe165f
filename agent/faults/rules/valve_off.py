"""F12: the expansion valve does not do what its command says."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import HEATING, modelled
from agent.faults.texts import WORDS
from agent.model import Severity

SIGNATURES = (
    signature(  # closed too far
        "F12",
        """
        approach         10      4
        clean             5      4
        superheat       4.5      2
        discharge         5    2.5
        subcooling      1.3    0.8
        condenser       0.6    0.4
        valve            -1    2.5
        power            -1      2
        capacity          0      4
        """,
        least=0.15,
        swift=True,
    ),
    signature(  # closed so far that the machine works where it never did
        "F12",
        "superheat 14 5",
        least=0.5,
        swift=True,
    ),
    signature(  # open too far
        "F12",
        """
        superheat        -4      1
        discharge       -19      6
        power             7      2
        valve            25     16
        capacity         -5      2
        subcooling     -1.6    0.8
        approach       -0.6    0.4
        clean             0    2.0
        condenser      -0.3    0.2
        """,
        least=0.2,
        swift=True,
    ),
)


VALVE_OFF = modelled(
    name="expansion_valve_off",
    fault="F12",
    severity=Severity.S2,
    signatures=SIGNATURES,
    words=WORDS["F12"],
    needs=(*HEATING, "suction_temp", "eev_steps"),
)
