"""The refrigerant cycle, one step of n units: compressor, valve, charge and both exchangers.

Compressor: m = eta_v V f rho, W = m dh_is / eta_is. Exchangers: effectiveness-NTU. The charge that
the evaporator does not hold stands as liquid in the condenser, where it makes the subcooling; when
it is used up, gas reaches the valve. Temperatures move by implicit Euler steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.physics.condition import Condition
from simulators.physics.frost import AirSide
from simulators.physics.refrigerants import Array, Properties
from simulators.physics.state import State
from simulators.physics.units import WATER_J_KG_K, Units

_EVAPORATOR_S = 25.0  # liquid of the evaporator at the rate of the flow, with its metal
_EQUALISE_S = 80.0
_FLOOD_SHARE = 0.75  # of the condenser's liquid that subcooling adds to what always hangs there
_GAS_BULK = 14.0  # liquid over vapour density at the valve
_SUPERHEAT_NTU, _SUBCOOLING_NTU = 12.0, 5.0
_GAS_J_KG_K = 1300.0
_WET_J_KG = 2.5e5  # latent heat that liquid in the suction takes with it
_SHELL_STILL_S = 2400.0
_INJECT_C, _INJECTED = 88.0, 0.75


@dataclass(frozen=True, slots=True)
class _Gas:
    """What the compressor moves: kg/s past the condenser, enthalpies, superheat at its port."""

    net: Array
    leaving: Array
    hot: Array
    mixed_k: Array


class Cycle:
    """The cycle of n units; `step` moves a State."""

    __slots__ = ("_cp", "_held", "_room", "_units", "properties")

    def __init__(self, units: Units) -> None:
        self._units = units
        self.properties = Properties(units.refrigerant)
        liquid = units.condenser_l * 1e-3 * self.properties.liquid_density(40.0 + 0 * units.valve)
        self._held = units.line_kg + (1 - _FLOOD_SHARE) * liquid
        self._room = _FLOOD_SHARE * liquid

    def step(self, dt_s: float, s: State, c: Condition, air: AirSide) -> None:
        """Let dt_s seconds pass (at most 15)."""
        stream, standing, flash = self._charge(s, c)
        surface = self._units.water_ntu * c.water_ua * (1.0 - standing) * (1.0 - c.gas_kg) / 0.8
        full = self._units.flow_kg_s * WATER_J_KG_K
        water_g = stream * (1.0 - np.exp(-surface * np.sqrt(full / stream)))
        gas = self._compress(s, c, air)
        out_w, in_w, saturated = self._feed(dt_s, s, c, gas, standing, flash)
        old_low, old_high = s.low_c, s.high_c
        self._exchange(dt_s, s, air, water_g, out_w, in_w)
        rest = dt_s / (_EQUALISE_S + dt_s)
        s.low_c = np.where(s.on, s.low_c, old_low + (s.coil_c - old_low) * rest)
        s.high_c = np.where(s.on, s.high_c, old_high + (s.coil_c - old_high) * rest)
        self._touch(dt_s, s, gas, old_low, old_high, saturated)
        s.flash = flash
        s.high_pa = s.high_pa * (1.0 + 0.6 * c.gas_kg)
        self._valve_control(dt_s, s, c)

    def _charge(self, s: State, c: Condition) -> tuple[Array, Array, Array]:
        """Heat capacity of the water stream, W/K; flooded share of the condenser; gas at the valve.

        The charge that line and evaporator do not hold stands in the condenser.
        """
        u = self._units
        stream = np.maximum(s.flow_kg_s, 1e-3) * WATER_J_KG_K
        left = u.charge_kg * c.charge - self._held - u.evaporator_kg * (1.0 - s.dry)
        flooded = np.where(s.reverse, 0.2, left / self._room)
        standing = np.minimum(np.maximum(flooded, 0.0), 0.92)
        return stream, standing, np.minimum(1.2 * np.maximum(-flooded, 0.0), 0.7)

    def _compress(self, s: State, c: Condition, air: AirSide) -> _Gas:
        """The compressor between the two saturation temperatures of this moment."""
        u, p, low, high = self._units, self.properties, s.low_c, s.high_c
        s.high_pa, s.low_pa = p.pressure(high), p.pressure(low)
        ratio = s.high_pa / s.low_pa
        warm = np.maximum(np.where(s.reverse, s.entry_c, air.entry_c) - low, 0.0)
        superheat = warm * (1.0 - np.exp(-_SUPERHEAT_NTU * np.maximum(s.dry, 0.0)))
        wet = np.maximum(-s.dry, 0.0)
        lift = p.isentropic_work(low, np.maximum(high, low + 1.0), superheat)
        share = 1.0 - 0.012 * np.minimum((ratio - 3.0) ** 2, 16.0) - 3.3e-5 * (s.hz - 65.0) ** 2
        specific = lift / (u.isentropic * c.isentropic * share)
        # gas that leaks back past the four-way valve warms what the compressor takes in
        added = c.bypass / (1.0 - c.bypass) * specific
        mixed = superheat + added / _GAS_J_KG_K
        swept = u.volumetric * c.volumetric * (1.027 - 0.027 * ratio) * u.displacement_m3
        mass = np.maximum(swept, 0.0) * s.hz * p.vapour_density(low, mixed) * (1.0 + 0.5 * wet)
        leaving = p.vapour_enthalpy(low, superheat) - wet * _WET_J_KG
        hot = leaving + added + (1.0 - u.shell_loss) * specific
        s.superheat_k = superheat
        s.compressor_w = np.where(s.on, mass * specific, 0.0)
        return _Gas(mass * (1.0 - c.bypass), leaving, hot, mixed)

    def _feed(
        self, dt_s: float, s: State, c: Condition, gas: _Gas, standing: Array, flash: Array
    ) -> tuple[Array, Array, Array]:
        """The valve feeds the evaporator; heat at both ports, W, and the vapour's enthalpy."""
        u, p, high = self._units, self.properties, s.high_c
        below = np.maximum(high - np.where(s.reverse, s.coil_c, s.entry_c), 0.0)
        s.subcooling_k = below * (1.0 - np.exp(-_SUBCOOLING_NTU * standing))
        saturated = p.vapour_enthalpy(high, 0.0 * high)
        liquid = p.liquid_enthalpy(high, s.subcooling_k)
        entering = liquid + flash * (saturated - liquid)
        area = s.opening / np.sqrt(1.0 + (s.opening / c.drier) ** 2)
        push = np.sqrt(p.liquid_density(high) * np.maximum(s.high_pa - s.low_pa, 1.0))
        fed = u.valve * area * push / np.sqrt(1.0 + (_GAS_BULK - 1.0) * flash)
        lacking = (gas.net - fed) / np.maximum(gas.net, 0.1 * u.valve * push)
        dry = s.dry + dt_s * lacking / (_EVAPORATOR_S + 2.2 * dt_s)
        s.dry = np.where(s.on & ~s.reverse, np.minimum(np.maximum(dry, -0.15), 0.9), 0.07)
        out_w, in_w = gas.net * (gas.hot - entering), gas.net * (gas.leaving - entering)
        return out_w, in_w, saturated

    def _touch(
        self,
        dt_s: float,
        s: State,
        gas: _Gas,
        low: Array,
        high: Array,
        saturated: Array,
    ) -> None:
        """What the refrigerant's probes stand in.

        Liquid injected into the compressor takes three quarters of what the gas is above 88 degC.
        The heat is the same: the liquid comes from the condenser and goes back there.
        """
        u, on = self._units, s.on
        excess = np.maximum(gas.hot - saturated, 0.0)
        hot = s.high_c + self.properties.discharge_superheat(s.high_c, excess)
        hot = hot - _INJECTED * np.maximum(hot - _INJECT_C, 0.0)
        middle = 0.5 * (s.coil_c + s.supply_c)
        slow = np.where(on, u.shell_s, _SHELL_STILL_S)
        s.gas_c = s.gas_c + (np.where(on, hot, middle) - s.gas_c) * (dt_s / (slow + dt_s))
        s.suction_c = np.where(on, low + gas.mixed_k, s.coil_c)
        s.liquid_c = np.where(on, high - s.subcooling_k, middle)

    def _exchange(
        self, dt_s: float, s: State, air: AirSide, water_g: Array, out_w: Array, in_w: Array
    ) -> None:
        """Move both saturation temperatures; heat to the water and from the air of this step."""
        u = self._units
        water, reverse, running = s.entry_c, s.reverse, s.on
        coil_g = 0.25 * u.nominal_w
        small = 0.8 * u.nominal_w
        high_g = np.where(reverse, coil_g, water_g)
        sink = np.where(reverse, s.coil_c, water)
        loss = high_g * (s.high_c - sink)
        high = s.high_c + dt_s * (out_w - loss) / (small + dt_s * (high_g + 0.01 * out_w))
        low_g = np.where(reverse, water_g, air.conductance_w_k)
        source = np.where(reverse, water, air.balance_c)
        gain = low_g * (source - s.low_c)
        heavy = np.where(reverse, small, u.coil_j_k)
        low = s.low_c + dt_s * (gain - in_w) / (heavy + dt_s * (low_g + 0.034 * in_w))
        s.high_c = np.minimum(high, 72.0)
        s.low_c = np.maximum(low, -48.0)
        given = np.where(reverse, water_g * (s.low_c - water), water_g * (s.high_c - water))
        s.water_w = np.where(running, given, 0.0)
        s.air_w = np.where(running & ~reverse, low_g * (source - s.low_c), 0.0)
        air.coil_w = np.where(running & reverse, coil_g * (s.high_c - s.coil_c), 0.0)

    def _valve_control(self, dt_s: float, s: State, c: Condition) -> None:
        """A PI loop on superheat inside opening limits; held at start and in defrost."""
        u = self._units
        error = s.superheat_k - u.superheat_k
        error = np.where(s.dry < 0.0, error + 40.0 * s.dry, error)
        error = np.minimum(np.maximum(error, -6.0), 6.0)
        step = u.valve_gain * (1e-4 * dt_s * error + 4e-3 * (error - s.valve_error_k))
        s.valve_error_k = error
        settled = s.on & ~s.reverse & (s.run_s > 60.0)
        opening = np.where(settled, s.opening + step, s.opening)
        opening = np.minimum(np.maximum(opening, u.valve_low), u.valve_high)
        s.opening = np.where(c.eev_stuck >= 0.0, c.eev_stuck, opening)
