"""What was turned away is counted and told; what must not get in changes nothing."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import config
from agent.intact import Intact
from agent.uplink import Uplink
from agent.uplink.messages import State, encode_state
from agent.vitals import Vitals
from simulators.authority import DAY, Authority
from tests.peers.mosquitto import Mosquitto, Tls
from tests.rooms.test_consent import CONFIG
from tests.rooms.test_road import house
from tests.rooms.uplink.test_uplink import LIMIT_S, Gateway, MemoryOutbox, running, settings

NOW = datetime.now(UTC)


async def test_a_broker_without_a_good_certificate_is_counted(tmp_path: Path) -> None:
    ours, stranger = Authority(tmp_path / "ours"), Authority(tmp_path / "stranger")
    tls = Tls(stranger.ca, *stranger.server(NOW - DAY, NOW + DAY))
    async with (
        Mosquitto(tmp_path, tls=tls) as broker,
        running(settings(broker.url, ca=ours.ca), MemoryOutbox()) as gateway,
    ):
        assert "is refused" in await gateway.linked(False)
        counted: Uplink = gateway.uplink
        async with asyncio.timeout(LIMIT_S):
            while counted.counters.untrusted < 1:
                await asyncio.sleep(0)


async def test_commands_without_an_id_are_counted(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        for payload in (b"", b"{", b'{"id": 7}', b"\xff" * 100):
            await home.road.command(payload, retained=False)
        assert home.road.malformed == 4
        assert home.line.sent == []


async def test_a_configuration_from_afar_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    async with house(tmp_path) as home:
        for payload in (CONFIG.encode(), b"", b"\xff" * 100_000):
            home.road.config_pushed(payload)
        assert caplog.text.count("not accepted") == 3
        assert home.line.sent == []
        assert not any(home.spool.status().depth.values())
    assert file.read_text() == CONFIG


async def test_the_counts_stand_in_the_state_the_platform_gets(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    async with house(tmp_path) as home:
        uplink = Gateway(settings("mqtt://127.0.0.1:9"), MemoryOutbox()).uplink
        vitals = Vitals(
            home.road, home.spool, uplink, (), (), None, Intact(), home.clock, config.read(file)
        )
        await home.road.command(b"{", retained=False)
        uplink.counters.unsigned, uplink.counters.untrusted = 2, 3
        state = State("gw", "online", NOW, "b", "v", "e", vitals.told())
        told = json.loads(encode_state(state))["health"]["security"]
        assert {kind: count for kind, count in told.items() if count} == {
            "malformed": 1, "unsigned": 2, "untrusted": 3,
        }  # fmt: skip
