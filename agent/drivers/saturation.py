"""Whether pressures are in the scale they claim: saturation must fit the condensing temperature.

Where sources contradict one another about the scale of a pressure, physics decides: while the
compressor runs, the high pressure is the saturation pressure at the condensing temperature.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import exp, log

from agent.model import PointId, Quality, Reading

TOLERANCE = 0.10
PERSISTS = 3  # so many contradictions in a row; temperature and pressure may be read a sweep apart
ATMOSPHERE_BAR = 1.01325
KELVIN = 273.15
PRESSURES: tuple[PointId, ...] = ("high_pressure", "low_pressure")
_WATCHED = ("condensing_temp", "high_pressure", "compressor_frequency", "compressor_on")

# Saturation pressure in bar (absolute) at -40, -20, 0, 20, 40 and 60 degrees C; for the blend R410A
# the mean of bubble and dew point. Checked against CoolProp 8.0, an open library of properties: R32
# and R290 equal to two decimals, R410A within 0.3 %.
_AT_C = (-40.0, -20.0, 0.0, 20.0, 40.0, 60.0)
SATURATION_BAR: Mapping[str, tuple[float, ...]] = {
    "R32": (1.77, 4.06, 8.13, 14.75, 24.78, 39.33),
    "R290": (1.11, 2.45, 4.74, 8.36, 13.69, 21.17),
    "R410A": (1.75, 3.99, 7.98, 14.45, 24.2, 38.3),
}


def saturation_bar(refrigerant: str, temperature_c: float) -> float:
    """Saturation pressure in bar, absolute.

    Its logarithm is nearly straight over the inverse of the absolute temperature
    (Clausius-Clapeyron), and is taken as straight between the points of the table and beyond them.
    """
    place = min(max(bisect_right(_AT_C, temperature_c), 1), len(_AT_C) - 1)
    low_c, high_c = _AT_C[place - 1], _AT_C[place]
    low, high = SATURATION_BAR[refrigerant][place - 1 : place + 1]
    x_low, x_high, x = (1 / (t + KELVIN) for t in (low_c, high_c, temperature_c))
    return exp(log(low) + (log(high) - log(low)) * (x - x_low) / (x_high - x_low))


def fits(refrigerant: str, condensing_c: float, high_pressure_bar: float) -> bool:
    """Whether a high pressure, absolute or gauge, is within 10 % of saturation."""
    wanted = saturation_bar(refrigerant, condensing_c)
    shown = (high_pressure_bar, high_pressure_bar + ATMOSPHERE_BAR)
    return any(abs(bar - wanted) <= TOLERANCE * wanted for bar in shown)


class PressureCheck:
    """Looks at one device's pressures and stops believing them while they contradict physics."""

    __slots__ = ("_against", "_latest", "_refrigerant")

    def __init__(self, refrigerant: str) -> None:
        self._refrigerant = refrigerant
        self._latest: dict[PointId, Reading] = {}
        self._against = 0

    def judge(self, readings: Sequence[Reading]) -> tuple[Reading, ...]:
        """The readings, pressures out of range where their scale cannot be right."""
        shown = {reading.point: reading for reading in readings if reading.point in _WATCHED}
        self._latest |= shown
        if "high_pressure" in shown:
            verdict = self._verdict()
            if verdict is not None:
                self._against = 0 if verdict else self._against + 1
        if self._against < PERSISTS:
            return tuple(readings)
        return tuple(_doubted(one) if one.point in PRESSURES else one for one in readings)

    def _verdict(self) -> bool | None:
        """Whether pressure and temperature fit; None while nothing can be said."""
        if not self._runs():
            return None
        condensing, high = self._number("condensing_temp"), self._number("high_pressure")
        if condensing is None or high is None:
            return None
        return fits(self._refrigerant, condensing, high)

    def _runs(self) -> bool:
        on = self._latest.get("compressor_on")
        return (self._number("compressor_frequency") or 0) > 0 or (
            on is not None and on.value is True
        )

    def _number(self, point: PointId) -> float | None:
        reading = self._latest.get(point)
        good = reading is not None and reading.good
        value = reading.value if reading is not None and good else None
        return None if value is None or isinstance(value, bool | str) else float(value)


def _doubted(reading: Reading) -> Reading:
    if not reading.good:
        return reading
    return Reading(reading.point, reading.value, Quality.OUT_OF_RANGE, reading.raw)
