"""A page of a house that does not exist, asked over a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from agent.web import Ended, Listen, PageSettings, Rooms, Wish
from agent.web.server import serve
from agent.web.site import Site, site
from agent.web.view import Home, Live

AT = datetime(2026, 1, 10, 8, 0, tzinfo=UTC)
LIVE = Live("gw-1", AT, True, True, 3, (Home("east", "hp1", "heating", "plan", 19.5, -4.0),))
LIMIT_S = 10.0
DONE = Ended("verified", "done")


@dataclass(slots=True)
class House:
    """What the page is told, and what was wished there."""

    live: Live = LIVE
    wishes: list[Wish] = field(default_factory=list)
    end: Ended = DONE
    mono: float = 1000.0

    async def ask(self, wish: Wish) -> Ended:
        self.wishes.append(wish)
        return self.end

    @property
    def rooms(self) -> Rooms:
        return Rooms(lambda: self.live, self.ask)

    def site(self, folder: Path) -> Site:
        settings = PageSettings(Listen("127.0.0.1", free_port()), "gw-1", folder, "010-12345")
        return site(settings, self.rooms, lambda: self.mono)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser that keeps one cookie."""

    port: int
    cookie: str = ""

    async def ask(
        self,
        method: str,
        path: str,
        said: object = None,
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> Reply:
        """One request, its answer."""
        sent = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
        body = b""
        if said is not None:
            body, sent["Content-Type"] = json.dumps(said).encode(), "application/json"
        if form is not None:
            body, sent["Content-Type"] = (
                urlencode(form).encode(),
                "application/x-www-form-urlencoded",
            )
        if body:
            sent["Content-Length"] = str(len(body))
        if self.cookie:
            sent["Cookie"] = f"session={self.cookie}"
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        return await self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)

    async def send(self, raw: bytes) -> Reply:
        """Bytes as they are."""
        async with asyncio.timeout(LIMIT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(raw)
            text = await reader.read()
            writer.close()
        head, _, body = text.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
        return Reply(int(first.split()[1]), headers, body)

    async def log_in(self, code: str) -> Reply:
        """Type in a code and keep the cookie."""
        reply = await self.ask("POST", "/api/login", {"code": code})
        self.cookie = reply.headers.get("set-cookie", "").partition("=")[2].partition(";")[0]
        return reply


@asynccontextmanager
async def served(house: House, folder: Path) -> AsyncIterator[tuple[Site, Visitor]]:
    """The page on a port of its own."""
    port = free_port()
    made = house.site(folder)
    task = asyncio.create_task(
        serve(Listen("127.0.0.1", port), made.routes, made.door, "page"), name="page"
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                except OSError:
                    await asyncio.sleep(0)
        yield made, Visitor(port)
    finally:
        task.cancel()
        await asyncio.wait({task})
