"""A page of a house that does not exist, asked over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from agent.web.site import Site
from bench.madehome import ALARM, HOME, LIVE, NOW
from bench.pagehomes import House, coded, serving

__all__ = ["ALARM", "HOME", "LIVE", "NOW", "House", "Reply", "Visitor", "coded", "served"]

LIMIT_S = 10.0


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
    """The page on a port of its own, and somebody to ask there."""
    async with serving(house, folder) as (made, port):
        yield made, Visitor(port)
