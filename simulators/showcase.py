"""Any register map as a machine one can read: every point shows something plausible that moves.

Temperatures, powers and the compressor come from the home of `simulators.heatpump` where the map
has them under canonical names; everything else swings slowly around an ordinary value of its unit,
within the limits of its point. What tells the machine's type, state or faults stands still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import pi, sin
from pathlib import Path

from agent.drivers.registermap import PointRule, RegisterMap
from agent.model import PointId, Unit, Value
from simulators.bus import PtyLine
from simulators.frames import Registers
from simulators.registers import RegisterImage
from simulators.tcp import TcpLine
from simulators.unit import Plant, PumpUnit, home, run_units
from simulators.weather import synthetic_winter

_START_S = 70 * 86400.0  # 10 January of the synthetic winter
_PERIOD_S = 900.0
_RUN_IN_S = 1800.0  # so that it is warm when somebody looks
# An ordinary value of each unit and how far it swings.
_ORDINARY: dict[Unit, tuple[float, float]] = {
    Unit.CELSIUS: (35.0, 6.0),
    Unit.KELVIN: (3.0, 2.0),
    Unit.HERTZ: (50.0, 5.0),
    Unit.AMPERE: (6.0, 2.0),
    Unit.VOLT: (228.0, 4.0),
    Unit.WATT: (1500.0, 600.0),
    Unit.KILOWATT: (1.5, 0.6),
    Unit.KILOWATT_HOUR: (4321.0, 0.0),
    Unit.BAR: (12.0, 4.0),
    Unit.LITRE_PER_MINUTE: (18.0, 2.0),
    Unit.RPM: (800.0, 80.0),
    Unit.PERCENT: (50.0, 20.0),
    Unit.HOUR: (1234.0, 0.0),
    Unit.MINUTE: (12.0, 4.0),
    Unit.SECOND: (30.0, 10.0),
    Unit.NONE: (3.0, 0.0),
}
_ORDINARY_OF: dict[PointId, tuple[float, float]] = {
    "indoor_humidity": (45.0, 8.0),
    "dhw_temp": (46.0, 3.0),
    "outdoor_temp": (-4.0, 5.0),
    "indoor_temp": (19.5, 1.0),
    "water_pressure": (1.6, 0.1),
    "dc_bus_voltage": (310.0, 10.0),
    "high_pressure": (22.0, 4.0),
    "low_pressure": (6.0, 1.5),
}
_WARM = ("heat", "heat_dhw", "auto")


class Showcase:
    """A plant that has a value for every point of a map that nobody writes."""

    def __init__(self, found: RegisterMap, plant: Plant) -> None:
        self._map, self._plant, self._elapsed_s = found, plant, 0.0
        still = _still(found)
        self._free = {
            name: rule
            for name, rule in found.points.items()
            if rule.write is None and name not in still
        }

    def step(self, seconds: float, inputs: Mapping[PointId, Value]) -> Mapping[PointId, Value]:
        """As `simulators.unit.Plant.step`."""
        self._elapsed_s += seconds
        shown = dict(self._plant.step(seconds, inputs))
        shown = {name: value for name, value in shown.items() if self._fits(name, value)}
        for number, (name, rule) in enumerate(self._free.items()):
            if name not in shown:
                shown[name] = self._value(number, name, rule)
        return shown

    def _fits(self, name: PointId, value: Value) -> bool:
        """Whether the map has words for what the plant knows; else the point gets its own."""
        rule = self._free.get(name)
        if rule is None:
            return False
        return not rule.values or value in rule.values.values()

    def _value(self, number: int, name: PointId, rule: PointRule) -> Value:
        if rule.is_bool:
            return False
        if rule.values:
            return next((word for word in _WARM if word in rule.values.values()), _first(rule))
        if rule.type == "ascii2":
            return "A1"
        unit = self._map.point(name).unit
        middle, swing = _ORDINARY_OF.get(name, _ORDINARY[unit])
        value = middle + swing * sin(2 * pi * self._elapsed_s / _PERIOD_S + number)
        if unit is Unit.KILOWATT_HOUR:
            value += self._elapsed_s / 3600.0
        low, high = rule.low, rule.high
        if low is not None and high is not None and not low <= value <= high:
            value = low + (high - low) * (0.5 + 0.1 * sin(self._elapsed_s / _PERIOD_S + number))
        return value


def _first(rule: PointRule) -> str:
    return next(iter(rule.values.values()))


def _still(found: RegisterMap) -> frozenset[PointId]:
    """Points that a living machine does not change by itself."""
    names = {*found.constant, *found.faults.also, found.faults.point}
    names.add(found.ready.point if found.ready else None)
    for rule in found.points.values():
        names |= set(rule.fitted_if)
        names.add(rule.switch.point if rule.switch else None)
        if rule.write:
            names |= {rule.write.low_from, rule.write.high_from}
    names |= {"fault_code", "fault_subcode", "alarm_active"}
    marked = {(bit.unit_id, bit.table, bit.at) for bit in found.faults.bits}
    for name, rule in found.points.items():
        if any((rule.unit_id, rule.table, at) in marked for at in rule.addresses):
            names.add(name)
    return frozenset(name for name in names if name is not None)


def machine(found: RegisterMap, unit_id: int, speed: float = 1.0, seed: int = 1) -> PumpUnit:
    """A machine of this map: readable, writable within its limits, alive."""
    plant = Showcase(found, home(synthetic_winter(seed), start_s=_START_S))
    unit = PumpUnit(RegisterImage(found, unit_id), plant, speed)
    for name in found.constant:
        rule = found.points[name]
        unit.image.set(name, _first(rule) if rule.values else 1)
    for name, rule in found.points.items():
        write = rule.write
        if write and write.low is not None and write.high is not None:
            step = write.step or 1
            middle = write.low + (write.high - write.low) // 2 // step * step
            value = float(write.park) if write.park else float(middle)
            with suppress(ValueError):
                unit.image.set(name, value)
    unit.advance(_RUN_IN_S / speed)
    return unit


def line_of(unit: PumpUnit, where: Path | int, baudrate: int) -> PtyLine | TcpLine:
    """The machine behind a serial port of this name, or a TCP port of loopback; 0 is any port."""
    units: dict[int, Registers] = dict.fromkeys(unit.image.unit_ids, unit.image)
    delays_s = dict.fromkeys(units, 0.03)
    if isinstance(where, int):
        return TcpLine(units, port=where, delays_s=delays_s)
    return PtyLine(units, where, baudrate=baudrate, delays_s=delays_s)


async def serve(
    unit: PumpUnit,
    line: PtyLine | TcpLine,
    ready: Callable[[PtyLine | TcpLine], None],
    seconds: float | None = None,
) -> None:
    """Let the machine live behind its line until cancelled, or for so many seconds.

    Raises OSError for a port that cannot be had.
    """
    if isinstance(line, PtyLine):
        line.start()
    else:
        await line.start()
    try:
        ready(line)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await run_units((unit,))
    finally:
        if isinstance(line, PtyLine):
            line.close()
        else:
            await line.stop()
