"""What changes while time runs: one record of arrays for n units."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from simulators.physics.refrigerants import Array, Flags
from simulators.physics.units import Units

Codes = npt.NDArray[np.int64]


@dataclass(slots=True, kw_only=True)
class State:
    """State of n units. Temperatures in degC, `*_s` seconds, shares 0..1.

    `low_c` and `high_c` are the saturation temperatures at the compressor's two ports, whichever
    exchanger they serve; `dry` is the share of the evaporator that holds no liquid, negative when
    liquid leaves it.
    """

    # refrigerant
    low_c: Array
    high_c: Array
    coil_c: Array
    gas_c: Array
    suction_c: Array
    liquid_c: Array
    dry: Array
    opening: Array
    superheat_k: Array
    subcooling_k: Array
    valve_error_k: Array
    flash: Array
    high_pa: Array
    low_pa: Array
    compressor_w: Array
    air_w: Array
    water_w: Array
    frost_kg: Array
    ice_kg: Array
    fan: Array
    air_share: Array
    # water and home
    flow_kg_s: Array
    supply_c: Array
    entry_c: Array
    loop_c: Array
    room_c: Array
    mass_c: Array
    tank_c: Array
    heater: Array
    # controller
    on: Flags
    reverse: Flags
    tank: Flags
    pump: Flags
    locked: Flags
    hz: Array
    wanted_hz: Array
    error_k: Array
    error_s: Array
    setpoint_c: Array
    speed: Array
    run_s: Array
    rest_s: Array
    hot_s: Array
    clear_s: Array
    defrost_s: Array
    drip_s: Array
    tank_s: Array
    starved_s: Array
    short_s: Array
    wrong_s: Array
    trips: Array
    code: Codes
    starts: Array
    # counters
    energy_j: Array
    heat_j: Array
    power_w: Array
    # outdoor sensor's own air, K above the true
    swing_k: Array

    def take(self, index: npt.NDArray[np.intp]) -> State:
        """A deep copy of these units, in this order; an index may repeat."""
        return State(**{f.name: getattr(self, f.name)[index].copy() for f in fields(self)})


def at_rest(units: Units, air_c: Array) -> State:
    """Units that stand in a warm house and have not run for an hour."""
    n = len(units)
    zero = np.zeros(n)
    start = {f.name: zero.copy() for f in fields(State)}
    for name in ("on", "reverse", "tank", "pump", "locked"):
        start[name] = np.zeros(n, dtype=bool)
    start["code"] = np.zeros(n, dtype=np.int64)
    for name in ("low_c", "high_c", "coil_c", "gas_c", "suction_c", "liquid_c"):
        start[name] = air_c.copy()
    start["low_pa"] = start["high_pa"] = zero + 4e5
    start["dry"] = zero + 0.07
    start["opening"] = zero + 0.4
    water = units.room_c + 6.0
    for name in ("supply_c", "entry_c", "loop_c"):
        start[name] = water.copy()
    start["room_c"] = units.room_c.copy()
    start["mass_c"] = units.room_c - 0.5
    start["tank_c"] = units.tank_c - 2.0
    start["rest_s"] = zero + 3600.0
    start["clear_s"] = zero + 3600.0
    start["air_share"] = zero + 1.0
    start["setpoint_c"] = water.copy()
    return State(**start)  # type: ignore[arg-type]
