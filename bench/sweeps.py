"""Telemetry as a real pump gives it, in virtual time: plant, registers, codec, core.

The plant itself is smooth; the noise of its sensors is added here: a normal error per reading of
0.1 K, 0.02 bar, 1 % of power, current, flow and frequency, before the registers round it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from agent.control import ControlSettings
from agent.core import Core, CoreSettings
from agent.drivers import Cost, Device, driver
from agent.facts import BlockRead, Keep
from agent.model import POINTS, PointId, Stamp, Unit, Value
from agent.records import Lane
from simulators.registers import RegisterImage
from simulators.unit import HomePlant, PumpUnit, home
from simulators.weather import CHINA, synthetic_winter

DRIVER = "itho_amber"
"""The map with exactly 40 points."""
START = datetime(2026, 1, 10, tzinfo=UTC)
_ABSOLUTE = {Unit.CELSIUS: 0.1, Unit.KELVIN: 0.1, Unit.BAR: 0.02}
_RELATIVE = {Unit.WATT, Unit.KILOWATT, Unit.AMPERE, Unit.LITRE_PER_MINUTE, Unit.HERTZ, Unit.RPM}


class NoisyPlant:
    """A plant whose sensors are no better than real ones."""

    def __init__(self, plant: HomePlant, random: Random) -> None:
        self._plant, self._random = plant, random

    def step(self, seconds: float, inputs: Mapping[PointId, Value]) -> Mapping[PointId, Value]:
        """As `Plant.step`."""
        shown = self._plant.step(seconds, inputs)
        return {point: self._noisy(point, value) for point, value in shown.items()}

    def _noisy(self, point: PointId, value: Value) -> Value:
        if not isinstance(value, float) or point not in POINTS or "setpoint" in point:
            return value
        unit = POINTS[point].unit
        if unit in _ABSOLUTE:
            return value + self._random.gauss(0.0, _ABSOLUTE[unit])
        if unit in _RELATIVE:
            return value * (1.0 + self._random.gauss(0.0, 0.01))
        return value


def facts(seed: int, every_s: float = 10.0, name: str = DRIVER) -> Iterator[tuple[BlockRead, ...]]:
    """The blocks of one sweep after another, for ever."""
    image = RegisterImage(driver(name).map, 1)
    unit = PumpUnit(image, NoisyPlant(home(synthetic_winter(), start_s=70 * 86400.0), Random(seed)))
    device, count, jitter = machine(name), 0, Random(seed)
    plan = device.plan()
    while True:
        unit.advance(every_s)
        mono = every_s * count + jitter.uniform(
            0.0, 0.1
        )  # the bus and the scheduler take their time
        stamp = Stamp(START + timedelta(seconds=mono), mono + 100.0)
        found: list[BlockRead] = []
        for block in plan:
            request = block.request
            words = image.read(request.unit_id, request.table, request.at, request.count)
            readings = device.decode(block, words) if isinstance(words, tuple) else ()
            assert not isinstance(readings, str)
            found.append(BlockRead(device.name, readings, stamp, block is plan[-1]))
        yield tuple(found)
        count += 1


def machine(name: str = DRIVER) -> Device:
    """The machine that is read."""
    return Device("hp1", driver(name).map, 1, Cost.of_line(9600, 0.01))


def sweeps(seed: int, full_every_s: float = 900.0) -> Iterator[Keep | None]:
    """What the core keeps of one sweep after another, for ever; None for nothing moved."""
    settings = CoreSettings(
        {"hp1": machine()}, ControlSettings(CHINA, ()), full_every_s=full_every_s
    )
    core = Core(settings)
    for blocks in facts(seed):
        kept = None
        for effect in (effect for block in blocks for effect in core.step(block)):
            if isinstance(effect, Keep) and effect.lane is Lane.TELEMETRY:
                kept = effect
        yield kept
