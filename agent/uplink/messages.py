"""The messages between gateway and platform, as types. Pure: bytes in, records out, no clock.

The machine-readable contract is generated from these types, so every field says what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.light import Light
from agent.model import Alarm, DeviceKind, Result
from agent.records import DayAccount, Lane, Notice, Record, Stored, Telemetry

CLOCK_SLACK = timedelta(minutes=5)
COMMAND_BYTES = 16_384
ACK_BYTES = 262_144
"""Ten thousand ranges; a platform names a few at a time."""

LaneName = Literal["alarm", "result", "notice", "account", "telemetry"]
Instant = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class BatchRecord(msgspec.Struct, frozen=True):
    """One stored record in a batch; `(gateway, epoch, lane, seq)` names it for ever."""

    seq: Annotated[
        int, Meta(ge=1, description="Number in its lane: 1, 2, 3, ...; a hole is told by a Notice.")
    ]
    at: Annotated[str, Meta(description="When it happened: UTC, ISO 8601.")]
    mono: Annotated[float, Meta(description="Seconds since the start of boot `boot`.")]
    boot: Annotated[str, Meta(description="Which power-on of the machine `mono` counts from.")]
    trusted: Annotated[bool, Meta(description="Whether the clock was known to be right at `at`.")]
    body: Annotated[
        msgspec.Raw,
        Meta(description="The record itself; its lane says of which kind."),
    ]


class Batch(msgspec.Struct, frozen=True):
    """A message on `up/<lane>`: records of one lane in the order of their numbers."""

    gateway: Annotated[str, Meta(description="Id of the sending gateway, as in the topic.")]
    epoch: Annotated[
        str, Meta(description="Life of the durable buffer; a new one starts at seq 1.")
    ]
    lane: Annotated[LaneName, Meta(description="Which lane the records are from, as in the topic.")]
    sent_at: Annotated[Instant, Meta(description="When this message was made, UTC.")]
    records: Annotated[tuple[BatchRecord, ...], Meta(description="At least one, ascending by seq.")]


Range = Annotated[
    tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]],
    Meta(description="First and last seq, both included."),
]


class Ack(msgspec.Struct, frozen=True):
    """`down/ack`: the platform has committed these records; the gateway may forget them."""

    epoch: Annotated[str, Meta(description="Epoch of the records; another than ours is ignored.")]
    lane: Annotated[LaneName, Meta(description="Lane of the records.")]
    ranges: Annotated[tuple[Range, ...], Meta(description="What is committed.")]


class StateHealth(msgspec.Struct, frozen=True):
    """How the gateway fares; the figures themselves are served on the gateway."""

    clock_trusted: Annotated[bool, Meta(description="Whether the clock was set since power-on.")]
    running_s: Annotated[float, Meta(description="Seconds since the start of the program.")]
    waiting: Annotated[
        dict[str, int], Meta(description="Records that wait for the platform, by lane.")
    ]
    oldest_s: Annotated[
        float | None, Meta(description="Age of the oldest of them in seconds; null for none.")
    ]
    buffer_bytes: Annotated[int, Meta(description="Size of the buffer's file.")]
    lost: Annotated[int, Meta(description="Records lost since the file was made.")]
    thinned: Annotated[int, Meta(description="Records thinned since the file was made.")]
    disk_error: Annotated[
        str | None, Meta(description="Why the disk does not take records; null while it does.")
    ]
    alarms_open: Annotated[int, Meta(description="Alarms that stand.")]
    silences: Annotated[
        dict[str, int], Meta(description="Exchanges without an answer since the start, by line.")
    ]
    season: Annotated[
        str, Meta(description="By which alarms are judged: normal, sealed, extreme_cold.")
    ] = "normal"
    light: Annotated[
        Light, Meta(description="What the lamp shows; told within five minutes of a change.")
    ] = Light.STARTING
    security: Annotated[
        dict[str, int],
        Meta(
            description="What was turned away since the start: messages nobody signed (unsigned), "
            "commands without an id (malformed), brokers without a good certificate (untrusted), "
            "our claim code or certificate by the enrolment service (not_enrolled); and how many "
            "of the program's files are not as installed (changed)."
        ),
    ] = {}


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """`up/state`, retained: whether the gateway is connected. Its last will says offline."""

    gateway: Annotated[str, Meta(description="Id of the gateway.")]
    state: Annotated[Literal["online", "offline"], Meta(description="Connected or not.")]
    at: Annotated[
        Instant,
        Meta(description="UTC; in a last will the time at which the lost connection was opened."),
    ]
    boot: Annotated[str, Meta(description="The machine's current power-on, as in its records.")]
    version: Annotated[str, Meta(description="Version of the gateway's program.")]
    epoch: Annotated[str, Meta(description="Epoch of its durable buffer.")]
    health: Annotated[
        StateHealth | None,
        Meta(description="Told at each connection, each hour, when disk, clock or light change."),
    ] = None
    certificate_until: Annotated[
        Instant | None, Meta(description="End of its certificate; left out without one.")
    ] = None


class PointCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """A point of a driver; its labels are given where the canonical list does not have them."""

    id: Annotated[str, Meta(description="Name of the point, as in telemetry.")]
    unit: Annotated[str, Meta(description="Its unit; empty for words and truth values.")] = ""
    writable: Annotated[bool, Meta(description="Whether a command may set it.")] = False
    locked: Annotated[
        bool, Meta(description="Writable only where the installer allows unsure writes.")
    ] = False
    en: Annotated[str, Meta(description="English label of a point that begins with x_.")] = ""
    zh: Annotated[str, Meta(description="Chinese label of a point that begins with x_.")] = ""


class DriverCard(msgspec.Struct, frozen=True):
    """A driver that is in use on this gateway."""

    driver: Annotated[str, Meta(description="Its name.")]
    map_sha256: Annotated[str, Meta(description="Hash of its register map's text.")]
    kind: Annotated[DeviceKind, Meta(description="What it drives.")]
    grade: Annotated[
        Literal["draft", "bench", "field"],
        Meta(description="From documents; proved by a trace; ran in homes."),
    ]
    covers: Annotated[tuple[str, ...], Meta(description="Brand and model, each it is meant for.")]
    capabilities: Annotated[
        dict[str, str], Meta(description="What control can do with it -> the point it uses.")
    ]
    points: Annotated[tuple[PointCard, ...], Meta(description="All it reads.")]


class DeviceCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device on one of the gateway's lines."""

    device: Annotated[str, Meta(description="Id of the device, as in telemetry and commands.")]
    driver: Annotated[str, Meta(description="Its driver, one of `drivers`.")]
    line: Annotated[str, Meta(description="The line it stands on.")]
    every_s: Annotated[float, Meta(description="How often it is read, in seconds.")]
    monitor_only: Annotated[bool, Meta(description="Nothing is ever written to it.")] = False


class HomeCard(msgspec.Struct, frozen=True):
    """A home: its heat pump, and which device supplies which of its points."""

    name: Annotated[str, Meta(description="Id of the home on this gateway.")]
    heat_pump: Annotated[str, Meta(description="Device id of its heat pump.")]
    supplied: Annotated[
        dict[str, str], Meta(description="Point -> `device.point` that measures it.")
    ]
    lacks: Annotated[
        tuple[str, ...], Meta(description="What is missing of the basic set of T/CECA-G 0013.")
    ]


class Devices(msgspec.Struct, frozen=True):
    """`up/devices`, retained: what stands on the gateway's lines and what each can do."""

    gateway: Annotated[str, Meta(description="Id of the gateway.")]
    at: Annotated[Instant, Meta(description="When this message was made, UTC.")]
    drivers: tuple[DriverCard, ...]
    devices: tuple[DeviceCard, ...]
    homes: tuple[HomeCard, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What `up/devices` tells; it changes only with the configuration."""

    drivers: tuple[DriverCard, ...] = ()
    devices: tuple[DeviceCard, ...] = ()
    homes: tuple[HomeCard, ...] = ()


_BODIES: dict[Lane, msgspec.json.Decoder[Record]] = {
    Lane.ALARM: msgspec.json.Decoder(Alarm),
    Lane.RESULT: msgspec.json.Decoder(Result),
    Lane.NOTICE: msgspec.json.Decoder(Notice),
    Lane.ACCOUNT: msgspec.json.Decoder(DayAccount),
    Lane.TELEMETRY: msgspec.json.Decoder(Telemetry),
}
_ACK = msgspec.json.Decoder(Ack)


def _plain(thing: object) -> object:
    if isinstance(thing, Mapping):  # the read-only views that msgspec does not know
        return dict(thing)
    raise NotImplementedError(f"{type(thing).__name__} has no place in a message")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)


def encode_body(record: Record) -> bytes:
    """A record as the JSON that is stored and sent as `body`."""
    return _ENCODER.encode(record)


def decode_body(lane: Lane, body: bytes) -> Record:
    """The record in a stored body; raises ValueError when it is none of this lane."""
    return _BODIES[lane].decode(body)


def encode_batch(
    gateway: str, epoch: str, lane: Lane, sent_at: datetime, records: tuple[Stored, ...]
) -> bytes:
    """One `up/<lane>` message; bodies are copied as they lie in the buffer."""
    items = tuple(
        BatchRecord(
            one.seq, one.at, round(one.mono, 3), one.boot, one.trusted, msgspec.Raw(one.body)
        )
        for one in records
    )
    return _ENCODER.encode(Batch(gateway, epoch, lane.value, sent_at, items))


def encode_devices(gateway: str, at: datetime, found: Inventory) -> bytes:
    """One `up/devices` message."""
    return _ENCODER.encode(Devices(gateway, at, found.drivers, found.devices, found.homes))


def encode_state(state: State) -> bytes:
    """One `up/state` message."""
    return _ENCODER.encode(state)


def parse_ack(payload: bytes) -> Ack:
    """An acknowledgement; raises ValueError that says what does not fit."""
    if len(payload) > ACK_BYTES:
        raise ValueError(f"longer than {ACK_BYTES} bytes")
    try:
        ack = _ACK.decode(payload)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    for first, last in ack.ranges:
        if first > last:
            raise ValueError(f"range {first}..{last} runs backwards")
    return ack
