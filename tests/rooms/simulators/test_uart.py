"""The simulated bits: what passes, what does not, and what the faults of a pair deliver."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.frames import rtu
from simulators.registers import AddressWords
from simulators.uart import MARK, Frame, Ring, Serial, clean, levels, received
from simulators.wiring import Pair, Talker, Unit, Wiring

ALL = [
    Serial(b, p, s)
    for b in (9600, 19200)
    for p, s in (("none", 1), ("none", 2), ("even", 1), ("odd", 1))
]  # type: ignore[arg-type]
PLAIN = Serial()
ASKED = rtu(1, bytes((3, 0, 5, 0, 10)))
ANSWER = rtu(1, bytes((3, 20)) + b"".join(at.to_bytes(2, "big") for at in range(5, 15)))


def heard(pair: Pair, host: Serial = PLAIN, asked: bytes = ASKED, until_s: float = 3.0) -> bytes:
    came: list[bytes] = []
    pair.hear = came.append
    pair.open(host, 0.0)
    pair.send(asked, 0.1)
    while pair.due is not None and pair.due < until_s:
        pair.advance(pair.due)
    return b"".join(came)


def unit(serial: Serial = PLAIN, **more: float) -> Unit:
    return Unit(frozenset({1}), AddressWords(), serial, **more)


@given(content=st.binary(min_size=1, max_size=40), which=st.sampled_from(ALL))
def test_bytes_pass_between_equals(content: bytes, which: Serial) -> None:
    seen = levels([Frame("a", 0.5, which, content)])
    assert clean(received(seen, which, MARK, None, Random(0))) == content


@pytest.mark.parametrize(("host", "machine"), list(product(ALL, ALL)))
def test_only_those_who_agree_talk(host: Serial, machine: Serial) -> None:
    agree = (host.baudrate, host.parity) == (machine.baudrate, machine.parity)
    assert heard(Pair([unit(machine)]), host) == (ANSWER if agree else b"")


def test_swapped_wires_are_heard_as_breaks_after_each_request() -> None:
    assert heard(Pair([unit()], Wiring(swapped=True))) == b"\0\0"
    assert heard(Pair([unit()], Wiring(swapped=True, biased=False))) == b""


def test_an_echo_comes_before_the_answer() -> None:
    assert heard(Pair([unit()], Wiring(echo=True))) == ASKED + ANSWER


def test_two_with_one_id_spoil_each_other() -> None:
    class Other(AddressWords):
        def read(self, unit_id: int, table: str, at: int, count: int) -> tuple[int, ...] | int:
            return tuple(7 * (at + i) for i in range(count))

    two = [unit(delay_s=0.01, jitter_s=0.0), Unit(frozenset({1}), Other(), Serial(), 0.0105, 0.0)]
    assert heard(Pair(two)) not in (b"", ANSWER)
    two[1].delay_s = 0.2
    assert heard(Pair(two)).startswith(ANSWER)


def test_reflections_spoil_long_frames_more_often_than_short_ones() -> None:
    def good(count: int) -> int:
        asked = rtu(1, bytes((3, 0, 0, 0, count)))
        pairs = [
            Pair([unit(Serial(38400))], Wiring(ring=Ring(8e-6, 0.03)), seed=n) for n in range(60)
        ]
        replies = [heard(pair, Serial(38400), asked) for pair in pairs]
        return sum(len(r) == 5 + 2 * count and rtu(r[0], r[1:-2]) == r for r in replies)

    assert good(60) < good(1)


def test_a_talker_is_heard_unasked() -> None:
    talker = Talker((b"hello",), Serial(), 10.0, 0.5)
    assert heard(Pair([], talkers=[talker])) == b"hello"


def test_writes_are_counted() -> None:
    pair = Pair([unit()])
    heard(pair, asked=rtu(1, bytes((6, 0, 5, 0, 10))))
    assert pair.writes == 1
