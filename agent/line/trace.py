"""A bus trace: every exchange of a line as one JSON line, to be kept, sent in and replayed.

Serial numbers and the like are words of points that a map marks as identifying; `mask` replaces
them, so that a trace can be shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.drivers.wire import TABLE_OF_FUNCTION, ReadRequest, Request, WriteRequest
from agent.line.answers import Answer, Garbled, Refused, Reply, Silence
from agent.model import Stamp

WRITES = (5, 6, 15, 16)
Word = Annotated[int, Meta(ge=0, le=0xFFFF)]
Mask = Callable[[str, Request, tuple[int, ...]], tuple[int, ...]]
"""What of the words of an exchange on the line of this name may be kept."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a trace. `at` is UTC in ISO 8601, `mono` seconds; words are as on the wire."""

    at: str
    mono: float
    line: str
    unit: Annotated[int, Meta(ge=0, le=255)]
    fn: int
    addr: Word
    count: Annotated[int, Meta(ge=0, le=2000)] = 0
    write: tuple[Word, ...] = ()
    words: tuple[Word, ...] | None = None
    refused: int | None = None
    silent: bool = False
    garbled: str = ""

    def __post_init__(self) -> None:
        if self.fn not in TABLE_OF_FUNCTION and self.fn not in WRITES:
            raise ValueError(f"function {self.fn} is none that reads or writes")

    @property
    def request(self) -> Request:
        if self.fn in WRITES:
            return WriteRequest(self.unit, self.fn, self.addr, self.write)
        return ReadRequest(self.unit, TABLE_OF_FUNCTION[self.fn], self.addr, self.count)

    @property
    def reply(self) -> Reply:
        if self.words is not None:
            return Answer(self.words)
        if self.refused is not None:
            return Refused(self.refused)
        return Garbled(self.garbled) if self.garbled else Silence()


class Trace:
    """Writes exchanges through `put`, one JSON text a line."""

    def __init__(
        self,
        put: Callable[[str], object],
        mask: Mask | None = None,
    ) -> None:
        self._put = put
        self._mask = mask or (lambda line, request, words: words)

    def keep(self, stamp: Stamp, line: str, request: Request, reply: Reply) -> None:
        """Add one exchange."""
        written = (
            () if isinstance(request, ReadRequest) else self._mask(line, request, request.words)
        )
        words = self._mask(line, request, reply.words) if isinstance(reply, Answer) else None
        exchange = Exchange(
            at=stamp.at.isoformat(timespec="milliseconds"),
            mono=round(stamp.mono, 4),
            line=line,
            unit=request.unit_id,
            fn=request.function,
            addr=request.at,
            count=request.count if isinstance(request, ReadRequest) else 0,
            write=written,
            words=words,
            refused=reply.code if isinstance(reply, Refused) else None,
            silent=isinstance(reply, Silence),
            garbled=reply.why if isinstance(reply, Garbled) else "",
        )
        self._put(msgspec.json.encode(exchange).decode() + "\n")


def read_trace(lines: Iterator[str]) -> Iterator[Exchange]:
    """The exchanges of a trace; raises msgspec.DecodeError on a line that is none."""
    for line in lines:
        if line.strip():
            try:
                yield msgspec.json.decode(line, type=Exchange)
            except RecursionError:
                raise msgspec.DecodeError("nested too deeply") from None
