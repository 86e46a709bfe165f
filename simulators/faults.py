"""What goes wrong on a bus, on purpose: which faults strike which request, and what they do to it.

Chance is seeded, so that a run can be repeated. Nothing here knows whether the line is a pty or
TCP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.yamltext import Duration, Span
from simulators.frames import (
    BUSY,
    ILLEGAL_ADDRESS,
    NO_TARGET,
    Registers,
    crc16,
    exception,
    read_words,
    rtu,
    serve,
)

Kind = Literal[
    "late",
    "slow",
    "silent",
    "short",
    "long",
    "garbled",
    "wrong_unit",
    "wrong_transaction",
    "shifted",
    "exception_2",
    "busy",
    "gateway",
    "second_master",
    "noise",
]
_FOREIGN_UNIT = 0x60


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One habit of a unit and when it shows; without limits it shows on every request.

    `delay` belongs to late and slow, `words` to short and long, `at` (addresses) to exception_2.
    `requests` counts the unit's requests from 1; `after` and `until` count from the line's start.
    """

    kind: Kind
    share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    delay: Duration = Duration(0.3)
    words: Annotated[int, Meta(ge=1, le=125)] = 1
    at: tuple[Span, ...] = ()
    requests: Span | None = None
    after: Duration | None = None
    until: Duration | None = None

    def due(self, number: int, age_s: float) -> bool:
        """Whether the schedule covers this request; the share is left to chance."""
        if self.requests is not None and number not in self.requests:
            return False
        if self.after is not None and age_s < self.after:
            return False
        return self.until is None or age_s < self.until


class FaultBoard(MutableMapping[int, tuple[Fault, ...]]):
    """The faults of each unit, settable while the line runs: `board[2] = (Fault(kind="late"),)`."""

    def __init__(self, faults: Mapping[int, tuple[Fault, ...]] | None = None) -> None:
        self._faults = dict(faults or {})

    def __getitem__(self, unit_id: int) -> tuple[Fault, ...]:
        return self._faults.get(unit_id, ())

    def __setitem__(self, unit_id: int, faults: tuple[Fault, ...]) -> None:
        self._faults[unit_id] = faults

    def __delitem__(self, unit_id: int) -> None:
        self._faults.pop(unit_id, None)

    def __iter__(self) -> Iterator[int]:
        return iter(self._faults)

    def __len__(self) -> int:
        return len(self._faults)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a unit answers: `pdu` is None for silence; `struck` names the faults that hit it."""

    unit_id: int
    pdu: bytes | None
    delay_s: float = 0.0
    struck: frozenset[Kind] = frozenset()

    def rtu(self) -> bytes:
        """The frame on a serial line, with broken check bytes when garbled; empty for silence."""
        if self.pdu is None:
            return b""
        frame = rtu(self.unit_id, self.pdu)
        if "garbled" in self.struck:
            frame = frame[:-2] + bytes(byte ^ 0xFF for byte in crc16(frame[:-2]))
        return frame


class Responder:
    """Answers for the units of one line as their registers and faults have it.

    One thread asks; faults may be set from another.
    """

    def __init__(
        self,
        units: Mapping[int, Registers],
        delays_s: Mapping[int, float] | None = None,
        seed: int = 0,
    ) -> None:
        self.faults = FaultBoard()
        self.requests: Counter[int] = Counter()
        self.replies: Counter[int] = Counter()
        self.struck: Counter[Kind] = Counter()
        self._units, self._delays_s = units, dict(delays_s or {})
        self._chance = {unit_id: Random(f"{seed}/{unit_id}") for unit_id in units}
        self._before: dict[int, bytes] = {}

    def answer(self, unit_id: int, pdu: bytes, age_s: float) -> Reply | None:
        """The reply to one request `age_s` after the line's start; None for a unit not there."""
        registers = self._units.get(unit_id)
        if registers is None or not pdu:
            return None
        self.requests[unit_id] += 1
        faults = self._hits(unit_id, age_s)
        struck = frozenset(fault.kind for fault in faults)
        delay_s = self._delays_s.get(unit_id, 0.0)
        delay_s += sum(fault.delay for fault in faults if fault.kind in ("late", "slow"))
        self.struck.update(struck)
        if "silent" in struck:
            return Reply(unit_id, None, delay_s, struck)
        refused = _refused(pdu, faults)
        if refused is not None:
            answered: bytes | None = exception(pdu, refused)
        else:
            answered = self._damaged(unit_id, pdu, serve(registers, unit_id, pdu), faults)
        self.replies[unit_id] += answered is not None
        shown = unit_id % 247 + 1 if "wrong_unit" in struck else unit_id
        return Reply(shown, answered, delay_s, struck)

    def clutter(self, reply: Reply) -> bytes:
        """What appears on a serial line before the reply: noise, or another master's talk."""
        chance = next(iter(self._chance.values()))
        text = b""
        if "second_master" in reply.struck:
            words = b"".join(chance.randrange(0x10000).to_bytes(2, "big") for _ in range(4))
            text += rtu(_FOREIGN_UNIT, b"\x03\x00\x10\x00\x04") + rtu(
                _FOREIGN_UNIT, b"\x03\x08" + words
            )
        if "noise" in reply.struck:
            text += bytes(chance.randrange(256) for _ in range(chance.randint(1, 4)))
        return text

    def _hits(self, unit_id: int, age_s: float) -> tuple[Fault, ...]:
        number, chance = self.requests[unit_id], self._chance[unit_id]
        return tuple(
            fault
            for fault in self.faults[unit_id]
            if fault.due(number, age_s) and (fault.share >= 1 or chance.random() < fault.share)
        )

    def _damaged(
        self, unit_id: int, request: bytes, pdu: bytes | None, faults: tuple[Fault, ...]
    ) -> bytes | None:
        """Wrong words and wrong lengths; only answers to register reads can have them."""
        if pdu is None or pdu[0] not in (3, 4):
            return pdu
        words = pdu[2:]
        before, self._before[unit_id] = self._before.get(unit_id), words
        for fault in faults:
            if fault.kind == "shifted" and before is not None:
                words = (before * (len(words) // len(before) + 1))[: len(words)]
            elif fault.kind == "short":
                words = words[: -2 * fault.words]
            elif fault.kind == "long":
                words = (words + b"\0\0" * fault.words)[:250]
        return bytes((pdu[0], len(words))) + words


def _refused(pdu: bytes, faults: tuple[Fault, ...]) -> int | None:
    """The exception code with which a fault answers this request; None when it does not."""
    for fault in faults:
        if fault.kind == "busy":
            return BUSY
        if fault.kind == "gateway":
            return NO_TARGET
        if fault.kind == "exception_2" and _covers(fault, pdu):
            return ILLEGAL_ADDRESS
    return None


def _covers(fault: Fault, pdu: bytes) -> bool:
    if not fault.at:
        return True
    asked = read_words(pdu)
    if asked is None:
        return False
    at, count = asked
    return any(span.low < at + count and span.high >= at for span in fault.at)
