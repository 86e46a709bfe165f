"""A pump on a bus: its registers show what its plant does, its plant does what was written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from time import monotonic
from typing import Protocol

from agent.drivers.registermap import PointRule
from agent.model import PointId, Value
from simulators import heatpump
from simulators.house import House, HouseParameters
from simulators.registers import RegisterImage
from simulators.weather import Weather

_STEP_S = 1.0
_MOST_STEPS_A_TICK = 60
_TICK_S = 0.1
_START: dict[PointId, Value] = {
    "water_setpoint": 45.0,
    "dhw_setpoint": 45.0,
    "power_on": True,
    "mode": "heat",
}
_HEATING = frozenset({"heat", "auto", "heat_dhw", "auto_dhw", "heat_pool"})
_SHARED = (
    "air_to_outdoor_w_k",
    "air_to_mass_w_k",
    "mass_to_outdoor_w_k",
    "air_j_k",
    "mass_j_k",
    "water_j_k",
    "solar_area_m2",
    "internal_gain_w",
    "radiator_k",
)


class Plant(Protocol):
    """What a unit needs of a machine and its home: time goes in, canonical readings come out."""

    def step(self, seconds: float, inputs: Mapping[PointId, Value]) -> Mapping[PointId, Value]:
        """Let so many seconds pass under these inputs and say what the sensors show then."""
        ...


class HomePlant:
    """The home, heat pump and weather of `simulators.heatpump`, in the words of register maps."""

    def __init__(self, plant: heatpump.Plant) -> None:
        self.plant = plant

    def step(self, seconds: float, inputs: Mapping[PointId, Value]) -> Mapping[PointId, Value]:
        """As `Plant.step`; knows power_on, mode and the settings of water."""
        setpoint, hysteresis = inputs.get("water_setpoint"), inputs.get("water_hysteresis")
        told = heatpump.Inputs(
            water_setpoint=float(setpoint)
            if isinstance(setpoint, float | int)
            else heatpump.FACTORY_WATER_C,
            power_on=inputs.get("power_on", True) is not False,
            mode="heat" if inputs.get("mode", "heat") in _HEATING else "standby",
            pump_mode="demand" if inputs.get("pump_mode") == "demand" else "always",
            water_hysteresis=float(hysteresis) if isinstance(hysteresis, float | int) else None,
        )
        return self.plant.step(seconds, told)


def home(
    weather: Weather, kind: str = "inverter", share: float = 1.0, start_s: float = 0.0
) -> HomePlant:
    """The reference home with a `fixed` or `inverter` pump, or the share of it that one pump heats.

    `start_s` counts from the first hour of the weather.
    """
    parameters = HouseParameters()
    parameters = replace(parameters, **{key: getattr(parameters, key) * share for key in _SHARED})
    pump = heatpump.INVERTER if kind == "inverter" else heatpump.FIXED_SPEED
    sized = ("nominal_w", "flow_kg_s", "pump_w")
    pump = replace(pump, **{key: getattr(pump, key) * share for key in sized})
    return HomePlant(heatpump.Plant(House(parameters), heatpump.HeatPump(pump), weather, start_s))


class Beside:
    """The plant of a meter or a room sensor: it shows what happens in another unit's home."""

    def __init__(self, other: PumpUnit) -> None:
        self._other = other

    def step(self, seconds: float, inputs: Mapping[PointId, Value]) -> Mapping[PointId, Value]:
        """What the other unit's plant showed last; time passes there."""
        return self._other.shown


class PumpUnit:
    """One machine: a plant behind a register image. `speed` simulated seconds pass in a real one.

    `shown` is what the plant said last; `unsaid` holds, by point, why the machine has no words for
    something the plant knows.
    """

    def __init__(self, image: RegisterImage, plant: Plant, speed: float = 1.0) -> None:
        self.image, self.plant, self.speed = image, plant, speed
        self.unsaid: dict[PointId, str] = {}
        self._owed_s = 0.0
        self._sensors = frozenset(
            name for name, rule in image.map.points.items() if rule.write is None
        )
        self.shown = plant.step(0.0, {})
        factory_values(image, self.shown)
        self.show(plant.step(0.0, self.inputs()))

    def inputs(self) -> dict[PointId, Value]:
        """What the machine has been told: every writable point that has a value."""
        told = {name: self.image.get(name) for name in self.image.map.points.keys() - self._sensors}
        return {name: value for name, value in told.items() if value is not None}

    def value(self, point: PointId) -> Value | None:
        """What the machine's words say, or the plant where the machine has no words for it."""
        if point in self.image.map.points:
            return self.image.get(point)
        return self.shown.get(point)

    def advance(self, real_s: float) -> None:
        """Let real time pass: the plant takes steps of one simulated second, or up to sixty of
        them at once where the speed asks for more than sixty steps.
        """
        self._owed_s += real_s * self.speed
        step_s = max(_STEP_S, min(60.0, self._owed_s / _MOST_STEPS_A_TICK))
        while self._owed_s >= step_s:
            self._owed_s -= step_s
            self.show(self.plant.step(step_s, self.inputs()))

    def show(self, readings: Mapping[PointId, Value]) -> None:
        """Put readings into the registers that the map has and nobody may write."""
        self.shown = readings
        for name in readings.keys() & self._sensors:
            try:
                self.image.set(name, readings[name])
            except ValueError as error:
                self.unsaid.setdefault(name, str(error))


def factory_values(image: RegisterImage, shown: Iterable[PointId] = ()) -> None:
    """What a machine's words say when it comes out of the box, as far as its map can tell.

    Sensors are absent until somebody shows a value, limits are those of the writes, the ready gate
    is open, and what the plant is going to show counts as fitted.
    """
    points = image.map.points
    for name, rule in points.items():
        if rule.write is None and _may_be_absent(image, name, rule):
            image.set(name, None)
        elif rule.write and rule.write.low is not None:
            _fit(image, name, 0.0)
    for rule in points.values():
        _set_limits(image, rule)
    if image.map.faults.point:
        image.poke(image.map.faults.point, next(iter(image.map.faults.none), 0))
    if image.map.ready:
        image.poke(image.map.ready.point, image.map.ready.equals)
    for name in shown:
        for other, words in points[name].fitted_if.items() if name in points else ():
            image.set(other, {"true": True, "false": False}.get(words[0], words[0]))
    for name, value in _START.items():
        if name in points and points[name].write:
            _fit(image, name, value)


def _may_be_absent(image: RegisterImage, name: PointId, rule: PointRule) -> bool:
    """Sensors and counters; not what tells the machine's type, its faults or how it is set up."""
    found = image.map
    if rule.values or rule.is_bool or rule.mask is not None or rule.plus:
        return False
    if name in (*found.constant, *found.faults.also, found.faults.point):
        return False
    if found.ready and name == found.ready.point:
        return False
    if rule.absent is not None:
        return bool(rule.absent)
    return rule.bits is None and bool(found.absent.get(rule.type))


def _set_limits(image: RegisterImage, rule: PointRule) -> None:
    """The registers in which a machine shows the limits of a setpoint."""
    if rule.write is None:
        return
    for source, limit in (
        (rule.write.low_from, rule.write.low),
        (rule.write.high_from, rule.write.high),
    ):
        if source is not None and limit is not None:
            image.set(source, float(limit))


def _fit(image: RegisterImage, name: PointId, value: Value) -> None:
    rule = image.map.points[name]
    if rule.values and value not in rule.values.values():
        words = tuple(rule.values.values())
        value = next((word for word in words if word.startswith("heat")), words[0])
    write = rule.write
    if write and isinstance(value, float):
        value = max(value, float(write.low)) if write.low is not None else value
        value = min(value, float(write.high)) if write.high is not None else value
    image.set(name, value)


async def run_units(units: Iterable[PumpUnit]) -> None:
    """Let the units live at their speed until cancelled."""
    units = tuple(units)
    before = monotonic()
    while True:
        await asyncio.sleep(_TICK_S)
        now = monotonic()
        for unit in units:
            unit.advance(now - before)
        before = now
