"""What a watched branch gives back: the alarms of its life cycle, and what the truth says beside.

Times are true seconds since the onset of the fault, negative before it; in healthy time since the
first poll. Everything here is small and can be sent between processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Identity = tuple[str, str]
"""Rule and key: alarms of one device that are the same alarm."""

DISPATCH = ("S1", "S2")
VENDOR = "F28"
"""The unit's own code handed on: the peer, never a detection of ours."""

UNNAMED = ("", "unknown", "F00")
"""A suspect that claims no fault of the catalogue."""

HOUR_S, DAY_S, MONTH_DAYS = 3600.0, 86400.0, 30.4
MONTH_S = MONTH_DAYS * DAY_S


@dataclass(frozen=True, slots=True)
class Case:
    """One branch: which fault, how bad, in which weather, on which unit, seen in which way.

    `study`: the matrix itself, or one of the extra questions ("two faults", "unmodelled", ...).
    """

    fault: str
    severity: str
    weather: str
    unit: int
    variant: str = "full"
    seed: int = 0
    study: str = "matrix"


@dataclass(frozen=True, slots=True)
class Seen:
    """An alarm as it stood at one instant.

    `caused`: another alarm is told as its cause; `again`: it came back under the id it had.
    """

    rule: str
    key: str
    severity: str
    opened_s: float
    suspects: tuple[tuple[str, float], ...]
    caused: bool = False
    again: bool = False
    evidence: Mapping[str, object] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        return (self.rule, self.key)

    @property
    def names(self) -> tuple[str, ...]:
        """The suspects, likeliest first; the rule itself where it names none."""
        ranked = sorted(self.suspects, key=lambda one: -one[1])
        return tuple(fault for fault, _ in ranked) or (self.rule,)

    @property
    def vendor(self) -> bool:
        """Whether it only repeats the unit's own code."""
        return self.names[0] == VENDOR or self.rule == "vendor_fault"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened on one branch.

    `opened`: every alarm raised after the onset. `stood`: what stood at the named instants after
    the first new alarm: "open", "hour", "day". `twin`: what the healthy twin raised in the same
    days. `vendor_s`: when the unit's own code first showed a fault the twin's did not. `lost_kwh`:
    extra electricity for the same heat until the first new alarm, until the end when there was
    none. `off`: the rules that were switched off, and why. `unlearnable`: the faults that are said
    to stay unseen where they were there from the start.
    """

    case: Case
    opened: tuple[Seen, ...] = ()
    stood: Mapping[str, tuple[Seen, ...]] = field(default_factory=dict)
    twin: frozenset[Identity] = frozenset()
    vendor_s: float | None = None
    lost_kwh: float | None = None
    days: float = 14.0
    state_bytes: int = 0
    lead_s: float | None = None
    off: Mapping[str, str] = field(default_factory=dict)
    unlearnable: tuple[str, ...] = ()

    def new(self, seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
        """Those that are ours and that the healthy twin has not."""
        return tuple(
            one
            for one in seen
            if one.opened_s >= 0.0 and one.identity not in self.twin and not one.vendor
        )

    @property
    def unlearnt(self) -> bool:
        """Whether it was told that this fault is not found where it was there from the start."""
        return self.case.fault[:3] in self.unlearnable

    @property
    def first(self) -> Seen | None:
        """The alarm that counts as the detection."""
        return min(self.new(self.opened), key=lambda one: one.opened_s, default=None)


@dataclass(frozen=True, slots=True)
class Healthy:
    """Healthy time of one unit under one way of seeing it, and every alarm raised in it.

    `at_s` of an alarm and `events` (true seconds and name of each hard negative) are since the
    first poll, so that a reader sees which one stood beside an alarm.
    """

    case: Case
    days: float
    opened: tuple[Seen, ...] = ()
    events: tuple[tuple[float, str], ...] = ()
    state_bytes: int = 0
    see_s: float = 0.0
    samples: int = 0
    off: Mapping[str, str] = field(default_factory=dict)

    @property
    def months(self) -> float:
        return self.days * DAY_S / MONTH_S
