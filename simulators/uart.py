"""Bits on a pair of wires: how bytes become levels in time, and what a receiver makes of levels.

A receiver that has other settings than the sender, an inverted pair, two senders at once or levels
that ring are all met here and nowhere else: the bytes that come out are what the sampling of a UART
makes of the levels. Only the sampling is modelled, not the volts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import exp
from random import Random
from typing import Literal

Parity = Literal["none", "even", "odd"]
MARK, SPACE = 1, 0


@dataclass(frozen=True, slots=True)
class Serial:
    """How one end speaks: eight data bits, and these."""

    baudrate: int = 9600
    parity: Parity = "none"
    stop_bits: int = 1

    @property
    def bit_s(self) -> float:
        return 1.0 / self.baudrate

    @property
    def character_s(self) -> float:
        """Seconds of one character."""
        return (9 + (self.parity != "none") + self.stop_bits) / self.baudrate

    def understands(self, other: Serial) -> bool:
        """Whether frames pass unharmed: a receiver looks at the first stop bit only."""
        return (self.baudrate, self.parity) == (other.baudrate, other.parity)


@dataclass(frozen=True, slots=True)
class Heard:
    """One character a receiver made of the levels; `damaged` by parity or a missing stop bit."""

    at_s: float
    byte: int
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes on the wire: who sends them, when they begin, and how."""

    source: object
    start_s: float
    serial: Serial
    content: bytes

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.content) * self.serial.character_s


@dataclass(frozen=True, slots=True)
class Ring:
    """Reflections of a line without termination.

    After each edge the level swings for `tau_s`; a sample taken `dt` after the edge is wrong with
    the probability `strength * exp(-dt / tau)`.
    """

    tau_s: float
    strength: float

    def flips(self, since_edge_s: float, chance: Random) -> bool:
        return chance.random() < self.strength * exp(-since_edge_s / self.tau_s)


Edges = list[tuple[float, int]]


def levels(
    frames: Iterable[Frame],
    idle: int = MARK,
    winner: int = SPACE,
    inverted: Callable[[object], bool] = lambda _: False,
    deaf: Callable[[object], bool] = lambda _: False,
) -> Edges:
    """The level changes one receiver sees while these frames pass.

    Nobody sending, the pair is `idle`; where two senders fight, the `winner` level is seen. The
    frames of sources that are `inverted` come upside down; while one sends to whom the receiver is
    `deaf` (itself, on a half-duplex adapter) its input is held at mark.
    """
    events: list[tuple[float, int, int | None]] = []
    silent: set[int] = set()
    for i, frame in enumerate(frames):
        turn = int(inverted(frame.source))
        if deaf(frame.source):
            silent.add(i)
            events.append((frame.start_s, i, MARK))
        else:
            events += [(at, i, level ^ turn) for at, level in _changes(frame)]
        events.append((frame.end_s, i, None))
    driven: dict[int, int] = {}
    found: Edges = []
    last = idle
    events.sort(key=lambda event: event[0])
    for n, (at, i, level) in enumerate(events):
        if level is None:
            driven.pop(i, None)
        else:
            driven[i] = level
        if n + 1 < len(events) and events[n + 1][0] == at:
            continue
        seen = _seen(driven, silent, idle, winner)
        if seen != last:
            found.append((at, seen))
            last = seen
    return found


def _seen(driven: dict[int, int], silent: set[int], idle: int, winner: int) -> int:
    if silent & driven.keys():
        return MARK
    shown = set(driven.values())
    if not shown:
        return idle
    return winner if len(shown) > 1 else shown.pop()


def _changes(frame: Frame) -> Edges:
    """The level changes of a frame by itself, the first into its first start bit."""
    found: Edges = []
    level, at, bit_s = MARK, frame.start_s, frame.serial.bit_s
    for byte in frame.content:
        for bit in _bits(byte, frame.serial):
            if bit != level:
                found.append((at, bit))
                level = bit
            at += bit_s
    return found


def _bits(byte: int, serial: Serial) -> list[int]:
    data = [byte >> i & 1 for i in range(8)]
    parity = [] if serial.parity == "none" else [_parity(byte, serial.parity)]
    return [SPACE, *data, *parity, *([MARK] * serial.stop_bits)]


def _parity(byte: int, parity: str) -> int:
    return byte.bit_count() & 1 ^ (parity == "odd")


def received(
    wave: Edges, serial: Serial, idle: int, ring: Ring | None, chance: Random
) -> list[Heard]:
    """What a UART of these settings makes of the levels.

    A start bit that is gone at its middle is no character. After a missing stop bit the receiver
    waits for mark and then for the next start bit. A level that stays at space is a break, heard
    as one damaged zero.
    """
    times = [at for at, _ in wave]

    def level(at: float) -> int:
        i = bisect_right(times, at) - 1
        found = idle if i < 0 else wave[i][1]
        if ring is not None and i >= 0 and ring.flips(at - times[i], chance):
            return 1 - found
        return found

    heard: list[Heard] = []
    at = (times[0] if times else 0.0) - serial.character_s
    bits = 8 + (serial.parity != "none")
    while (start := _next_fall(wave, at, idle)) is not None:
        character, at = _character(level, start, serial, bits)
        if character is not None:
            heard.append(character)
    return heard


def _character(
    level: Callable[[float], int], start: float, serial: Serial, bits: int
) -> tuple[Heard | None, float]:
    """One character that begins here, and where the search goes on."""
    bit_s = serial.bit_s
    if level(start + 0.5 * bit_s) == MARK:
        return None, start + 0.5 * bit_s
    samples = [level(start + (1.5 + i) * bit_s) for i in range(bits)]
    stop_at = start + (1.5 + bits) * bit_s
    byte = sum(bit << i for i, bit in enumerate(samples[:8]))
    damaged = level(stop_at) == SPACE
    if serial.parity != "none":
        damaged |= samples[8] != _parity(byte, serial.parity)
    return Heard(start, byte, damaged), stop_at


def _next_fall(wave: Edges, after: float, idle: int) -> float | None:
    """When the level next falls to space, having been at mark."""
    before = idle
    for at, level in wave:
        if at > after and level == SPACE and before == MARK:
            return at
        before = level
    return None


def clean(heard: Iterable[Heard]) -> bytes | None:
    """The bytes when none is damaged; a unit throws the whole frame away otherwise."""
    found = list(heard)
    return None if any(one.damaged for one in found) else bytes(one.byte for one in found)
