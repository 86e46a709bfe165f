"""The sending loop: durable buffer -> batches -> broker -> acknowledgement -> forgotten.

It knows lanes, numbers and time; the MQTT library stays behind `session`. A record leaves the
buffer only when the platform named it (or, in `puback` mode, when the broker took it).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import Literal, Protocol

from agent.errors import LinkError
from agent.model import Lane, Stored
from agent.uplink import messages
from agent.uplink.dial import Address
from agent.uplink.flights import Flight, Flights
from agent.uplink.session import (
    NO_SUBSCRIBER,
    Incoming,
    MessageRefused,
    Session,
    SessionSettings,
    Version,
)
from agent.uplink.settings import Counters, UplinkSettings
from agent.uplink.topics import Topics

_log = logging.getLogger("agent.uplink")

BATCH_BYTES = 96_000
"""Bodies in one message; public brokers cut at 128 KiB and more."""
STEADY_S = 30.0
_BREATH_S = 0.02
_FAREWELL_S = 0.8
_PLAIN_FOR_S = 600.0
"""How long MQTT 3.1.1 is remembered: not for ever, for only version 5 tells us of refusals."""


class Outbox(Protocol):
    """The durable buffer, as the uplink needs it; a number once given is never given again."""

    @property
    def epoch(self) -> str: ...

    async def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
        """The first `limit` records with a number above `after`, ascending."""
        ...

    async def forget(self, lane: Lane, first: int, last: int) -> int:
        """Drop `first`..`last`, both included; returns how many there were."""
        ...

    async def changed(self, timeout_s: float) -> None:
        """Return when something was stored, or after `timeout_s`."""
        ...


class Uplink:
    """Sends what the buffer holds and hands on what the platform says, for ever.

    `on_command` is awaited before the broker is told that the command arrived: a command whose
    handling raised comes again with the next connection.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        outbox: Outbox,
        *,
        on_command: Callable[[bytes, bool], Awaitable[None]],
        on_config: Callable[[bytes], None],
        on_link: Callable[[bool, str], None],
        boot: str = "",
        version: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._on_command = on_command
        self._on_config = on_config
        self._on_link = on_link
        self._boot = boot
        self._version = version
        self._now = now
        self._topics = Topics(settings.gateway)
        self._lanes = self._fresh()
        self._highest = dict.fromkeys(Lane, 0)
        self._epoch = outbox.epoch
        self._wake = asyncio.Event()
        self._telemetry_at = 0.0
        self._heard = 0.0
        self._plain_until = 0.0
        self._connected_mono: float | None = None
        self._lost_mono: float | None = None
        self._was_up = False
        self._unheard = False
        self.counters = Counters()

    async def run(self) -> None:
        """Connect, send, reconnect; returns only by cancellation."""
        failures = 0
        while True:
            why = await self._attempt()
            steady = self._connected_for_s() >= STEADY_S
            failures = 1 if steady else failures + 1
            self._link_down(why)
            await asyncio.sleep(self._rest_s(failures))

    def _rest_s(self, failures: int) -> float:
        """Any time from the least to a doubling most: gateways must not return together."""
        least, most = self._settings.reconnect_min_s, self._settings.reconnect_max_s
        return random.uniform(least, max(least, min(most, least * 2.0 ** min(failures, 20))))

    async def _attempt(self) -> str:
        """One connection from beginning to end; returns why it ended."""
        ended: list[str] = []
        try:
            await self._guarded(self._connection, "connection", ended)
        except LinkError as error:
            return str(error)
        return ended[0] if ended else "closed"

    async def _guarded(
        self, step: Callable[[], Awaitable[None]], what: str, ended: list[str] | None = None
    ) -> bool:
        """True when the step went well; a bug in it is logged and counted, and we go on."""
        try:
            await step()
        except LinkError:
            raise
        except Exception as error:  # noqa: BLE001 - one of the program's three; see the docstring
            self.counters.faults += 1
            _log.exception("unexpected error in the uplink step=%s", what)
            if ended is not None:
                ended.append(f"unexpected error: {error!r}")
            return False
        return True

    async def _connection(self) -> None:
        self._start_again()
        mono = time.monotonic()
        plain = Version.V311 if mono < self._plain_until else None
        async with Session(self._session_settings(), plain) as session:
            if session.version is Version.V311 and plain is None:
                self._plain_until = mono + _PLAIN_FOR_S
            await session.subscribe(self._topics.down)
            with suppress(MessageRefused):  # the records matter more than the sign at the door
                await session.publish(self._topics.state, self._state("online"), retain=True)
            self._link_up(session)
            # A task of its own: a link lost in the moment of a cancellation would hide it from us.
            serving = asyncio.create_task(self._serve(session), name="uplink-serve")
            try:
                await asyncio.wait({serving})
            except asyncio.CancelledError:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)
                await self._farewell(session)
                raise
            serving.result()

    def _session_settings(self) -> SessionSettings:
        given = self._settings
        return SessionSettings(
            Address.parse(given.broker_url),
            given.gateway,
            (self._topics.state, self._state("offline")),
            given.ca,
            given.certificate,
            given.key,
            given.username,
            given.password_file,
            given.keepalive_s,
            given.answer_s,
            given.ack_timeout_s,
        )

    async def _farewell(self, session: Session) -> None:
        with suppress(LinkError, TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await session.publish(self._topics.state, self._state("offline"), retain=True)

    async def _serve(self, session: Session) -> None:
        """Listen and send until the connection ends; always ends with an exception."""
        lost: LinkError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(session), name="uplink-listen")
                group.create_task(self._watch(), name="uplink-watch")
                group.create_task(self._send(session, group), name="uplink-send")
        except* LinkError as several:
            lost = _first(several)
        if lost is not None:
            raise lost

    def _fresh(self) -> dict[Lane, Flights]:
        return {lane: Flights(self._settings.ack_timeout_s) for lane in Lane}

    def _start_again(self) -> None:
        """Nothing is under way: begin with the oldest record that was not forgotten."""
        self._lanes = self._fresh()
        self._telemetry_at = 0.0
        if self._epoch != self._outbox.epoch:
            self._epoch = self._outbox.epoch
            self._highest = dict.fromkeys(Lane, 0)

    # --- up --------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await self._outbox.changed(self._settings.batch_every_s)
            self._wake.set()
            await asyncio.sleep(_BREATH_S)  # what is stored together leaves together

    async def _send(self, session: Session, group: asyncio.TaskGroup) -> None:
        while True:
            self._wake.clear()
            due = inf
            for lane in Lane:
                due = min(due, await self._send_lane(session, group, lane))
            rest = None if due == inf else max(due - time.monotonic(), _BREATH_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._wake.wait()

    async def _send_lane(self, session: Session, group: asyncio.TaskGroup, lane: Lane) -> float:
        """Send what may leave now; returns the monotonic second at which more is due."""
        flights = self._lanes[lane]
        await self._resend(session, group, lane)
        while not flights.full:
            found = await self._outbox.batch(lane, flights.cursor, self._settings.batch_records)
            records = _fit(found)
            if not records:
                break
            if lane is Lane.TELEMETRY and not self._telemetry_leaves(found, records):
                return min(self._telemetry_at, flights.next_due(self._heard))
            flight = flights.start({one.seq for one in records}, time.monotonic())
            self._launch(session, group, lane, flight, records)
        return flights.next_due(self._heard)

    def _telemetry_leaves(self, found: tuple[Stored, ...], records: tuple[Stored, ...]) -> bool:
        """A full message leaves at once, a part of one when its time has come."""
        mono = time.monotonic()
        full = len(found) >= self._settings.batch_records or len(records) < len(found)
        if not full and mono < self._telemetry_at:
            return False
        self._telemetry_at = mono + self._settings.batch_every_s
        return True

    async def _resend(self, session: Session, group: asyncio.TaskGroup, lane: Lane) -> None:
        flights = self._lanes[lane]
        for flight in flights.due(time.monotonic(), self._heard):
            if not flight.numbers:
                continue  # acknowledged while an earlier one was read
            found = await self._outbox.batch(lane, min(flight.numbers) - 1, len(flight.numbers))
            if flights.again(flight, {one.seq for one in found}, time.monotonic()):
                records = tuple(one for one in found if one.seq in flight.numbers)
                self._launch(session, group, lane, flight, records)

    def _launch(
        self,
        session: Session,
        group: asyncio.TaskGroup,
        lane: Lane,
        flight: Flight,
        records: tuple[Stored, ...],
    ) -> None:
        again = sum(one.seq <= self._highest[lane] for one in records)
        self._highest[lane] = max(self._highest[lane], records[-1].seq)
        self.counters.resent += again
        self.counters.sent += len(records) - again
        payload = messages.encode_batch(
            self._settings.gateway, self._epoch, lane, self._now(), records
        )
        step = self._publish(session, lane, flight, payload)
        group.create_task(step, name=f"uplink-{lane}-{records[0].seq}")

    async def _publish(self, session: Session, lane: Lane, flight: Flight, payload: bytes) -> None:
        flights = self._lanes[lane]
        try:
            code = await session.publish(self._topics.up(lane), payload)
        except MessageRefused as error:
            self.counters.refused += 1
            _log.log(logging.DEBUG if flight.refused else logging.WARNING, "%s", error)
            flights.landed(flight, time.monotonic(), refused=True)
        else:
            flights.landed(flight, time.monotonic(), refused=False)
            if self._settings.acknowledge == "puback":
                self._note_unheard(lane, code)
                await self._forget(lane, min(flight.numbers), max(flight.numbers))
        self._wake.set()

    def _note_unheard(self, lane: Lane, code: int) -> None:
        if code == NO_SUBSCRIBER and not self._unheard:
            _log.warning("the broker takes records that nobody subscribed to lane=%s", lane)
        self._unheard = code == NO_SUBSCRIBER

    async def _forget(self, lane: Lane, first: int, last: int) -> None:
        """Forget what was sent; numbers never sent are nobody's to acknowledge."""
        last = min(last, self._highest[lane])
        if first > last:
            return
        self.counters.acknowledged += await self._outbox.forget(lane, first, last)
        self._lanes[lane].acknowledge(first, last)

    # --- down ------------------------------------------------------------------------------

    async def _listen(self, session: Session) -> None:
        async for message in session.messages():
            if await self._guarded(partial(self._take, message), message.topic):
                session.done(message)

    async def _take(self, message: Incoming) -> None:
        if message.topic == self._topics.ack:
            await self._ack(message.payload)
        elif message.topic == self._topics.command:
            await self._on_command(message.payload, message.retained)
        elif message.topic == self._topics.config:
            self._on_config(message.payload)

    async def _ack(self, payload: bytes) -> None:
        try:
            ack = messages.parse_ack(payload)
        except ValueError as error:
            self.counters.faults += 1
            _log.warning("an acknowledgement cannot be read: %s", error)
            return
        if ack.epoch != self._epoch or self._settings.acknowledge != "platform":
            return
        self._heard = time.monotonic()
        for first, last in ack.ranges:
            await self._forget(Lane(ack.lane), first, last)
        for flights in self._lanes.values():
            flights.hurry(self._heard)
        self._wake.set()

    # --- link ------------------------------------------------------------------------------

    def _state(self, state: Literal["online", "offline"]) -> bytes:
        return messages.encode_state(
            messages.State(
                self._settings.gateway, state, self._now(), self._boot, self._version, self._epoch
            )
        )

    def _connected_for_s(self) -> float:
        return 0.0 if self._connected_mono is None else time.monotonic() - self._connected_mono

    def _link_up(self, session: Session) -> None:
        mono = time.monotonic()
        gap_s = 0.0 if self._lost_mono is None else mono - self._lost_mono
        self.counters.reconnects += self._was_up
        self._was_up = True
        self._connected_mono = mono
        self.counters.connected_since = self._now()
        why = f"connected with MQTT {session.version}"
        _log.info("%s broker=%s gap_s=%.1f", why, self._settings.broker_url, gap_s)
        self._on_link(True, why)

    def _link_down(self, why: str) -> None:
        first = self._lost_mono is None or self._connected_mono is not None
        _log.log(logging.WARNING if first else logging.DEBUG, "no link to the broker: %s", why)
        if first:
            self._lost_mono = time.monotonic()
            self._on_link(False, why)
        self._connected_mono = None
        self.counters.connected_since = None


def _fit(records: tuple[Stored, ...]) -> tuple[Stored, ...]:
    """The first records that fit one message; never none of some."""
    size = 0
    for index, one in enumerate(records):
        size += len(one.body)
        if size > BATCH_BYTES and index:
            return records[:index]
    return records


def _first(group: BaseExceptionGroup[LinkError]) -> LinkError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, LinkError) else LinkError(str(error))
