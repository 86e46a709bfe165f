"""What systemd hears, on a socket as systemd makes it."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent import app, config
from agent.spool import store
from agent.watchdog import Watchdog

LIMIT_S = 10.0
HOUSE = """
gateway: gw1
spool: {{path: {folder}/spool.db, commit_every: 1 s}}
platform: {{broker: "mqtt://127.0.0.1:1"}}
lines:
  - name: bus1
    port: tcp://127.0.0.1:1
    devices: [{{name: hp1, driver: midea_mthermal_r290}}]
"""


class Systemd:
    """The socket in NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(address)
        self.sock.setblocking(False)
        self.heard: list[dict[str, str]] = []

    async def hears(self, name: str) -> dict[str, str]:
        """The next datagram in which this name stands."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(LIMIT_S):
            while True:
                text = (await loop.sock_recv(self.sock, 4096)).decode()
                self.heard.append(dict(line.split("=", 1) for line in text.splitlines()))
                if name in self.heard[-1]:
                    return self.heard[-1]

    async def says(self, words: str) -> None:
        """Wait for a status with these words."""
        async with asyncio.timeout(LIMIT_S):
            while words not in (await self.hears("STATUS"))["STATUS"]:
                pass


def environment(address: str, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000", **more}


@asynccontextmanager
async def watched(dog: Watchdog) -> AsyncIterator[None]:
    task = asyncio.create_task(dog.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_ready_then_signs_of_life_then_stopping(tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    with systemd.sock:
        dog = Watchdog(lambda: None, lambda: "all well", environment(str(tmp_path / "notify")))
        async with watched(dog):
            await systemd.hears("READY")
            for _ in range(3):
                assert (await systemd.hears("WATCHDOG"))["STATUS"] == "all well"
        assert await systemd.hears("STOPPING") == {"STOPPING": "1"}


async def test_what_hangs_stops_the_signs_and_is_told(tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    why: list[str | None] = [None]
    with systemd.sock:
        dog = Watchdog(lambda: why[0], lambda: "well", environment(str(tmp_path / "notify")))
        async with watched(dog):
            await systemd.hears("WATCHDOG")
            why[0] = "line bus1 hangs"
            await systemd.says("hangs")
            before = len(systemd.heard)
            for _ in range(3):
                await systemd.hears("STATUS")
            assert not any("WATCHDOG" in one for one in systemd.heard[before - 1 :])
            why[0] = None
            await systemd.hears("WATCHDOG")


async def test_an_abstract_socket_is_heard(tmp_path: Path) -> None:
    name = f"heatpump-{os.getpid()}-{tmp_path.name}"
    systemd = Systemd("\0" + name)
    with systemd.sock:
        async with watched(Watchdog(lambda: None, str, environment("@" + name))):
            await systemd.hears("READY")


async def test_without_systemd_nothing_is_done() -> None:
    await Watchdog(lambda: None, str, {}).run()


async def test_a_socket_nobody_reads_harms_nothing(tmp_path: Path) -> None:
    async with watched(Watchdog(lambda: None, str, environment(str(tmp_path / "none")))):
        await asyncio.sleep(0)


@asynccontextmanager
async def gateway(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Systemd]:
    """The whole program without a pump or a platform, as systemd runs it."""
    address = str(folder / "notify")
    systemd, stop = Systemd(address), asyncio.Event()
    for name, value in environment(address).items():
        monkeypatch.setenv(name, value)
    (folder / "gateway.yaml").write_text(HOUSE.format(folder=folder))
    task = asyncio.create_task(app.run(config.read(folder / "gateway.yaml"), stop))
    try:
        with systemd.sock:
            await systemd.hears("READY")
            yield systemd
    finally:
        stop.set()
        await asyncio.wait({task})
    task.result()


async def test_a_house_where_nothing_answers_is_still_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway(tmp_path, monkeypatch) as systemd:
        for _ in range(5):
            assert "no platform" in (await systemd.hears("WATCHDOG"))["STATUS"]


async def test_a_disk_thread_that_hangs_lets_the_watchdog_bite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    flush = store.Store.flush

    def hang(self: store.Store) -> None:
        gate.wait(LIMIT_S)
        flush(self)

    monkeypatch.setattr("agent.vitals.DISK_GRACE_S", -0.5)
    async with gateway(tmp_path, monkeypatch) as systemd:
        monkeypatch.setattr(store.Store, "flush", hang)
        try:
            await systemd.says("disk thread")
            assert "WATCHDOG" not in systemd.heard[-1]
        finally:
            gate.set()


async def test_a_line_loop_that_hangs_lets_the_watchdog_bite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(self: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("agent.line.port.Port.open", hang)
    monkeypatch.setattr("agent.line.traffic.SWEEP_WITHIN_S", 0.2)
    async with gateway(tmp_path, monkeypatch) as systemd:
        await systemd.says("line bus1")
        assert "WATCHDOG" not in systemd.heard[-1]
