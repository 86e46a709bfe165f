"""A pair of wires with everything on it, and what can be wrong with it.

Who sends puts a frame on the pair; who listens gets what a UART makes of the levels at its own end.
Each fault is a fault of the pair, not of the bytes:

- A and B swapped at our end: we see every level upside down and so do they. With bias resistors the
  idle pair is a lasting space for us: a break, heard as one zero when the port opens and after each
  of our requests, when our driver lets go. Without bias, receivers with a fail-safe input see mark
  and hear nothing; then it cannot be told from a dead line.
- no termination: after every edge the level swings (`Ring`), longer on a long line; the faster the
  baud rate, the more samples fall into it, and the longer a frame, the likelier one is wrong.
- wrong baud rate or parity: sender and receiver are sampled each with its own settings.
- two units with one id: both answer, each after its own delay, and fight for the pair.
- a second master: another sender that asks its own questions, which the units answer.
- no power: no unit answers, and nothing else is heard.
- the wrong port: another kind of machine sends text, or our own bytes come back.

Nothing here knows the program that listens. Not modelled: volts, noise from outside, and adapters
that drop damaged characters (Linux hands them on unless told otherwise, termios(3), INPCK).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from simulators.frames import Registers, crc16, rtu, serve
from simulators.uart import (
    MARK,
    SPACE,
    Frame,
    Ring,
    Serial,
    clean,
    levels,
    received,
)

HOST = "host"
_READS = frozenset({1, 2, 3, 4})
_BURST_CHARACTERS = 1.5


@dataclass(slots=True, eq=False)
class Unit:
    """A machine on the pair: its ids, its words, its settings and how long it thinks."""

    ids: frozenset[int]
    registers: Registers
    serial: Serial = field(default_factory=Serial)
    delay_s: float = 0.01
    jitter_s: float = 0.002
    free_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Talker:
    """Somebody who sends by himself: these frames in turn, `every_s` apart."""

    frames: tuple[bytes, ...]
    serial: Serial
    every_s: float
    first_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Wiring:
    """How the pair is laid, from our end."""

    swapped: bool = False
    biased: bool = True
    ring: Ring | None = None
    echo: bool = False
    winner: int = SPACE


@dataclass(slots=True)
class _Burst:
    """Frames that touch each other; it is heard as a whole when it has ended."""

    frames: list[Frame] = field(default_factory=list)
    end_s: float = 0.0


class Pair:
    """The pair. `send` as the host, `advance` in time; `hear` takes what comes in at our end."""

    def __init__(
        self,
        units: Sequence[Unit],
        wiring: Wiring = Wiring(),
        talkers: Sequence[Talker] = (),
        seed: object = 0,
    ) -> None:
        self.units, self.wiring, self.talkers = tuple(units), wiring, tuple(talkers)
        self.host = Serial()
        self.hear: Callable[[bytes], None] = lambda _: None
        self.writes = self.requests = 0
        self._chance = Random(f"{seed}")
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._number = 0
        self._burst = _Burst()
        self._begun = False

    def open(self, host: Serial, now: float) -> None:
        """Our end is opened with these settings."""
        self.host = host
        if not self._begun:
            self._begun = True
            for i in range(len(self.talkers)):
                self._at(now + self.talkers[i].first_s, lambda at, i=i: self._talk(i, 0, at))  # type: ignore[misc]
        if self._idle_for_host == SPACE:
            self._at(now + 2 * host.character_s, lambda _: self.hear(b"\0"))

    def send(self, content: bytes, now: float) -> None:
        """Our end sends."""
        self.requests += 1
        self._put(Frame(HOST, now, self.host, content))

    @property
    def due(self) -> float | None:
        """When something happens next."""
        return self._events[0][0] if self._events else None

    def advance(self, now: float) -> None:
        """Let everything happen that is due."""
        while self._events and self._events[0][0] <= now:
            at, _, event = heapq.heappop(self._events)
            event(at)

    # --- senders ----------------------------------------------------------------------------

    def _at(self, at: float, event: Callable[[float], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (at, self._number, event))

    def _talk(self, i: int, turn: int, now: float) -> None:
        talker = self.talkers[i]
        self._put(Frame(talker, now, talker.serial, talker.frames[turn % len(talker.frames)]))
        pause_s = talker.every_s * self._chance.uniform(0.9, 1.1)
        self._at(now + pause_s, lambda at: self._talk(i, turn + 1, at))

    def _put(self, frame: Frame) -> None:
        gap_s = _BURST_CHARACTERS * frame.serial.character_s
        if self._burst.frames and frame.start_s > self._burst.end_s + gap_s:
            self._close(self._burst)
            self._burst = _Burst()
        burst = self._burst
        burst.frames.append(frame)
        burst.end_s = max(burst.end_s, frame.end_s)
        self._at(frame.end_s + gap_s, lambda now: self._perhaps(burst, now))

    def _perhaps(self, burst: _Burst, now: float) -> None:
        if burst is self._burst and burst.frames and now > burst.end_s:
            self._burst = _Burst()
            self._close(burst)

    def _close(self, burst: _Burst) -> None:
        """A burst has ended: everybody hears what his end made of it."""
        for unit in self.units:
            others = [frame for frame in burst.frames if frame.source is not unit]
            heard = self._unit_hears(unit, others)
            if heard:
                self._asked(unit, heard, burst.end_s)
        came = self._host_hears(burst.frames)
        if came:
            self._at(burst.end_s, lambda _: self.hear(came))

    # --- listeners --------------------------------------------------------------------------

    @property
    def _idle_for_host(self) -> int:
        return SPACE if self.wiring.swapped and self.wiring.biased else MARK

    def _plain(self, frames: Sequence[Frame], serial: Serial) -> bool:
        """Whether a frame simply arrives: one sender, the same settings, a good pair."""
        wiring = self.wiring
        return (
            len(frames) == 1
            and not wiring.swapped
            and wiring.ring is None
            and serial.understands(frames[0].serial)
        )

    def _unit_hears(self, unit: Unit, frames: Sequence[Frame]) -> bytes | None:
        if not frames:
            return None
        if self._plain(frames, unit.serial):
            return frames[0].content
        seen = levels(
            frames,
            winner=self.wiring.winner,
            inverted=lambda source: self.wiring.swapped and source is HOST,
        )
        return clean(received(seen, unit.serial, MARK, self.wiring.ring, self._chance))

    def _host_hears(self, frames: Sequence[Frame]) -> bytes:
        wiring, idle = self.wiring, self._idle_for_host
        foreign = [frame for frame in frames if frame.source is not HOST]
        if not foreign and not wiring.echo and idle == MARK:
            return b""
        if self._plain(frames, self.host):
            return frames[0].content
        seen = levels(
            frames,
            idle,
            wiring.winner if not wiring.swapped else 1 - wiring.winner,
            lambda source: wiring.swapped and source is not HOST,
            lambda source: source is HOST and not wiring.echo,
        )
        heard = received(seen, self.host, idle, wiring.ring if foreign else None, self._chance)
        return bytes(one.byte for one in heard)

    def _asked(self, unit: Unit, heard: bytes, end_s: float) -> None:
        """A unit heard a whole frame; it answers when it is a request for one of its ids."""
        if len(heard) < 4 or heard[0] not in unit.ids or crc16(heard[:-2]) != heard[-2:]:
            return
        pdu = heard[1:-2]
        if pdu[0] & 0x80:
            return
        if pdu[0] not in _READS:
            self.writes += 1
        elif len(pdu) != 5:
            return
        answer = serve(unit.registers, heard[0], pdu)
        if answer is None:
            return
        pause_s = max(3.5 * unit.serial.character_s, unit.delay_s)
        pause_s += self._chance.uniform(0.0, unit.jitter_s)
        frame = Frame(unit, end_s + pause_s, unit.serial, rtu(heard[0], answer))
        self._at(frame.start_s, lambda _: self._put(frame))
