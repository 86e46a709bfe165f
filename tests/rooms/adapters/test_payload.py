"""Payloads to bytes and back. The bytes below are those that four decoders of others read alike.

`python -m bench sparkplug_decoders` has them read again.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.uplink.adapters.payload import Datatype, Metric, decode, encode
from bench.sparkplug_decoders import AT, METRICS

READ_ALIKE = (
    "08809ca4d5bb33121c0a086e6567617469766518809ca4d5bb33200a690000000000001ec012190a"
    "05736d616c6c18809ca4d5bb33200a6900000000000059c0121c0a086672616374696f6e18809ca4"
    "d5bb33200a6933333333333315c012180a047a65726f18809ca4d5bb33200a690000000000000000"
    "12190a056c6172676518809ca4d5bb33200a69000000000c24fe4012120a05636f756e7418809ca4"
    "d5bb332004580312130a05626453657118809ca4d5bb33200458ff01121b0a0562656c6f7718809c"
    "a4d5bb33200458d6ffffffffffffffff01120f0a026f6e18809ca4d5bb33200b700112100a036f66"
    "6618809ca4d5bb33200b700012150a046d6f646518809ca4d5bb33200c7a0468656174121d0a046e"
    "616d6518809ca4d5bb33200c7a0ce587bae6b0b4e6b8a9e5baa6121a0a046c61746518809ca4d5bb"
    "33200a280169000000000000f4bf1800"
)


def test_the_bytes_are_those_that_others_read_alike() -> None:
    assert encode(METRICS, AT, 0).hex() == READ_ALIKE


def test_they_come_back_as_they_went() -> None:
    found = decode(bytes.fromhex(READ_ALIKE))
    assert (found.seq, found.metrics) == (0, METRICS)


@given(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text())
def test_any_value_comes_back(whole: int, number: float, text: str) -> None:
    at = datetime(2026, 1, 14, tzinfo=UTC)
    metrics = (
        Metric("a", Datatype.INT64, whole, at),
        Metric("b", Datatype.DOUBLE, number, at),
        Metric("c", Datatype.STRING, text, at),
        Metric("d", Datatype.BOOLEAN, None, at),
    )
    assert decode(encode(metrics, at, 7)).metrics == metrics


@pytest.mark.parametrize("payload", [b"\xff", b"{}", b"\x12\x05\x0a"])
def test_bytes_that_are_none_are_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="no Sparkplug payload"):
        decode(payload)
