"""Requests to frames and bytes to replies, for RTU and for Modbus TCP, with every check there is.

The library builds and decodes the PDUs and knows the checksum; what counts as the answer to our
question is judged here: unit, function, byte count, word count, echo, and nothing behind it.
"""

from __future__ import annotations

from typing import Protocol

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from agent.drivers.wire import ReadRequest, Request, WriteRequest
from agent.line.answers import Answer, Garbled, Refused

Judged = Answer | Garbled | Refused

_READS: dict[int, type[ModbusPDU]] = {
    1: ReadCoilsRequest,
    2: ReadDiscreteInputsRequest,
    3: ReadHoldingRegistersRequest,
    4: ReadInputRegistersRequest,
}
_DECODER = DecodePDU(False)


class Framing(Protocol):
    """How one request looks on this kind of line, and what a reply must look like."""

    def frame(self, request: Request) -> bytes:
        """The bytes of a request."""

    def judge(self, request: Request, received: bytes) -> Judged | None:
        """The reply in these bytes; None while it may still be complete."""

    def reply_length(self, request: Request) -> int:
        """Bytes of a good reply, for the time it takes on the wire."""


class RtuFraming:
    """Unit, PDU, checksum. A reply ends where its length says; a byte more and it is rejected."""

    def frame(self, request: Request) -> bytes:
        body = bytes((request.unit_id,)) + pdu_of(request)
        return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")

    def reply_length(self, request: Request) -> int:
        return 3 + _good_pdu_length(request)

    def judge(self, request: Request, received: bytes) -> Judged | None:
        if len(received) < 5:
            return None
        unit_id, function = received[0], received[1]
        if unit_id != request.unit_id:
            return Garbled(f"unit {unit_id} answered instead of {request.unit_id}")
        if function & 0x7F != request.function:
            return Garbled(f"function {function} instead of {request.function}")
        refused = bool(function & 0x80)
        length = 5 if refused else self.reply_length(request)
        if not refused and isinstance(request, ReadRequest) and received[2] != length - 5:
            return Garbled(f"{received[2]} bytes announced where {length - 5} were asked")
        if len(received) < length:
            return None
        if len(received) > length:
            return Garbled(f"{len(received)} bytes instead of {length}")
        if not is_whole(received):
            return Garbled("wrong checksum", spent=True)
        return reply_of(request, received[1:-2])


class TcpFraming:
    """Modbus TCP: a header with transaction id. Frames of older transactions are passed over."""

    def __init__(self) -> None:
        self._transaction = 0

    def frame(self, request: Request) -> bytes:
        self._transaction = self._transaction % 0xFFFF + 1
        pdu = pdu_of(request)
        head = self._transaction.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big")
        return head + bytes((request.unit_id,)) + pdu

    def reply_length(self, request: Request) -> int:
        return 7 + _good_pdu_length(request)

    def judge(self, request: Request, received: bytes) -> Judged | None:
        while len(received) >= 8:
            transaction = int.from_bytes(received[:2], "big")
            protocol = int.from_bytes(received[2:4], "big")
            end = 6 + int.from_bytes(received[4:6], "big")
            if protocol or not 9 <= end <= 260:
                return Garbled("no Modbus TCP header")
            if len(received) < end:
                return None
            if transaction == self._transaction and received[6] == request.unit_id:
                if len(received) > end:
                    return Garbled(f"{len(received) - end} bytes too many")
                return reply_of(request, received[7:end])
            if transaction == self._transaction:
                return Garbled(f"unit {received[6]} answered instead of {request.unit_id}")
            received = received[end:]
        return None


def is_whole(frame: bytes) -> bool:
    """Whether these bytes are one RTU frame: long enough, and their checksum right."""
    return len(frame) >= 5 and FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def pdu_of(request: Request) -> bytes:
    """Function code and data of a request."""
    pdu = _request_pdu(request)
    return bytes((pdu.function_code,)) + pdu.encode()


def reply_of(request: Request, pdu: bytes) -> Judged:
    """What a reply PDU says, checked against what was asked."""
    if pdu[0] == request.function | 0x80:
        return Refused(pdu[1]) if len(pdu) == 2 else Garbled("an exception with a tail")
    if pdu[0] != request.function:
        return Garbled(f"function {pdu[0]} instead of {request.function}")
    if len(pdu) != _good_pdu_length(request):
        return Garbled(f"{len(pdu)} bytes of data instead of {_good_pdu_length(request)}")
    if isinstance(request, ReadRequest) and pdu[1] != len(pdu) - 2:
        return Garbled(f"{pdu[1]} bytes announced where {len(pdu) - 2} were asked")
    decoded = _DECODER.decode(pdu)
    if decoded is None:
        return Garbled("a reply that cannot be decoded")
    if isinstance(request, ReadRequest):
        if request.table in ("coil", "discrete"):
            return Answer(tuple(int(bit) for bit in decoded.bits[: request.count]))
        return Answer(tuple(decoded.registers))
    return _echo(request, pdu)


def _echo(request: WriteRequest, pdu: bytes) -> Judged:
    """A write is acknowledged by its address and its value, or by its address and its count."""
    sent = pdu_of(request)
    if pdu[:5] != sent[:5]:
        return Garbled("the echo of the write is not what was written")
    return Answer(request.words)


def _good_pdu_length(request: Request) -> int:
    if isinstance(request, WriteRequest):
        return 5
    if request.table in ("coil", "discrete"):
        return 2 + (request.count + 7) // 8
    return 2 + 2 * request.count


def _request_pdu(request: Request) -> ModbusPDU:
    if isinstance(request, ReadRequest):
        return _READS[request.function](
            address=request.at, count=request.count, dev_id=request.unit_id
        )
    if request.function == 5:
        return WriteSingleCoilRequest(address=request.at, bits=[bool(request.words[0])])
    if request.function == 6:
        return WriteSingleRegisterRequest(address=request.at, registers=list(request.words))
    if request.function == 15:
        return WriteMultipleCoilsRequest(address=request.at, bits=[bool(w) for w in request.words])
    return WriteMultipleRegistersRequest(address=request.at, registers=list(request.words))
