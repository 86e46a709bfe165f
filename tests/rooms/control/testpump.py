"""A small machine for the tests of the pure rooms: a real map, a real driver, made-up readings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from agent.drivers import Cost, Device, Hooks, RegisterMap, load
from agent.model import (
    Command,
    Demand,
    Origin,
    PointId,
    PointValue,
    Quality,
    Reading,
    Snapshot,
    Stamp,
    Value,
)

MAP = """
map: test_pump
api: 1
covers: [{brand: Test, model: pump}]
source: [made up for tests]
grade: draft
every: 10 s
points:
  power_on: {at: 0, type: bool, write: {}}
  mode: {at: 1, values: {0: auto, 1: cool, 2: heat, 3: dhw, 4: fan, 5: cool_dhw}, write: {}}
  water_setpoint:
    at: 2
    scale: 0.5
    write: {low: 20, high: 60, step: 0.5, park: "45", only_if: {weather_curve_on: ["false"]}}
  dhw_setpoint:
    at: 3
    scale: 0.1
    write: {low: 20.1, high: 65, step: 0.1, min_interval: 0 s, per_day: 24}
  x_limit: {at: 4, en: limit, zh: 上限, confidence: contra, write: {low: 0, high: 100, step: 1}}
  quiet_mode: {at: 5, type: bool, confidence: unverified, write: {}}
  sg_ready_mode: {at: 6, values: {0: normal, 1: forced_off, 2: recommended_on}, write: {}}
  weather_curve_on: {at: 7, type: bool}
  outdoor_temp: {at: 8, type: s16, scale: 0.1, absent: [0x7FFF], low: -45, high: 60}
  indoor_temp: {at: 9, type: s16, scale: 0.1, absent: [0x7FFF], low: -20, high: 60}
  water_supply_temp: {at: 10, type: s16, scale: 0.1, absent: [0x7FFF], low: -30, high: 110}
  compressor_hours: {at: 11, every: 10 min}
  fault_code: {at: 12}
faults:
  point: fault_code
  codes:
    7: {label: E7, en: flow too low, zh: 水流量不足}
    9: {label: S9, en: defrosting, zh: 除霜, kind: status}
"""


@cache
def _map(old: str, new: str) -> RegisterMap:
    return load(MAP.replace(old, new) if old else MAP, "test.yaml")


NOON = datetime(2026, 1, 14, 4, 0, tzinfo=UTC)  # a Wednesday, noon in China
CALM: Mapping[PointId, Value] = {
    "power_on": True,
    "mode": "heat",
    "water_setpoint": 45,
    "dhw_setpoint": 50,
    "x_limit": 80,
    "quiet_mode": False,
    "sg_ready_mode": "normal",
    "weather_curve_on": False,
    "outdoor_temp": 8.0,
    "indoor_temp": 20.0,
}


def pump(
    name: str = "hp", hooks: Hooks | None = None, changes: tuple[str, str] = ("", "")
) -> Device:
    """The machine; `changes` replaces a piece of its map."""
    return Device(name, _map(*changes), 1, Cost(0.0, 0.0), hooks)


def stamp(mono: float, trusted: bool = True) -> Stamp:
    """An instant, counted from noon."""
    return Stamp(NOON + timedelta(seconds=mono), mono, trusted)


def readings(**values: Value | None) -> tuple[Reading, ...]:
    """Good readings; None makes an absent one."""
    return tuple(
        Reading(point, value, Quality.ABSENT if value is None else Quality.GOOD)
        for point, value in values.items()
    )


def snapshot(mono: float = 0.0, device: str = "hp", **values: Value | None) -> Snapshot:
    """A calm machine, all read at `mono`, with these values instead."""
    return Snapshot(device).with_readings(readings(**{**CALM, **values}), mono)


def demand(
    point: PointId,
    value: Value,
    origin: Origin = Origin.PLATFORM,
    until: float | None = None,
    park: bool = False,
) -> Demand:
    """A wish for the machine `hp`."""
    return Demand("hp", point, value, origin, "test", until, None, park)


def command(
    id: str,
    value: Value = 40,
    role: str = "platform",
    point: PointId = "water_setpoint",
    device: str = "hp",
    at: float = 0.0,
    hold_s: float | None = None,
    life_s: float = 600.0,
) -> Command:
    """A command issued at second `at`."""
    issued = NOON + timedelta(seconds=at)
    ends = issued + timedelta(seconds=life_s)
    return Command(id, "someone", role, device, point, value, issued, ends, hold_s)


class RemoteFirst(Hooks):
    """The machine wants its remote bit, here `power_on`, before every setpoint."""

    def before_write(self, demand: Demand, snapshot: Snapshot) -> tuple[PointValue, ...]:
        if demand.point == "dhw_setpoint":
            return (("quiet_mode", True), (demand.point, demand.value))
        return ((demand.point, demand.value),)
