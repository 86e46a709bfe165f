"""Frames among bytes that nobody asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.line import frames_in
from simulators.frames import rtu

REQUEST = rtu(7, b"\x03\x00\x10\x00\x02")
REPLY = rtu(7, b"\x03\x04\x00\x01\x00\x02")
REFUSAL = rtu(9, b"\x84\x02")


def test_a_conversation_of_others() -> None:
    heard = b"\x00" + REQUEST + REPLY + b"\xff" + REFUSAL
    assert frames_in(heard) == (REQUEST, REPLY, REFUSAL)


def test_a_damaged_frame_is_none() -> None:
    assert frames_in(REPLY[:-1] + bytes((REPLY[-1] ^ 1,))) == ()


def test_half_a_frame_is_none() -> None:
    assert frames_in(REPLY[:-2]) == ()


def test_a_reply_whose_checksum_ends_with_zero_is_no_request() -> None:
    reply = rtu(167, b"\x03\x04\x57\xf9\xa3\xef")
    assert reply[-1] == 0
    assert frames_in(reply) == (reply,)


@given(unit_id=st.integers(1, 247), words=st.binary(min_size=2, max_size=40))
def test_any_reply_is_found_behind_a_break(unit_id: int, words: bytes) -> None:
    words = words[: len(words) // 2 * 2]
    reply = rtu(unit_id, bytes((3, len(words))) + words)
    assert reply in frames_in(b"\0\0" + reply)
