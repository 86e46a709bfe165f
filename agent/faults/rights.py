"""Who may do what with an alarm, what may never be hidden, and who is told of it. Pure tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.model import Alarm, Audience, Severity

GATEWAY = "gateway"
"""Stands where no command did it."""
LONGEST_S = 7 * 86_400.0
"""Nothing is shelved or out of service for longer."""

# No flow, freezing and high pressure break pumps and pipes within hours: nobody may hide them.
PROTECTED_FAULTS = frozenset({"F06", "F20", "F23"})
PROTECTED_RULES = frozenset({"frost_danger", "off_in_the_cold"})

MAY: Mapping[str, frozenset[str]] = {
    "acknowledge": frozenset({"resident", "platform", "vendor", "service"}),
    "release": frozenset({"vendor", "service"}),
    "shelve": frozenset({"platform", "vendor", "service"}),
    "out of service": frozenset({"platform", "vendor", "service"}),
    "repaired": frozenset({"vendor", "service"}),
    "self-test": frozenset({"platform", "service"}),
}
"""What each role of a command may do; to release is to let a latched S1 end. A resident's word that
he has seen an alarm hides it from nobody: it stands on, with his role beside it."""

_WEIGHT: Mapping[str, int] = {"resident": 1, "platform": 2, "vendor": 3, "service": 3}
"""Of an acknowledgement: a technician's counts after the household's, not the other way round."""

_TOLD: Mapping[Severity, tuple[Audience, ...]] = {
    Severity.S1: (
        Audience.RESIDENT, Audience.VENDOR, Audience.SERVICE, Audience.VILLAGE, Audience.TOWN,
    ),
    Severity.S2: (Audience.VENDOR, Audience.SERVICE, Audience.VILLAGE, Audience.TOWN),
    Severity.S3: (Audience.VENDOR, Audience.SERVICE),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who gives an order: the role and the account of a command."""

    role: str
    name: str

    @property
    def tag(self) -> str:
        """As an alarm keeps it."""
        return f"{self.role}:{self.name}"

    def may(self, what: str) -> bool:
        """Whether this role may do that."""
        return self.role in MAY[what]


@dataclass(frozen=True, slots=True)
class No:
    """An order that is not carried out, and why."""

    why: str


def protected(rule: str, fault: str) -> bool:
    """Whether an alarm of this rule or fault may never be shelved or taken out of service."""
    return fault in PROTECTED_FAULTS or rule in PROTECTED_RULES


def releases(acked_by: str) -> bool:
    """Whether who acknowledged may let a latched alarm end."""
    return acked_by.partition(":")[0] in MAY["release"]


def outweighs(by: Issuer, acked_by: str) -> bool:
    """Whether this word that an alarm was seen says more than the one before, if there was one."""
    before = acked_by.partition(":")[0]
    return _WEIGHT.get(by.role, 0) > _WEIGHT.get(before, 0)


def audience_of(alarm: Alarm) -> tuple[Audience, ...]:
    """Who is told, the first first; a resident of whatever he can do something about."""
    told = _TOLD[alarm.severity]
    if alarm.resident_en and Audience.RESIDENT not in told:
        return (*told, Audience.RESIDENT)
    return told
