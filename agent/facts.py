"""What the rooms tell each other: facts, which happened, and effects, which shall be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent.model import Command, Outcome, PointId, Reading, Stamp, Value, Write
from agent.records import Lane, Record

# --- facts: what happened -------------------------------------------------------------------


class Failure(StrEnum):
    """Why a block brought no words."""

    SILENCE = "silence"
    GARBLED = "garbled"
    REFUSED = "refused"
    LINE_DOWN = "line_down"


LATE = "late"
"""Why of a silence after which an answer came that nobody waited for any more."""


@dataclass(frozen=True, slots=True)
class BlockRead:
    """A block was read and decoded; `sweep_end` when it was the last of the device's round."""

    device: str
    readings: tuple[Reading, ...]
    stamp: Stamp
    sweep_end: bool = False


@dataclass(frozen=True, slots=True)
class BlockFailed:
    """A block brought nothing, and why."""

    device: str
    failure: Failure
    why: str
    stamp: Stamp
    sweep_end: bool = False


@dataclass(frozen=True, slots=True)
class WriteDone:
    """The bus has finished with a write, one way or the other."""

    write: Write
    outcome: Outcome
    why: str
    stamp: Stamp
    read_back: Value | None = None


@dataclass(frozen=True, slots=True)
class WriteRepeated:
    """A write is about to go to the wire a second time, as the machine did not show it."""

    device: str
    point: PointId
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class HolesFound:
    """The points a device refuses to give, all of them; they are left out for some hours."""

    device: str
    points: tuple[PointId, ...]
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A command passed the parser and its id is remembered on disk."""

    command: Command
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class CommandTurnedAway:
    """A command that ends before it reaches the core: malformed, expired, cut off by a restart.

    Device, point and issuer are given as far as they could be read.
    """

    command_id: str
    outcome: Outcome
    why: str
    stamp: Stamp
    device: str = ""
    point: str = ""
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class LineChanged:
    """A line was lost or came back."""

    line: str
    up: bool
    why: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed and nothing else: what must be judged although no device spoke."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class PlatformBack:
    """The link to the platform stands again: its picture of the home is old."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class ForecastKnown:
    """Somebody foretells the outdoor air: degC by the hour from `start` (aware UTC) on."""

    start: datetime
    outdoor_c: tuple[float, ...]
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Stopping:
    """The program ends: leave every controlled point at its park value."""

    stamp: Stamp


Fact = (
    BlockRead
    | BlockFailed
    | WriteDone
    | WriteRepeated
    | HolesFound
    | CommandReceived
    | CommandTurnedAway
    | LineChanged
    | Tick
    | PlatformBack
    | ForecastKnown
    | Stopping
)


# --- effects: what shall be done ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keep:
    """Store a record in its lane; the lane decides how soon it is durable."""

    lane: Lane
    record: Record
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Count:
    """Count a write of this point durably, before it goes to the wire.

    `interval` when the least time to its next write begins now; not so where a word that lapses is
    only refreshed.
    """

    device: str
    point: PointId
    stamp: Stamp
    interval: bool = True


@dataclass(frozen=True, slots=True)
class Send:
    """Give the write to its line."""

    write: Write


@dataclass(frozen=True, slots=True)
class Journal:
    """One line for the audit journal."""

    kind: str
    detail: Mapping[str, Value | None]
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Note:
    """A change of state worth a log line; `fields` become key=value at its end."""

    level: str
    text: str
    fields: Mapping[str, Value | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Save:
    """Remember a small piece of state over restarts; it comes back as `restored` at the start."""

    key: str
    value: object


Effect = Keep | Count | Send | Journal | Note | Save
