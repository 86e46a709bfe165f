"""One question at a time on a line whose settings are not known yet. Read-only by its shape.

Only single words are asked, and nothing can be written: this is the whole of what scanning and
diagnosis can do on a line. Silences and draining are the port's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agent.drivers import ReadRequest
from agent.errors import PortError
from agent.line import Answer, Garbled, Opener, Port, PortSettings, Refused, Reply, Silence
from agent.line.frames import RtuFraming
from agent.scan.settings import Setting

FIRST_WITHIN_S, LATE_S = 0.1, 0.02
PATIENT_WITHIN_S, PATIENT_LATE_S = 1.0, 0.3
POLITE_GAP_S = 0.2  # between questions to one machine of unknown make
NETWORK_WITHIN_S = 1.5


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and all that was heard until the next."""

    setting: Setting | None
    request: ReadRequest
    reply: Reply
    heard: bytes
    sent: bytes = b""
    """The frame as it went out on a serial pair; empty over Modbus TCP."""

    @property
    def reply_bytes(self) -> int:
        """How long a good answer is on a serial pair."""
        bits = self.request.table in ("coil", "discrete")
        return 5 + ((self.request.count + 7) // 8 if bits else 2 * self.request.count)


@dataclass(slots=True)
class Wire:
    """A line to look at. `ask` raises PortError when the port is gone."""

    url: str
    opener: Opener | None = None
    setting: Setting | None = None
    asked: int = 0
    answered_s: float = 0.0
    _port: Port | None = None
    _proved: bool = False
    _heard: bytearray = field(default_factory=bytearray)

    @property
    def is_network(self) -> bool:
        return "://" in self.url

    @property
    def is_serial_frames(self) -> bool:
        """Whether raw bytes come through; Modbus TCP hides the pair behind it."""
        return not self.url.startswith("tcp://")

    async def use(self, setting: Setting | None) -> None:
        """Open the port with these settings. Raises PortError."""
        if self._port is not None and setting == self.setting:
            return
        self.close()
        self.setting = setting
        settings = PortSettings("line", self.url)
        if setting is not None:
            settings = replace(
                settings,
                baudrate=setting.baudrate,
                parity=setting.parity,
                stop_bits=setting.stop_bits,
            )
        self._port = Port(settings, opener=self.opener, ear=self._heard.extend)
        await self._port.open()

    def close(self) -> None:
        """Close the port."""
        if self._port is not None:
            self._port.close()
            self._port = None

    async def listen(self, seconds: float) -> bytes:
        """What comes in by itself for so long."""
        self._heard.clear()
        await asyncio.sleep(seconds)
        return bytes(self._heard)

    async def knock(self, unit_id: int, table: str = "holding", at: int = 0) -> Exchange:
        """Ask whether somebody has this id. Short: a late answer is known by its id."""
        within_s = NETWORK_WITHIN_S if self.is_network else FIRST_WITHIN_S
        return await self._ask(ReadRequest(unit_id, table, at, 1), within_s, LATE_S, 0.0)

    async def ask(self, unit_id: int, table: str, at: int, count: int = 1) -> Exchange:
        """Ask one machine with patience; more than a word only of a recognised family."""
        request = ReadRequest(unit_id, table, at, count)
        return await self._ask(request, PATIENT_WITHIN_S, PATIENT_LATE_S, POLITE_GAP_S)

    async def _ask(
        self, request: ReadRequest, within_s: float, late_s: float, gap_s: float
    ) -> Exchange:
        assert self._port is not None
        self._heard.clear()
        self.asked += 1
        try:
            reply = await self._port.exchange(request, within_s, late_s, gap_s)
        except PortError:
            if not (self.is_network and self._proved):
                raise
            # A bridge closed its connection, as some do after twenty requests.
            self._proved = False
            await self._port.open()
            reply = await self._port.exchange(request, within_s, late_s, gap_s)
        self._proved = self._proved or reply != Silence()
        sent = RtuFraming().frame(request) if self.is_serial_frames else b""
        return Exchange(self.setting, request, reply, bytes(self._heard), sent)


def is_there(exchange: Exchange) -> bool:
    """Whether the machine asked has answered, if only to refuse."""
    reply = exchange.reply
    if isinstance(reply, Refused):
        return reply.code not in (0x0A, 0x0B)
    return isinstance(reply, Answer) or (isinstance(reply, Silence) and reply.late_s is not None)


def is_noise(exchange: Exchange) -> bool:
    """Whether something came that is no answer."""
    return isinstance(exchange.reply, Garbled)


Tell = Callable[[str, str], None]
"""Progress, in English and Chinese."""
