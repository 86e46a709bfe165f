"""Modbus as a machine sees it: a request PDU in, its answer out, and the RTU frame around both.

Written from the Modbus Application Protocol V1.1b3 and Modbus over Serial Line V1.02, so that the
simulators do not share a line of code with the library the agent uses.
"""

from __future__ import annotations

from typing import Protocol

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, BUSY, NO_TARGET = 1, 2, 3, 6, 11
SILENT = 0
TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}
_WRITE_MOST = {15: 1968, 16: 123}


class Registers(Protocol):
    """The words of a machine as the wire sees them."""

    def read(self, unit_id: int, table: str, at: int, count: int) -> tuple[int, ...] | int:
        """The words, or an exception code."""
        ...

    def write(self, unit_id: int, function: int, at: int, words: tuple[int, ...]) -> int | None:
        """None when accepted, else an exception code; SILENT when the machine says nothing."""
        ...


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        entries.append(crc)
    return tuple(entries)


_CRC = _table()


def crc16(frame: bytes) -> bytes:
    """The two check bytes of an RTU frame, low byte first (polynomial 0xA001, start 0xFFFF)."""
    crc = 0xFFFF
    for byte in frame:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def rtu(unit_id: int, pdu: bytes) -> bytes:
    """Unit id, PDU and check bytes."""
    body = bytes((unit_id,)) + pdu
    return body + crc16(body)


def request_length(buffer: bytes) -> int | None:
    """How long the RTU request is that begins here; None while too little of it has come.

    An unknown function is taken for the eight bytes most requests have.
    """
    if len(buffer) < 2:
        return None
    if buffer[1] not in (15, 16):
        return 8
    return 9 + buffer[6] if len(buffer) > 6 else None


def exception(pdu: bytes, code: int) -> bytes:
    """The answer that refuses a request."""
    return bytes((pdu[0] | 0x80, code))


def serve(registers: Registers, unit_id: int, pdu: bytes) -> bytes | None:
    """What a healthy machine answers to a request PDU; None when it says nothing."""
    function = pdu[0]
    if function in TABLES and len(pdu) == 5:
        return _read(registers, unit_id, pdu)
    if function in (5, 6) and len(pdu) == 5:
        at, word = _pair(pdu)
        if function == 5:
            if word not in (0, 0xFF00):
                return exception(pdu, ILLEGAL_VALUE)
            word = int(word == 0xFF00)
        return _written(pdu, registers.write(unit_id, function, at, (word,)), pdu)
    if function in _WRITE_MOST and len(pdu) > 6:
        return _write_many(registers, unit_id, pdu)
    return exception(pdu, ILLEGAL_FUNCTION)


def read_words(pdu: bytes) -> tuple[int, int] | None:
    """Address and count when the request is a read; None when it is not."""
    return _pair(pdu) if pdu[0] in TABLES and len(pdu) == 5 else None


def _read(registers: Registers, unit_id: int, pdu: bytes) -> bytes:
    function = pdu[0]
    at, count = _pair(pdu)
    if not 1 <= count <= _MOST[function]:
        return exception(pdu, ILLEGAL_VALUE)
    found = registers.read(unit_id, TABLES[function], at, count)
    if isinstance(found, int):
        return exception(pdu, found)
    body = _packed(found) if function in (1, 2) else b"".join(w.to_bytes(2, "big") for w in found)
    return bytes((function, len(body))) + body


def _write_many(registers: Registers, unit_id: int, pdu: bytes) -> bytes | None:
    function = pdu[0]
    at, count = _pair(pdu)
    body = pdu[6:]
    size = (count + 7) // 8 if function == 15 else 2 * count
    if not 1 <= count <= _WRITE_MOST[function] or not pdu[5] == len(body) == size:
        return exception(pdu, ILLEGAL_VALUE)
    if function == 15:
        words = tuple(body[i // 8] >> i % 8 & 1 for i in range(count))
    else:
        words = tuple(int.from_bytes(body[i : i + 2], "big") for i in range(0, size, 2))
    return _written(pdu, registers.write(unit_id, function, at, words), pdu[:5])


def _written(pdu: bytes, code: int | None, echo: bytes) -> bytes | None:
    if code is None:
        return echo
    return None if code == SILENT else exception(pdu, code)


def _pair(pdu: bytes) -> tuple[int, int]:
    return int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")


def _packed(bits: tuple[int, ...]) -> bytes:
    body = bytearray((len(bits) + 7) // 8)
    for i, bit in enumerate(bits):
        body[i // 8] |= (bit & 1) << i % 8
    return bytes(body)
