"""Many units stepped together: weather in, columns of polled values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from simulators.physics import supply
from simulators.physics.condition import SENSORS, healthy
from simulators.physics.controller import decide, follow
from simulators.physics.cycle import Cycle
from simulators.physics.faults import Injection, apply, check
from simulators.physics.frost import breathe, moisture, settle, thaw
from simulators.physics.home import building, pump, water
from simulators.physics.refrigerants import Array, Draws
from simulators.physics.sensors import Sensors
from simulators.physics.state import State, at_rest
from simulators.physics.units import Units
from simulators.physics.weather import POLL_S, Air

START_AT = 1_762_000_000.0 - 1_762_000_000.0 % 86_400.0  # a midnight, UTC, at the start of a winter
_INNER = 2
_BLOCK = 24  # polls whose chance is drawn at once
_RAMP_POLLS = 120
_DIGITS = {"indoor_temp": 1, "water_flow": 1}
_DIRECT = (
    "pump_on",
    "pump_speed",
    "compressor_on",
    "compressor_frequency",
    "fan_speed",
    "eev_steps",
    "active_power",
    "input_current",
    "supply_voltage",
    "electric_heater_on",
    "defrost_active",
    "mode_active",
    "water_setpoint_active",
    "energy_total",
    "heat_energy_total",
    "compressor_starts",
    "fault_code",
)
_TRUTH = (
    "_on",
    "_defrosting",
    "_heat_w",
    "_power_w",
    "_air_w",
    "_compressor_w",
    "_room_c",
    "_outdoor_c",
    "_frost_kg",
    "_evaporating_c",
    "_condensing_c",
    "_superheat_k",
    "_subcooling_k",
    "_supply_c",
    "_return_c",
    "_away",
)


class Fleet:
    """n units in their homes under one air each. `air` is one for all, or one a unit."""

    def __init__(self, units: Units, air: Air | Sequence[Air], seed: int) -> None:
        n = len(units)
        airs = [air] if isinstance(air, Air) else list(air)
        different = list({id(a): a for a in airs}.values())
        places = {id(a): k for k, a in enumerate(different)}
        length = min(len(a.outdoor_c) for a in different)
        self.units, self.seed, self.step = units, seed, 0
        self._outdoor = np.array([a.outdoor_c[:length] for a in different])
        self._humidity = np.array([a.humidity[:length] for a in different])
        self._sun = np.array([a.sun_w_m2[:length] for a in different])
        self._air_of = np.array([places[id(a)] for a in airs] * (n // len(airs)), dtype=np.intp)
        self.condition = healthy(n)
        self.active: list[list[tuple[int, Injection]]] = [[] for _ in range(n)]
        self._cycle = Cycle(units)
        first = self._outdoor[self._air_of, 0]
        self.state = at_rest(units, first)
        self._sensors = Sensors(n, seed)
        self._sensors.settle(self.state, first)
        self._mains, self._reader = supply.Mains(n), supply.Reader(n)
        self._ramping: set[int] = set()
        self._drawn = -1
        self._origin, self._drawn_for = np.arange(n), n

    def __len__(self) -> int:
        return len(self.units)

    @property
    def polls_left(self) -> int:
        """How many polls the weather still has."""
        return int(self._outdoor.shape[1]) - self.step

    def fork(self, index: npt.NDArray[np.intp]) -> Fleet:
        """A deep copy of these units as they stand now; an index may repeat."""
        other = Fleet.__new__(Fleet)
        index = np.asarray(index, dtype=np.intp)
        other.units, other.seed, other.step = self.units.take(index), self.seed, self.step
        other._outdoor, other._humidity, other._sun = self._outdoor, self._humidity, self._sun
        other._air_of = self._air_of[index]
        other.condition, other.state = self.condition.take(index), self.state.take(index)
        other.active = [list(self.active[i]) for i in index]
        other._cycle = Cycle(other.units)
        other._sensors, other._mains = self._sensors.take(index), self._mains.take(index)
        other._reader = self._reader.take(index)
        other._drawn = -1
        other._origin, other._drawn_for = self._origin[index], self._drawn_for
        other._ramping = {k for k, i in enumerate(index) if int(i) in self._ramping}
        return other

    def inject(self, injections: Sequence[Injection | Sequence[Injection] | None]) -> None:
        """From now on, one entry a unit: a fault, several, or None. Raises KeyError."""
        for i, entry in enumerate(injections):
            found = (entry,) if isinstance(entry, Injection) else tuple(entry or ())
            for injection in found:
                check(injection)
            self.active[i].extend((self.step, injection) for injection in found)
            if found:
                self._apply(i)

    def repair(self, i: int) -> None:
        """End every fault of unit i."""
        self.active[i] = []
        self._apply(i)

    def _apply(self, i: int) -> None:
        now = self.step
        day = 86_400.0 / POLL_S
        self.active[i] = [
            (at, one)
            for at, one in self.active[i]
            if one.for_s <= 0.0 or (now - at) * POLL_S < one.for_s
        ]
        stuck = any(one.fault == "F12" for _, one in self.active[i])
        self.condition.clear(i, keep_valve=stuck)
        moving = False
        for at, one in self.active[i]:
            grown = 1.0 if one.ramp_days <= 0 else min((now - at) / (one.ramp_days * day), 1.0)
            moving |= grown < 1.0 or one.for_s > 0.0
            apply(self.units, self.state, self.condition, i, one, grown)
        self._ramping.add(i) if moving else self._ramping.discard(i)

    def run(self, steps: int) -> dict[str, Array]:
        """The next polls, each 30 s: {name: (steps, n)}. Raises IndexError past the weather's end.

        Names without an underscore are what a reader gets: canonical points in their units (truth
        values 0 or 1), `at` and `mono`; NaN where no poll or no value came. Names with one are the
        truth behind them; `_away` tells that the gateway itself polled nothing.
        """
        if steps > self.polls_left:
            raise IndexError("the weather ends before these steps")
        n = len(self)
        raw = np.empty((len(SENSORS), steps, n))
        columns = {name: np.empty((steps, n)) for name in ("at", "mono", *_DIRECT, *_TRUTH)}
        lost = np.zeros((steps, n), dtype=bool)
        start_up = np.zeros((steps, n), dtype=bool)
        for k in range(steps):
            raw[:, k], lost[k], start_up[k] = self._poll(k, columns)
            self.step += 1
        return self._finish(raw, columns, lost, start_up)

    def _poll(
        self, k: int, columns: dict[str, Array]
    ) -> tuple[Array, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        u, s, c = self.units, self.state, self.condition
        if self._ramping and self.step % _RAMP_POLLS == 0:
            for i in tuple(self._ramping):
                self._apply(i)
        normal, uniform = self._chance()
        mono = self.step * POLL_S
        hour, day = mono % 86_400.0 / 3600.0, int(mono // 86_400.0)
        air_c = self._outdoor[self._air_of, self.step]
        humid = np.maximum(self._humidity[self._air_of, self.step], 1.04 * c.fog)
        kg_kg = moisture(air_c, humid)
        sun = self._sun[self._air_of, self.step]
        volts = self._mains.poll(u, s, c, normal[-1], uniform[4])
        bubble = np.where((c.bubbles > 0) & (uniform[5] < c.bubbles), 0.2 + 0.5 * uniform[6], 0.0)
        began = s.defrost_s > 0.0
        shining = max(0.0, 1.0 - abs(hour - 13.0) / 3.0)
        dt_s = POLL_S / _INNER
        seen = self._sensors.seen(c, volts)
        decide(POLL_S, u, s, c, seen, hour, day)
        follow(dt_s, u, s, c, seen.outdoor_c, seen.coil_c)
        air = breathe(u, s, c, air_c, kg_kg)
        for inner in range(_INNER):
            if inner:
                follow(dt_s, u, s, c, seen.outdoor_c, self._sensors.coil(c))
            pump(u, s, c, bubble)
            settle(dt_s, s, air)
            self._cycle.step(dt_s, s, c, air)
            thaw(dt_s, u, s, c, air)
            water(dt_s, u, s, c, air_c)
            self._sensors.follow(dt_s, s, c, air_c + c.sun_k * shining)
        s.swing_k = _swing(s, began, uniform[6])
        building(POLL_S, u, s, c, air_c, sun, hour)
        s.power_w = np.where(c.mains_lost > 0.5, 0.0, supply.power(u, s))
        s.energy_j = s.energy_j + s.power_w * POLL_S * c.meter_share
        heat = np.where(s.pump, s.water_w, 0.0) + s.heater
        s.heat_j = s.heat_j + np.maximum(heat, 0.0) * POLL_S * c.heat_meter_share
        at, lost, start_up = self._reader.poll(mono, START_AT, c, uniform)
        self._write(k, columns, at, mono, volts, heat, air_c)
        rows = len(SENSORS)
        shown = self._sensors.show(POLL_S, s, c, normal[:rows], normal[rows : 2 * rows])
        return shown, lost, start_up

    def _chance(self) -> tuple[Draws, Draws]:
        """Normal and uniform draws of this poll, (kinds, n); no state changes them.

        A unit keeps its draws through forks: it differs from its healthy twin by its fault alone.
        """
        block, place = divmod(self.step, _BLOCK)
        if block != self._drawn:
            chance = np.random.default_rng((self.seed, 31, block))
            shape = (_BLOCK, 2 * len(SENSORS) + 1, self._drawn_for)
            normal = chance.standard_normal(shape, dtype=np.float32)
            uniform = chance.random((_BLOCK, 7, self._drawn_for), dtype=np.float32)
            self._normal, self._uniform = normal[..., self._origin], uniform[..., self._origin]
            self._drawn = block
        return self._normal[place], self._uniform[place]

    def _write(
        self,
        k: int,
        columns: Mapping[str, Array],
        at: Array,
        mono: float,
        volts: Array,
        heat: Array,
        air_c: Array,
    ) -> None:
        u, s = self.units, self.state
        now: dict[str, Array | float | npt.NDArray[np.bool_] | npt.NDArray[np.int64]] = {
            "at": at,
            "mono": mono,
            "pump_on": s.pump,
            "pump_speed": s.speed * 100.0,
            "compressor_on": s.on,
            "compressor_frequency": s.hz,
            "fan_speed": s.fan * self.condition.fan * u.fan_rpm,
            "eev_steps": s.opening * u.valve_steps,
            "active_power": s.power_w,
            "input_current": s.power_w / (np.maximum(volts, 50.0) * u.power_factor),
            "supply_voltage": volts,
            "electric_heater_on": s.heater > 0.0,
            "defrost_active": s.defrost_s > 0.0,
            "mode_active": _mode(s),
            "water_setpoint_active": s.setpoint_c,
            "energy_total": s.energy_j / 3.6e6,
            "heat_energy_total": s.heat_j / 3.6e6,
            "compressor_starts": s.starts,
            "fault_code": s.code,
            "_on": s.on,
            "_defrosting": s.defrost_s > 0.0,
            "_air_w": s.air_w,
            "_compressor_w": s.compressor_w,
            "_heat_w": heat,
            "_power_w": s.power_w,
            "_room_c": s.room_c,
            "_outdoor_c": air_c,
            "_frost_kg": s.frost_kg + s.ice_kg,
            "_evaporating_c": s.low_c,
            "_condensing_c": s.high_c,
            "_superheat_k": s.superheat_k,
            "_subcooling_k": s.subcooling_k,
            "_supply_c": s.supply_c,
            "_return_c": s.entry_c,
            "_away": self._reader.away,
        }
        for name, value in now.items():
            columns[name][k] = value

    def _finish(
        self,
        raw: Array,
        columns: dict[str, Array],
        lost: npt.NDArray[np.bool_],
        start_up: npt.NDArray[np.bool_],
    ) -> dict[str, Array]:
        """Cut into steps, put in the holes."""
        step = np.maximum(self.condition.coarse, 0.1)
        for row, name in enumerate(SENSORS):
            columns[name] = np.round(np.round(raw[row] / step) * step, 1)
            columns[name][start_up] = np.nan
        for name, grain in _GRAINS.items():
            columns[name] = np.round(np.round(columns[name] / grain) * grain, 2)
        points = {name: v for name, v in columns.items() if name[0] != "_" and name not in _STAMPS}
        self._reader.freeze(points, self.condition)
        for values in points.values():
            values[lost] = np.nan
        return columns


_STAMPS = ("at", "mono")
_GRAINS = {
    "pump_speed": 1.0,
    "compressor_frequency": 1.0,
    "fan_speed": 10.0,
    "eev_steps": 1.0,
    "active_power": 10.0,
    "input_current": 0.1,
    "supply_voltage": 1.0,
    "water_setpoint_active": 0.5,
    "energy_total": 0.01,
    "heat_energy_total": 0.01,
}


def _mode(s: State) -> Array:
    """Codes of `MODES`."""
    code = np.where(s.on, np.where(s.tank, 2.0, 1.0), 0.0)
    return np.where(s.defrost_s > 0.0, 3.0, code)


def _swing(s: State, began: npt.NDArray[np.bool_], draw: Draws) -> Array:
    """Air at the unit's own sensor against the true: warm steam in a defrost, then a cold one."""
    fading = s.swing_k * np.exp(-POLL_S / 200.0)
    defrosting = s.defrost_s > 0.0
    ended = began & ~defrosting
    fading = np.where(defrosting, fading + 0.25 * (4.0 * draw - fading), fading)
    return np.where(ended, -1.0 - 17.0 * draw**4, fading)
