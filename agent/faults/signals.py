"""What a stretch of samples says about the parts of a machine: a few numbers with a meaning each.

They are chosen so that one broken part moves few of them: approaches of the two heat exchangers,
superheat and subcooling, the lift-free part of the discharge temperature, water and power.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log

from agent.faults.profile import Profile
from agent.faults.window import Window
from agent.model import PointId
from agent.refrigerants import saturation_c

UNEVEN = 0.08
LEAST_SPREAD_K = 1.0  # below, the heat is mostly the sensors' error
COIL_AT_REST_S = 3600.0  # then the coil is as warm as the air around it
MELTS_C = 1.5
PASSES_K = 4.0  # water at rest cools by a kelvin or two in ten minutes
WATER_W_PER_LPM_K = 69.5  # heat capacity of water at 35 degC: watts for 1 L/min warmed by 1 K


@dataclass(frozen=True, slots=True)
class Signal:
    """`typical` is where a signal lies on most machines: only a centre to count from; `fine` the
    smallest spread of it that is believed, as sensors and the model are no better.
    """

    name: str
    unit: str
    typical: float
    fine: float


SIGNALS: tuple[Signal, ...] = (
    Signal("approach", "K", 8.0, 0.2),  # outdoor air over the evaporating refrigerant
    Signal("superheat", "K", 5.0, 0.45),  # suction over evaporating
    Signal("subcooling", "K", 5.0, 0.3),  # condensing over liquid
    Signal("condenser", "K", 2.0, 0.2),  # condensing over supply water
    Signal("discharge", "K", 25.0, 0.6),  # discharge over condensing
    Signal("spread", "K", 5.0, 0.15),  # supply over return water
    Signal("flow", "%", 300.0, 1.0),  # water flow, logarithm
    Signal("power", "%", 750.0, 1.0),  # electric power, logarithm
    Signal("capacity", "%", 860.0, 1.5),  # heat into the water, logarithm
    Signal("valve", "%", 0.0, 1.0),  # expansion valve opening, of its range
    Signal("coil", "K", 0.0, 0.2),  # coil sensor over evaporating
    Signal("fan", "%", 640.0, 1.5),  # fan speed, logarithm
    Signal("rest_water", "K", 0.0, 0.15),  # supply over return water at rest
    Signal("rest_air", "K", 0.0, 0.5),  # outdoor air over the coil, an hour at rest
    Signal("rest_pressure", "K", 0.0, 0.4),  # saturation of high over low pressure
)
REST = ("rest_water", "rest_air", "rest_pressure")
AIR = ("approach", "fan")
LOOP = ("superheat",)
STEADY = tuple(one.name for one in SIGNALS if one.name not in (*REST, *AIR, *LOOP))
PLACE = {one.name: i for i, one in enumerate(SIGNALS)}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a machine's saturation temperatures come from; chosen once, never by what is missing.

    Pressures need the refrigerant; without them the machine's own saturation temperatures are
    taken, and for the cold side its coil sensor.
    """

    refrigerant: str | None = None
    cold: PointId | None = None
    hot: PointId | None = None
    valve_steps: float = 100.0


def sources(has: Callable[[PointId], bool], profile: Profile) -> Sources:
    """The best sources among the points of a machine."""
    gas = profile.refrigerant is not None
    cold = [one for one in ("low_pressure", "evaporating_temp", "coil_temp") if has(one)]
    hot = [one for one in ("high_pressure", "condensing_temp") if has(one)]
    if not gas:
        cold = [one for one in cold if one != "low_pressure"]
        hot = [one for one in hot if one != "high_pressure"]
    return Sources(
        profile.refrigerant,
        cold[0] if cold else None,
        hot[0] if hot else None,
        profile.eev_steps or 100.0,
    )


def measured(window: Window, source: Sources) -> dict[str, float]:
    """The signals that this stretch gives; what cannot be told is not among them.

    Besides, `cold` is the evaporating temperature in degC.
    """
    mean = window
    cold, hot = _saturation(mean, source.cold, source), _saturation(mean, source.hot, source)
    supply, back = mean.get("water_supply_temp"), mean.get("water_return_temp")
    flow, spread, steps = mean.get("water_flow"), _minus(supply, back), mean.get("eev_steps")
    if flow is not None and window.swing("water_flow") > UNEVEN * flow:
        flow = spread = None  # air in the water, or a pump that hunts: no mean says anything
    heat_w = None
    if flow is not None and spread is not None and spread >= LEAST_SPREAD_K:
        heat_w = flow * spread * WATER_W_PER_LPM_K
    found = {
        "cold": cold,
        "approach": _minus(mean.get("outdoor_temp"), cold),
        "superheat": _minus(mean.get("suction_temp"), cold),
        "subcooling": _minus(hot, mean.get("liquid_temp")),
        "condenser": _minus(hot, supply),
        "discharge": _minus(mean.get("discharge_temp"), supply if source.hot is None else hot),
        "spread": spread,
        "flow": _percent(flow),
        "power": _percent(mean.get("active_power")),
        "capacity": _percent(heat_w),
        "valve": None if steps is None else steps / source.valve_steps * 100.0,
        "fan": _percent(mean.get("fan_speed")),
        "coil": None if source.cold == "coil_temp" else _minus(mean.get("coil_temp"), cold),
    }
    return {name: value for name, value in found.items() if value is not None}


def rested(window: Window, off_s: float, source: Sources) -> dict[str, float]:
    """What sensors say to one another while the machine stands still; `off_s` since it does."""
    found = {"rest_water": _at_rest(window)}
    if off_s >= COIL_AT_REST_S:
        found["rest_air"] = _over_coil(window)
        if (source.hot, source.cold) == ("high_pressure", "low_pressure"):
            hot = _saturation(window, source.hot, source)
            found["rest_pressure"] = _minus(hot, _saturation(window, source.cold, source))
    return {name: value for name, value in found.items() if value is not None}


def _at_rest(window: Window) -> float | None:
    """Supply over return water; not known while other water passes: a hot tank's before that of
    the rooms is 30 K warmer, and comes to one probe before the other.
    """
    probes = ("water_supply_temp", "water_return_temp")
    if any(window.width(probe) > PASSES_K for probe in probes):
        return None
    return _minus(*(window.get(probe) for probe in probes))


def _over_coil(window: Window) -> float | None:
    """Outdoor air over the coil; not known of a coil that melting ice holds at 0 degC, nor of a
    sensor that is not read while the machine rests.
    """
    air_c, coil_c = window.get("outdoor_temp"), window.get("coil_temp")
    if window.swing("coil_temp") == 0.0:
        return None
    if air_c is not None and coil_c is not None and abs(coil_c) < MELTS_C and air_c > coil_c:
        return None
    return _minus(air_c, coil_c)


def _saturation(mean: Window, point: PointId | None, source: Sources) -> float | None:
    value = mean.get(point) if point is not None else None
    if value is None or point not in ("low_pressure", "high_pressure"):
        return value
    return saturation_c(source.refrigerant or "", value) if value > 0.5 else None


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _percent(value: float | None) -> float | None:
    """A hundred times the logarithm: its differences are percent."""
    return None if value is None or value < 1.0 else 100.0 * log(value)
