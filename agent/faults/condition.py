"""What a rule says now, before delays: something is wrong here, this bad, for these reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.model import Machine, PointId, Severity, Snapshot, Value


@dataclass(frozen=True, slots=True)
class Condition:
    """A state that becomes an alarm when it lasts `raise_after_s` and ends after `clear_after_s`.

    `key` tells conditions of one rule on one device apart: a point, a code, or nothing.
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

    @property
    def identity(self) -> tuple[str, str, str]:
        return (self.device, self.rule, self.key)


@dataclass(frozen=True, slots=True)
class View:
    """All a rule may look at: one device, its newest readings, and how long it has been silent.

    `supplied` are points that another device measures for it: their sensors are judged there.
    """

    machine: Machine
    snapshot: Snapshot
    mono: float
    silent_s: float
    silent_why: str = ""
    needed: frozenset[PointId] = frozenset()
    seen_good: frozenset[PointId] = frozenset()
    supplied: frozenset[PointId] = frozenset()


Rule = Callable[[View], Iterator[Condition]]
