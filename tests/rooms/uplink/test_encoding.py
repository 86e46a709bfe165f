"""Encodings: what the platform reads is what plain JSON would have said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.records import Lane, Stored, Telemetry
from agent.uplink.encoding import Encoding, encode
from agent.uplink.messages import encode_body
from simulators.encodings import read_batch

AT = datetime(2026, 1, 10, 6, 0, 0, 120_000, tzinfo=UTC)
NUMBERS = (
    st.integers(-400, 9000).map(lambda n: n / 10)
    | st.integers(-(10**9), 10**9)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["heat", "code 7", "制热"])
)
NAMES = st.sampled_from(["water_supply_temp", "power_on", "mode", "energy_total", "x_r1"])
BODY = st.builds(
    lambda values, missing, full: Telemetry(
        "hp1", values, {k: v for k, v in missing.items() if k not in values}, full
    ),
    st.dictionaries(NAMES, NUMBERS),
    st.dictionaries(NAMES, st.sampled_from(["stale", "absent"])),
    st.booleans(),
)
STEPS = st.lists(
    st.tuples(BODY, st.integers(0, 10**6), st.integers(-(10**12), 10**6), st.integers(1, 90)),
    min_size=1,
    max_size=12,
)


def stored(steps: list[Any]) -> tuple[Stored, ...]:
    found: list[Stored] = []
    seq, mono_ms, at = 40, 3_812_400, AT
    for body, mono_step, at_step, seq_step in steps:
        seq, mono_ms = seq + seq_step, mono_ms + mono_step
        at = AT + timedelta(milliseconds=at_step)
        text, boot = at.isoformat(timespec="milliseconds"), f"boot-{seq % 2}"
        found.append(
            Stored(Lane.TELEMETRY, seq, text, mono_ms / 1000, boot, True, encode_body(body))
        )
    return tuple(found)


def instant(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record.pop("at"))


def shown(*values: float) -> list[Any]:
    return [(Telemetry("hp1", {"energy_total": v}, {}, full=False), 0, 0, 1) for v in values]


@example(shown(8486675207898559.0), Encoding.COMPACT)  # times ten it is no longer exact
@example(shown(2e9, 0.123457), Encoding.COMPACT)
@example(shown(999999999.123457, 1e9, -1e9), Encoding.COMPACT)
@given(STEPS, st.sampled_from(Encoding))
def test_every_encoding_says_the_same(steps: list[Any], encoding: Encoding) -> None:
    records = stored(steps)
    plain = json.loads(encode(Encoding.JSON, "g1", "e1", Lane.TELEMETRY, AT, records))
    found = read_batch(encode(encoding, "g1", "e1", Lane.TELEMETRY, AT, records))
    assert {k: found[k] for k in ("gateway", "epoch", "lane")} == {
        "gateway": "g1",
        "epoch": "e1",
        "lane": "telemetry",
    }
    assert datetime.fromisoformat(found["sent_at"]) == AT
    for one, other in zip(found["records"], plain["records"], strict=True):
        assert instant(one) == instant(other)
        assert one == other
        for point, value in other["body"]["values"].items():
            assert type(one["body"]["values"][point]) is type(value)


def test_other_lanes_keep_their_bodies() -> None:
    body = b'{"command_id":"c","why":"equal","value":44,"read_back":44.5,"issuer":"\xe7\xbd\x91"}'
    record = Stored(Lane.RESULT, 7, AT.isoformat(), 12.5, "b", False, body)
    found = read_batch(encode(Encoding.COMPACT_DEFLATE, "g", "e", Lane.RESULT, AT, (record,)))
    assert found["records"][0]["body"] == json.loads(body)
    assert found["records"][0]["trusted"] is False


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"#zip\n{}",
        b"#json+deflate\nxxxx",
        b"#compact\n\xc1",
        b"#compact\n\x93\x01\x02\x03",
        encode(Encoding.JSON_DEFLATE, "g", "e", Lane.TELEMETRY, AT, stored([]))[:-3],
    ],
)
def test_what_cannot_be_read_is_an_error(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_batch(payload)


def test_readings_of_five_minutes_shrink() -> None:
    bodies = [
        (
            Telemetry("hp1", {"water_supply_temp": 31 + i / 10}, {}, full=False),
            10_000,
            i * 10_000,
            1,
        )
        for i in range(30)
    ]
    sizes = {
        encoding: len(encode(encoding, "g1", "e1", Lane.TELEMETRY, AT, stored(bodies)))
        for encoding in Encoding
    }
    assert sizes[Encoding.JSON_DEFLATE] < sizes[Encoding.JSON] / 5
    assert sizes[Encoding.COMPACT_DEFLATE] < sizes[Encoding.JSON_DEFLATE]
