"""Whether pressures are in the scale they claim: saturation must fit the condensing temperature.

Where sources contradict one another about the scale of a pressure, physics decides: while the
compressor runs, the high pressure is the saturation pressure at the condensing temperature.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.model import PointId, Quality, Reading
from agent.refrigerants import saturation_bar

TOLERANCE = 0.10
PERSISTS = 3  # so many contradictions in a row; temperature and pressure may be read a sweep apart
ATMOSPHERE_BAR = 1.01325
PRESSURES: tuple[PointId, ...] = ("high_pressure", "low_pressure")
_WATCHED = ("condensing_temp", "high_pressure", "compressor_frequency", "compressor_on")


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
