"""Every durable lane leaves and is forgotten once the platform has it, also one added tomorrow."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agent.clock import Clock
from agent.records import Lane
from agent.spool import Spool, SpoolSettings
from agent.uplink import Encoding, Uplink, UplinkSettings
from simulators.platform import Platform
from tests.peers.mosquitto import Mosquitto

G = "g1"
LIMIT_S = 20.0
READINGS = {"device": "pump1", "values": {"outdoor_temp": -1.5}, "missing": {}}
BODIES = {Lane.TELEMETRY: READINGS}
ANY = {"kind": "made for this test", "id": "1", "device": "pump1"}


class Watched(Spool):
    """The real buffer; `forgot` is set whenever the platform has taken something."""

    forgot: asyncio.Event

    async def forget(self, lane: Lane, first: int, last: int) -> int:
        gone = await super().forget(lane, first, last)
        self.forgot.set()
        return gone

    async def emptied(self) -> None:
        while any(self.status().depth.values()):
            await self.forgot.wait()
            self.forgot.clear()


async def deaf(*_: object) -> None:
    """No command and no stranger is expected here."""


def uplink(url: str, spool: Spool, encoding: Encoding) -> Uplink:
    settings = UplinkSettings(G, url, batch_every_s=0.1, backlog_wait_s=0.0, encoding=encoding)
    return Uplink(
        settings,
        spool,
        on_command=deaf,
        on_unsigned=deaf,
        on_config=lambda _: None,
        on_forecast=deaf,
        on_link=lambda up, why: None,
    )


@pytest.mark.parametrize("encoding", Encoding)
async def test_no_lane_is_left_behind(tmp_path: Path, encoding: Encoding) -> None:
    clock = Clock()
    spool = await Watched.open(SpoolSettings(str(tmp_path / "spool.db")), "b1", clock.stamp)
    assert isinstance(spool, Watched)
    spool.forgot = asyncio.Event()
    for lane in Lane:
        spool.append(lane, clock.stamp(), json.dumps(BODIES.get(lane, ANY)).encode())
    await spool.commit()
    async with Mosquitto(tmp_path) as broker, Platform(broker.url) as platform:
        sending = asyncio.create_task(uplink(broker.url, spool, encoding).run())
        try:
            async with asyncio.timeout(LIMIT_S):
                await platform.wait_stored(len(Lane), LIMIT_S)
                await spool.emptied()
        except TimeoutError:
            left = {lane.value: n for lane, n in spool.status().depth.items() if n}
            there = [lane.value for lane in Lane if platform.archive.numbers(G, lane.value)]
            pytest.fail(f"still in the buffer: {left}; at the platform: {there}")
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        assert all(platform.archive.numbers(G, lane.value) == [1] for lane in Lane)
        assert platform.counters.malformed == 0
    await spool.close()
