"""Bytes to judgements: everything that is not exactly the answer to our question is rejected."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.pdu import DecodePDU

from agent.drivers import ReadRequest, Request, WriteRequest
from agent.line.answers import Answer, Garbled, Refused
from agent.line.frames import Framing, Judged, RtuFraming, TcpFraming
from simulators.frames import crc16, rtu, serve

Kind = Literal["rtu", "tcp"]
KINDS: tuple[Kind, ...] = ("rtu", "tcp")
SERVER = DecodePDU(True)
ASKED = ReadRequest(7, "holding", 100, 3)
WORDS = bytes.fromhex("0306 0001 0002 FFFF")


class Carrier:
    """One question on one kind of line: frames replies as its machine would, wrong ones too."""

    def __init__(self, kind: Kind, request: Request) -> None:
        self.kind, self.request = kind, request
        self.framing: Framing = RtuFraming() if kind == "rtu" else TcpFraming()
        self.asked = self.framing.frame(request)

    def reply(self, pdu: bytes, unit_id: int = 7, step: int = 0, protocol: int = 0) -> bytes:
        if self.kind == "rtu":
            return rtu(unit_id, pdu)
        number = int.from_bytes(self.asked[:2], "big") + step & 0xFFFF
        head = number.to_bytes(2, "big") + protocol.to_bytes(2, "big")
        return head + (len(pdu) + 1).to_bytes(2, "big") + bytes((unit_id,)) + pdu

    @property
    def pdu(self) -> bytes:
        return self.asked[1:-2] if self.kind == "rtu" else self.asked[7:]

    def judge(self, received: bytes) -> Judged | None:
        return self.framing.judge(self.request, received)

    def judge_pieces(self, pieces: list[bytes]) -> Judged | None:
        """As the port judges: after each piece, until there is a judgement."""
        received = b""
        for piece in pieces:
            received += piece
            judged = self.judge(received)
            if judged is not None:
                return judged
        return None


class Machine:
    """Words to be read, and what was written."""

    def __init__(self, words: tuple[int, ...] = ()) -> None:
        self.words = words
        self.written: tuple[int, int, tuple[int, ...]] | None = None

    def read(self, unit_id: int, table: str, at: int, count: int) -> tuple[int, ...] | int:
        assert len(self.words) == count
        return self.words

    def write(self, unit_id: int, function: int, at: int, words: tuple[int, ...]) -> int | None:
        self.written = (function, at, words)
        return None


words_16 = st.integers(0, 0xFFFF)


@st.composite
def reads(draw: st.DrawFn) -> tuple[ReadRequest, tuple[int, ...]]:
    table = draw(st.sampled_from(["coil", "discrete", "input", "holding"]))
    bits = table in ("coil", "discrete")
    count = draw(st.integers(1, 2000 if bits else 125) | st.integers(1, 20))
    value = st.integers(0, 1) if bits else words_16
    values = draw(st.lists(value, min_size=count, max_size=count))
    at = draw(st.integers(0, 0x10000 - count))
    return ReadRequest(draw(st.integers(1, 247)), table, at, count), tuple(values)


@st.composite
def writes(draw: st.DrawFn) -> WriteRequest:
    function = draw(st.sampled_from([5, 6, 15, 16]))
    count = 1 if function < 10 else draw(st.integers(1, 120 if function == 16 else 1900))
    value = st.integers(0, 1) if function in (5, 15) else words_16
    values = draw(st.lists(value, min_size=count, max_size=count))
    at = draw(st.integers(0, 0x10000 - count))
    return WriteRequest(draw(st.integers(1, 247)), function, at, tuple(values))


# --- good frames ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@given(found=reads())
def test_reads_round_trip(kind: Kind, found: tuple[ReadRequest, tuple[int, ...]]) -> None:
    request, values = found
    carrier = Carrier(kind, request)
    heard = SERVER.decode(carrier.pdu)
    assert heard is not None
    assert (heard.function_code, heard.address, heard.count) == (
        request.function,
        request.at,
        request.count,
    )
    pdu = serve(Machine(values), request.unit_id, carrier.pdu)
    assert pdu is not None
    reply = carrier.reply(pdu, request.unit_id)
    assert len(reply) == carrier.framing.reply_length(request)
    assert carrier.judge(reply) == Answer(values)


@pytest.mark.parametrize("kind", KINDS)
@given(request_=writes())
def test_writes_round_trip(kind: Kind, request_: WriteRequest) -> None:
    carrier, machine = Carrier(kind, request_), Machine()
    heard = SERVER.decode(carrier.pdu)
    assert heard is not None
    values = heard.bits if request_.function in (5, 15) else heard.registers
    assert (heard.function_code, heard.address) == (request_.function, request_.at)
    assert tuple(map(int, values[: len(request_.words)])) == request_.words
    pdu = serve(machine, request_.unit_id, carrier.pdu)
    assert pdu is not None
    assert machine.written == (request_.function, request_.at, request_.words)
    reply = carrier.reply(pdu, request_.unit_id)
    assert len(reply) == carrier.framing.reply_length(request_)
    assert carrier.judge(reply) == Answer(request_.words)


def test_an_rtu_frame_is_unit_pdu_and_check_bytes() -> None:
    framing = RtuFraming()
    # The example of Modbus Application Protocol V1.1b3, 6.3, with the checksum added.
    frame = framing.frame(ReadRequest(17, "holding", 107, 3))
    assert frame[:-2] == bytes.fromhex("11 03 006B 0003")
    assert frame[-2:] == crc16(frame[:-2])


def test_each_tcp_frame_has_the_next_transaction() -> None:
    framing = TcpFraming()
    numbers = [int.from_bytes(framing.frame(ASKED)[:2], "big") for _ in range(0x10001)]
    assert numbers[:2] == [1, 2]
    assert numbers[0xFFFE:] == [0xFFFF, 1, 2]


def test_bits_come_lowest_first() -> None:
    carrier = Carrier("rtu", ReadRequest(7, "coil", 19, 10))
    assert carrier.judge(carrier.reply(bytes.fromhex("01 02 CD FE"))) == Answer(
        (1, 0, 1, 1, 0, 0, 1, 1, 0, 1)
    )


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 8, 10, 11])
@pytest.mark.parametrize(
    "request_",
    [
        ASKED,
        ReadRequest(7, "coil", 0, 9),
        WriteRequest(7, 6, 1, (2,)),
        WriteRequest(7, 16, 1, (2,)),
    ],
    ids=str,
)
def test_exception_replies_are_refusals(kind: Kind, code: int, request_: Request) -> None:
    carrier = Carrier(kind, request_)
    assert carrier.judge(carrier.reply(bytes((request_.function | 0x80, code)))) == Refused(code)


# --- everything else ------------------------------------------------------------------------

WRONG_PDUS = {
    "fewer words": bytes.fromhex("0304 0001 0002"),
    "more words": bytes.fromhex("0308 0001 0002 0003 0004"),
    "no words": bytes.fromhex("0300"),
    "byte count too low": bytes.fromhex("0304 0001 0002 FFFF"),
    "byte count too high": bytes.fromhex("0308 0001 0002 FFFF"),
    "byte count odd": bytes.fromhex("0305 0001 0002 FFFF"),
    "byte count none": bytes.fromhex("0300 0001 0002 FFFF"),
    "other function": bytes.fromhex("0406 0001 0002 FFFF"),
    "exception to another": bytes.fromhex("8402"),
    "unknown function": bytes.fromhex("6306 0001 0002 FFFF"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", WRONG_PDUS)
def test_a_reply_to_another_question_is_rejected(kind: Kind, what: str) -> None:
    carrier = Carrier(kind, ASKED)
    judged = carrier.judge(carrier.reply(WRONG_PDUS[what]))
    assert isinstance(judged, Garbled)
    assert not judged.spent


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("request_", "echo"),
    [
        (WriteRequest(7, 6, 1, (2,)), "06 0001 0003"),
        (WriteRequest(7, 6, 1, (2,)), "06 0002 0002"),
        (WriteRequest(7, 5, 1, (1,)), "05 0001 0000"),
        (WriteRequest(7, 5, 1, (1,)), "05 0003 FF00"),
        (WriteRequest(7, 16, 1, (2, 3)), "10 0001 0001"),
        (WriteRequest(7, 16, 1, (2, 3)), "10 0000 0002"),
        (WriteRequest(7, 15, 1, (1, 0)), "0F 0001 0003"),
        (WriteRequest(7, 6, 1, (2,)), "10 0001 0002"),
    ],
    ids=str,
)
def test_an_echo_that_is_not_the_write_is_rejected(
    kind: Kind, request_: Request, echo: str
) -> None:
    carrier = Carrier(kind, request_)
    assert isinstance(carrier.judge(carrier.reply(bytes.fromhex(echo))), Garbled)


@pytest.mark.parametrize("kind", KINDS)
def test_another_units_reply_is_rejected(kind: Kind) -> None:
    carrier = Carrier(kind, ASKED)
    judged = carrier.judge(carrier.reply(WORDS, unit_id=8))
    assert judged == Garbled("unit 8 answered instead of 7")


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_behind_the_reply_reject_it(kind: Kind) -> None:
    carrier = Carrier(kind, ASKED)
    good = carrier.reply(WORDS)
    assert carrier.judge(good) == Answer((1, 2, 0xFFFF))
    judged = carrier.judge(good + b"\x55")
    assert isinstance(judged, Garbled)
    assert not judged.spent  # the true answer may still come
    assert isinstance(carrier.judge(good + good), Garbled)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reply_that_is_not_whole_yet_is_waited_for(kind: Kind) -> None:
    carrier = Carrier(kind, ASKED)
    good = carrier.reply(WORDS)
    assert [carrier.judge(good[:i]) for i in range(len(good))] == [None] * len(good)


def test_wrong_check_bytes_reject_an_rtu_reply_and_nothing_more_is_owed() -> None:
    carrier = Carrier("rtu", ASKED)
    good = carrier.reply(WORDS)
    swapped = good[:-2] + good[:-3:-1]
    assert carrier.judge(swapped) == Garbled("wrong checksum", spent=True)


@given(place=st.integers(0, 10), flip=st.integers(1, 255))
def test_no_damaged_byte_of_an_rtu_reply_goes_unnoticed(place: int, flip: int) -> None:
    carrier = Carrier("rtu", ASKED)
    good = bytearray(carrier.reply(WORDS))
    good[place] ^= flip
    judged = carrier.judge(bytes(good))
    assert not isinstance(judged, Answer | Refused)


def test_foreign_transactions_are_passed_over() -> None:
    carrier = Carrier("tcp", ASKED)
    carrier.asked = carrier.framing.frame(ASKED)
    old = carrier.reply(b"\x03\x06\0\x09\0\x09\0\x09", step=-1)
    assert carrier.judge(old) is None
    assert carrier.judge(carrier.reply(WORDS, step=1)) is None
    assert carrier.judge(old + old + carrier.reply(WORDS)) == Answer((1, 2, 0xFFFF))


@pytest.mark.parametrize(
    "head", ["0001 0001 0009", "0001 A5A5 0009", "0001 0000 0002", "0001 0000 FFFF"]
)
def test_what_is_no_modbus_tcp_header_is_rejected(head: str) -> None:
    carrier = Carrier("tcp", ASKED)
    assert carrier.judge(bytes.fromhex(head) + b"\x07" + WORDS) == Garbled("no Modbus TCP header")


def test_an_exception_with_a_tail_is_rejected() -> None:
    carrier = Carrier("tcp", ASKED)
    assert isinstance(carrier.judge(carrier.reply(b"\x83\x02\0")), Garbled)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[Carrier, bytes, list[int]]:
    """Something that came in on some question, and where it was cut."""
    request: Request = draw(st.sampled_from([ASKED, ReadRequest(7, "coil", 0, 9)]) | writes())
    carrier = Carrier(draw(st.sampled_from(KINDS)), request)
    good = serve(Machine((1,) * getattr(request, "count", 0)), request.unit_id, carrier.pdu) or b""
    odd = [*WRONG_PDUS.values(), bytes((request.function | 0x80, 2))]
    pdu = draw(st.just(good) | st.sampled_from(odd))
    unit_id = draw(st.sampled_from([request.unit_id, request.unit_id, 9]))
    step = draw(st.sampled_from([0, 0, -1])) if carrier.kind == "tcp" else 0
    received = carrier.reply(pdu, unit_id, step)
    cuts = sorted(draw(st.sets(st.integers(1, len(received)), max_size=4)))
    return carrier, received[: draw(st.integers(len(received) - 2, len(received)))], cuts


@given(arrivals())
def test_a_reply_in_pieces_is_judged_as_the_whole(found: tuple[Carrier, bytes, list[int]]) -> None:
    carrier, received, cuts = found
    ends = [0, *(cut for cut in cuts if cut < len(received)), len(received)]
    pieces = [received[a:b] for a, b in pairwise(ends)]
    whole = carrier.judge(received)
    for delivered in (pieces, [received[i : i + 1] for i in range(len(received))]):
        judged = carrier.judge_pieces(delivered)
        assert type(judged) is type(whole)
        if not isinstance(whole, Garbled):
            assert judged == whole


@pytest.mark.parametrize("kind", KINDS)
@given(received=st.binary(max_size=40), request_=st.just(ASKED) | writes())
def test_no_bytes_make_it_stumble(kind: Kind, received: bytes, request_: Request) -> None:
    carrier = Carrier(kind, request_)
    head = carrier.asked[:2] + b"\0\0" if kind == "tcp" else b""
    for bytes_in in (received, head + received):
        judged = carrier.judge(bytes_in)
        if isinstance(judged, Answer) and isinstance(request_, ReadRequest):
            assert len(judged.words) == request_.count
