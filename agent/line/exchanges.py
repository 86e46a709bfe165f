"""What a master and its units tell each other on an RTU wire, out of the bytes alone. Pure.

Frames are found by their lengths and check bytes, not by silences: adapters deliver bytes in
pieces. A read and the reply that follows it make one exchange.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.drivers.wire import TABLE_OF_FUNCTION, ReadRequest
from agent.line.frames import is_whole

LONGEST = 256
_MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}  # bits and words of one read
_READS = tuple(_MOST)
BIT_TABLES = ("coil", "discrete")
_ECHOES = (5, 6, 15, 16)


@dataclass(frozen=True, slots=True)
class Heard:
    """A read of the wire's own master, and the words the unit gave it."""

    request: ReadRequest
    words: tuple[int, ...]


class Ear:
    """Bytes in, exchanges out. `at_rest` after a whole reply: the master makes a pause now."""

    def __init__(self) -> None:
        self.at_rest = False
        self._bytes = b""
        self._asked: ReadRequest | None = None

    def hear(self, data: bytes) -> Iterator[Heard]:
        """The exchanges that these bytes complete; what is no frame is passed over."""
        self._bytes = (self._bytes + data)[-2 * LONGEST :]
        self.at_rest = False
        while len(self._bytes) >= 5:
            if self._reply_is_under_way():
                return
            frame = self._reply() or self._request() or self._other()
            if frame is None:
                if len(self._bytes) <= LONGEST:
                    return  # it may yet become one
                self._bytes = self._bytes[1:]
                continue
            yield from self._take(*frame)

    def _take(self, length: int, heard: Heard | None, asked: ReadRequest | None) -> Iterator[Heard]:
        self._bytes = self._bytes[length:]
        self._asked = asked
        self.at_rest = asked is None and not self._bytes
        if heard is not None:
            yield heard

    def _reply_is_under_way(self) -> bool:
        """Whether the answer has begun and is not all there: where its check bytes end with zero,
        what has come of four bytes of it would pass for a read.
        """
        if self._asked is None:
            return False
        head = _head(self._asked)
        at = self._bytes.find(head)
        return at >= 0 and len(self._bytes) < at + head[2] + 5

    def _reply(self) -> tuple[int, Heard | None, ReadRequest | None] | None:
        """The answer to what was asked last, if it begins anywhere in the bytes."""
        asked = self._asked
        if asked is None:
            return None
        head = _head(asked)
        at, size = self._bytes.find(head), head[2]
        if at < 0 or not whole(self._bytes[at : at + size + 5], size + 5):
            return None
        bits = asked.table in BIT_TABLES
        body = self._bytes[at + 3 : at + 3 + size]
        if bits:
            words = tuple(body[i // 8] >> i % 8 & 1 for i in range(asked.count))
        else:
            words = tuple(int.from_bytes(body[i : i + 2], "big") for i in range(0, size, 2))
        return at + size + 5, Heard(asked, words), None

    def _request(self) -> tuple[int, Heard | None, ReadRequest | None] | None:
        """The first read of a master in the bytes."""
        for at in range(len(self._bytes) - 7):
            unit_id, function = self._bytes[at], self._bytes[at + 1]
            count = int.from_bytes(self._bytes[at + 4 : at + 6], "big")
            if function not in _READS or not 1 <= unit_id <= 247:
                continue
            if not 1 <= count <= _MOST[function]:
                continue
            if whole(self._bytes[at : at + 8], 8):
                first = int.from_bytes(self._bytes[at + 2 : at + 4], "big")
                asked = ReadRequest(unit_id, TABLE_OF_FUNCTION[function], first, count)
                return at + 8, None, asked
        return None

    def _other(self) -> tuple[int, Heard | None, ReadRequest | None] | None:
        """A write, its echo, or an exception: nothing to read, but the end of an exchange."""
        function = self._bytes[1]
        length = 5 if function & 0x80 else 8
        if function == 16 and len(self._bytes) > 6:
            size = 9 + self._bytes[6]
            length = size if whole(self._bytes[:size], size) else length
        known = function & 0x7F in (*_READS, *_ECHOES)
        if not known or not whole(self._bytes[:length], length):
            return None
        return length, None, None


def _head(asked: ReadRequest) -> bytes:
    """How the answer to this read begins: unit, function, and how many bytes follow."""
    size = (asked.count + 7) // 8 if asked.table in BIT_TABLES else 2 * asked.count
    return bytes((asked.unit_id, asked.function, size))


def whole(frame: bytes, length: int) -> bool:
    """Whether this many bytes are there and their check bytes are right."""
    return len(frame) == length and is_whole(frame)
