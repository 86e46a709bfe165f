"""One connection to the broker. The only door to the MQTT library.

A session is opened once and never again: a message that failed to go out stays queued inside the
library and would be sent a second time by a reconnecting client. The durable buffer owns retries.

The gateway keeps its place at the broker (fixed client id, no clean start, session expiry 24 h, the
longest life of a command), so that commands sent while it was away arrive. What goes up is not
touched by that: unacknowledged records are sent again by the uplink in any case.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar

import aiomqtt
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, DisconnectFlags
from paho.mqtt.client import Client as Paho
from paho.mqtt.enums import LogLevel, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.errors import LinkError, Withdrawn
from agent.trust import Trust, is_withdrawal
from agent.uplink.dial import dial
from agent.uplink.settings import SessionSettings

NO_SUBSCRIBER = 0x10
_UNSUPPORTED_VERSION = 0x84
_EXPIRY_S = 86_400
IN_FLIGHT = 20
_QUEUED = 64
_CLOSE_S = 0.8
_TRY_S = 4.0
"""How long the answer to CONNECT may take while an older version can still be tried."""
_TICK_S = 0.5
_SILENT = logging.getLogger("agent.uplink.paho")
_SILENT.setLevel(logging.CRITICAL)  # its errors are in the text of our LinkError
_T = TypeVar("_T")


class Version(StrEnum):
    """The protocol versions that are spoken, best first."""

    V5 = "5"
    V311 = "3.1.1"


class MessageRefused(LinkError):
    """The broker took the connection but not this message; `code` is its MQTT 5 reason code."""

    def __init__(self, topic: str, reason: ReasonCode) -> None:
        self.code = reason.value
        super().__init__(f"the broker refused a message to {topic}: 0x{reason.value:02x} {reason}")


class _WrongVersion(LinkError):
    """The broker does not speak this version; another may be tried."""


class _ClosedEarly(aiomqtt.MqttError):
    """The connection was closed before the broker answered."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the broker; it is redelivered after a reconnect until `done` was called."""

    topic: str
    payload: bytes
    retained: bool
    mid: int
    qos: int


class Session:
    """An open connection, as an async context manager. Everything it cannot do is a LinkError."""

    def __init__(self, settings: SessionSettings, version: Version | None = None) -> None:
        self._settings = settings
        self._versions = (version,) if version else tuple(Version)
        self._client: _Client | None = None
        self.version = self._versions[0]

    async def __aenter__(self) -> Self:
        """Connect; tries the next protocol version when the broker does not know the first."""
        wrong: _WrongVersion | None = None
        for version in self._versions:
            try:
                last = version is self._versions[-1]
                self._client = await _connect(self._settings, version, last)
            except _WrongVersion as error:
                wrong = error
            else:
                self.version = version
                return self
        raise LinkError(str(wrong))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            with suppress(aiomqtt.MqttError, OSError, ValueError, TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await client.__aexit__(None, None, None)
        finally:
            await client.abandon()

    async def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1."""
        client = self._open()
        try:
            if self.version is Version.V5:
                # Retain as published: a retained command shows its flag even when it is new.
                options = SubscribeOptions(qos=1, retainAsPublished=True)
                granted = await client.subscribe(topic, options=options)
            else:
                granted = await client.subscribe(topic, 1)
        except aiomqtt.MqttError as error:
            raise LinkError(f"subscribing to {topic} failed: {client.why(error)}") from None
        for code in granted:
            if (code if isinstance(code, int) else code.value) >= 0x80:
                raise LinkError(f"the broker refused the subscription to {topic}: {code}")

    async def publish(
        self, topic: str, payload: bytes, retain: bool = False, content_type: str = ""
    ) -> int:
        """Send with QoS 1, its type with MQTT 5; returns the PUBACK's reason code (below 0x80).

        Raises MessageRefused for a code from 0x80, LinkError when the link or `timeout_s` ended;
        the session must not be used after a LinkError.
        """
        client = self._open()
        named = _named(content_type) if content_type and self.version is Version.V5 else None
        reason = await client.send(topic, payload, retain, named)
        if reason.value >= 0x80:
            raise MessageRefused(topic, reason)
        return reason.value

    def throw(self, topic: str, payload: bytes) -> None:
        """Send with QoS 0, for conventions that ask for it: nobody learns whether it arrived.

        Raises LinkError when the library does not take it.
        """
        self._open().throw(topic, payload)

    async def messages(self) -> AsyncIterator[Incoming]:
        """What the broker sends, for ever; raises LinkError when the connection ends."""
        client = self._open()
        try:
            async for one in client.messages:
                yield Incoming(one.topic.value, bytes(one.payload), one.retain, one.mid, one.qos)
        except aiomqtt.MqttError as error:
            raise LinkError(f"connection lost: {client.why(error)}") from None

    def done(self, message: Incoming) -> None:
        """Tell the broker that this message is dealt with and need not come again."""
        self._open().acknowledge(message)

    def _open(self) -> _Client:
        if self._client is None:
            raise LinkError("the session is not open")
        return self._client


class _Client(aiomqtt.Client):
    """aiomqtt 2.5 with what it lacks: PUBACK reasons, early closes, quick silence, own socket."""

    def __init__(
        self,
        sock: socket.socket,
        settings: SessionSettings,
        password: str | None,
        version: Version,
    ) -> None:
        five = version is Version.V5
        topic, payload = settings.will
        super().__init__(
            settings.address.host,
            settings.address.port,
            identifier=settings.client_id,
            username=settings.username,
            password=password,
            protocol=aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311,
            clean_start=settings.clean if five else MQTT_CLEAN_START_FIRST_ONLY,
            clean_session=None if five else settings.clean,
            properties=_properties(settings.clean) if five else None,
            will=aiomqtt.Will(topic, payload, 1, settings.will_retained),
            keepalive=settings.keepalive_s,
            logger=_SILENT,
            timeout=settings.timeout_s,
            max_queued_incoming_messages=_QUEUED,
            max_queued_outgoing_messages=_QUEUED,
            max_inflight_messages=IN_FLIGHT,
        )
        self._given = sock
        self._answer_s = settings.answer_s
        self._pubacks: dict[int, asyncio.Future[ReasonCode]] = {}
        self._opened = asyncio.Event()
        self._trouble = ""
        # The socket comes connected: the library would connect in a thread that cannot be stopped.
        self._client._create_socket = lambda: sock  # type: ignore[method-assign]
        # A message is acknowledged when it was dealt with, not when it was read.
        self._client.manual_ack_set(True)
        self._client.on_log = self._on_log

    async def send(
        self, topic: str, payload: bytes, retain: bool, properties: Properties | None
    ) -> ReasonCode:
        """The reason code of the PUBACK, which aiomqtt's own publish throws away."""
        info = self._client.publish(topic, payload, 1, retain, properties)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"could not send to {topic}: {info.rc.name}")
        puback: asyncio.Future[ReasonCode] = self._loop.create_future()
        self._pubacks[info.mid] = puback
        try:
            ends: set[asyncio.Future[Any]] = {puback, self._disconnected}
            await asyncio.wait(ends, timeout=self.timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._pubacks[info.mid]
        if puback.done():
            return puback.result()
        if self._disconnected.done():
            raise LinkError(f"connection lost: {self.why(self._disconnected.exception())}")
        raise LinkError(f"no PUBACK for {topic} within {self.timeout:g} s")

    def throw(self, topic: str, payload: bytes) -> None:
        """Send with QoS 0; LinkError when it could not even be queued."""
        info = self._client.publish(topic, payload, 0)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"could not send to {topic}: {info.rc.name}")

    def acknowledge(self, message: Incoming) -> None:
        """Send the PUBACK of a received message."""
        self._client.ack(message.mid, message.qos)

    def why(self, error: BaseException | None) -> str:
        """The nearest thing to a reason: the broker's, or the socket's."""
        while error is not None and error.__cause__ is not None:
            error = error.__cause__
        parts = (str(error) if error is not None else "closed", self._trouble)
        return ", ".join(part for part in parts if part)

    @property
    def trouble(self) -> str:
        """What the socket complained about; empty when it was closed in an orderly way."""
        return self._trouble

    async def abandon(self) -> None:
        """Close the socket whatever happened before; safe to call at any time, any number."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_TICK_S):
                await self._opened.wait()
        self._client._sock_close()
        self._given.close()
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.wait({self._misc_task}, timeout=_TICK_S)
        for future in (self._connected, self._disconnected):
            if future.done() and not future.cancelled():
                future.exception()  # looked at, or asyncio complains of an error nobody read

    async def _wait_for(self, fut: Awaitable[_T], timeout: float | None) -> _T:
        # asyncio.wait_for of Python 3.11 loses a cancellation that comes with the result.
        try:
            async with asyncio.timeout(self.timeout if timeout is None else timeout):
                return await fut
        except TimeoutError:
            raise aiomqtt.MqttError("Operation timed out") from None

    def _client_connect(self) -> None:
        try:
            super()._client_connect()
        finally:
            self._loop.call_soon_threadsafe(self._opened.set)

    def _on_publish(
        self, client: Paho, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        puback = self._pubacks.get(mid)
        if puback is not None and not puback.done():
            puback.set_result(reason_code)

    def _on_disconnect(
        self,
        client: Paho,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if not self._connected.done():  # aiomqtt would wait for its timeout
            self._connected.set_exception(_ClosedEarly("closed before the broker answered"))
        elif not self._connected.cancelled():
            super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_log(self, client: Paho, userdata: Any, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._trouble = text

    async def _misc_loop(self) -> None:
        # paho itself waits a whole further keepalive for the answer to its ping.
        while self._client.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS:
            asked = self._client._ping_t
            if asked and time.monotonic() - asked > self._answer_s:
                self._trouble = f"no answer to a ping within {self._answer_s:g} s"
                self._client._loop_rc_handle(MQTTErrorCode.MQTT_ERR_KEEPALIVE)
                return
            await asyncio.sleep(_TICK_S)


async def _connect(settings: SessionSettings, version: Version, last: bool) -> _Client:
    """Connect with this version; where another is left to be tried, with less patience."""
    where = f"{settings.address.host}:{settings.address.port}"
    trust = Trust(settings.ca, settings.certificate, settings.key, settings.clock_set)
    password = await asyncio.to_thread(_password, settings)
    sock = await dial(settings.address, trust, settings.timeout_s, settings.probe_every_s)
    client = _Client(sock, settings, password, version)
    connected = False
    try:
        client.timeout = settings.timeout_s if last else min(_TRY_S, settings.timeout_s)
        await client.__aenter__()
        client.timeout = settings.timeout_s
        connected = True
    except aiomqtt.MqttCodeError as error:
        code = error.rc.value if isinstance(error.rc, ReasonCode) else error.rc
        kind = _WrongVersion if code == _UNSUPPORTED_VERSION else LinkError
        raise kind(f"{where} refused the connection (MQTT {version}): {error}") from None
    except _ClosedEarly as error:
        kind = LinkError if client.trouble else _WrongVersion
        if is_withdrawal(client.trouble):
            kind = Withdrawn
        raise kind(f"{where}, MQTT {version}: {client.why(error)}") from None
    except aiomqtt.MqttError as error:  # a broker of the older version may also just wait for more
        raise _WrongVersion(f"{where}, MQTT {version}: {client.why(error)}") from None
    finally:
        if not connected:
            await client.abandon()
    return client


def _password(settings: SessionSettings) -> str | None:
    if settings.password_file is None:
        return None
    try:
        return settings.password_file.read_text().strip()
    except (OSError, ValueError) as error:
        raise LinkError(f"password_file {settings.password_file}: {error}") from None


def _named(content_type: str) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = content_type
    return properties


def _properties(clean: bool) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0 if clean else _EXPIRY_S
    properties.ReceiveMaximum = IN_FLIGHT  # never more unanswered messages than our queue holds
    return properties
