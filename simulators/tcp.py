"""Units behind TCP on loopback: Modbus TCP, or a converter that passes RTU frames as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from simulators.faults import Reply, Responder
from simulators.frames import NO_TARGET, Registers, crc16, exception, request_length

_MOST_PDU = 253


class TcpLine:
    """Units behind one TCP port, with the faults of `Responder`.

    `port` 0 lets the system choose; the choice is kept, so that a stopped converter comes back
    under its old number. A `baudrate` gives RTU over TCP the time of the serial line behind it.
    With `one_connection` a second client is turned away while the first is there. A bridge may
    close each connection after `closes_after` requests, and with `loses_first` it never answers the
    first request of one.
    """

    def __init__(
        self,
        units: Mapping[int, Registers],
        *,
        framing: Literal["tcp", "rtu"] = "tcp",
        port: int = 0,
        baudrate: int | None = None,
        bits_per_char: int = 10,
        one_connection: bool = False,
        closes_after: int | None = None,
        loses_first: bool = False,
        delays_s: Mapping[int, float] | None = None,
        seed: int = 0,
    ) -> None:
        self.framing, self.port, self.one_connection = framing, port, one_connection
        self.closes_after, self.loses_first = closes_after, loses_first
        self.responder = Responder(units, delays_s, seed)
        self.faults = self.responder.faults
        self.connections = self.turned_away = 0
        self._character_s = bits_per_char / baudrate if baudrate and framing == "rtu" else 0.0
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._line = asyncio.Lock()
        self._changing: asyncio.Task[None] | None = None
        self._born = 0.0

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        if self._server is not None:
            return
        self._born = self._born or asyncio.get_running_loop().time()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection, as a converter does that loses its power."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        tasks = [task for task in self._clients.values() if task is not None]
        for writer in self._clients:
            writer.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()

    def unplug(self) -> None:
        """As `stop`, begun from where nobody can wait; `settled` waits for it."""
        self._changing = asyncio.ensure_future(self._after(self._changing, up=False))

    def replug(self) -> None:
        """As `start`, begun from where nobody can wait; `settled` waits for it."""
        self._changing = asyncio.ensure_future(self._after(self._changing, up=True))

    async def settled(self) -> None:
        """Return when the last unplug or replug is done; raises what went wrong with it."""
        if self._changing is not None:
            await self._changing

    async def _after(self, earlier: asyncio.Task[None] | None, up: bool) -> None:
        if earlier is not None:
            await asyncio.wait((earlier,))
        await (self.start() if up else self.stop())

    # --- one connection ---------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or (self.one_connection and self._clients):
            self.turned_away += 1
            writer.transport.abort()
            return
        self.connections += 1
        self._clients[writer] = asyncio.current_task()
        serve, lost = self._modbus if self.framing == "tcp" else self._rtu, self.loses_first
        asked = 0
        try:
            while asked != self.closes_after and await serve(reader, writer, lost and not asked):
                asked += 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            # Ours alone cancels, in stop(); asyncio would report a cancelled handler as an error.
            return
        finally:
            del self._clients[writer]
            writer.close()

    async def _modbus(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: bool
    ) -> bool:
        head = await reader.readexactly(7)
        length = int.from_bytes(head[4:6], "big")
        if head[2:4] != b"\0\0" or not 2 <= length <= _MOST_PDU + 1:
            return False
        unit_id, pdu = head[6], await reader.readexactly(length - 1)
        if lost:
            return True
        reply = self.responder.answer(unit_id, pdu, self._age_s())
        if reply is None:
            reply = Reply(unit_id, exception(pdu, NO_TARGET))
        await asyncio.sleep(reply.delay_s)
        if reply.pdu is None:
            return True
        number = int.from_bytes(head[:2], "big")
        if "wrong_transaction" in reply.struck:
            number = number + 1 & 0xFFFF
        protocol = b"\xa5\xa5" if "garbled" in reply.struck else b"\0\0"
        body = bytes((reply.unit_id,)) + reply.pdu
        writer.write(number.to_bytes(2, "big") + protocol + len(body).to_bytes(2, "big") + body)
        await writer.drain()
        return True

    async def _rtu(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: bool
    ) -> bool:
        frame = await reader.readexactly(2)
        while (length := request_length(frame)) is None:
            frame += await reader.readexactly(1)
        frame += await reader.readexactly(length - len(frame))
        if crc16(frame[:-2]) != frame[-2:]:
            # Without silences on TCP there is no telling where the next frame would begin.
            return False
        if lost:
            return True
        reply = self.responder.answer(frame[0], frame[1:-2], self._age_s())
        if reply is None:
            return True
        answer = self.responder.clutter(reply) + reply.rtu()
        async with self._line:
            line_s = (len(frame) + len(answer)) * self._character_s
            await asyncio.sleep(line_s + max(3.5 * self._character_s, reply.delay_s))
            writer.write(answer)
            await writer.drain()
        return True

    def _age_s(self) -> float:
        return asyncio.get_running_loop().time() - self._born
