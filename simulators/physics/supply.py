"""Mains, energy meters, communication and clocks: what stands between a unit and its reader."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulators.physics.condition import Condition
from simulators.physics.refrigerants import Array, Draws, Flags
from simulators.physics.state import State
from simulators.physics.units import Units

_GAP_EACH_DAYS = 9.0
_REPEAT_EACH_DAYS = 3.4
_INVERTER_LOSS = 0.05
_A_DAY = 2880.0


def power(u: Units, s: State) -> Array:
    """Electric power of the whole unit, W."""
    pump = u.pump_w * s.speed**2 * s.pump
    fan = u.fan_w * s.fan**3
    return s.compressor_w / (1.0 - _INVERTER_LOSS) + fan + pump + s.heater + u.idle_w


class Mains:
    """The voltage at the meter: a slow wander, the unit's own drop, and what a fault adds."""

    __slots__ = ("_dip", "_wander")

    def __init__(self, n: int) -> None:
        self._wander = np.zeros(n)
        self._dip = np.zeros(n)

    def take(self, index: npt.NDArray[np.intp]) -> Mains:
        """A deep copy for these units."""
        other = Mains(len(index))
        other._wander, other._dip = self._wander[index].copy(), self._dip[index].copy()
        return other

    def poll(self, u: Units, s: State, c: Condition, draw: Draws, chance: Draws) -> Array:
        """Volts of this poll."""
        self._wander *= 0.995
        self._wander += 0.22 * draw
        dips = chance < c.dips / _A_DAY
        self._dip = np.where(dips, 45.0, 0.0)
        drop = u.mains_ohm * s.power_w / 225.0
        volts = u.mains_v + self._wander + c.mains_v - drop - self._dip
        return np.where(c.mains_lost > 0.5, 0.0, volts)


class Reader:
    """The gateway's side: polls that come, gaps at its restarts, stamps, values that froze."""

    __slots__ = ("_gap", "_hold", "_last", "_sentinel", "_skip", "away")

    def __init__(self, n: int) -> None:
        self._gap = np.zeros(n)
        self._sentinel = np.zeros(n)
        self._skip = np.zeros(n, dtype=bool)
        self._last = np.zeros(n)
        self._hold: dict[str, Array] = {}
        self.away = np.zeros(n, dtype=bool)  # the gateway itself did not poll

    def take(self, index: npt.NDArray[np.intp]) -> Reader:
        """A deep copy for these units."""
        other = Reader(len(index))
        other._gap, other._sentinel = self._gap[index].copy(), self._sentinel[index].copy()
        other._skip, other._last = self._skip[index].copy(), self._last[index].copy()
        other._hold = {name: held[index].copy() for name, held in self._hold.items()}
        return other

    def poll(self, mono: float, start: float, c: Condition, u: Draws) -> tuple[Array, Flags, Flags]:
        """Stamps (nan: no answer), which polls are lost, which show start-up sentinels.

        `u` holds four uniform draws a unit.
        """
        begin = (u[0] < 1.0 / (_GAP_EACH_DAYS * _A_DAY)) & (self._gap <= 0.0)
        self._gap = np.where(begin, np.floor(4.0 + 96.0 * u[1] ** 2), self._gap - 1.0)
        in_gap = self._gap > 0.0
        ended = self._gap == 0.0
        self._sentinel = np.where(ended & (u[1] < 0.7), 2.0, self._sentinel - 1.0)
        self.away = in_gap | self._skip
        lost = self.away | (u[2] < c.lost_polls) | (c.mains_lost > 0.5)
        at = start + mono + c.clock_s
        at = at - c.clock_back * np.floor((mono / 7200.0 + 1.0) % 2.0)
        repeat = (u[3] < 1.0 / (_REPEAT_EACH_DAYS * _A_DAY) + c.repeats) & ~lost & ~self._skip
        at = np.where(repeat & (self._last > 0.0), self._last, at)
        self._skip = repeat
        self._last = np.where(lost, self._last, at)
        return np.where(lost, np.nan, at), lost, self._sentinel > 0.0

    def freeze(self, columns: dict[str, Array], c: Condition) -> None:
        """Hold every value of units whose registers stand still, (steps, n), in place."""
        stuck = np.flatnonzero(c.frozen_all > 0.5)
        for name, values in columns.items():
            if len(stuck) and name in self._hold:
                values[:, stuck] = self._hold[name][stuck]
            if name not in self._hold or len(stuck):
                self._hold[name] = values[-1].copy()
        if not len(stuck):
            self._hold = {name: values[-1].copy() for name, values in columns.items()}
