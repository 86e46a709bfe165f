"""What is kept durably and told to the platform: the records, and the lanes they travel in.

This room knows the model and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.model import Alarm, PointId, Result, Value


@dataclass(frozen=True, slots=True)
class Telemetry:
    """One sweep of one device: good values, and for the others the reason why there is none.

    When not `full` it holds only what changed since the record before it of the same device.
    """

    device: str
    values: Mapping[PointId, Value]
    missing: Mapping[PointId, str]
    full: bool = True


@dataclass(frozen=True, slots=True)
class DayAccount:
    """One closed local day of one home: kWh, money in `currency`, degrees Celsius, hours.

    The day comes again, whole, when a counter rises so late that it was closed: the newest counts.
    `hours_by` says who decided the water temperature for how long; `refunds` who gave back how much
    of `gross`; `kh_below` are kelvin-hours of the room below 18 degC.
    """

    home: str
    device: str
    day: str
    tariff: str
    currency: str
    kwh: float
    kwh_by_rate: Mapping[str, float]
    gross: float
    refunds: Mapping[str, float]
    unpriced_kwh: float
    hours_by: Mapping[str, float]
    room_c: float | None
    outdoor_c: float | None
    setpoint_c: float | None
    kh_below: float
    writes: int


class Lane(StrEnum):
    """The durable lanes. They leave as alarm, result, notice, account, telemetry."""

    ALARM = "alarm"
    RESULT = "result"
    NOTICE = "notice"
    ACCOUNT = "account"
    TELEMETRY = "telemetry"


class NoticeKind(StrEnum):
    """What the gateway has to say of its own records, clock, disk and journal."""

    THINNED = "thinned"
    POWER_CUT = "power_cut"
    DAMAGED = "damaged"
    DROPPED = "dropped"
    CLOCK_SET = "clock_set"
    DISK_FAILS = "disk_fails"
    DISK_WRITES = "disk_writes"
    JOURNAL = "journal"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Notice:
    """What the platform must know of the gateway's memory rather than of machines.

    `thinned`, `power_cut`, `damaged`, `dropped` and `withdrawn` speak of the numbers `first` to
    `last` of a lane: only those the gateway still holds will come, and a hole among them is no loss
    on the way.
    `records` counts what is gone, None where nobody knows; `step_s` is how far apart the kept ones
    are now. `clock_set`: in boot `boot` the second `mono` was the instant `at`, so that a record of
    that boot whose clock was not trusted can be placed. `disk_fails` and `disk_writes`: records are
    in memory only, and no longer. `withdrawn`: the household lets no reading leave any more.
    `journal`: row `last` of the audit journal has this `hash`.
    """

    kind: NoticeKind
    lane: Lane | None = None
    first: int | None = None
    last: int | None = None
    records: int | None = None
    step_s: int | None = None
    boot: str | None = None
    mono: float | None = None
    at: datetime | None = None
    why: str | None = None
    hash: str | None = None


Record = Telemetry | Alarm | Result | Notice | DayAccount


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it lies in the durable buffer; `(epoch, lane, seq)` names it for ever.

    `at` is UTC in ISO 8601, `mono` seconds since the start of boot `boot`, `body` JSON.
    """

    lane: Lane
    seq: int
    at: str
    mono: float
    boot: str
    trusted: bool
    body: bytes
