"""The air side: fan, coil, moisture, frost that grows and melts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.physics.condition import Condition
from simulators.physics.refrigerants import Array
from simulators.physics.state import State
from simulators.physics.units import Units

_AIR_J_KG_K = 1006.0
_FREEZE_J_KG = 334e3
_SUBLIME_J_KG = 2.83e6
_PA = 101_325.0


@dataclass(slots=True)
class AirSide:
    """The air through the coil during one poll, and what the cycle needs of it in each step.

    `conductance_w_k` leads to `balance_c`: the air's temperature, raised by the latent heat of its
    moisture. `coil_w` is what a reversed cycle gives the coil.
    """

    air_c: Array
    entry_c: Array
    kg_kg: Array
    stream_w_k: Array
    surface: Array  # transfer units of a coil that is wet inside
    conductance_w_k: Array
    balance_c: Array
    coil_w: Array


def moisture(air_c: Array, humidity: Array) -> Array:
    """Water in the air, kg/kg; Magnus over ice below 0 degC and over water above."""
    above = air_c > 0.0
    a, b = np.where(above, 17.62, 22.46), np.where(above, 243.12, 272.62)
    vapour: Array = 0.622 / _PA * 611.2 * np.exp(a * air_c / (b + air_c)) * humidity
    return vapour


def breathe(u: Units, s: State, c: Condition, air_c: Array, kg_kg: Array) -> AirSide:
    """The air of the next half minute: the fan against the coil and its frost."""
    mu = (s.frost_kg + s.ice_kg) / u.frost_kg
    share = s.fan * c.fan * c.air_flow / (1.0 + mu * (0.35 + 0.65 * mu))
    s.air_share = share
    least = np.maximum(share, 0.03)
    stream = least * u.air_m3_s * (353.0 * _AIR_J_KG_K) / (air_c + 273.15)
    surface = u.air_ua_w_k * c.air_ua * np.sqrt(least) / ((1.0 + 0.25 * mu) * stream)
    entry = air_c - u.recirculation_k * s.fan
    return AirSide(air_c, entry, kg_kg, stream, surface, stream, entry, stream)


def settle(dt_s: float, s: State, air: AirSide) -> None:
    """Conductance of this step, and the moisture that it leaves on the coil as frost."""
    effect = 1.0 - np.exp(-air.surface * (1.0 - np.maximum(s.dry, 0.0)))
    air.conductance_w_k = air.stream_w_k * effect
    skin = s.low_c + 0.2 * np.maximum(air.entry_c - s.low_c, 0.0)
    vapour = 611.2 * np.exp(22.46 * skin / (272.62 + skin))
    spare = np.maximum(air.kg_kg - 0.622 / _PA * vapour, 0.0)
    settled = (0.9 / _AIR_J_KG_K) * air.conductance_w_k * spare * (s.on & ~s.reverse)
    s.frost_kg = s.frost_kg + settled * dt_s * (skin < 0.0)
    air.balance_c = air.entry_c + settled * _SUBLIME_J_KG / air.conductance_w_k


def thaw(dt_s: float, u: Units, s: State, c: Condition, air: AirSide) -> None:
    """The coil's metal and what melts of the frost: in a defrost, or by warm air."""
    air_c, coil_w = air.air_c, air.coil_w
    reverse = s.on & s.reverse
    left = np.minimum(u.melt_left + c.melt_left, 0.95)
    begun = reverse & (s.defrost_s <= dt_s)
    s.frost_kg = s.frost_kg + np.where(begun, s.ice_kg, 0.0)
    s.ice_kg = np.where(begun, 0.0, s.ice_kg)
    wet = np.minimum(s.frost_kg / (0.12 * u.frost_kg), 1.0)
    melt_g = np.where(reverse, 0.11 * u.nominal_w * wet, 0.0)
    melt_w = melt_g * np.maximum(s.coil_c, 0.0)
    lost_w = 0.02 * u.nominal_w * (s.coil_c - air_c)
    gain = coil_w - melt_w - lost_w
    coil = s.coil_c + dt_s * gain / (u.coil_j_k + dt_s * (melt_g + 0.27 * u.nominal_w))
    heating = s.on & ~s.reverse
    idle = s.coil_c + (air_c - s.coil_c) * (dt_s / (500.0 + dt_s))
    met = s.low_c + 0.08 * np.maximum(air_c - s.low_c, 0.0)
    follow = s.coil_c + (met - s.coil_c) * (dt_s / (25.0 + dt_s))
    s.coil_c = np.where(reverse, coil, np.where(heating, follow, idle))
    gone = np.minimum(melt_w * dt_s / (_FREEZE_J_KG * (1.0 - left)), s.frost_kg)
    # a share of every defrost's frost is out of its reach and stays as ice
    s.ice_kg = s.ice_kg + gone * left
    s.frost_kg = s.frost_kg - gone
    warm = np.maximum(np.where(heating, s.low_c, air_c) - 0.3, 0.0)
    melted = 0.012 * u.nominal_w * warm * dt_s / _FREEZE_J_KG
    s.frost_kg = np.maximum(s.frost_kg - melted, 0.0)
    s.ice_kg = np.maximum(s.ice_kg - melted, 0.0)
