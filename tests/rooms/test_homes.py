"""Homes: a heat pump's picture with the points that other devices on the wire supply to it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from agent.control import ControlSettings
from agent.core import Core, CoreSettings
from agent.drivers import Cost, Device, load
from agent.facts import BlockFailed, BlockRead, Failure, Keep, Tick
from agent.homes import Home, Supply
from agent.model import Alarm, Quality, Reading, Value
from agent.records import Lane, Telemetry
from tests.rooms.control.testpump import CALM, pump, readings, stamp

ROOM = """
map: test_room
api: 1
kind: sensor
covers: [{brand: Test, model: room}]
source: [made up for tests]
grade: draft
every: 10 s
points:
  indoor_temp: {table: input, at: 1, type: s16, scale: 0.1, low: -20, high: 60}
"""
METER = """
map: test_meter
api: 1
kind: meter
covers: [{brand: Test, model: meter}]
source: [made up for tests]
grade: draft
every: 10 s
points:
  active_power: {table: input, at: 12, type: f32}
"""
HOME = Home(
    "east",
    "hp",
    (Supply("indoor_temp", "room", "indoor_temp"), Supply("active_power", "meter", "active_power")),
)


def device(name: str, text: str) -> Device:
    return Device(name, load(text, f"{name}.yaml"), 9, Cost(0.0, 0.0))


def core(*homes: Home) -> Core:
    devices = {"hp": pump(), "room": device("room", ROOM), "meter": device("meter", METER)}
    needed = {"room": frozenset({"indoor_temp"})}
    settings = CoreSettings(devices, ControlSettings(ZoneInfo("Asia/Shanghai")), needed, homes)
    return Core(settings)


def told(found: Core, fact: Any, lane: Lane = Lane.TELEMETRY) -> list[Any]:
    return [e.record for e in found.step(fact) if isinstance(e, Keep) and e.lane is lane]


def read(name: str, mono: float, values: dict[str, Value]) -> BlockRead:
    return BlockRead(name, readings(**values), stamp(mono), True)


def sweep(found: Core, mono: float) -> Telemetry:
    (record,) = told(found, read("hp", mono, dict(CALM)))
    assert isinstance(record, Telemetry)
    return record


def test_supplied_points_are_sent_as_the_heat_pumps_own() -> None:
    found = core(HOME)
    found.step(read("room", 0.0, {"indoor_temp": 18.5}))
    found.step(read("meter", 1.0, {"active_power": 1234.5}))
    record = sweep(found, 2.0)
    assert record.values["indoor_temp"] == 18.5
    assert record.values["active_power"] == 1234.5
    assert sweep(core(), 2.0).values["indoor_temp"] == CALM["indoor_temp"]


def test_they_keep_the_time_and_the_doubt_of_where_they_were_measured() -> None:
    found = core(HOME)
    found.step(read("room", 0.0, {"indoor_temp": 18.5}))
    sweep(found, 9.0)
    picture = found.complete(9.0)["hp"]
    assert picture.age_s("indoor_temp", 9.0) == 9.0
    assert picture.age_s("outdoor_temp", 9.0) == 0.0
    beyond = Reading("indoor_temp", 99.0, Quality.OUT_OF_RANGE, 990)
    found.step(BlockRead("room", (beyond,), stamp(10.0), True))
    assert found.complete(10.0)["hp"].readings["indoor_temp"] == beyond
    assert found.complete(10.0)["hp"].value("indoor_temp") is None


def test_a_stale_supply_is_stale() -> None:
    found = core(HOME)
    found.step(read("room", 0.0, {"indoor_temp": 18.5}))
    assert sweep(found, 31.0).values["indoor_temp"] == 18.5
    record = sweep(found, 32.0)  # three polls of 10 s and one second
    assert record.missing["indoor_temp"] == "stale"
    assert "indoor_temp" not in record.values


def test_the_machines_own_thermometer_does_not_stand_in() -> None:
    record = sweep(core(HOME), 0.0)
    assert "indoor_temp" not in record.values
    assert record.values["outdoor_temp"] == CALM["outdoor_temp"]


def test_a_sensor_at_fault_is_told_once_and_of_the_device_it_belongs_to() -> None:
    found = core(HOME)
    beyond = Reading("indoor_temp", 99.0, Quality.OUT_OF_RANGE, 990)
    raised: list[Alarm] = []
    for mono in range(0, 200, 10):
        for fact in (
            BlockRead("room", (beyond,), stamp(mono), True),
            read("hp", mono, dict(CALM)),
        ):
            raised += told(found, fact, Lane.ALARM)
    assert [(alarm.rule, alarm.device) for alarm in raised] == [("sensor_out_of_range", "room")]


def test_a_silent_meter_is_called_a_meter() -> None:
    found = core(HOME)
    raised: list[Alarm] = []
    for mono in range(0, 100, 10):
        silent = BlockFailed("meter", Failure.SILENCE, "no answer", stamp(mono), True)
        for fact in (silent, Tick(stamp(mono))):
            raised += told(found, fact, Lane.ALARM)
    (alarm,) = raised
    assert alarm.text_en.startswith("The electricity meter does not answer")
    assert alarm.text_zh.startswith("电表无应答")
