"""Homes nobody has set up: a gateway from its box on a simulated pair, a broker and a platform.

The waiting gateway runs in a loop of its own and hears the pair there, whose wires can be changed
meanwhile; once set up it is started as the program itself, on a pty with the same pair behind it.
"""

from __future__ import annotations

import asyncio
import tempfile
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from agent.cli import waiting
from agent.commission import Commission
from bench.pagehomes import InThread, coded
from simulators.adapter import LoopAdapter, PtyAdapter
from simulators.platform import Platform
from simulators.stage import Child, broker_child, free_port, reachable
from simulators.wiring import Pair, Wiring

LOOKS_EVERY_S = 0.5
FRESH = """gateway: gateway-1
spool: {{path: {folder}/spool.db, commit_every: 1 s}}
page: {{listen: "127.0.0.1:{web}"}}
lines: []
"""


class FreshHome(InThread):
    """A gateway from its box. `base` is its page, `broker` the platform's address to type in."""

    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self.pair = pair
        self.broker = ""
        self.log = Path()

    async def begin(self) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="heatpump-")))
        self.log = folder / "agent.log"
        web, broker_port = free_port(), free_port()
        self.config = folder / "gateway.yaml"
        self.config.write_text(FRESH.format(folder=folder, web=web), "utf-8")
        self.base, self.broker = f"http://127.0.0.1:{web}", f"mqtt://127.0.0.1:{broker_port}"
        broker = broker_child("embedded", broker_port, folder)
        await broker.start()
        self._stack.push_async_callback(broker.stop)
        await reachable(broker_port)
        await self._stack.enter_async_context(Platform(self.broker, folder / "platform.db"))
        self.code = coded(folder)
        self._stop, self._look = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._gateway(folder / "bus"), name="gateway")
        self._stack.push_async_callback(self._end)
        await reachable(web)

    async def _gateway(self, port: Path) -> None:
        """As systemd does it: the program waits for its configuration, ends, and is started."""
        hearing = LoopAdapter(self.pair).attach
        setting_up = partial(Commission, self.config, self._look.set, lambda: (str(port),), hearing)
        await waiting.wait(str(self.config), self._stop, self._look, setting_up)
        if self._stop.is_set():
            return
        with PtyAdapter(self.pair, port):
            agent = Child.python("agent.cli", "run", str(self.config), log=self.log)
            await agent.start()
            try:
                await self._stop.wait()
            finally:
                await agent.stop()

    async def _end(self) -> None:
        self._stop.set()
        self._look.set()
        await self._task

    async def lay(self, wiring: Wiring) -> None:
        """Change the wires."""
        self.pair.wiring = wiring

    def green_after(self, since: float, within_s: float) -> float | None:
        """Seconds since then (monotonic) until the light is green; None when it is not in time."""
        while monotonic() < since + within_s:
            if self.light() == "green":
                return monotonic() - since
            sleep(LOOKS_EVERY_S)
        return None

    def light(self) -> str:
        """The one light as the page's API says it; empty while nothing is said of it there."""
        try:
            return str(self.live()["lamp"]["name"])
        except (OSError, ValueError):  # it starts, or was asked too often
            return ""
