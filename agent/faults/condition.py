"""What a rule says now, before delays: something is wrong here, this bad, for these reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.model import Expected, PointId, Severity, Suspect, Value


@dataclass(frozen=True, slots=True)
class Condition:
    """A state that becomes an alarm when it lasts `raise_after_s` and ends after `clear_after_s`.

    `key` tells conditions of one rule on one device apart: a point, a code, or nothing. `fault` is
    the number of the catalogue, such as F09, and `gate` the operating state in which it was seen.
    `en` and `zh` are exact words for a technician; the resident's say what to do now. `cause` is
    what explains it away, such as a dead bus or a season: its alarm is suppressed by design.
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
    cause: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        return (self.device, self.rule, self.key)
