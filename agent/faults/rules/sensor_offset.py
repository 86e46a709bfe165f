"""F16: a sensor shows too much or too little, against its neighbours and its own history."""

from __future__ import annotations

from agent.faults.diagnosis import signature
from agent.faults.modelled import modelled
from agent.faults.texts import WORDS
from agent.model import Severity

SIGNATURES = (
    signature(  # water_supply_temp, two kelvin
        "F16",
        """
        spread            2
        condenser        -2
        rest_water        2
        power          -4.5    0.6
        capacity         50     22
        valve           0.9    0.4
        discharge      -0.5    0.8
        """,
        least=0.4,
        both=True,
        proof=1.5,
        patient=True,
    ),
    signature(  # water_return_temp, two kelvin
        "F16",
        """
        spread           -2
        rest_water       -2
        capacity        -80     30
        """,
        least=0.4,
        both=True,
        proof=1.5,
        patient=True,
    ),
    signature(  # outdoor_temp, two kelvin
        "F16",
        """
        approach        1.7    0.2
        clean           1.7    0.2
        rest_air          2
        """,
        least=0.4,
        both=True,
        proof=1.5,
        patient=True,
        odds=0.04,
    ),
    signature(  # coil_temp, two kelvin
        "F16",
        """
        coil              2
        rest_air         -2
        """,
        least=0.6,
        both=True,
        proof=1.5,
        patient=True,
    ),
    signature(  # discharge_temp, two kelvin
        "F16",
        """
        discharge         2
        """,
        least=0.4,
        both=True,
        proof=1.5,
        patient=True,
    ),
    signature(  # suction_temp, two kelvin
        "F16",
        """
        superheat         2
        """,
        least=0.4,
        both=True,
        proof=1.5,
        patient=True,
        must=("superheat", "condenser"),
    ),
    signature(  # liquid_temp, two kelvin
        "F16",
        """
        subcooling       -2
        """,
        least=0.4,
        both=True,
        proof=1.5,
        patient=True,
    ),
    signature(  # high_pressure, two kelvin
        "F16",
        """
        condenser       1.7
        subcooling      1.7
        discharge        -2    0.2
        rest_pressure    1.7    0.3
        """,
        least=0.4,
        both=True,
        proof=1.5,
        patient=True,
    ),
    signature(  # low_pressure, two kelvin
        "F16",
        """
        approach       -4.6    0.5
        superheat      -3.8    0.5
        coil           -3.8    0.5
        rest_pressure   -3.8    0.8
        clean          -4.2    0.5
        discharge       2.7      1
        capacity        -10      3
        valve            -5      2
        power            -1    0.5
        spread         -0.4    0.2
        subcooling     -0.6    0.3
        """,
        least=0.4,
        both=True,
        proof=1.5,
        patient=True,
    ),
)


SENSOR_OFFSET = modelled(
    name="sensor_offset",
    fault="F16",
    severity=Severity.S3,
    signatures=SIGNATURES,
    words=WORDS["F16"],
    needs=("outdoor_temp", "water_supply_temp"),
)
