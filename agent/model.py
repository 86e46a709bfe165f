"""The words every room shares: points, readings, demands, writes, commands, alarms, facts, effects.

This room knows nothing but itself. Units of every number stand on its `Point` or in its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Literal, Protocol

from agent.alarm import Alarm, AlarmState, Audience, Change, Expected, Life, Severity, Suspect
from agent.points import POINTS, Point, PointId, Unit, Value

__all__ = [
    "POINTS",
    "Alarm",
    "AlarmState",
    "Audience",
    "Change",
    "Check",
    "Command",
    "Demand",
    "DeviceKind",
    "Expected",
    "Life",
    "Machine",
    "Origin",
    "Outcome",
    "Point",
    "PointId",
    "PointValue",
    "Quality",
    "Reading",
    "Result",
    "Severity",
    "Snapshot",
    "Stamp",
    "Suspect",
    "Unit",
    "Value",
    "VendorFault",
    "Visit",
    "Write",
    "WriteTerms",
]

DeviceKind = Literal["heat_pump", "meter", "sensor"]
PointValue = tuple[PointId, Value]


class Quality(StrEnum):
    """Why a reading has, or has not, a value that may be believed."""

    GOOD = "good"
    STALE = "stale"
    OUT_OF_RANGE = "out_of_range"
    ABSENT = "absent"
    UNDEFINED_CODE = "undefined_code"
    NOT_READY = "not_ready"


@dataclass(frozen=True, slots=True)
class Stamp:
    """One instant, told three ways: aware UTC, monotonic seconds, and whether UTC is believed."""

    at: datetime
    mono: float
    trusted: bool = True

    def day_in(self, timezone: tzinfo) -> str:
        """The local day, such as 2026-01-31: under it writes are counted."""
        return self.at.astimezone(timezone).date().isoformat()


@dataclass(frozen=True, slots=True)
class Reading:
    """One point as a device gave it. `value` is None unless the quality says otherwise."""

    point: PointId
    value: Value | None
    quality: Quality = Quality.GOOD
    raw: int | None = None

    @property
    def good(self) -> bool:
        return self.quality is Quality.GOOD


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest reading of every point of one device, with the monotonic second of each."""

    device: str
    readings: Mapping[PointId, Reading] = field(default_factory=dict)
    mono: Mapping[PointId, float] = field(default_factory=dict)

    def value(self, point: PointId) -> Value | None:
        """The value of a good reading; None when absent, doubtful or never read."""
        reading = self.readings.get(point)
        return reading.value if reading is not None and reading.quality is Quality.GOOD else None

    def number(self, point: PointId) -> float | None:
        """As `value`, for points that are numbers; a truth value is not a number."""
        value = self.value(point)
        return None if value is None or isinstance(value, bool | str) else float(value)

    def age_s(self, point: PointId, mono: float) -> float | None:
        """Seconds since the point was last read; None when it never was."""
        then = self.mono.get(point)
        return None if then is None else mono - then

    def with_readings(self, readings: tuple[Reading, ...], mono: float) -> Snapshot:
        """A new snapshot in which these readings replace their elders."""
        newest, then = dict(self.readings), dict(self.mono)
        for reading in readings:
            newest[reading.point] = reading
            then[reading.point] = mono
        return Snapshot(self.device, newest, then)


class Origin(StrEnum):
    """Who wants a value. Order of precedence: see `agent.control.priority`."""

    SAFETY = "safety"
    RESIDENT = "resident"
    PLATFORM = "platform"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Demand:
    """Somebody wants a point to have a value; `until_mono` ends the wish, None leaves it standing.

    `park` marks a value the machine must be left with: the guard spares such a demand the daily
    budget (never the hard cap) and the minimum interval. `refresh` marks the writing again of a
    word that lapses: it has a bound of its own.
    """

    device: str
    point: PointId
    value: Value
    origin: Origin
    why: str
    until_mono: float | None = None
    command_id: str | None = None
    park: bool = False
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A demand the guard let through: the bus shall make it so and prove it by reading back.

    `before` are points the driver wants written first; the write fails if one of them does. When
    the machine does not show a value it is written again, `tries` times at most. `refresh` when it
    only makes a word stand that would lapse.
    """

    device: str
    point: PointId
    value: Value
    origin: Origin
    command_id: str | None = None
    deadline_mono: float | None = None
    before: tuple[PointValue, ...] = ()
    tries: int = 2
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class WriteTerms:
    """On which terms a point may be written, as its driver says.

    `only_if` names, for other points, the values under which the write has an effect; `park` is
    what the machine should be left at; a word with `refresh_s` lapses after so long. `origin` is a
    number from which the steps are counted.
    """

    confidence: str
    min_interval_s: float
    per_day: int
    step: float
    every_s: float
    only_if: Mapping[PointId, tuple[str, ...]] = field(default_factory=dict)
    park: Value | None = None
    refresh_s: float | None = None
    origin: float = 0.0


@dataclass(frozen=True, slots=True)
class VendorFault:
    """A fault the machine itself shows; `known` when its table has a text for the code.

    `sends` is false for what needs nobody at the machine: its driver is at fault.
    """

    code: str
    en: str
    zh: str
    raw: int | str
    known: bool
    sends: bool = True


class Machine(Protocol):
    """What faults and control may know of a device without knowing its driver."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> DeviceKind:
        """What it is: a heat pump, an electricity meter, or a sensor."""
        ...

    @property
    def monitor_only(self) -> bool:
        """True where the gateway would have to be the controller: then nothing is written."""
        ...

    @property
    def tells_faults(self) -> bool:
        """Whether it shows its own faults at all."""
        ...

    def has(self, point: PointId) -> bool:
        """Whether the machine has this point."""
        ...

    def label(self, point: PointId) -> Point:
        """Name, unit and labels of a point."""
        ...

    def terms(self, point: PointId) -> WriteTerms | None:
        """The terms of writing a point; None when it cannot be written."""
        ...

    def unfit(self, point: PointId, value: Value) -> str | None:
        """Why this value cannot be said to the machine; None when it can."""
        ...

    def highest(self, point: PointId) -> float | None:
        """The highest value the machine takes now; None when nobody knows."""
        ...

    def steps(self, demand: Demand, snapshot: Snapshot) -> tuple[PointValue, ...] | str:
        """What must be written, in order, so that the demand comes true; or why nothing can."""
        ...

    def vendor_faults(self, snapshot: Snapshot) -> tuple[VendorFault, ...]:
        """The faults the machine shows now; states such as defrosting are none."""
        ...


class Outcome(StrEnum):
    """How a command ended. Every command ends in exactly one of them.

    `not_effective`: the machine took it, but as it is set now it does not act on it.
    """

    VERIFIED = "verified"
    NOT_EFFECTIVE = "not_effective"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Command:
    """A wish from outside, already parsed and remembered durably. Instants are aware UTC.

    `why` is a reason in words, which some orders need.
    """

    id: str
    issuer: str
    role: str
    device: str
    point: PointId
    value: Value
    issued_at: datetime
    expires_at: datetime
    hold_s: float | None = None
    why: str = ""


class Visit(StrEnum):
    """How soon somebody should come."""

    NOW = "now"
    SOON = "soon"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Check:
    """What one step of a self-test found, and whether somebody should come for it.

    `judged` is False where the step could not tell; `values` are what it was judged by.
    """

    step: str
    visit: Visit
    en: str
    zh: str
    judged: bool = True
    values: Mapping[str, Value | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """The one end of a command: outcome, why in plain words, and what the machine now says.

    `checks` are the findings of a self-test, what needs a visit first.
    """

    command_id: str
    device: str
    point: PointId
    outcome: Outcome
    why: str
    value: Value | None = None
    read_back: Value | None = None
    issuer: str = ""
    checks: tuple[Check, ...] = ()
