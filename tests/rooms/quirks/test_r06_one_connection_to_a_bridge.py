"""R6: one connection, kept open, opened again when it ends; its first request may be lost."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

import agent.line.line as line_module
from agent.facts import BlockRead
from agent.model import Outcome
from simulators.faults import Fault
from simulators.tcp import TcpLine
from tests.rooms.quirks.testquirk import Pump, map_of, polled

POINTS = """
x_tenths: {at: 0, type: bool, en: tenths, zh: 十分度}
outdoor_temp: {at: 1, type: s16, switch: {point: x_tenths, equals: "true", scale: 0.1}}
water_setpoint: {at: 1000, write: {low: 25, high: 55, step: 1, confirm_within: 200 ms}}
fan_speed: {at: 2000}
"""
TOP = "alone: {holding: [0..1]}\nline: {answer_within: 80 ms, worst_lateness: 40 ms}"


def tenths(pump: Pump) -> None:
    pump.image.set("x_tenths", True)
    pump.image.set("outdoor_temp", -7.5)


def connections(pump: Pump) -> int:
    assert isinstance(pump.peer, TcpLine)
    return pump.peer.connections


@pytest.mark.parametrize("way", ["tcp", "rtu+tcp"])
async def test_r06_a_healthy_bridge_sees_one_connection(tmp_path: Path, way: str) -> None:
    async with polled(tmp_path, map_of(POINTS, TOP), way, one_connection=True) as pump:
        await pump.sweeps(5)
        assert connections(pump) == 1
        assert isinstance(pump.peer, TcpLine)
        assert pump.peer.turned_away == 0


@pytest.mark.parametrize("way", ["tcp", "rtu+tcp"])
@pytest.mark.parametrize("loses_first", [False, True])
async def test_r06_a_bridge_that_closes_after_some_requests_costs_nothing(
    tmp_path: Path, way: str, loses_first: bool
) -> None:
    """Also one that closes in the middle of every round, and never answers a first request."""
    found = map_of(POINTS, TOP)
    async with polled(
        tmp_path, found, way, set_up=tenths, closes_after=7, loses_first=loses_first
    ) as pump:
        await pump.sweeps(20)
        assert connections(pump) >= 6
        assert not pump.failures()
        assert pump.losses() == 0
        assert pump.line.traffic.renewed >= 5
        shown = {
            reading.value
            for fact in pump.facts
            if isinstance(fact, BlockRead)
            for reading in fact.readings
            if reading.point == "outdoor_temp" and reading.good
        }
        assert shown == {-7.5}, "a value was read in the wrong scale"


async def test_r06_a_write_lost_with_its_connection_is_proved_or_made_again(tmp_path: Path) -> None:
    found = map_of(POINTS, TOP)
    async with polled(tmp_path, found, "tcp", closes_after=20, loses_first=True) as pump:
        await pump.sweeps(1)
        for value in range(40, 52):
            done = await pump.write("water_setpoint", value)
            assert (done.outcome, done.read_back) == (Outcome.VERIFIED, value)


async def test_r06_a_connection_on_which_nothing_comes_is_opened_anew(tmp_path: Path) -> None:
    async with polled(tmp_path, map_of(POINTS, TOP), "tcp") as pump:
        await pump.sweeps(1)
        pump.peer.faults[1] = (Fault(kind="silent"),)
        await pump.until(lambda: len(pump.failures()) >= 3)
        pump.peer.faults[1] = ()
        await pump.until(pump.answered)
        assert connections(pump) == 2


async def test_r06_a_bridge_that_takes_nobody_is_not_hammered(tmp_path: Path) -> None:
    async with polled(tmp_path, map_of(POINTS, TOP), "tcp", closes_after=0) as pump:
        await pump.until(lambda: pump.losses() >= 2)
        assert pump.line.traffic.renewed == 0
        assert connections(pump) <= 5


async def test_r06_a_bridge_that_takes_nobody_is_tried_ever_more_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program may hold its one connection for days, and each try is two lines of log."""
    monkeypatch.setattr(line_module, "REOPEN_MIN_S", 0.02)
    monkeypatch.setattr(line_module, "REOPEN_MAX_S", 5.0)
    async with polled(tmp_path, map_of(POINTS, TOP), "tcp", closes_after=0) as pump:
        began = monotonic()
        await pump.until(lambda: pump.losses() >= 7)
        assert monotonic() - began >= 0.02 * (1 + 2 + 4 + 8 + 16 + 32)
