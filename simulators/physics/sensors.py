"""The sensor layer: lag, personal offset, hunting and noise, steps, values that stand still.

Spreads within ten steady minutes are those measured on a field unit: outdoor 0.06, water 0.12 to
0.16, coil 0.37, discharge 0.67 K, low pressure 0.09, high pressure 0.11 bar.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulators.physics.condition import SENSORS, Condition
from simulators.physics.controller import CODES, Seen
from simulators.physics.refrigerants import Array, Draws
from simulators.physics.state import State

(OUT, SUPPLY, RETURN, COIL, GAS, SUCTION, LIQUID, ROOM, TANK, HIGH, LOW, FLOW) = range(12)
_LAG_S = np.array([60.0, 25, 25, 30, 35, 30, 30, 120, 120, 4, 4, 6])
_OFFSET = np.array([0.35, 0.12, 0.12, 0.25, 0.5, 0.3, 0.25, 0.2, 0.4, 0.06, 0.04, 0.0])
_HUNT = np.array([0.05, 0.10, 0.10, 0.34, 0.62, 0.4, 0.25, 0.0, 0.03, 0.10, 0.08, 0.12])
_WHITE = np.array([0.03, 0.05, 0.05, 0.08, 0.12, 0.08, 0.06, 0.03, 0.03, 0.03, 0.03, 0.12])
_HUNT_S = 75.0
_SLEEPERS = np.array([COIL, GAS, SUCTION, LIQUID, HIGH, LOW])
_SLEEP_S = 600.0
_TEMPERATURES = slice(OUT, HIGH)
_LOW_C, _HIGH_C = -45.0, 140.0


class Sensors:
    """The probes of n units. Rows follow `SENSORS`; pressures in bar absolute, flow in L/min."""

    __slots__ = ("_alpha", "_gain", "_hunting", "_lag_s", "_offset", "_sleepy", "_true", "held")

    def __init__(self, n: int, seed: int) -> None:
        draws = [np.random.default_rng((seed, 11, i)) for i in range(n)]
        normal = np.array([d.standard_normal(len(SENSORS)) for d in draws]).T.reshape(-1, n)
        lag = np.array([d.uniform(0.75, 1.3, len(SENSORS)) for d in draws]).T.reshape(-1, n)
        self._offset = _OFFSET[:, None] * np.clip(normal, -2.2, 2.2)
        self._lag_s = _LAG_S[:, None] * lag
        self._gain = np.ones((len(SENSORS), n))
        self._gain[FLOW] = np.array([d.uniform(0.97, 1.03) for d in draws])
        self._sleepy = np.array([d.uniform() < 0.4 for d in draws], dtype=bool)
        self._true = np.zeros((len(SENSORS), n))
        self.held = np.zeros((len(SENSORS), n))
        self._hunting = np.zeros((len(SENSORS), n))
        self._alpha: dict[float, Array] = {}

    def take(self, index: npt.NDArray[np.intp]) -> Sensors:
        """A deep copy of these units' sensors."""
        other = Sensors.__new__(Sensors)
        other._offset, other._lag_s = self._offset[:, index], self._lag_s[:, index]
        other._gain, other._sleepy = self._gain[:, index], self._sleepy[index]
        other._true, other.held = self._true[:, index].copy(), self.held[:, index].copy()
        other._hunting = self._hunting[:, index].copy()
        other._alpha = {}
        return other

    def settle(self, s: State, air_c: Array) -> None:
        """Let every probe take the temperature it stands in."""
        self._touch(s, air_c)
        self.held[:] = self._true

    def follow(self, dt_s: float, s: State, c: Condition, air_c: Array) -> None:
        """Let dt_s seconds pass at the probes."""
        self._touch(s, air_c)
        alpha = self._alpha.get(dt_s)
        if alpha is None:
            alpha = self._alpha[dt_s] = dt_s / (self._lag_s + dt_s)
        free = alpha * (1.0 - c.frozen)
        asleep = self._sleepy & (s.rest_s > _SLEEP_S)
        free[_SLEEPERS] *= ~asleep
        self.held += (self._true - self.held) * free

    def _touch(self, s: State, air_c: Array) -> None:
        true = self._true
        true[OUT] = air_c + s.swing_k
        true[SUPPLY], true[RETURN] = s.supply_c, s.entry_c
        true[COIL], true[GAS], true[SUCTION] = s.coil_c, s.gas_c, s.suction_c
        true[LIQUID], true[ROOM], true[TANK] = s.liquid_c, s.room_c, s.tank_c
        true[HIGH], true[LOW] = s.high_pa * 1e-5, s.low_pa * 1e-5
        true[FLOW] = s.flow_kg_s * 60.0

    def coil(self, c: Condition) -> Array:
        """What the coil sensor alone shows the controller."""
        rail = c.rail[COIL]
        shown = self.held[COIL] + self._offset[COIL] + c.offset[COIL]
        known: Array = np.where(np.isnan(rail), shown, rail)
        return known

    def seen(self, c: Condition, mains_v: Array) -> Seen:
        """What the unit's controller goes by."""
        shown = self.held + self._offset + c.offset
        railed = ~np.isnan(c.rail)
        if railed.any():
            shown = np.where(railed, c.rail, shown)
        bad = np.zeros(shown.shape[1], dtype=np.int64)
        temperatures = shown[_TEMPERATURES]
        if temperatures.min() < _LOW_C or temperatures.max() > _HIGH_C:
            wrong = (temperatures < _LOW_C) | (temperatures > _HIGH_C)
            for row, name in (
                (OUT, "outdoor_sensor"),
                (SUPPLY, "water_sensor"),
                (RETURN, "water_sensor"),
                (COIL, "coil_sensor"),
                (GAS, "discharge_sensor"),
            ):
                bad = np.where(wrong[row], CODES[name], bad)
            shown[OUT] = np.where(wrong[OUT], 0.0, shown[OUT])
            shown[TANK] = np.where(wrong[TANK], 90.0, shown[TANK])
            shown[ROOM] = np.where(wrong[ROOM], 20.0, shown[ROOM])
        return Seen(
            outdoor_c=shown[OUT],
            supply_c=shown[SUPPLY],
            return_c=shown[RETURN],
            coil_c=shown[COIL],
            discharge_c=shown[GAS],
            tank_c=shown[TANK],
            room_c=shown[ROOM],
            flow_kg_s=self._true[FLOW] / 60.0,
            bad=bad,
            mains_v=mains_v,
        )

    def show(self, poll_s: float, s: State, c: Condition, hunt: Draws, white: Draws) -> Array:
        """What a poll reads now, (sensors, n), before it is cut into steps."""
        keep = np.exp(-poll_s / _HUNT_S)
        spread = np.where(s.on, 1.0, 0.15) * (1.0 - c.frozen)
        self._hunting *= keep
        self._hunting += np.sqrt(1.0 - keep * keep) * _HUNT[:, None] * hunt
        free = spread * c.noise
        asleep = self._sleepy & (s.rest_s > _SLEEP_S)
        free[_SLEEPERS] *= ~asleep
        shown = self.held * self._gain + self._offset + c.offset
        shown += free * (self._hunting + _WHITE[:, None] * white)
        shown[FLOW] = np.where(s.flow_kg_s > 0.0, np.maximum(shown[FLOW], 0.0), 0.0)
        return np.where(np.isnan(c.rail), shown, c.rail)
