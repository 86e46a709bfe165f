"""A TCP proxy in this process that delays both ways and counts what the kernel sent."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

_TCP_INFO = 11
_COUNTS = struct.Struct("=QQII")
_COUNTS_AT = 120
HEADERS = 52
"""IPv4 and TCP with time stamps, bytes of every segment."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """One client's side of the wire so far: bytes within TCP, and segments of both directions."""

    bytes: int
    segments: int

    @property
    def on_the_wire(self) -> int:
        """With the headers of IP and TCP."""
        return self.bytes + HEADERS * self.segments


class Proxy:
    """Forwards to a port on loopback, as an async context manager; `delay_s` each way."""

    def __init__(self, target: int, delay_s: float = 0.0) -> None:
        self._target, self._delay_s = target, delay_s
        self._server: asyncio.Server | None = None
        self._clients: list[socket.socket] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()

    def traffic(self) -> Traffic:
        """What the clients that are connected now have sent and got, as the kernel counted it."""
        size = segments = 0
        for one in self._clients:
            info = one.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 160)
            acked, received, out, into = _COUNTS.unpack_from(info, _COUNTS_AT)
            size, segments = size + acked + received, segments + out + into
        return Traffic(size, segments)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = writer.get_extra_info("socket")
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients.append(client)
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._target)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, to_writer))
                group.create_task(self._forward(to_reader, writer))
        except* OSError:
            pass
        finally:
            self._clients.remove(client)
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, chunk = await waiting.get()
                await asyncio.sleep(max(0.0, due - monotonic()))
                if not chunk:
                    break
                writer.write(chunk)
                await writer.drain()
            writer.close()

        delivering = asyncio.create_task(deliver())
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                waiting.put_nowait((monotonic() + self._delay_s, chunk))
        waiting.put_nowait((monotonic() + self._delay_s, b""))
        with suppress(OSError):
            await delivering
