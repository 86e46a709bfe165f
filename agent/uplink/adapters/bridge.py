"""One adapter at work: its own connection, what is kept out to it, wishes in to the command road.

It reads the durable buffer and never takes from it. A bridge that fails costs the others nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from agent.errors import LinkError, SpoolError
from agent.model import Result
from agent.records import Lane, Stored, Telemetry
from agent.uplink.adapters.convention import Convention, Leave, Message, Picture, Wish
from agent.uplink.adapters.kept import Kept
from agent.uplink.adapters.settings import LinkSettings
from agent.uplink.dial import Address
from agent.uplink.messages import decode_body
from agent.uplink.session import MessageRefused, Session, Version
from agent.uplink.settings import SessionSettings

_log = logging.getLogger("agent.uplink.adapters")

HELD = 500
"""Records held in memory for one adapter whose broker is away; older ones are read from the buffer
again, as long as the platform has not taken them from there."""
PAST_AT_ONCE = 50
WISH_LIFE_S = 60.0
Action = Message | Wish | Leave
_FAREWELL_S = 0.8
_STEADY_S = 30.0


class Buffer(Protocol):
    """The durable buffer, as far as an adapter may see it."""

    async def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]: ...

    async def save_state(self, key: str, value: bytes) -> None: ...

    async def load_state(self, key: str) -> bytes | None: ...


@dataclass(slots=True)
class BridgeCounters:
    """Numbers since the start. `skipped` records were neither in memory nor in the buffer."""

    told: int = 0
    past: int = 0
    skipped: int = 0
    wishes: int = 0
    connections: int = 0
    faults: int = 0
    connected: bool = False


class Bridge:
    """Carries one convention for ever. `on_command` is the command road, as for the platform."""

    def __init__(
        self,
        settings: LinkSettings,
        convention: Convention,
        picture: Picture,
        buffer: Buffer,
        on_command: Callable[[bytes, bool], Awaitable[None]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = convention.name
        self.counters = BridgeCounters()
        self._settings, self._convention, self._picture = settings, convention, picture
        self._buffer, self._on_command, self._now = buffer, on_command, now
        self._live: deque[Kept] = deque()
        self._late: deque[Kept] = deque()
        self._gaps: deque[tuple[int, int]] = deque()
        self._next_seq = 1
        self._number = 0
        self._wishes: dict[str, tuple[Wish, float]] = {}
        self._wake = asyncio.Event()
        self._order = asyncio.Lock()
        self._opened_mono: float | None = None

    def keep(self, kept: Kept) -> None:
        """The road has given this record to the buffer."""
        if len(self._live) >= HELD:  # the picture has it, the past is in the buffer
            self._picture.see(self._live.popleft())
        self._live.append(kept)
        self._wake.set()

    async def run(self) -> None:
        """Connect, tell, reconnect; returns only by cancellation."""
        failures = 0
        while True:
            why = await self._attempt()
            opened, self._opened_mono = self._opened_mono, None
            steady = opened is not None and time.monotonic() - opened >= _STEADY_S
            level = logging.WARNING if opened is not None or failures == 0 else logging.DEBUG
            failures = 1 if steady else failures + 1
            self.counters.connected = False
            _log.log(level, "adapter without a broker adapter=%s why=%r", self.name, why)
            least, most = self._settings.reconnect_min_s, self._settings.reconnect_max_s
            await asyncio.sleep(random.uniform(least, min(most, least * 2.0 ** min(failures, 20))))

    async def _attempt(self) -> str:
        try:
            await self._connection()
        except (LinkError, SpoolError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - an option must not end the gateway
            self.counters.faults += 1
            _log.exception("unexpected error adapter=%s", self.name)
            return f"unexpected error: {error!r}"
        return "closed"

    async def _connection(self) -> None:
        number = await self._count_connection()
        opening = self._convention.opening(number, self._now())
        given, will = self._settings, opening.will
        settings = SessionSettings(
            Address.parse(given.broker_url),
            opening.client_id,
            (will.topic, will.payload),
            given.ca,
            given.certificate,
            given.key,
            await asyncio.to_thread(self._username),
            given.password_file,
            given.keepalive_s,
            given.answer_s,
            given.timeout_s,
            clean=opening.clean,
            will_retained=will.retain,
        )
        async with Session(settings, Version.V311 if opening.plain else None) as session:
            for topic in opening.subscriptions:
                await session.subscribe(topic)
            self.counters.connections += 1
            self._opened_mono, self.counters.connected = time.monotonic(), True
            _log.info("adapter connected adapter=%s broker=%s", self.name, given.broker_url)
            serving = asyncio.create_task(self._serve(session), name=f"{self.name}-serve")
            try:
                await asyncio.wait({serving})
            except asyncio.CancelledError:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)
                await self._farewell(session)
                raise
            leave = serving.result()
            await self._farewell(session)
        raise LinkError(leave)

    async def _count_connection(self) -> int:
        """How many connections were tried before this one; durable before it is tried.

        With a disk that fails it is counted in memory: the house may still be seen.
        """
        key = f"adapter {self.name} connections"
        with suppress(SpoolError):
            saved = await self._buffer.load_state(key)
            number = int(saved) if saved is not None and saved.isdigit() else 0
            self._number = max(self._number, number)
        number, self._number = self._number, self._number + 1
        with suppress(SpoolError):
            await self._buffer.save_state(key, str(self._number).encode())
        return number

    def _username(self) -> str | None:
        file = self._settings.token_file
        if file is None:
            return self._settings.username
        try:
            return file.read_text().strip()
        except (OSError, ValueError) as error:
            raise LinkError(f"token_file {file}: {error}") from None

    async def _serve(self, session: Session) -> str:
        """Listen and tell until the link is lost (LinkError) or the convention leaves: then why."""
        self._catch_up()
        await self._publish(session, partial(self._convention.opened, self._now()))
        leaving: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        tasks: set[asyncio.Task[None]] = {
            asyncio.create_task(self._listen(session, leaving), name=f"{self.name}-listen"),
            asyncio.create_task(self._tell(session), name=f"{self.name}-tell"),
        }
        try:
            ends: set[asyncio.Future[Any]] = {*tasks, leaving}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()
        return leaving.result()

    # --- out -------------------------------------------------------------------------------

    async def _tell(self, session: Session) -> None:
        """What was just kept goes first; what could not be told in its time follows when idle."""
        while True:
            self._wake.clear()
            if self._convention.ready and self._live:
                kept = self._live.popleft()
                try:
                    await self._tell_live(session, kept)
                except LinkError:
                    self._live.appendleft(kept)
                    raise
            elif self._convention.ready and self._late:
                await self._tell_late(session)
            elif self._convention.ready and self._gaps:
                await self._tell_past(session)
            else:
                await self._wake.wait()

    async def _tell_live(self, session: Session, kept: Kept) -> None:
        self._picture.see(kept)
        if isinstance(kept.record, Result):
            await self._answer(session, kept.record)
        await self._publish(session, partial(self._convention.kept, kept, self._now()))
        self.counters.told += 1
        self._reach(kept)

    def _catch_up(self) -> None:
        """What was kept while nobody listened changes the picture now, and is told as the past."""
        while self._live:
            kept = self._live.popleft()
            self._picture.see(kept)
            self._reach(kept)
            if kept.lane is Lane.TELEMETRY and self._convention.history:
                self._late.append(kept)
                if len(self._late) > HELD:
                    self._gaps.append((self._late[0].seq, self._late.popleft().seq))

    def _reach(self, kept: Kept) -> None:
        """What lies between the last reading and this one was never told: look in the buffer."""
        if kept.lane is not Lane.TELEMETRY:
            return
        if self._convention.history and kept.seq > self._next_seq:
            self._gaps.append((self._next_seq, kept.seq - 1))
        self._next_seq = kept.seq + 1

    async def _tell_late(self, session: Session) -> None:
        some = [self._late[i] for i in range(min(PAST_AT_ONCE, len(self._late)))]
        await self._publish(session, partial(self._convention.past, some, self._now()))
        for _ in some:
            self._late.popleft()
        self.counters.past += len(some)

    async def _tell_past(self, session: Session) -> None:
        first, last = self._gaps[0]
        found = await self._buffer.batch(Lane.TELEMETRY, first - 1, PAST_AT_ONCE)
        past = [kept for one in found if one.seq <= last and (kept := _read(one)) is not None]
        await self._publish(session, partial(self._convention.past, past, self._now()))
        reached = min(found[-1].seq, last) if found else last
        self.counters.past += len(past)
        self.counters.skipped += reached - first + 1 - len(past)
        if reached >= last:
            self._gaps.popleft()
        else:
            self._gaps[0] = (reached + 1, last)

    async def _publish(
        self, session: Session, make: Callable[[], Iterable[Action]]
    ) -> list[Action]:
        """Make and publish; returns what was made.

        Making numbers the messages of Sparkplug, so nobody else makes any until these are out.
        """
        async with self._order:
            if not self._convention.ready:
                self._catch_up()
            made = list(make())
            for one in made:
                if isinstance(one, Message):
                    await self._put(session, one)
            return made

    async def _put(self, session: Session, message: Message) -> None:
        if message.qos == 0:
            session.throw(message.topic, message.payload)
            await asyncio.sleep(0)  # a burst of these must not starve the lines
            return
        try:
            await session.publish(message.topic, message.payload, message.retain)
        except MessageRefused as error:
            _log.warning("%s adapter=%s", error, self.name)

    async def _farewell(self, session: Session) -> None:
        with suppress(LinkError, TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self._publish(session, partial(self._convention.closing, self._now()))

    # --- in --------------------------------------------------------------------------------

    async def _listen(self, session: Session, leaving: asyncio.Future[str]) -> None:
        async for message in session.messages():
            hear = partial(self._convention.received, message.topic, message.payload, self._now())
            try:
                found = await self._publish(session, hear)
            except ValueError as error:
                fields = (self.name, message.topic, error)
                _log.warning("not understood adapter=%s topic=%s: %s", *fields)
                found = []
            for one in found:
                if isinstance(one, Wish) and message.retained:
                    # It would be carried out anew with every connection, against all newer wishes.
                    _log.warning("a retained wish is ignored topic=%s", message.topic)
                elif isinstance(one, Wish):
                    await self._wish(one)
                elif isinstance(one, Leave) and not leaving.done():
                    leaving.set_result(one.why)
            session.done(message)
            self._wake.set()

    async def _wish(self, wish: Wish) -> None:
        """A wish becomes a command like any other: parsed, remembered, guarded, answered."""
        now, mono = self._now(), time.monotonic()
        self._wishes = {k: v for k, v in self._wishes.items() if v[1] > mono}
        command_id = f"{self.name}-{uuid.uuid4().hex}"
        self._wishes[command_id] = (wish, mono + 2 * WISH_LIFE_S)
        self.counters.wishes += 1
        command = {
            "id": command_id,
            "issuer": self.name,
            "role": self._convention.role,
            "device": wish.device,
            "point": wish.point,
            "value": wish.value,
            "issued_at": now.isoformat(),
            "expires_at": (now + timedelta(seconds=WISH_LIFE_S)).isoformat(),
        }
        await self._on_command(json.dumps(command).encode(), False)

    async def _answer(self, session: Session, result: Result) -> None:
        found = self._wishes.pop(result.command_id, None)
        if found is not None:
            end = partial(self._convention.ended, found[0], result, self._now())
            await self._publish(session, end)


def _read(stored: Stored) -> Kept | None:
    """A stored record of the telemetry lane; None for one that no version of ours wrote."""
    try:
        record = decode_body(stored.lane, stored.body)
        at = datetime.fromisoformat(stored.at)
    except ValueError:
        return None
    if not isinstance(record, Telemetry):
        return None
    return Kept(stored.lane, stored.seq, record, at, stored.trusted)
