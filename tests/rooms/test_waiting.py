"""A service whose configuration is not right yet: what systemd and the log hear, and its end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from agent.cli import run, waiting
from agent.commission import Commission
from agent.errors import FileError
from simulators.stage import free_port, reachable
from tests.rooms.web.site import Visitor, coded

LIMIT_S = 10.0
NEW = "gateway: gw1\nlines: []\n"
WRONG = "gateway: gw1\nplatform: {broker: 'mqtt://127.0.0.1:1'}\nlines: [{name: bus1}]\n"
RIGHT = """
gateway: gw1
platform: {broker: "mqtt://127.0.0.1:1"}
lines:
  - {name: bus1, port: "tcp://127.0.0.1:1", devices: [{name: hp1, driver: midea_mthermal_r290}]}
"""
CLOSED = RIGHT.replace('mqtt://127.0.0.1:1"', f'mqtts://127.0.0.1:1", ca: {300 * "a"}')


class Systemd:
    """Hears what the program tells the service manager."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    async def hears(self, words: str) -> None:
        """Return when a datagram holds these words."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(LIMIT_S):
            while words not in (await loop.sock_recv(self._sock, 4096)).decode():
                pass


@asynccontextmanager
async def systemd(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Systemd]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(folder / "notify"))
        sock.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        yield Systemd(sock)


async def test_it_says_what_is_missing_and_ends_when_all_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(NEW)
    async with systemd(tmp_path, monkeypatch) as manager:
        with caplog.at_level(logging.INFO, "agent"):
            task = asyncio.create_task(waiting.until_right(str(path)))
            await manager.hears("READY=1")
            await manager.hears("heatpump-agent scan")
            path.write_text(RIGHT)
            os.kill(os.getpid(), signal.SIGHUP)
            async with asyncio.timeout(LIMIT_S):
                await task
            await manager.hears("STOPPING=1")
    assert "尚未配置热泵" in caplog.text
    assert "configuration is right now" in caplog.text


@pytest.mark.parametrize(
    ("text", "mistake"),
    [(WRONG, "3: lines[0]: port is missing"), (CLOSED, "3: platform.ca: ")],
    ids=["wrong", "closed"],
)
async def test_a_mistake_is_named_and_the_order_to_stop_is_obeyed(
    text: str,
    mistake: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    async with systemd(tmp_path, monkeypatch) as manager:
        task = asyncio.create_task(waiting.until_right(str(path)))
        await manager.hears(f"gateway.yaml:{mistake}")
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(LIMIT_S):
            await task
    assert "right now" not in caplog.text


def test_without_systemd_a_wrong_file_ends_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    path = tmp_path / "gateway.yaml"
    path.write_text(NEW)
    with pytest.raises(FileError, match=r"gateway\.yaml:2: lines: no line is named yet"):
        run._run(argparse.Namespace(config=str(path)))


async def test_the_page_is_served_meanwhile_and_needs_the_code_to_set_anything_up(
    tmp_path: Path,
) -> None:
    port, path = free_port(), tmp_path / "gateway.yaml"
    path.write_text(f'gateway: gw1\npage: {{listen: "127.0.0.1:{port}"}}\nlines: []\n')
    code = coded(tmp_path / "var")
    stop, look = asyncio.Event(), asyncio.Event()
    setting_up = partial(Commission, path, look.set)
    task = asyncio.create_task(waiting.wait(str(path), stop, look, setting_up))
    await reachable(port)
    visitor = Visitor(port)
    assert "尚未安装调试" in (await visitor.ask("GET", "/")).text
    for way in ("search", "unit", "write"):
        assert (await visitor.ask("POST", f"/api/setup/{way}", {})).status == 401
    assert (await visitor.ask("GET", "/install")).headers["location"] == "/login?next=/install"
    await visitor.log_in(code)
    assert "扫描线路" in (await visitor.ask("GET", "/install")).text
    refused = await visitor.ask("POST", "/api/setup/search", {"other": "/etc/passwd"})
    assert refused.status == 409
    assert (await visitor.ask("GET", "/technician")).status == 200
    wished = {"device": "hp1", "value": 20}
    assert (await visitor.ask("POST", "/api/wanted", wished)).status == 409
    path.write_text(RIGHT)
    look.set()
    async with asyncio.timeout(LIMIT_S):
        await task


async def test_without_a_page_in_the_file_none_is_served(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(NEW)
    assert waiting._unfinished(str(path), partial(Commission, path, lambda: None)) is not None
    assert Commission(path, lambda: None).page is None
    path.write_text(WRONG)
    assert waiting._unfinished(str(path), partial(Commission, path, lambda: None)) is None
