"""One line at work: ask the scheduler, talk on the port, tell the facts; reopen what was lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential, wait_random

from agent.errors import NotSent, PortError
from agent.facts import Fact, LineChanged
from agent.line.answers import Answer, Silence
from agent.line.listener import Listener
from agent.line.port import Port
from agent.line.scheduler import Idle, Scheduler, Turn
from agent.line.trace import Trace
from agent.line.traffic import Traffic
from agent.model import Stamp, Write

log = logging.getLogger(__name__)

Take = Callable[[Fact], Awaitable[None]]
REOPEN_MIN_S, REOPEN_MAX_S = 0.2, 5.0
LISTEN_S = 0.02  # an adapter delivers a frame in pieces up to 16 ms apart


class Line:
    """The devices on one wire and the task that serves them.

    `up` says whether the port is open; None before the first try has ended.
    """

    def __init__(
        self,
        port: Port,
        scheduler: Scheduler,
        take: Take,
        stamp: Callable[[], Stamp],
        trace: Trace | None = None,
    ) -> None:
        self.name = port.settings.name
        self.scheduler = scheduler
        self.traffic = Traffic()
        self.errors = 0
        self.up: bool | None = None
        self._port, self._take, self._stamp, self._trace = port, take, stamp, trace
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._down = False
        self._listener = listener_of(scheduler)
        self._heard = False  # somebody has answered since the port was opened

    def send(self, write: Write) -> None:
        """Put a write ahead of all reads."""
        self._settled.clear()
        (self._listener or self.scheduler).send(write, self._stamp().mono)
        self._wake.set()

    async def settled(self) -> None:
        """Return when no write is waiting or under way."""
        while (self._listener or self.scheduler).writing:
            self._settled.clear()
            await self._settled.wait()

    async def run(self) -> None:
        """Serve the line until cancelled; a lost port is opened again and again."""
        lost, pause_s = "", 0.0
        self.traffic.progressed(self._stamp().mono)
        try:
            while True:
                try:
                    if lost:
                        why, lost = lost, ""
                        await self._lost(why)
                        await asyncio.sleep(pause_s)
                    await self._open()
                    await (self._listen(self._listener) if self._listener else self._serve())
                except PortError as error:
                    longer_s = min(max(REOPEN_MIN_S, 2 * pause_s), REOPEN_MAX_S)
                    lost, pause_s = str(error), 0.0 if self._heard else longer_s
                except Exception as error:
                    self.errors += 1
                    log.exception("line loop failed line=%s errors=%d", self.name, self.errors)
                    lost, pause_s = f"internal error: {error!r}", REOPEN_MAX_S
        finally:
            self._port.close()

    async def _open(self) -> None:
        """Open the port, however long that takes; the first refusal is logged, repeats are not."""
        retrying = AsyncRetrying(
            wait=wait_exponential(REOPEN_MIN_S, REOPEN_MAX_S) + wait_random(0, REOPEN_MIN_S),
            retry=retry_if_exception_type(PortError),
            before_sleep=self._not_open_yet,
        )
        async for attempt in retrying:
            with attempt:
                await self._port.open()
        stamp = self._stamp()
        self.traffic.progressed(stamp.mono)
        self._down = self._heard = False
        self.up = True
        self.scheduler.line_up(stamp.mono)
        await self._take(LineChanged(self.name, True, "open", stamp))

    async def _not_open_yet(self, state: object) -> None:
        self.traffic.progressed(self._stamp().mono)
        outcome = getattr(state, "outcome", None)
        why = str(outcome.exception()) if outcome is not None else ""
        if not self._down:
            await self._lost(why)
        await self._tell((self._listener or self.scheduler).give_up(why, self._stamp()))

    async def _serve(self) -> None:
        while True:
            self._wake.clear()
            turn = self.scheduler.next(self._stamp().mono)
            if isinstance(turn, Idle):
                await self._tell(self.scheduler.ended(self._stamp()))
                await self._idle(turn.until)
                continue
            try:
                reply = await self._port.exchange(
                    turn.request, turn.answer_within_s, turn.worst_lateness_s, turn.gap_s
                )
            except PortError as error:
                await self._renew(turn, error)
                continue
            self._heard = self._heard or reply != Silence()
            self.traffic.see(reply)
            stamp = self._stamp()
            if self._trace is not None:
                self._trace.keep(stamp, self.name, turn.request, reply)
            await self._tell(self.scheduler.done(turn, reply, stamp))
            if self.scheduler.out_of_step:
                self.scheduler.out_of_step = False
                await self._port.resync(turn.worst_lateness_s)

    async def _listen(self, listener: Listener) -> None:
        """A wire with a master of its own: hear it, and speak only in its pauses."""
        rule = listener.device.map.line
        silence_s = max(self._port.settings.silence_s, float(rule.gap), LISTEN_S)
        while True:
            data = await self._port.listen(silence_s)
            stamp = self._stamp()
            self.traffic.progressed(stamp.mono)
            await self._tell(listener.hear(data, stamp) if data else listener.quiet(stamp))
            if self._trace is not None:
                for heard in listener.heard if data else ():
                    self._trace.keep(stamp, self.name, heard.request, Answer(heard.words))
            request = listener.pause(stamp.mono) if listener.at_rest else None
            if request is None:
                continue
            assert rule.pause is not None  # else the guard lets no write through
            within_s = min(float(rule.answer_within), float(rule.pause) - silence_s)
            reply = await self._port.exchange(request, within_s, 0.0, 0.0)
            self.traffic.see(reply)
            stamp = self._stamp()
            if self._trace is not None:
                self._trace.keep(stamp, self.name, request, reply)
            await self._tell(listener.sent(reply, stamp))

    async def _renew(self, turn: Turn, error: PortError) -> None:
        """A bridge closed its connection, as some do after twenty requests: open it once, quietly.

        Raises the error where that cannot help: nobody answered on it, or it is a serial port.
        """
        if not (self._port.settings.is_network and self._heard):
            raise error
        self._heard = False
        await self._port.open()
        self.traffic.renewed += 1
        sent = not isinstance(error, NotSent)
        await self._tell(self.scheduler.renewed(turn, sent, self._stamp()))

    async def _idle(self, until: float) -> None:
        mono = self._stamp().mono
        wait_s = min(until - mono, 3600.0)
        if wait_s <= 0:
            await asyncio.sleep(0)
            return
        self.traffic.progressed(mono + wait_s)
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _tell(self, facts: tuple[Fact, ...]) -> None:
        for fact in facts:
            await self._take(fact)
            self.traffic.told(fact)
        if not (self._listener or self.scheduler).writing:
            self._settled.set()

    async def _lost(self, why: str) -> None:
        self._port.close()
        self._down = True
        self.up = False
        self.traffic.lost += 1
        stamp = self._stamp()
        await self._take(LineChanged(self.name, False, why, stamp))
        await self._tell((self._listener or self.scheduler).line_down(why, stamp))


def listener_of(scheduler: Scheduler) -> Listener | None:
    """A listener where the line's one device has a master of its own; None where we are master."""
    passive = [d for d in scheduler.machines if d.map.line.master == "passive"]
    return Listener(passive[0]) if passive else None
