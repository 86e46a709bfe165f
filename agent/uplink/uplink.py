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
from typing import Literal

from agent.certificate import Validity
from agent.errors import LinkError, NotTrusted, Withdrawn
from agent.records import Lane
from agent.trust import Trust
from agent.uplink import messages
from agent.uplink.dial import Address
from agent.uplink.pace import rest_s
from agent.uplink.renewal import Prints, Renewal
from agent.uplink.sender import Outbox, Sender, Sent
from agent.uplink.session import IN_FLIGHT, Incoming, MessageRefused, Session, Version
from agent.uplink.settings import Counters, SessionSettings, UplinkSettings
from agent.uplink.signing import Signatures, Unsigned
from agent.uplink.topics import Topics

_log = logging.getLogger("agent.uplink")

STEADY_S = 30.0
_FAREWELL_S = 0.8
_ANNOUNCE_EVERY_S = 86_400.0
_PLAIN_FOR_S = 600.0
"""How long MQTT 3.1.1 is remembered: not for ever, for only version 5 tells us of refusals."""

STATE_EVERY_S = 3600.0
"""About 0.3 MB a month."""
STATE_LOOK_S = 10.0
LIGHT_AFTER_S = 300.0
MOST_UNDONE = IN_FLIGHT - 1
"""Messages of one connection that nobody could deal with: each holds one of the broker's places,
and behind the last of them no acknowledgement comes down any more. With fewer the link is kept.
"""


class Uplink:
    """Sends what the buffer holds and hands on what the platform says, for ever.

    Where the settings name keys, `on_command` and `on_forecast` hear only what one of them has
    signed for this gateway, and `on_unsigned` why something else was not believed; LinkError for
    unusable keys.
    `on_command` is awaited before the broker is told that the command arrived: a command whose
    handling raised comes again with the next connection.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        outbox: Outbox,
        *,
        on_command: Callable[[bytes, bool], Awaitable[None]],
        on_unsigned: Callable[[str], Awaitable[None]],
        on_forecast: Callable[[bytes], Awaitable[None]],
        on_config: Callable[[bytes], None],
        on_link: Callable[[bool, str], None],
        boot: str = "",
        version: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock_set: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._on_command = on_command
        self._on_unsigned = on_unsigned
        self._on_forecast = on_forecast
        self._on_config = on_config
        self._on_link = on_link
        self._boot = boot
        self._version = version
        self._now = now
        self._clock_set = clock_set
        trust = Trust(settings.ca, settings.certificate, settings.key)
        self._renewal = Renewal(trust, settings.look_every_s, now)
        self._topics = Topics(settings.gateway)
        keys = settings.command_keys
        self._signatures = Signatures(settings.gateway, keys) if keys else None
        self._sent = Sent(outbox.epoch)
        self._sender: Sender | None = None
        self._plain_until = 0.0
        self._announce_after = 0.0
        self._connected_mono: float | None = None
        self._lost_mono: float | None = None
        self._was_up = False
        self._hurried = asyncio.Event()
        self._withdrawn: Prints | None = None
        self.health: Callable[[], messages.StateHealth | None] = lambda: None
        self.counters = Counters()

    def certificate(self) -> Validity | None:
        """The dates of our certificate as it lies there; None without one that can be read."""
        return self._renewal.validity()

    def refused(self) -> bool:
        """Whether the broker refused the certificate that is installed as revoked."""
        return self._withdrawn is not None and self._withdrawn == self._renewal.prints()

    async def run(self) -> None:
        """Connect, send, reconnect; returns only by cancellation."""
        failures = 0
        while True:
            why = await self._attempt()
            steady = self._connected_for_s() >= STEADY_S
            failures = 1 if steady else failures + 1
            self._link_down(why)
            self._hurried.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rest_s(failures)):
                    await self._hurried.wait()

    def hurry(self) -> None:
        """A reason to fail is gone: end the rest before the next try."""
        self._hurried.set()

    def _rest_s(self, failures: int) -> float:
        """Any time from the least to a doubling most: gateways must not return together."""
        given = self._settings
        return rest_s(random.random(), failures, given.reconnect_min_s, given.reconnect_max_s)

    async def _attempt(self) -> str:
        """One connection from beginning to end; returns why it ended."""
        ended: list[str] = []
        try:
            await self._guarded(self._connection, "connection", ended)
        except Withdrawn as error:
            self._withdrawn = self._renewal.prints()
            return str(error)
        except LinkError as error:
            self.counters.untrusted += isinstance(error, NotTrusted)
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
        if self._sent.epoch != self._outbox.epoch:
            self._sent = Sent(self._outbox.epoch)
        mono, before = time.monotonic(), self._outbox.newest(Lane.TELEMETRY)
        plain = Version.V311 if mono < self._plain_until else None
        async with Session(self._session_settings(), plain) as session:
            if session.version is Version.V311 and plain is None:
                self._plain_until = mono + _PLAIN_FOR_S
            await session.subscribe(self._topics.down)
            with suppress(MessageRefused):  # the records matter more than the sign at the door
                await session.publish(self._topics.state, self._state("online"), retain=True)
            await self._announce(session)
            sender = Sender(
                self._settings, self._outbox, session, self._sent, self.counters, self._now, before
            )
            self._link_up(session)
            # A task of its own: a link lost in the moment of a cancellation would hide it from us.
            serving = asyncio.create_task(self._serve(session, sender), name="uplink-serve")
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
            round(given.ping_every_s),
            given.answer_s,
            given.ack_timeout_s,
            probe_every_s=given.probe_every_s,
            clock_set=self._clock_set(),
        )

    async def _farewell(self, session: Session) -> None:
        with suppress(LinkError, TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await session.publish(self._topics.state, self._state("offline"), retain=True)

    async def _serve(self, session: Session, sender: Sender) -> None:
        """Listen and send until the connection ends; always ends with an exception."""
        lost: LinkError | None = None
        self._sender = sender
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(session), name="uplink-listen")
                group.create_task(self._tell_state(session), name="uplink-state")
                group.create_task(sender.run(), name="uplink-sender")
                if self._settings.certificate is not None:
                    group.create_task(self._renewal.watch(), name="uplink-renewal")
        except* LinkError as several:
            lost = _first(several)
        finally:
            self._sender = None
        if lost is not None:
            raise lost

    # --- down ------------------------------------------------------------------------------

    async def _listen(self, session: Session) -> None:
        undone = 0
        async for message in session.messages():
            if await self._guarded(partial(self._take, message), message.topic):
                session.done(message)
                continue
            undone += 1
            if undone == MOST_UNDONE:
                raise LinkError(f"{undone} messages could not be dealt with; connecting anew")

    async def _take(self, message: Incoming) -> None:
        if message.topic == self._topics.ack:
            await self._ack(message.payload)
        elif not message.payload:
            return  # so MQTT takes back what was retained: nothing is asked, and nobody attacks
        elif message.topic == self._topics.command:
            retained = message.retained
            await self._signed(message.payload, lambda said: self._on_command(said, retained))
        elif message.topic == self._topics.forecast:
            await self._signed(message.payload, self._on_forecast)
        elif message.topic == self._topics.config:
            self._on_config(message.payload)

    async def _signed(self, given: bytes, take: Callable[[bytes], Awaitable[None]]) -> None:
        """Hand on what may be believed: all of it where no keys are named."""
        payload: bytes | Unsigned = given
        if self._signatures is not None:
            payload = self._signatures.open(given)
        if isinstance(payload, Unsigned):
            self.counters.unsigned += 1
            await self._on_unsigned(payload.why)
            return
        await take(payload)

    async def _ack(self, payload: bytes) -> None:
        try:
            ack = messages.parse_ack(payload)
        except ValueError as error:
            self.counters.faults += 1
            _log.warning("an acknowledgement cannot be read: %s", error)
            return
        sender = self._sender
        if (
            sender is None
            or ack.epoch != self._sent.epoch
            or self._settings.acknowledge != "platform"
        ):
            return
        for first, last in ack.ranges:
            await sender.acknowledged(Lane(ack.lane), first, last)

    # --- link ------------------------------------------------------------------------------

    async def _announce(self, session: Session) -> None:
        """Say what stands on the lines: with the first connection, then once a day at most."""
        mono, found = time.monotonic(), self._settings.inventory
        if mono < self._announce_after or not found.devices:
            return
        payload = messages.encode_devices(self._settings.gateway, self._now(), found)
        with suppress(MessageRefused):  # the records matter more
            await session.publish(self._topics.devices, payload, retain=True)
            self._announce_after = mono + _ANNOUNCE_EVERY_S

    async def _tell_state(self, session: Session) -> None:
        """Each hour, and when disk, clock or light change: a retained word must not grow old."""
        while True:
            told, mono = self.health(), time.monotonic()
            while not _worth_telling(told, self.health(), time.monotonic() - mono):
                await asyncio.sleep(STATE_LOOK_S)
            with suppress(MessageRefused):
                await session.publish(self._topics.state, self._state("online"), retain=True)

    def _state(self, state: Literal["online", "offline"]) -> bytes:
        return messages.encode_state(
            messages.State(
                self._settings.gateway,
                state,
                self._now(),
                self._boot,
                self._version,
                self._sent.epoch,
                self.health() if state == "online" else None,
                self._renewal.ends,
            )
        )

    def _connected_for_s(self) -> float:
        return 0.0 if self._connected_mono is None else time.monotonic() - self._connected_mono

    def _link_up(self, session: Session) -> None:
        mono = time.monotonic()
        gap_s = 0.0 if self._lost_mono is None else mono - self._lost_mono
        self.counters.reconnects += self._was_up
        self._was_up = True
        self._withdrawn = None
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


def _first(group: BaseExceptionGroup[LinkError]) -> LinkError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, LinkError) else LinkError(str(error))


def _worth_telling(
    told: messages.StateHealth | None, now: messages.StateHealth | None, after_s: float
) -> bool:
    """Each hour; the light after five minutes, as it may change often; what is grave at once."""
    if after_s >= STATE_EVERY_S or _grave(told) != _grave(now):
        return True
    changed = told is not None and now is not None and told.light is not now.light
    return changed and after_s >= LIGHT_AFTER_S


def _grave(health: messages.StateHealth | None) -> tuple[bool, str | None, int] | None:
    """What the platform must hear of at once."""
    if health is None:
        return None
    return health.clock_trusted, health.disk_error, health.security.get("changed", 0)
