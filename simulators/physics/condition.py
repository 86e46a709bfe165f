"""The condition of n units: one neutral value for each thing a fault or a scenario may change."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from simulators.physics.refrigerants import Array

# sensors in the order of the sensor layer
SENSORS = (
    "outdoor_temp",
    "water_supply_temp",
    "water_return_temp",
    "coil_temp",
    "discharge_temp",
    "suction_temp",
    "liquid_temp",
    "indoor_temp",
    "dhw_temp",
    "high_pressure",
    "low_pressure",
    "water_flow",
)


@dataclass(slots=True, kw_only=True)
class Condition:
    """Factors are 1 and additions 0 in a healthy unit; one array value a unit."""

    charge: Array
    gas_kg: Array  # air or nitrogen in the refrigerant, share of the condenser it blankets
    water_ua: Array
    valve: Array  # resistance of the water circuit
    bubbles: Array  # share of time with air in the pump
    pump: Array
    air_ua: Array
    air_flow: Array
    fan: Array
    melt_left: Array
    defrost_gap: Array
    defrost_early_k: Array
    eev_stuck: Array  # opening the valve is held at; negative when free
    drier: Array  # flow the filter drier lets through, of the open valve's, 1e9 when clean
    volumetric: Array
    isentropic: Array
    bypass: Array
    four_way_stuck: Array
    hysteresis: Array
    lowest_hz: Array
    heater_stuck: Array
    mains_lost: Array
    mains_v: Array  # added
    dips: Array  # a day
    house: Array  # loss of the house
    curve_k: Array
    hot_k: Array
    board_code: Array
    offset: Array  # (sensors, n)
    frozen: Array  # (sensors, n)
    rail: Array  # (sensors, n), what the sensor shows; nan when healthy
    noise: Array
    # communication, clock, meter
    lost_polls: Array
    frozen_all: Array
    clock_s: Array
    clock_back: Array
    repeats: Array
    meter_share: Array
    heat_meter_share: Array
    # what healthy units live through
    fog: Array
    sun_k: Array
    windows: Array
    setback_k: Array
    steps_k: Array
    idle_season: Array
    exercise: Array
    coarse: Array

    def take(self, index: npt.NDArray[np.intp]) -> Condition:
        """A deep copy of these units."""
        return Condition(**{f.name: getattr(self, f.name)[..., index].copy() for f in fields(self)})

    def clear(self, i: int, keep_valve: bool) -> None:
        """Unit i lacks nothing again; a valve that sticks may stay where it is."""
        new = healthy(1)
        for f in fields(self):
            if not (keep_valve and f.name == "eev_stuck"):
                getattr(self, f.name)[..., i] = getattr(new, f.name)[..., 0]


_ONE = (
    "charge",
    "water_ua",
    "valve",
    "pump",
    "air_ua",
    "air_flow",
    "fan",
    "defrost_gap",
    "volumetric",
    "isentropic",
    "hysteresis",
    "house",
    "noise",
    "meter_share",
    "heat_meter_share",
)


def healthy(n: int) -> Condition:
    """n units that lack nothing."""
    start = {f.name: np.zeros(n) for f in fields(Condition)}
    start |= {name: np.ones(n) for name in _ONE}
    start["eev_stuck"] = np.full(n, -1.0)
    start["drier"] = np.full(n, 1e9)
    for name in ("offset", "frozen"):
        start[name] = np.zeros((len(SENSORS), n))
    start["rail"] = np.full((len(SENSORS), n), np.nan)
    return Condition(**start)
