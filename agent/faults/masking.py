"""Which of several conditions is told: a cause hides what only follows from it."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.condition import Condition
from agent.faults.rule import Rule


def unmasked(found: Iterable[tuple[Rule, Condition]]) -> tuple[Condition, ...]:
    """The conditions to be told, the worst first, without those a standing fault masks."""
    pairs = list(found)
    told = [
        one
        for rule, one in pairs
        if not any(
            other.fault in rule.masked_by and other.fault != rule.fault for other, _ in pairs
        )
    ]
    return tuple(sorted(told, key=lambda one: one.severity.value))
