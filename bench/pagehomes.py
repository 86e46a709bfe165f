"""Homes to be looked at by a browser: a real gateway on simulated pumps, and one made for pictures.

Each lives in a thread with a loop of its own, for the browser is driven from outside of any.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from agent.claim import make_code
from agent.web import Ended, Install, Listen, PageSettings, Rooms, Wish
from agent.web.keys import Keys
from agent.web.server import serve
from agent.web.setup import Setup
from agent.web.site import Site, site
from agent.web.stream import Tempo
from agent.web.view import Live, Paper, Service, Text
from bench.madehome import LIVE, SERVICE
from simulators.stage import Stage, free_port, reachable
from simulators.tour import GATEWAY, home_file

T = TypeVar("T")
WITHIN_S = 90.0
DONE = Ended("verified", "done")


@dataclass(slots=True)
class House:
    """What the page is told, and what was wished there."""

    live: Live = LIVE
    wishes: list[Wish] = field(default_factory=list)
    end: Ended = DONE
    mono: float = 1000.0
    hurry_s: float = 0.0
    service: Service = SERVICE
    paper: Paper | None = None
    setup: Setup | None = None

    def now(self) -> float:
        """Monotonic seconds; with `hurry_s` they pass with every look."""
        self.mono += self.hurry_s
        return self.mono

    async def told(self) -> Service:
        return self.service

    async def printed(self) -> Paper:
        assert self.paper is not None
        return self.paper

    async def ask(self, wish: Wish) -> Ended:
        self.wishes.append(wish)
        return self.end

    def stage(self) -> Setup:
        assert self.setup is not None
        return self.setup

    @property
    def rooms(self) -> Rooms:
        handover = self.printed if self.paper is not None else None
        install = None
        if self.setup is not None:  # stands still: it is looked at
            install = Install(self.stage, _waits, _stays, _stays, _waits)
        return Rooms(lambda: self.live, self.told, self.ask, install, handover)

    def site(self, folder: Path) -> Site:
        settings = PageSettings(Listen("127.0.0.1", 1), "gw-1", folder, "010-12345")
        return site(settings, self.rooms, self.now, Tempo(0.01, 0.05))


def _stays(*_: object) -> Text | None:
    return None


async def _waits(*_: object) -> Text | None:
    return None


def coded(folder: Path) -> str:
    """A claim code that opens the page of this folder."""
    code = make_code()
    Keys(folder).set_claim(code)
    return code


@asynccontextmanager
async def serving(house: House, folder: Path) -> AsyncIterator[tuple[Site, int]]:
    """The page of this house on a port of its own; the port, once it answers."""
    port = free_port()
    made = house.site(folder)
    task = asyncio.create_task(
        serve(Listen("127.0.0.1", port), made.routes, made.door, "page"), name="page"
    )
    try:
        await reachable(port)
        yield made, port
    finally:
        task.cancel()
        await asyncio.wait({task})


class InThread:
    """Something that is opened and closed in a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()
        self.base, self.code = "", ""

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Run it there and wait for it."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(WITHIN_S)

    async def begin(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(self.begin())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN_S)
        self._loop.close()

    def live(self) -> Any:
        """What the page's API says now."""
        with closing(HTTPConnection(urlsplit(self.base).netloc, timeout=WITHIN_S)) as link:
            link.request("GET", "/api/live")
            return json.load(link.getresponse())


class Gateway(InThread):
    """The home of `make run`: three pumps, a broker, a platform, the agent with its page."""

    async def begin(self) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="heatpump-")))
        sim_file, pty, port = home_file(folder, speed=30.0)
        web = free_port()
        text = GATEWAY.format(folder=folder, pty=pty, port=port, web=web)
        self.stage = await self._stack.enter_async_context(Stage(folder, sim_file, text))
        self.code = await self.stage.claim_code()
        await self.stage.start_agent()
        self.base = f"http://127.0.0.1:{web}"
        async with asyncio.timeout(WITHIN_S):
            while not await asyncio.to_thread(self._answers):
                await asyncio.sleep(0.2)

    def _answers(self) -> bool:
        """Whether every pump was read."""
        try:
            homes = self.live()["homes"]
        except OSError:
            return False
        return len(homes) == 3 and all(home["water_c"] is not None for home in homes)


class Pictured(InThread):
    """A home of which everything is known, the same every time."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house

    async def begin(self) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="heatpump-")))
        self.code = coded(folder)
        _, port = await self._stack.enter_async_context(serving(self.house, folder))
        self.base = f"http://127.0.0.1:{port}"
