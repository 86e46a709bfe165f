"""R1: a reply of another length than was asked is dropped whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.facts import Failure
from simulators.faults import Fault
from tests.rooms.quirks.testquirk import Pump, map_of, polled

POINTS = "\n".join(f"x_r{i}: {{at: {i}, en: a, zh: b}}" for i in range(40))


@pytest.mark.parametrize("way", ["pty", "tcp", "rtu+tcp"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="long", words=60),
        Fault(kind="long", words=1),
        Fault(kind="short", words=1),
        Fault(kind="short", words=40),
    ],
    ids=lambda fault: f"{fault.kind} {fault.words}",
)
async def test_r01_nothing_of_a_reply_of_wrong_length_is_believed(
    tmp_path: Path, way: str, fault: Fault
) -> None:
    def faulty(pump: Pump) -> None:
        pump.peer.faults[1] = (fault,)

    async with polled(tmp_path, map_of(POINTS), way, set_up=faulty) as pump:
        await pump.until(lambda: len(pump.failures()) >= 2)
        assert not pump.readings
        assert {failure.failure for failure in pump.failures()} <= {
            Failure.GARBLED,
            Failure.SILENCE,
        }
        pump.peer.faults[1] = ()
        await pump.until(pump.answered)
        assert len(pump.readings) == 40
