"""What goes wrong with a unit: each fault changes one thing of its condition.

Severities are those of the catalogue the benchmark is built on. A variant chooses among forms of
one fault; the first named is the default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulators.physics.condition import SENSORS, Condition
from simulators.physics.controller import CODES
from simulators.physics.state import State
from simulators.physics.units import Units


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault from now on: grown linearly over `ramp_days`, ended after `for_s` (0: never)."""

    fault: str
    severity: float
    ramp_days: float = 0.0
    variant: str = ""
    for_s: float = 0.0


def _table(text: str) -> Mapping[str, Mapping[str, float]]:
    words = ("mild", "medium", "severe")
    rows = (line.split() for line in text.strip().splitlines())
    return {row[0]: dict(zip(words, map(float, row[1:4]), strict=True)) for row in rows}


# share lost or added unless a unit is named
SEVERITIES = _table("""
F01 0.10 0.25 0.40   share of the charge that is gone
F02 0.15 0.25 0.40   share of the charge too much
F03 0.15 0.30 0.50   of the condenser's UA
F04 0.15 0.30 0.60   of the flow
F05 0.10 0.25 0.50   of the time with air in the pump
F06 0.93 1.00 1.00   of the pump
F07 0.15 0.30 0.50   of the air side's UA: so much of the coil's face is shut
F08 0.60 1.00 1.00   of the fan's speed
F09 0.25 0.45 0.60   of the frost left by a defrost
F10 6.0  99.0 99.0   times the shortest interval
F11 5.0  8.0  12.0   K too early
F12 1.0  0.6  0.35   of the opening it had
F13 0.08 0.15 0.25   of eta_v, half of it of eta_is
F14 0.05 0.10 0.20   of the flow past the reversing valve
F15 1.0  1.0  1.0    rail
F16 1.0  2.0  5.0    K
F17 1.0  1.0  1.0    frozen
F18 0.45 0.20 0.05   of the hysteresis
F19 1.0  1.0  1.0    relay
F20 1.0  1.0  1.0    mains or flow
F21 0.30 0.60 1.00   more loss of the house
F22 7.0  10.0 15.0   K on the curve
F23 6.0  9.0  12.0   K over 56 degC that the supply is driven to, its limit lost
F24 25.0 38.0 55.0   V
F25 0.10 1.0  1.0    of the polls
F26 120  3600 4e8    s
F27 0.30 1.0  1.0    of the counting
F28 1.0  1.0  1.0    code
U01 0.35 0.55 0.75   of the free section of the filter drier
U02 0.10 0.20 0.35   of the condenser blanketed by air in the refrigerant
""")

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "F12": ("closed", "open"),
    "F14": ("leak", "stuck"),
    "F15": ("outdoor_temp", *(s for s in SENSORS if s != "outdoor_temp")),
    "F16": ("water_supply_temp", *(s for s in SENSORS[:11] if s != "water_supply_temp")),
    "sensor_replaced": ("coil_temp", *(s for s in SENSORS[:9] if s != "coil_temp")),
    "F17": ("coil_temp", *(s for s in SENSORS if s != "coil_temp")),
    "F20": ("mains", "flow"),
    "F24": ("low", "high", "dips"),
    "F25": ("lost", "frozen"),
    "F26": ("offset", "repeats", "backwards"),
    "F27": ("energy", "heat"),
}

# what healthy units live through: name -> usual severity
SCENARIOS: Mapping[str, float] = {
    "fog": 1.0,  # freezing fog: saturated air with droplets
    "sun": 10.0,  # K on the outdoor sensor at noon
    "windows": 1.0,  # an hour and a half of open windows every evening
    "setback": 6.0,  # K on the curve at night
    "steps": 3.0,  # K up and down by the schedule every four hours
    "summer": 1.0,  # no heating called for; its end is the first start of the season
    "exercise": 1.0,  # the pump runs for six minutes every morning
    "power_cut": 1.0,  # give it a `for_s`
    "driver_swap": 0.2,  # steps of 0.5 and so many K more on every temperature
    "sensor_replaced": 0.4,  # K that the new one differs
}

_Effect = Callable[[Units, State, Condition, int, float, str], None]


def check(injection: Injection) -> None:
    """Raises KeyError for an unknown fault or variant."""
    if injection.fault not in _EFFECTS:
        raise KeyError(f"{injection.fault}: known are {', '.join(_EFFECTS)}")
    variants = VARIANTS.get(injection.fault, ("",))
    if injection.variant and injection.variant not in variants:
        raise KeyError(f"{injection.fault} {injection.variant}: known are {', '.join(variants)}")


def apply(u: Units, s: State, c: Condition, i: int, injection: Injection, share: float) -> None:
    """Set unit i's condition to so much (0..1) of a fault."""
    variants = VARIANTS.get(injection.fault, ("",))
    variant = injection.variant or variants[0]
    _EFFECTS[injection.fault](u, s, c, i, injection.severity * share, variant)


def _less(name: str) -> _Effect:
    def effect(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
        getattr(c, name)[i] = 1.0 - x

    return effect


def _more(name: str) -> _Effect:
    def effect(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
        getattr(c, name)[i] = 1.0 + x

    return effect


def _is(name: str) -> _Effect:
    def effect(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
        getattr(c, name)[i] = x

    return effect


def _flow(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    """The resistance that leaves 1 - x of the flow on this pump's curve."""
    inside = u.pump_share[i]
    c.valve[i] = (1.0 / max(1.0 - x, 0.02) ** 2 - inside) / (1.0 - inside)


def _face(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    """Shut face takes its air and its surface with it; the rest keeps its air speed."""
    c.air_flow[i], c.air_ua[i] = 1.0 - x, (1.0 - x) ** 0.5


def _defrost_gap(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    c.defrost_gap[i] = max(x, 1.0) if x < 50.0 else 1e6


def _defrost_early(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    c.defrost_early_k[i] = x
    c.defrost_gap[i] = max(0.4, 1.0 - x / 12.0)


def _valve(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    """Held where it is, times x; stuck open it stands at 1/x of it."""
    if c.eev_stuck[i] >= 0.0 or x <= 0.0:
        return
    factor = x if variant == "closed" else 1.0 / x
    c.eev_stuck[i] = min(s.opening[i] * factor, 1.0)


def _wear(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    c.volumetric[i], c.isentropic[i] = 1.0 - x, 1.0 - 0.5 * x


def _four_way(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    if variant == "stuck":
        c.four_way_stuck[i] = 1.0
    else:
        c.bypass[i] = x


def _rail(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    row = SENSORS.index(variant)
    c.rail[row, i] = -3276.8 if row < 9 else 0.0


def _offset(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    row = SENSORS.index(variant)
    c.offset[row, i] = x if row < 9 else 0.3 * x


def _frozen(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    c.frozen[SENSORS.index(variant), i] = 1.0


def _cycling(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    c.hysteresis[i] = x if x > 0.0 else 1.0
    c.lowest_hz[i] = 0.45 * u.high_hz[i]


def _freeze(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    if variant == "mains":
        c.mains_lost[i] = 1.0
    else:
        c.pump[i] = 0.0


def _mains(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    if variant == "dips":
        c.dips[i] = x
        return
    aim = 220.0 - x if variant == "low" else 220.0 + 0.8 * x + 6.0
    c.mains_v[i] = aim - u.mains_v[i]


def _comm(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    if variant == "lost":
        c.lost_polls[i] = x
    else:
        c.frozen_all[i] = 1.0


def _clock(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    if variant == "offset":
        c.clock_s[i] = -x
    elif variant == "repeats":
        c.repeats[i] = 0.02
    else:
        c.clock_back[i] = x


def _meter(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    if variant == "energy":
        c.meter_share[i] = 1.0 - x
    else:
        c.heat_meter_share[i] = 1.0 - x


def _board(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    c.board_code[i] = CODES["boards"]


def _drier(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    c.drier[i] = 1e9 if x <= 0.0 else max(0.9 * (1.0 - x), 0.05)


def _swap(u: Units, s: State, c: Condition, i: int, x: float, variant: str) -> None:
    """Another driver: coarser steps, and the same sensors read a little higher."""
    c.coarse[i] = 0.5
    c.offset[:9, i] = x


_EFFECTS: dict[str, _Effect] = {
    "fog": _is("fog"),
    "sun": _is("sun_k"),
    "windows": _is("windows"),
    "setback": _is("setback_k"),
    "steps": _is("steps_k"),
    "summer": _is("idle_season"),
    "exercise": _is("exercise"),
    "power_cut": _is("mains_lost"),
    "driver_swap": _swap,
    "sensor_replaced": _offset,
    "F01": _less("charge"),
    "F02": _more("charge"),
    "F03": _less("water_ua"),
    "F04": _flow,
    "F05": _is("bubbles"),
    "F06": _less("pump"),
    "F07": _face,
    "F08": _less("fan"),
    "F09": _is("melt_left"),
    "F10": _defrost_gap,
    "F11": _defrost_early,
    "F12": _valve,
    "F13": _wear,
    "F14": _four_way,
    "F15": _rail,
    "F16": _offset,
    "F17": _frozen,
    "F18": _cycling,
    "F19": _is("heater_stuck"),
    "F20": _freeze,
    "F21": _more("house"),
    "F22": _is("curve_k"),
    "F23": _is("hot_k"),
    "F24": _mains,
    "F25": _comm,
    "F26": _clock,
    "F27": _meter,
    "F28": _board,
    "U01": _drier,
    "U02": _is("gas_kg"),
}
