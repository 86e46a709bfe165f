"""Conditions and orders for the tests of the life cycle."""

from __future__ import annotations

from dataclasses import replace

from agent.faults import Condition, Issuer, LifeCycle
from agent.model import Alarm, Severity, Stamp
from tests.rooms.control.testpump import stamp

S1, S2, S3 = Severity.S1, Severity.S2, Severity.S3
DAY = 86_400.0
VENDOR, SERVICE = Issuer("vendor", "acme"), Issuer("service", "crew-7")
PLATFORM, RESIDENT = Issuer("platform", "desk"), Issuer("resident", "panel")


def condition(
    key: str = "",
    severity: Severity = S2,
    rule: str = "rule",
    device: str = "hp",
    raise_s: float = 0.0,
    clear_s: float = 0.0,
    fault: str = "",
    cause: str = "",
) -> Condition:
    """A condition with delays of its own."""
    made = Condition(rule, device, severity, f"en {key}", f"zh {key}", key, fault=fault)
    return replace(made, raise_after_s=raise_s, clear_after_s=clear_s, cause=cause)


class Told:
    """A life cycle that remembers all it said: `mono change life` of each record."""

    def __init__(self, cycle: LifeCycle | None = None) -> None:
        self.cycle = cycle or LifeCycle()
        self.records: list[Alarm] = []

    def judge(self, mono: float, *conditions: Condition, masked: bool = False) -> list[str]:
        """One judgement of `hp`."""
        return self.note(self.cycle.step("hp", conditions, stamp(mono), masked))

    def note(self, found: object) -> list[str]:
        """Remember what an order changed; it must not have been refused."""
        assert isinstance(found, tuple), found
        self.records += found
        return [f"{one.change} {one.life}" for one in found]

    @property
    def last(self) -> Alarm:
        return self.records[-1]


def open_lives(cycle: LifeCycle) -> dict[str, str]:
    """Key -> life of what is open."""
    return {alarm.key: alarm.life.value for alarm in cycle.open}


def at(mono: float, trusted: bool = True) -> Stamp:
    """An instant."""
    return stamp(mono, trusted)
