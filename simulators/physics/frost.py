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
    """What the cycle needs of the air: a conductance to a balance temperature.

    The balance temperature is the air's, raised by the latent heat of this step's moisture.
    """

    entry_c: Array
    conductance_w_k: Array
    balance_c: Array
    coil_w: Array


def moisture(air_c: Array, humidity: Array) -> Array:
    """Water in the air, kg/kg; Magnus over ice below 0 degC and over water above."""
    above = air_c > 0.0
    a, b = np.where(above, 17.62, 22.46), np.where(above, 243.12, 272.62)
    vapour = 611.2 * np.exp(a * air_c / (b + air_c)) * humidity
    return 0.622 * vapour / (_PA - vapour)


def breathe(
    dt_s: float, u: Units, s: State, c: Condition, air_c: Array, water_kg_kg: Array
) -> AirSide:
    """Air through the coil for dt_s seconds: conductance of this step, frost that it leaves."""
    mu = (s.frost_kg + s.ice_kg) / u.frost_kg
    narrow = 1.0 / (1.0 + 0.35 * mu + 0.65 * mu * mu)
    share = s.fan * c.fan * c.air_flow * narrow
    stream = np.maximum(share, 0.03) * u.air_m3_s * (353.0 / (air_c + 273.15)) * _AIR_J_KG_K
    surface = u.air_ua_w_k * c.air_ua * np.sqrt(np.maximum(share, 0.03)) / (1.0 + 0.25 * mu)
    wetted = 1.0 - np.maximum(s.dry, 0.0)
    effect = 1.0 - np.exp(-surface * wetted / stream)
    entry = air_c - u.recirculation_k * s.fan
    conductance = stream * effect
    skin = s.low_c + 0.2 * np.maximum(entry - s.low_c, 0.0)
    spare = np.maximum(water_kg_kg - moisture(skin, np.ones_like(skin)), 0.0)
    heating = s.on & ~s.reverse
    settled = np.where(heating, stream / _AIR_J_KG_K * effect * 0.9 * spare, 0.0)
    freezing = skin < 0.0
    s.frost_kg = s.frost_kg + np.where(freezing, settled * dt_s, 0.0)
    latent = settled * _SUBLIME_J_KG
    s.air_share = share
    balance = entry + latent / conductance
    return AirSide(entry, conductance, balance, np.zeros_like(air_c))


def thaw(dt_s: float, u: Units, s: State, c: Condition, air_c: Array, coil_w: Array) -> None:
    """The coil's metal and what melts of the frost: in a defrost, or by warm air."""
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
