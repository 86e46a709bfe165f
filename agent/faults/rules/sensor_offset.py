"""F16: a sensor shows too much or too little, against its neighbours and its own history."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.diagnosis import Signature
from agent.faults.modelled import ON, told
from agent.faults.rule import Finding, Memory, Rule, Words
from agent.faults.view import View
from agent.model import Severity

Moves = dict[str, float]
TWO_KELVIN: dict[str, tuple[Moves, Moves]] = {
    "water_supply_temp": (
        {"spread": 2, "condenser": -2, "rest_water": 2, "power": -3.7, "capacity": 40}
        | {"valve": 1.2, "discharge": -0.8},
        {"capacity": 22, "discharge": 1, "power": 0.6, "valve": 0.5},
    ),
    "water_return_temp": (
        {"spread": -2, "rest_water": -2, "capacity": -65},
        {"capacity": 30},
    ),
    "outdoor_temp": (
        {"approach": 1.6, "clean": 1.7, "rest_air": 2, "capacity": -5, "valve": -2.3}
        | {"power": -0.8, "discharge": 1.2, "spread": -0.2},
        {"approach": 0.3, "capacity": 1.2, "valve": 0.9, "discharge": 0.7, "power": 0.3},
    ),
    "coil_temp": ({"coil": 2, "rest_air": -2}, {}),
    "discharge_temp": ({"discharge": 2}, {}),
    "suction_temp": ({"superheat": 2}, {}),
    "liquid_temp": ({"subcooling": -2}, {}),
    "high_pressure": ({"condenser": 2, "subcooling": 2, "discharge": -2}, {}),
    "low_pressure": ({"approach": -4, "superheat": -4, "coil": -4, "clean": -4}, {}),
}
SIGNATURES = tuple(
    Signature("F16", typical, spread, least=0.4, both=True)
    for typical, spread in TWO_KELVIN.values()
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES)


SENSOR_OFFSET = Rule(
    name="sensor_offset",
    fault="F16",
    severity=Severity.S3,
    look=look,
    on=ON,
    words=Words(
        "A sensor is off by more than a kelvin; compare it with its neighbour and replace it.",
        "传感器偏差超过1K，请与相邻传感器比对并更换。",
    ),
    needs=(
        "outdoor_temp",
        "water_supply_temp",
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=("F15", "F17"),
    signatures=SIGNATURES,
)
