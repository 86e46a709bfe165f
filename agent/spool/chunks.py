"""The records of one commit as one block of bytes: small numbers, all bodies together, compressed.

Pure. A gateway's records resemble their neighbours, so that together they take a quarter of the
room; and one row of the file for a commit touches fewer pages of the card than one row a record.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from agent.records import Lane
from agent.spool.memory import Fresh

_PLAIN, _DEFLATED = b"\x00", b"\x01"
_Block = tuple[tuple[int, ...], tuple[bytes, ...]]
_DECODER = msgspec.msgpack.Decoder(_Block)


def pack(records: Sequence[Fresh]) -> bytes:
    """Records of one lane, ascending by seq, as one block."""
    numbers: list[int] = []
    seq = at_ms = skew_ms = 0
    for one in records:
        skew = one.at_ms - round(one.mono * 1000)
        numbers += (one.seq - seq, one.at_ms - at_ms, skew - skew_ms, int(one.trusted))
        seq, at_ms, skew_ms = one.seq, one.at_ms, skew
    plain = msgspec.msgpack.encode((numbers, [one.body for one in records]))
    deflated = zlib.compress(plain, 6)
    return _DEFLATED + deflated if len(deflated) < len(plain) else _PLAIN + plain


def unpack(lane: Lane, block: bytes) -> tuple[Fresh, ...]:
    """The records of a block; raises ValueError when it is none."""
    try:
        plain = zlib.decompress(block[1:]) if block[:1] == _DEFLATED else block[1:]
    except zlib.error as error:
        raise ValueError(f"not a block of records: {error}") from None
    numbers, bodies = _DECODER.decode(plain)
    if len(numbers) != 4 * len(bodies):
        raise ValueError("not a block of records: numbers and bodies do not fit")
    found: list[Fresh] = []
    seq = at_ms = skew_ms = 0
    for i, body in enumerate(bodies):
        more, later, skew, trusted = numbers[4 * i : 4 * i + 4]
        seq, at_ms, skew_ms = seq + more, at_ms + later, skew_ms + skew
        found.append(Fresh(lane, seq, at_ms, (at_ms - skew_ms) / 1000, bool(trusted), body))
    return tuple(found)


def pack_one(seq: int, at_ms: int, mono: float, trusted: int, body: bytes) -> bytes:
    """One record as a block, for the SQL that brings an older file forward."""
    return pack((Fresh(Lane.TELEMETRY, seq, at_ms, mono, bool(trusted), body),))
