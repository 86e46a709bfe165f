"""R7: exception 0x0B is a time-out of the unit behind a bridge; it recovers without a restart."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import agent.line.unit as unit_module
from agent.facts import Failure
from simulators.faults import Fault
from simulators.tcp import TcpLine
from tests.rooms.quirks.testquirk import Pump, map_of, polled

POINTS = "outdoor_temp: {at: 7, type: s16, scale: 0.1}\nfan_speed: {at: 700}"


@pytest.mark.parametrize("way", ["tcp", "rtu+tcp"])
async def test_r07_the_unit_rests_and_comes_back_on_the_same_connection(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_module, "REST_S", 0.1)

    def away(pump: Pump) -> None:
        pump.peer.faults[1] = (Fault(kind="gateway"),)

    async with polled(tmp_path, map_of(POINTS), way, set_up=away) as pump:
        await pump.until(lambda: len(pump.failures()) >= 6)
        assert {failure.failure for failure in pump.failures()} == {Failure.SILENCE}
        assert "0x0B" in pump.failures()[0].why
        assert not pump.device.unsupported, "0x0B was taken for a hole"
        times = [failure.stamp.mono for failure in pump.failures()[2:]]
        rests = [after - before for before, after in pairwise(times)]
        assert min(rests[1:]) >= 0.1, "a unit that is away is asked as often as before"
        pump.peer.faults[1] = ()
        await pump.until(pump.answered)
        await pump.sweeps(1)
        assert len(pump.readings) == 2
        assert isinstance(pump.peer, TcpLine)
        assert pump.peer.connections == 1, "the bridge was well all the time"
