"""How a batch is written down: JSON or compact, deflated or not. Pure: a batch in, bytes out.

Every message says itself which it is. JSON begins with `{`; the others begin with one line, `#` and
the name of the encoding, so that a platform on MQTT 3.1.1 can tell them too. On MQTT 5 the same
name is the message's content type.

Compact is MessagePack of arrays: `[gateway, epoch, lane, sent_ms, boots, names, records]`, each
record `[seq, mono_ms, behind_ms, boot, trusted, body]`. `seq`, `mono_ms` and `behind_ms` are the
steps from the record before it (from 0 for the first), `behind_ms` is `at` in ms since 1970 minus
`mono_ms`, `boot` an index into `boots`. The body of a telemetry record is
`[device, full, [name, value, ...], [name, why, ...]]`, where a name is an index into `names`, which
holds `[name, digits]`: a whole number stands for that number over ten to the power of `digits`,
unless `digits` is null. Bodies of the other lanes are maps, as in JSON.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from agent.model import Value
from agent.records import Lane, Stored, Telemetry
from agent.uplink import messages

_LEVEL = 6
_MOST_DIGITS = 6
_LARGEST = 1e9  # with six digits behind the point still a whole number that a float holds exactly
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TELEMETRY = msgspec.json.Decoder(Telemetry)


class Encoding(StrEnum):
    """The encodings of a batch, by the name that stands in the message."""

    JSON = "json"
    JSON_DEFLATE = "json+deflate"
    COMPACT = "compact"
    COMPACT_DEFLATE = "compact+deflate"


def encode(
    encoding: Encoding,
    gateway: str,
    epoch: str,
    lane: Lane,
    sent_at: datetime,
    records: tuple[Stored, ...],
) -> bytes:
    """One `up/<lane>` message in this encoding."""
    if encoding in (Encoding.COMPACT, Encoding.COMPACT_DEFLATE):
        payload = _compact(gateway, epoch, lane, sent_at, records)
    else:
        payload = messages.encode_batch(gateway, epoch, lane, sent_at, records)
    if encoding is Encoding.JSON:
        return payload
    if encoding in (Encoding.JSON_DEFLATE, Encoding.COMPACT_DEFLATE):
        payload = zlib.compress(payload, _LEVEL)
    return f"#{encoding}\n".encode() + payload


@dataclass(slots=True)
class _Names:
    """The names of one message, each once, with the decimal digits its values need."""

    digits: dict[str, int | None] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    def see(self, name: str, value: Value) -> None:
        """Make room for a value of this name."""
        before, needed = self.digits.get(name, 0), _digits(value)
        self.digits[name] = None if needed is None or before is None else max(needed, before)

    def index(self, name: str) -> int:
        """Where the name stands."""
        place = self.places.get(name)
        if place is None:
            self.digits.setdefault(name, None)
            self.places = {known: at for at, known in enumerate(self.digits)}
            place = self.places[name]
        return place

    def plain(self, name: str, value: Value) -> Value:
        """The value as it is written."""
        digits = self.digits[name]
        return value if digits is None or isinstance(value, str) else round(value * 10**digits)


def _digits(value: Value) -> int | None:
    """Decimal digits behind the point of a number; None for what is better left as it is."""
    if not isinstance(value, float) or abs(value) > _LARGEST:
        return None
    text = repr(value)
    if "e" in text or "n" in text:  # so large or small, or no number at all
        return None
    digits = len(text.partition(".")[2])
    return digits if digits <= _MOST_DIGITS else None


def _compact(
    gateway: str, epoch: str, lane: Lane, sent_at: datetime, records: tuple[Stored, ...]
) -> bytes:
    boots = list(dict.fromkeys(one.boot for one in records))
    names = _Names()
    written: list[object] = [
        *(_flat(records, names) if lane is Lane.TELEMETRY else map(_body, records))
    ]
    before = (0, 0, 0)
    rows: list[list[object]] = []
    for one, body in zip(records, written, strict=True):
        mono_ms = round(one.mono * 1000)
        now = (one.seq, mono_ms, _ms(datetime.fromisoformat(one.at)) - mono_ms)
        steps = [a - b for a, b in zip(now, before, strict=True)]
        rows.append([*steps, boots.index(one.boot), one.trusted, body])
        before = now
    table = [[name, digits] for name, digits in names.digits.items()]
    head = [gateway, epoch, lane.value, _ms(sent_at), boots, table, rows]
    return msgspec.msgpack.encode(head)


def _body(one: Stored) -> object:
    return msgspec.json.decode(one.body)


def _flat(records: Iterable[Stored], names: _Names) -> list[list[object]]:
    """Bodies of telemetry; every value is seen first, as a name has the same digits in all."""
    bodies = [_TELEMETRY.decode(one.body) for one in records]
    for body in bodies:
        for name, value in body.values.items():
            names.see(name, value)
    return [_telemetry(body, names) for body in bodies]


def _telemetry(record: Telemetry, names: _Names) -> list[object]:
    values: list[object] = []
    for name, value in record.values.items():
        values += (names.index(name), names.plain(name, value))
    missing: list[object] = []
    for name, why in record.missing.items():
        missing += (names.index(name), why)
    return [record.device, record.full, values, missing]


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
