"""The words of alarms, in the terms of ISA-18.2 / IEC 62682: severity, life, change, alarm.

One alarm at a time stands for one condition, which device, rule and key name. Its facts are kept
apart, as OPC UA Part 9 does (active, acknowledged, shelved, ...); `life` is the one word for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent.points import PointId, Value


class Severity(StrEnum):
    """S1 acts now, S2 sends a technician, S3 advises."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"


class AlarmState(StrEnum):
    """Whether an alarm stands: its condition holds, or it is latched. All a simple reader needs."""

    RAISED = "raised"
    CLEARED = "cleared"


class Life(StrEnum):
    """Where an alarm is in its life; `normal` is its end."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged_active"
    ACKNOWLEDGED = "acknowledged_active"
    RETURNED = "returned_unacknowledged"
    LATCHED = "latched_unacknowledged"
    LATCHED_ACKNOWLEDGED = "latched_acknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed_by_design"
    OUT_OF_SERVICE = "out_of_service"


class Change(StrEnum):
    """What made a record of an alarm; `cleared` is the last of every alarm."""

    RAISED = "raised"
    RETURNED = "returned"
    AGAIN = "again"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    RELEASED = "released"
    OUT_OF_SERVICE = "out_of_service"
    IN_SERVICE = "in_service"
    SEVERITY = "severity"
    DIAGNOSIS = "diagnosis"
    PUT_OFF = "put_off"
    CLEARED = "cleared"


class Audience(StrEnum):
    """Who is told, in the order in which an alarm names them."""

    RESIDENT = "resident"
    VENDOR = "vendor"
    SERVICE = "service"
    VILLAGE = "village"
    TOWN = "town"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A fault of the catalogue (`F09`) that may be the cause; weights of one alarm add up to 1."""

    fault: str
    weight: float


@dataclass(frozen=True, slots=True)
class Expected:
    """What the machine's own history, or its profile, lets expect of a signal, and its spread."""

    value: float
    sd: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """One change of one alarm; `(id, seq)` names it, the same at gateway and platform.

    `state` says whether the alarm stands, `life` where it is in its life, `change` and `cause` what
    made this record. `text_*` is exact and for the technician, `resident_*` what a resident can do
    now, empty where that is nothing. `acked_by` and `shelved_by` are `role:issuer` of a command,
    `gateway` where no command did it. `count` is how often the condition has come in this life,
    `ends_at` when a returned alarm ends by itself, `clock_ok` whether `opened_at` is believed.
    """

    id: str
    rule: str
    device: str
    state: AlarmState
    severity: Severity
    text_en: str
    text_zh: str
    opened_at: datetime
    key: str = ""
    point: PointId | None = None
    code: str | None = None
    evidence: Mapping[str, Value | None] = field(default_factory=dict)
    seq: int = 1
    life: Life = Life.UNACKNOWLEDGED
    change: Change = Change.RAISED
    cause: str = ""
    count: int = 1
    fault: str = ""
    suspects: tuple[Suspect, ...] = ()
    gate: str = ""
    expected: Mapping[str, Expected] = field(default_factory=dict)
    resident_en: str = ""
    resident_zh: str = ""
    audience: tuple[Audience, ...] = ()
    active: bool = True
    changed_at: datetime | None = None
    returned_at: datetime | None = None
    ends_at: datetime | None = None
    cleared_at: datetime | None = None
    acked_at: datetime | None = None
    acked_by: str = ""
    shelved_until: datetime | None = None
    shelved_by: str = ""
    shelved_why: str = ""
    suppressed_by: str = ""
    out_of_service: bool = False
    clock_ok: bool = True

    @property
    def identity(self) -> tuple[str, str, str]:
        """Device, rule and key: what this alarm is of."""
        return (self.device, self.rule, self.key)

    @property
    def annunciated(self) -> bool:
        """Whether somebody shall look at it now: it stands, and nobody and nothing hides it."""
        return self.life in _ANNUNCIATED


_ANNUNCIATED = frozenset(
    {Life.UNACKNOWLEDGED, Life.ACKNOWLEDGED, Life.LATCHED, Life.LATCHED_ACKNOWLEDGED}
)
