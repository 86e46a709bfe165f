"""The water side and the home: pump and pipes, emitters, hot-water tank, two-mass building."""

from __future__ import annotations

import numpy as np

from simulators.physics.condition import Condition
from simulators.physics.refrigerants import Array
from simulators.physics.state import State
from simulators.physics.units import WATER_J_KG_K, Units

_PIPE_KG = 7.0  # per kg/s of full flow, x 1/full: the pipe's hold-up lasts some 20 s
# water standing in the unit towards the outdoor air: some 3 kg of it and 5 kg of steel behind
# insulation of about 1.7 W/K
_STILL_S = 9000.0
_COLD_WATER_C = 10.0
_SUN_SHARE = 0.5


def pump(u: Units, s: State, c: Condition, bubble: Array) -> None:
    """Flow of this moment: the pump's curve against the circuit's resistance.

    `bubble` is the share of the water that air has taken from the pump.
    """
    resistance = u.pump_share + (1.0 - u.pump_share) * c.valve
    flow = u.flow_kg_s * s.speed * c.pump * (1.0 - bubble) / np.sqrt(resistance)
    s.flow_kg_s = np.where(s.pump, flow, 0.0)


def water(dt_s: float, u: Units, s: State, c: Condition, air_c: Array) -> None:
    """Water through condenser, emitters or tank for dt_s seconds."""
    stream = s.flow_kg_s * WATER_J_KG_K
    flows = s.flow_kg_s > 0.01
    safe = np.maximum(stream, 40.0)
    supply = s.entry_c + s.water_w / safe
    still = dt_s / (_STILL_S + dt_s)
    s.supply_c = np.where(flows, supply, s.supply_c + (air_c - s.supply_c) * still)
    # without flow the heat stays in the unit's own few litres
    kept = s.water_w * dt_s / (u.flow_kg_s * 8.0 * WATER_J_KG_K)
    s.supply_c = np.where(flows, s.supply_c, s.supply_c + kept)
    heated = s.supply_c + s.heater / safe
    through_tank = np.exp(-u.tank_ua_w_k / safe)
    tank_return = s.tank_c + (heated - s.tank_c) * through_tank
    back = np.where(s.tank, tank_return, s.loop_c)
    hold = dt_s * s.flow_kg_s / (_PIPE_KG * u.flow_kg_s * 2.5 + dt_s * s.flow_kg_s)
    entry_still = s.entry_c + (air_c - s.entry_c) * still
    s.entry_c = np.where(flows, s.entry_c + (back - s.entry_c) * hold, entry_still + kept)
    to_loop = np.where(flows & ~s.tank, stream * (heated - s.entry_c), 0.0)
    emitted = u.emitter_w_k * (s.loop_c - s.room_c)
    emitted = np.where(flows & ~s.tank, emitted, 0.5 * emitted)
    s.loop_c = s.loop_c + dt_s * (to_loop - emitted) / (u.loop_j_k + dt_s * u.emitter_w_k)
    to_tank = np.where(flows & s.tank, stream * (heated - tank_return), 0.0)
    s.tank_c = s.tank_c + dt_s * to_tank / u.tank_j_k
    s.room_c = s.room_c + dt_s * emitted / u.air_j_k


def building(
    dt_s: float, u: Units, s: State, c: Condition, air_c: Array, sun: Array, hour: float
) -> None:
    """Room air and masonry for dt_s seconds without the emitters; hot water is drawn."""
    busy = 1.5 if 6.0 < hour < 9.0 or 17.0 < hour < 23.0 else 0.7
    open_now = (c.windows > 0.0) & (18.0 < hour < 19.5)
    loss = u.loss_w_k * c.house * np.where(open_now, 1.0 + 2.0 * c.windows, 1.0)
    gain = u.gain_w * busy + _SUN_SHARE * u.window_m2 * sun
    to_mass = u.air_to_mass_w_k * (s.room_c - s.mass_c)
    by_air = 0.45 * loss * (s.room_c - air_c)
    by_mass = 0.55 * loss * (s.mass_c - air_c)
    s.room_c = s.room_c + dt_s * (gain - to_mass - by_air) / (
        u.air_j_k + dt_s * (u.air_to_mass_w_k + loss)
    )
    s.mass_c = s.mass_c + dt_s * (to_mass - by_mass) / u.mass_j_k
    draw = 3.0 if 6.5 < hour < 8.0 or 19.0 < hour < 21.5 else 0.5
    litres_s = u.draw_l_day * draw / (12.0 * 3600.0 + 20.0 * 3600.0 * 0.5) / 1.0
    cooled = litres_s * WATER_J_KG_K + 2.2
    s.tank_c = s.tank_c - dt_s * cooled * (s.tank_c - _COLD_WATER_C) / u.tank_j_k
