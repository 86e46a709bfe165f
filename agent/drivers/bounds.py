"""How far a point may be set: the map's limits, the machine's own, and the grid of its steps. Pure.

Exact: limits and values are compared as fractions of the decimals that stand in map and register.
What the map alone decides is worked out once, for a guard asks at every sweep.
"""

from __future__ import annotations

from fractions import Fraction

from agent.drivers.registermap import WriteRule
from agent.model import PointId, Snapshot


class Bounds:
    """The bounds of one writable point; `points` are those in which the machine shows its own."""

    __slots__ = ("_high", "_highest", "_low", "_origin", "_shown", "_step", "_write", "points")

    def __init__(self, write: WriteRule) -> None:
        self._write = write
        both = (write.low_from, write.high_from)
        self.points: tuple[PointId, ...] = tuple(name for name in both if name is not None)
        self._low = None if write.low is None else Fraction(write.low)
        self._high = None if write.high is None else Fraction(write.high)
        self._step = None if write.step is None else Fraction(write.step)
        self._origin = self._low or Fraction(0)
        self._shown: float | None = None
        self._highest = self._on_grid(self._high)

    def highest(self, snapshot: Snapshot) -> float | None:
        """The highest value on the step grid within all limits; None where nobody says."""
        shown = _shown(self._write.high_from, snapshot)
        if shown != self._shown:
            self._shown, self._highest = shown, self._on_grid(_lower(self._high, shown))
        return self._highest

    def objection(self, name: PointId, value: float | int, snapshot: Snapshot) -> str | None:
        """Why a number is beyond the limits or off the step grid; None when it is neither."""
        low = _higher(self._low, _shown(self._write.low_from, snapshot))
        high = _lower(self._high, _shown(self._write.high_from, snapshot))
        number = Fraction(str(value))
        if low is not None and number < low:
            return f"{name} cannot be {value}: the lowest is {float(low):g}"
        if high is not None and number > high:
            return f"{name} cannot be {value}: the highest is {float(high):g}"
        off = (number - self._origin) % self._step if self._step is not None else 0
        if self._step is None or off == 0:
            return None
        below = number - off
        near = f"{float(below):g} and {float(below + self._step):g}"
        return f"{name} cannot be {value}; nearest are {near}"

    def _on_grid(self, high: Fraction | None) -> float | None:
        if high is None or self._step is None:
            return None if high is None else float(high)
        return float(high - (high - self._origin) % self._step)


def _shown(point: PointId | None, snapshot: Snapshot) -> float | None:
    return snapshot.number(point) if point is not None else None


def _lower(limit: Fraction | None, shown: float | None) -> Fraction | None:
    if shown is None:
        return limit
    exact = Fraction(str(shown))
    return exact if limit is None else min(limit, exact)


def _higher(limit: Fraction | None, shown: float | None) -> Fraction | None:
    if shown is None:
        return limit
    exact = Fraction(str(shown))
    return exact if limit is None else max(limit, exact)
