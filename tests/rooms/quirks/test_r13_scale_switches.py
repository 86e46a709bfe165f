"""R13: a scale that hangs on another word: that is read first, and again after a reconnection."""

from __future__ import annotations

from pathlib import Path

from agent.facts import BlockRead
from agent.model import Quality
from simulators.tcp import TcpLine
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

POINTS = """
outdoor_temp: {at: 1, type: s16, switch: {point: x_tenths, equals: "true", scale: 0.1}}
dhw_setpoint:
  at: 2
  switch: {point: x_tenths, equals: "true", scale: 0.1}
  write: {low: 20, high: 60, step: 1}
x_tenths: {at: 900, type: bool, en: tenths, zh: 十分度, every: 1 h}
"""
BIASED = """
dhw_temp: {at: 0, scale: 0.5, offset: -15}
water_supply_temp: {at: 1, type: s16, scale: 0.01, offset: -30}
"""


def test_r13_the_switch_is_read_before_the_values() -> None:
    for found in (map_of(POINTS), "midea_mthermal_r290", "midea_mthermal_r32"):
        device = device_of(found)
        switches = {r.switch.point for r in device.map.points.values() if r.switch}
        first = next(i for i, b in enumerate(device.plan()) if switches <= set(b.points))
        assert first == 0


async def test_r13_it_is_read_again_after_a_reconnection_although_it_is_a_slow_point(
    tmp_path: Path,
) -> None:
    """The machine was set to tenths while the bridge was away."""

    def furnish(pump: Pump) -> None:
        pump.image.set("x_tenths", False)
        pump.image.set("outdoor_temp", -7)

    async with polled(tmp_path, map_of(POINTS), "tcp", set_up=furnish) as pump:
        await pump.sweeps(2)
        assert pump.value("outdoor_temp") == -7
        assert isinstance(pump.peer, TcpLine)
        await pump.peer.stop()
        await pump.until(pump.losses)
        at = len(pump.facts)
        pump.image.set("x_tenths", True)
        pump.image.set("outdoor_temp", -7.5)
        await pump.peer.start()
        await pump.until(lambda: any(isinstance(f, BlockRead) for f in pump.facts[at:]))
        await pump.sweeps(2)
        after = [
            reading
            for fact in pump.facts[at:]
            if isinstance(fact, BlockRead)
            for reading in fact.readings
            if reading.point == "outdoor_temp"
        ]
        assert {r.value for r in after if r.good} == {-7.5}
        done = await pump.write("dhw_setpoint", 50)
        assert done.read_back == 50
        assert pump.image._words[(1, "holding", 2)] == 500


def test_r13_without_the_switch_there_is_no_value() -> None:
    device = device_of(map_of(POINTS))
    readings = device.decode(device.read_back("outdoor_temp"), [0xFFF9])
    assert not isinstance(readings, str)
    assert readings[0].quality is Quality.NOT_READY


def test_r13_biased_values() -> None:
    device = device_of(map_of(BIASED))
    (block,) = device.plan()
    readings = device.decode(block, [130, 7200])
    assert not isinstance(readings, str)
    assert [r.value for r in readings] == [50, 42.0]  # (raw - 30) / 2 and raw - 3000 hundredths
