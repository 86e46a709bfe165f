"""The port: one exchange at a time on a serial line, a Modbus TCP connection or a converter.

This file and `frames.py` are the door to the Modbus library and to pyserial. Why the library's own
client is not used stands in docs/decisions: it neither keeps the 3.5-character silence nor can it
stay quiet after a timeout, and then a late answer becomes the answer to the next question.
"""

from __future__ import annotations

import asyncio
import os
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

import serial

from agent.drivers.wire import ReadRequest, Request
from agent.errors import NotSent, PortError
from agent.line.answers import Answer, Garbled, Refused, Reply, Silence
from agent.line.frames import Framing, RtuFraming, TcpFraming

FAST_BAUD = 19200
FAST_SILENCE_S = 0.00175  # Modbus over Serial Line V1.02, 2.5.1.1: fixed above 19,200 baud
IDLE_S = (
    0.03  # nothing for so long: whatever was being sent has ended (USB adapters deliver in 16 ms)
)
FINE_S = 0.0015  # the event loop wakes up to 1 ms late; the last stretch is slept exactly
SILENCES_BEFORE_REOPEN = 3
LISTEN_MOST = 512  # bytes; two of the longest frames


@dataclass(frozen=True, slots=True)
class PortSettings:
    """Where a line is and how it speaks.

    `url` is a device path, `tcp://host:port` for Modbus TCP or `rtu+tcp://host:port` for a
    converter that carries RTU frames.
    """

    name: str
    url: str
    baudrate: int = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: int = 1
    open_within_s: float = 5.0

    @property
    def is_network(self) -> bool:
        return "://" in self.url

    @property
    def character_s(self) -> float:
        """Seconds one character takes: start, eight data bits, parity, stop bits."""
        bits = 9 + (self.parity != "none") + self.stop_bits
        return bits / self.baudrate

    @property
    def silence_s(self) -> float:
        """The silence that ends a frame: 3.5 characters, 1.75 ms on fast lines, none over TCP."""
        if self.url.startswith("tcp://"):
            return 0.0
        return FAST_SILENCE_S if self.baudrate > FAST_BAUD else 3.5 * self.character_s


Take = Callable[[bytes], None]
Drop = Callable[[str], None]


class Pipe(Protocol):
    """What carries the bytes."""

    def write(self, frame: bytes) -> None: ...

    def close(self) -> None: ...


Opener = Callable[[PortSettings, Take, Drop], Pipe]
"""Opens something else than a device or a socket: a line simulated down to its bits."""


def _now() -> float:
    """The loop's own seconds, so that a loop that skips its waits carries the line with it."""
    return asyncio.get_running_loop().time()


class Port:
    """One line. `open` it, `exchange` on it, one task at a time; PortError means open it again.

    `ear` hears every byte that comes in, also those that nobody asked for.
    """

    def __init__(
        self, settings: PortSettings, *, opener: Opener | None = None, ear: Take | None = None
    ) -> None:
        self.settings = settings
        self._opener, self._ear = opener, ear
        self._framing: Framing = TcpFraming() if settings.url.startswith("tcp://") else RtuFraming()
        self._pipe: Pipe | None = None
        self._lost: str | None = None
        self._received = bytearray()
        self._overheard = bytearray()
        self._heard = asyncio.Event()
        self._request: Request | None = None
        self._reply: asyncio.Future[Reply] | None = None
        self._last_byte = 0.0
        self._owed_until = 0.0
        self._silences = 0
        self._unproved = False  # of a new connection: some bridges lose its first request

    async def open(self) -> None:
        """Open the line. Raises PortError when it is not there or not ours."""
        self.close()
        self._lost = None
        self._silences = 0
        self._overheard.clear()
        try:
            async with asyncio.timeout(self.settings.open_within_s):
                self._pipe = await self._open_pipe()
        except (OSError, termios.error, ValueError) as error:
            # pyserial lets termios.error through where a device vanishes while it is set up.
            why = _in_words(error) or "no connection in time"
            raise PortError(f"{self.settings.name}: {self.settings.url}: {why}") from None
        self._last_byte = _now()
        self._unproved = self.settings.is_network

    def close(self) -> None:
        """Close the line; closing twice is fine."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    async def exchange(
        self, request: Request, answer_within_s: float, worst_lateness_s: float, gap_s: float
    ) -> Reply:
        """Ask and say what came back. Raises PortError when the line itself is gone, as NotSent
        when it was before the request left.

        After a timeout or a cancellation the line stays quiet, and what comes is thrown away, until
        `worst_lateness_s` has passed: on RTU a late answer would be taken for the next one. The
        first read on a new connection is asked a second time when nothing comes; nothing else is.
        """
        unproved, self._unproved = self._unproved, False
        reply = await self._once(request, answer_within_s, worst_lateness_s, gap_s)
        if unproved and reply == Silence() and isinstance(request, ReadRequest):
            reply = await self._once(request, answer_within_s, worst_lateness_s, gap_s)
        if isinstance(reply, Silence):
            await self._count_silence(reply)
        else:
            self._silences = 0
        return reply

    async def listen(self, silence_s: float) -> bytes:
        """What others said on the line since the last time, until it is silent for so long; empty
        when nobody speaks. Raises PortError when the line is gone.
        """
        silent = False
        while not silent and len(self._overheard) < LISTEN_MOST:
            self._heard.clear()
            self._raise_if_lost()
            try:
                async with asyncio.timeout(silence_s):
                    await self._heard.wait()
            except TimeoutError:
                silent = True
        said = bytes(self._overheard)
        self._overheard.clear()
        return said

    async def resync(self, worst_lateness_s: float) -> None:
        """Get rid of answers that are still owed: a reply was one to an earlier question.

        Raises PortError when a connection, opened anew for that, does not come back.
        """
        if self.settings.is_network:
            await self.open()
            return
        self._owed_until = _now() + worst_lateness_s

    async def _once(
        self, request: Request, answer_within_s: float, worst_lateness_s: float, gap_s: float
    ) -> Reply:
        await self._quiet(max(self.settings.silence_s, gap_s))
        frame = self._framing.frame(request)
        wire_s = (len(frame) + self._framing.reply_length(request)) * self.settings.character_s
        if self.settings.is_network:
            wire_s = 0.0 if self.settings.silence_s == 0 else wire_s
        deadline = _now() + wire_s + answer_within_s
        try:
            reply = await self._ask(request, frame, deadline)
        except asyncio.CancelledError:
            self._owed_until = deadline + worst_lateness_s
            raise
        self._raise_if_lost()
        if isinstance(reply, Silence):
            return await self._drain(request, reply, worst_lateness_s, deadline)
        if isinstance(reply, Garbled):
            wait_s = IDLE_S if reply.spent else worst_lateness_s
            await self._drain(request, Silence(), wait_s, deadline)
        return reply

    # --- one exchange -----------------------------------------------------------------------

    async def _ask(self, request: Request, frame: bytes, deadline: float) -> Reply:
        loop = asyncio.get_running_loop()
        self._raise_if_lost(NotSent)
        assert self._pipe is not None
        self._received.clear()
        self._request, self._reply = request, loop.create_future()
        timer = loop.call_later(deadline - _now(), self._time_is_up)
        try:
            self._pipe.write(frame)
            return await self._reply
        finally:
            timer.cancel()
            self._request = self._reply = None

    def _time_is_up(self) -> None:
        if self._reply is None or self._reply.done():
            return
        count = len(self._received)
        self._reply.set_result(Garbled(f"{count} bytes, then nothing") if count else Silence())

    def _take(self, data: bytes) -> None:
        """Bytes came in, at any time."""
        if self._ear is not None:
            self._ear(data)
        self._last_byte = _now()
        self._received += data
        if self._reply is None:
            self._overheard += data[-LISTEN_MOST:]
            del self._overheard[:-LISTEN_MOST]
        self._heard.set()
        if self._reply is None or self._request is None or self._reply.done():
            return
        judged = self._framing.judge(self._request, bytes(self._received))
        if judged is not None:
            self._reply.set_result(judged)

    def _drop(self, why: str) -> None:
        """The line is gone."""
        self._lost = self._lost or why
        self._heard.set()
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(Silence())

    def _raise_if_lost(self, kind: type[PortError] = PortError) -> None:
        if self._lost is not None or self._pipe is None:
            why = self._lost or "not open"
            self.close()
            raise kind(f"{self.settings.name}: {self.settings.url}: {why}")

    # --- silence ----------------------------------------------------------------------------

    async def _quiet(self, silence_s: float) -> None:
        """Wait for the silence before a request, and pay what a cancellation left owing."""
        if self._owed_until > _now():
            await asyncio.sleep(self._owed_until - _now())
        while (left := self._last_byte + silence_s - _now()) > 0:
            if left > FINE_S:
                await asyncio.sleep(left - FINE_S)
            else:
                time.sleep(left)

    async def _drain(
        self, request: Request, silence: Silence, worst_lateness_s: float, asked_until: float
    ) -> Silence:
        """Listen and discard until nothing can come any more.

        It ends early when the answer that was owed has come after all.
        """
        self._received.clear()
        until = _now() + worst_lateness_s
        while (left := until - _now()) > 0 and self._lost is None:
            self._heard.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._heard.wait()
            judged = self._framing.judge(request, bytes(self._received))
            if isinstance(judged, Answer | Refused):
                silence = Silence(late_s=max(0.0, self._last_byte - asked_until))
                break
        self._received.clear()
        return silence

    async def _count_silence(self, reply: Silence) -> None:
        """A connection on which nothing comes any more may be half dead: open it anew."""
        self._silences = 0 if reply.late_s is not None else self._silences + 1
        if self.settings.is_network and self._silences >= SILENCES_BEFORE_REOPEN:
            await self.open()

    # --- pipes ------------------------------------------------------------------------------

    async def _open_pipe(self) -> Pipe:
        if self._opener is not None:
            return self._opener(self.settings, self._take, self._drop)
        if not self.settings.is_network:
            return _SerialPipe(self.settings, self._take, self._drop)
        address = urlsplit(self.settings.url)
        if address.hostname is None or address.port is None:
            raise ValueError("a host and a port are needed")
        loop = asyncio.get_running_loop()
        _, pipe = await loop.create_connection(
            lambda: _TcpPipe(self._take, self._drop), address.hostname, address.port
        )
        return pipe


class _TcpPipe(asyncio.Protocol):
    """Bytes over a socket."""

    def __init__(self, take: Take, drop: Drop) -> None:
        self._take, self._drop = take, drop
        self._transport: asyncio.Transport | None = None
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._closed:
            self._take(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._closed:
            self._drop(str(error) if error else "closed by the other side")

    def write(self, frame: bytes) -> None:
        assert self._transport is not None
        self._transport.write(frame)

    def close(self) -> None:
        self._closed = True
        if self._transport is not None:
            self._transport.abort()


class _SerialPipe:
    """Bytes over a serial device or a pty."""

    def __init__(self, settings: PortSettings, take: Take, drop: Drop) -> None:
        self._take, self._drop = take, drop
        self._serial = serial.Serial(
            settings.url,
            baudrate=settings.baudrate,
            parity=settings.parity[0].upper(),
            stopbits=settings.stop_bits,
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
        self._loop = asyncio.get_running_loop()
        self._fd: int | None = self._serial.fileno()
        self._loop.add_reader(self._fd, self._readable)

    def _readable(self) -> None:
        assert self._fd is not None
        try:
            data = os.read(self._fd, 1024)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(str(error))
            return
        if data:
            self._take(data)
        else:
            self._fail("the port reports its end")

    def _fail(self, why: str) -> None:
        self.close()
        self._drop(why)

    def write(self, frame: bytes) -> None:
        if self._fd is None:
            return
        try:
            os.write(self._fd, frame)
        except OSError as error:
            self._fail(str(error))

    def close(self) -> None:
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            self._fd = None
            self._serial.close()


def _in_words(error: OSError | termios.error | ValueError) -> str:
    """Why a port does not open; pyserial says number and name twice around the system's reason."""
    said = str(error)
    if isinstance(error, OSError) and error.errno and "could not open port" in said:
        return os.strerror(error.errno)
    return said
