"""R8: a reply with another unit id or transaction id is dropped, and the link is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.yamltext import Span
from simulators.faults import Fault
from simulators.tcp import TcpLine
from tests.rooms.quirks.testquirk import Pump, map_of, polled

POINTS = "outdoor_temp: {at: 7, type: s16, scale: 0.1}"


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("pty", "wrong_unit"),
        ("tcp", "wrong_unit"),
        ("rtu+tcp", "wrong_unit"),
        ("tcp", "wrong_transaction"),
    ],
)
async def test_r08_it_is_dropped_and_the_next_is_taken(tmp_path: Path, way: str, kind: str) -> None:
    def strange(pump: Pump) -> None:
        pump.image.set("outdoor_temp", -7.0)
        fault = Fault(kind=kind, requests=Span(1, 2))  # type: ignore[arg-type]
        pump.peer.faults[1] = (fault,)

    async with polled(tmp_path, map_of(POINTS), way, set_up=strange) as pump:
        await pump.until(pump.answered)
        assert pump.value("outdoor_temp") == -7.0
        assert pump.failures() or way == "tcp"  # the first request of a connection is made twice
        assert pump.losses() == 0
        if isinstance(pump.peer, TcpLine):
            assert pump.peer.connections == 1


async def test_r08_a_bridge_that_always_counts_wrong_is_never_believed(tmp_path: Path) -> None:
    def strange(pump: Pump) -> None:
        pump.peer.faults[1] = (Fault(kind="wrong_transaction"),)

    async with polled(tmp_path, map_of(POINTS), "tcp", set_up=strange) as pump:
        await pump.until(lambda: len(pump.failures()) >= 4)
        assert not pump.readings
        assert pump.losses() == 0
