"""Properties of R32, R410A and R290: fitted once from CoolProp, then evaluated for many units.

Every function takes saturation temperatures in degC, one value a unit, and gives SI units. The
fits hold from -45 to 66 degC and are within 0.5 % (pressures) to 2 % (enthalpies) of CoolProp.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Draws = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

REFRIGERANTS = ("R32", "R410A", "R290")
_KELVIN = 273.15
_LOW_C, _HIGH_C = -45.0, 66.0
_SUPERHEAT_K = 5.0


@dataclass(frozen=True, slots=True)
class _Fit:
    """Coefficients of one refrigerant, lowest power first."""

    ln_pressure: Array
    ln_density: Array
    vapour: Array
    vapour_heat: Array
    liquid: Array
    liquid_heat: Array
    liquid_density: Array
    lift: Array
    hot: Array
    thinning: float
    steepening: float


class Properties:
    """The properties of a row of units, each with its own refrigerant (an index or name)."""

    __slots__ = (
        "_hot",
        "_lift",
        "_liquid",
        "_liquid_density",
        "_liquid_heat",
        "_ln_density",
        "_ln_pressure",
        "_steepening",
        "_thinning",
        "_vapour",
        "_vapour_heat",
    )

    def __init__(self, names: Iterable[str]) -> None:
        fits = [_fit(str(name)) for name in names]
        self._ln_pressure = _rows([fit.ln_pressure for fit in fits])
        self._ln_density = _rows([fit.ln_density for fit in fits])
        self._vapour = _rows([fit.vapour for fit in fits])
        self._vapour_heat = _rows([fit.vapour_heat for fit in fits])
        self._liquid = _rows([fit.liquid for fit in fits])
        self._liquid_heat = _rows([fit.liquid_heat for fit in fits])
        self._liquid_density = _rows([fit.liquid_density for fit in fits])
        self._lift = _rows([fit.lift for fit in fits])
        self._hot = _rows([fit.hot for fit in fits])
        self._thinning = np.array([fit.thinning for fit in fits])
        self._steepening = np.array([fit.steepening for fit in fits])

    def pressure(self, saturated_c: Array) -> Array:
        """Saturation pressure (dew point), Pa absolute."""
        return np.exp(_poly(self._ln_pressure, saturated_c))

    def vapour_density(self, saturated_c: Array, superheat_k: Array) -> Array:
        """Density of vapour superheated above its saturation temperature, kg/m3."""
        saturated = np.exp(_poly(self._ln_density, saturated_c))
        return saturated / (1.0 + self._thinning * superheat_k)

    def vapour_enthalpy(self, saturated_c: Array, superheat_k: Array) -> Array:
        """Enthalpy of superheated vapour, J/kg."""
        heat = _poly(self._vapour_heat, saturated_c)
        return _poly(self._vapour, saturated_c) + heat * superheat_k

    def liquid_enthalpy(self, saturated_c: Array, subcooling_k: Array) -> Array:
        """Enthalpy of subcooled liquid, J/kg."""
        heat = _poly(self._liquid_heat, saturated_c)
        return _poly(self._liquid, saturated_c) - heat * subcooling_k

    def liquid_density(self, saturated_c: Array) -> Array:
        """Density of boiling liquid, kg/m3."""
        return _poly(self._liquid_density, saturated_c)

    def isentropic_work(self, low_c: Array, high_c: Array, superheat_k: Array) -> Array:
        """Specific work of an isentropic compression between two saturation states, J/kg."""
        c = self._lift
        slope = c[0] + low_c * (c[1] + c[3] * low_c + c[4] * high_c)
        slope += high_c * (c[2] + c[5] * high_c)
        grown = 1.0 + self._steepening * (superheat_k - _SUPERHEAT_K)
        work: Array = (high_c - low_c) * slope * grown
        return work

    def discharge_superheat(self, high_c: Array, excess_j_kg: Array) -> Array:
        """Kelvin above the condensing temperature of gas with so much enthalpy above saturation."""
        c, x = self._hot, excess_j_kg
        curve: Array = (
            c[0] + high_c * (c[1] + c[2] * high_c) + x * (c[3] + c[4] * high_c + c[5] * x)
        )
        return x * curve


def _rows(fits: Sequence[Array]) -> Array:
    """Coefficients as (power, unit), contiguous by power."""
    return np.ascontiguousarray(np.array(fits).T)


def _poly(coefficients: Array, x: Array) -> Array:
    total: Array = coefficients[-1]
    for row in coefficients[-2::-1]:
        total = total * x + row
    return total


@cache
def _fit(name: str) -> _Fit:
    """The fit of one refrigerant. Raises KeyError for one that is not in `REFRIGERANTS`."""
    if name not in REFRIGERANTS:
        raise KeyError(f"{name}: known refrigerants are {', '.join(REFRIGERANTS)}")
    from CoolProp.CoolProp import AbstractState  # noqa: PLC0415  takes a second to load

    state = AbstractState("HEOS", name)
    saturated_c = np.linspace(_LOW_C, _HIGH_C, 38)
    dew = np.array([_saturated(state, 1.0, t) for t in saturated_c]).T
    boil = np.array([_saturated(state, 0.0, t) for t in saturated_c]).T
    warm = np.array([_superheated(state, t, 20.0) for t in saturated_c]).T
    thinning = float(np.mean((dew[2] / warm[2] - 1.0) / 20.0))
    lift, steepening = _fit_lift(state)
    return _Fit(
        ln_pressure=_powers(saturated_c, np.log(dew[0]), 4),
        ln_density=_powers(saturated_c, np.log(dew[2]), 4),
        vapour=_powers(saturated_c, dew[1], 4),
        vapour_heat=_powers(saturated_c, (warm[1] - dew[1]) / 20.0, 3),
        liquid=_powers(saturated_c, boil[1], 3),
        liquid_heat=_powers(saturated_c, boil[3], 3),
        liquid_density=_powers(saturated_c, boil[2], 3),
        lift=lift,
        hot=_fit_hot(state),
        thinning=thinning,
        steepening=steepening,
    )


def _powers(x: Array, y: Array, degree: int) -> Array:
    return np.asarray(np.polynomial.polynomial.polyfit(x, y, degree), dtype=np.float64)


def _saturated(state: object, quality: float, celsius: float) -> tuple[float, float, float, float]:
    import CoolProp  # noqa: PLC0415

    state.update(CoolProp.QT_INPUTS, quality, celsius + _KELVIN)  # type: ignore[attr-defined]
    return _read(state)


def _superheated(state: object, celsius: float, by_k: float) -> tuple[float, float, float, float]:
    import CoolProp  # noqa: PLC0415

    pressure = _saturated(state, 1.0, celsius)[0]
    kelvin = celsius + by_k + _KELVIN
    state.update(CoolProp.PT_INPUTS, pressure, kelvin)  # type: ignore[attr-defined]
    return _read(state)


def _read(state: object) -> tuple[float, float, float, float]:
    """Pressure, enthalpy, density, specific heat."""
    s = state
    return s.p(), s.hmass(), s.rhomass(), s.cpmass()  # type: ignore[attr-defined]


def _work(state: object, low_c: float, high_c: float, superheat_k: float) -> float:
    import CoolProp  # noqa: PLC0415

    start = _superheated(state, low_c, superheat_k)[1]
    entropy = state.smass()  # type: ignore[attr-defined]
    pressure = _saturated(state, 1.0, high_c)[0]
    state.update(CoolProp.PSmass_INPUTS, pressure, entropy)  # type: ignore[attr-defined]
    return float(state.hmass() - start)  # type: ignore[attr-defined]


def _fit_lift(state: object) -> tuple[Array, float]:
    """Work a kelvin of lift as a quadratic of both temperatures, and its growth by superheat."""
    pairs = [
        (low, high)
        for low in np.linspace(_LOW_C, 30.0, 11)
        for high in np.linspace(-10.0, _HIGH_C, 11)
        if high > low + 8.0
    ]
    low, high = np.array(pairs).T
    work = np.array([_work(state, a, b, _SUPERHEAT_K) for a, b in pairs])
    warmer = np.array([_work(state, a, b, _SUPERHEAT_K + 15.0) for a, b in pairs])
    terms = np.stack([np.ones_like(low), low, high, low**2, low * high, high**2], axis=1)
    lift = np.linalg.lstsq(terms, work / (high - low), rcond=None)[0]
    return lift, float(np.mean(warmer / work - 1.0) / 15.0)


def _fit_hot(state: object) -> Array:
    """Kelvin of superheat at the discharge, a joule of enthalpy above saturated vapour."""
    rows, slopes = [], []
    for high in np.linspace(0.0, _HIGH_C, 12):
        start = _saturated(state, 1.0, high)[1]
        for above in (5.0, 15.0, 30.0, 50.0, 80.0):
            x = _superheated(state, high, above)[1] - start
            rows.append((1.0, high, high**2, x, x * high, x**2))
            slopes.append(above / x)
    found: Array = np.linalg.lstsq(np.array(rows), np.array(slopes), rcond=None)[0]
    return found
