"""What a rule says now, before delays: something is wrong here, this bad, for these reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.model import PointId, Severity, Value


@dataclass(frozen=True, slots=True)
class Suspect:
    """A fault that would explain what is seen; the weights of all suspects sum to one at most."""

    fault: str
    weight: float


@dataclass(frozen=True, slots=True)
class Expected:
    """What the machine's own history, or its profile, lets expect of a signal, and its spread."""

    value: float
    sd: float


@dataclass(frozen=True, slots=True)
class Condition:
    """A state that becomes an alarm when it lasts `raise_after_s` and ends after `clear_after_s`.

    `key` tells conditions of one rule on one device apart: a point, a code, or nothing. `fault` is
    the number of the catalogue, such as F09, and `gate` the operating state in which it was seen.
    `en` and `zh` are exact words for a technician; the resident's say what to do now.
    """

    rule: str
    device: str
    severity: Severity
    en: str
    zh: str
    key: str = ""
    point: PointId | None = None
    code: str | None = None
    raise_after_s: float = 0.0
    clear_after_s: float = 60.0
    evidence: Mapping[str, Value | None] = field(default_factory=dict)
    fault: str = ""
    suspects: tuple[Suspect, ...] = ()
    gate: str = ""
    expected: Mapping[str, Expected] = field(default_factory=dict)
    resident_en: str = ""
    resident_zh: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        return (self.device, self.rule, self.key)
