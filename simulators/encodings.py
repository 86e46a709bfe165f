"""The other half of `agent.uplink.encoding`, as a platform would write it: bytes in, a batch out.

It knows the encodings from their description only.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

MOST_BYTES = 4_000_000
"""A message that unpacks to more is none of a gateway's."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_batch(payload: bytes) -> dict[str, Any]:
    """The batch as in plain JSON. Raises ValueError when the message cannot be read."""
    if payload[:1] != b"#":
        return _map(json.loads(payload))
    name, _, body = payload[1:].partition(b"\n")
    kind, _, packed = name.decode("ascii", "replace").partition("+")
    if kind not in ("json", "compact") or packed not in ("", "deflate"):
        raise ValueError(f"unknown encoding {name[:40]!r}")
    if packed:
        body = _inflated(body)
    if kind == "json":
        return _map(json.loads(body))
    try:
        return _batch(*msgspec.msgpack.decode(body))
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"not a compact batch: {error}") from None


def _map(found: object) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError("a batch is a map")
    return found


def _inflated(body: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(body, MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"not deflated: {error}") from None
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError("cut short, or too large")
    return found


def _batch(
    gateway: str,
    epoch: str,
    lane: str,
    sent_ms: int,
    boots: list[str],
    names: list[tuple[str, int | None]],
    rows: list[list[Any]],
) -> dict[str, Any]:
    seq = mono_ms = behind_ms = 0
    records = []
    for seq_step, mono_step, behind_step, boot, trusted, body in rows:
        seq, mono_ms, behind_ms = seq + seq_step, mono_ms + mono_step, behind_ms + behind_step
        record = {
            "seq": seq,
            "at": _instant(mono_ms + behind_ms),
            "mono": mono_ms / 1000,
            "boot": boots[boot],
            "trusted": trusted,
            "body": _telemetry(body, names) if lane == "telemetry" else body,
        }
        records.append(record)
    head = {"gateway": gateway, "epoch": epoch, "lane": lane, "sent_at": _instant(sent_ms)}
    return {**head, "records": records}


def _telemetry(body: list[Any], names: list[tuple[str, int | None]]) -> dict[str, Any]:
    device, full, values, missing = body
    return {
        "device": device,
        "values": {names[i][0]: _value(v, names[i][1]) for i, v in _pairs(values)},
        "missing": {names[i][0]: why for i, why in _pairs(missing)},
        "full": full,
    }


def _pairs(flat: list[Any]) -> list[tuple[int, Any]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _value(written: Any, digits: int | None) -> Any:
    return written if digits is None else written / 10**digits


def _instant(ms: int) -> str:
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
