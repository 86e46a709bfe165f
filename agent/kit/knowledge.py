"""What can be known of a value before any machine is asked: the physics of a heated home.

The ranges are those of household air-source heat pumps with water: heating water up to 75 degC,
winters down to -30 degC, R32 and R290 circuits, one or three phases. They are wide on purpose: what
lies outside of them is a wrong scale, sign or unit, not an unusual machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.model import POINTS, PointId, Unit

LARGEST_WARM_WATER_C = 80.0
LONGEST_POLL_S = 300.0
SHORTEST_WRITE_INTERVAL_S = 60.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of one quantity, in the unit of its point.

    `everyday` must be showable, `possible` bounds what a sensor can mean, `coarsest` is the largest
    believable step of the word; `written` bounds what a gateway has any reason to ask for.
    """

    everyday: tuple[float, float]
    possible: tuple[float, float]
    coarsest: float
    written: tuple[float, float] | None = None


_TABLE = """
water_supply_temp           | 5 60      | -60 150       | 1   |
water_return_temp           | 5 60      | -60 150       | 1   |
water_supply_temp_total     | 5 60      | -60 150       | 1   |
outdoor_temp                | -30 45    | -60 80        | 1   |
indoor_temp                 | 5 40      | -40 80        | 1   |
indoor_humidity             | 0 100     | 0 100         | 1   |
water_setpoint              | 25 55     | -40 110       | 1   | 0 80
water_setpoint_z2           | 25 55     | -40 110       | 1   | 0 80
water_setpoint_active       | 25 55     | -40 110       | 1   |
curve_offset                | -5 5      | -30 30        | 1   | -15 15
dhw_temp                    | 5 65      | -60 150       | 1   |
dhw_setpoint                | 30 60     | -40 110       | 1   | 0 80
buffer_temp                 | 10 60     | -60 150       | 1   |
compressor_frequency        | 0 120     | -1 400        | 1   |
compressor_frequency_target | 0 120     | -1 400        | 1   |
compressor_current          | 0 25      | -1 200        | 1   |
input_current               | 0 25      | -1 200        | 1   |
supply_voltage              | 180 260   | 0 1000        | 5   |
dc_bus_voltage              | 250 400   | 0 1200        | 10  |
discharge_temp              | -20 115   | -60 200       | 1   |
suction_temp                | -35 40    | -80 150       | 1   |
coil_temp                   | -35 65    | -80 150       | 1   |
liquid_temp                 | -30 65    | -80 150       | 1   |
gas_temp                    | -30 100   | -80 200       | 1   |
evaporating_temp            | -35 25    | -80 150       | 1   |
condensing_temp             | 5 65      | -80 150       | 1   |
inverter_temp               | -20 95    | -60 200       | 1   |
high_pressure               | 5 42      | -1 100        | 1   |
low_pressure                | 1 20      | -1 100        | 1   |
fan_speed                   | 0 1000    | -1 5000       | 10  |
fan2_speed                  | 0 1000    | -1 5000       | 10  |
water_flow                  | 0 60      | -1 1000       | 2   |
water_pressure              | 0 3       | -1 25         | 0.1 |
pump_speed                  | 0 100     | 0 100         | 1   |
active_power                | 0 6000    | -100000 100000 | 100 |
thermal_power               | 0 15000   | -200000 200000 | 100 |
energy_total                | 0 30000   | -1 100000000  | 100 |
heat_energy_total           | 0 60000   | -1 100000000  | 100 |
cop                         | 0 8       | -20 30        | 0.1 |
compressor_hours            | 0 50000   | -1 1000000    | 10  |
"""


def _parse(line: str) -> tuple[PointId, Expected]:
    name, everyday, possible, coarsest, written = (part.strip() for part in line.split("|"))
    bounds = _pair(written) if written else None
    return name, Expected(_pair(everyday), _pair(possible), float(coarsest), bounds)


def _pair(text: str) -> tuple[float, float]:
    low, high = map(float, text.split())
    return low, high


EXPECTED: dict[PointId, Expected] = dict(map(_parse, _TABLE.strip().splitlines()))

# A word that means "no sensor" must not be an everyday value of these; control needs them.
NEVER_ABSENT = (
    "water_supply_temp",
    "water_return_temp",
    "outdoor_temp",
    "indoor_temp",
    "dhw_temp",
    "water_setpoint",
    "dhw_setpoint",
)

# The unit a name of the map's own promises by its last word.
UNIT_OF_ENDING: dict[str, tuple[Unit, ...]] = {
    "temp": (Unit.CELSIUS,),
    "setpoint": (Unit.CELSIUS, Unit.PERCENT),
    "offset": (Unit.KELVIN,),
    "hysteresis": (Unit.KELVIN,),
    "power": (Unit.WATT, Unit.KILOWATT),
    "energy": (Unit.KILOWATT_HOUR,),
    "current": (Unit.AMPERE,),
    "voltage": (Unit.VOLT,),
    "pressure": (Unit.BAR,),
    "frequency": (Unit.HERTZ,),
    "rpm": (Unit.RPM,),
    "hours": (Unit.HOUR,),
    "humidity": (Unit.PERCENT,),
}

# What control and faults call the modes, and what others call them.
OTHER_WORDS = {
    "heating": "heat",
    "heater": "heat",
    "cooling": "cool",
    "hot_water": "dhw",
    "hotwater": "dhw",
    "automatic": "auto",
    "defrosting": "defrost",
    "stop": "off",
    "stopped": "off",
    "stand_by": "standby",
}

CANONICAL_OF: dict[str, PointId] = {
    "on_off": "power_on",
    "mode": "mode",
    "water_setpoint": "water_setpoint",
    "dhw_setpoint": "dhw_setpoint",
    "curve_offset": "curve_offset",
    "quiet": "quiet_mode",
    "sg_ready": "sg_ready_mode",
}


def sensor_temperature(name: PointId) -> bool:
    """Whether a point is a temperature that a sensor measures."""
    known = POINTS.get(name)
    return name.endswith("_temp") and (known is None or known.unit is Unit.CELSIUS)


def is_state(name: PointId) -> bool:
    """Whether a canonical point is true or false, and true on a good day."""
    unit = POINTS[name].unit if name in POINTS else None
    state = name.endswith(("_on", "_active")) and name not in ("mode_active", "alarm_active")
    return unit is Unit.NONE and state
