"""Which of several conditions is told: a cause hides what only follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.faults.condition import Condition
from agent.faults.rule import Rule


def unmasked(found: Iterable[tuple[Rule, Condition]]) -> tuple[Condition, ...]:
    """The conditions, the worst first; one that a standing fault explains names it as its cause."""
    pairs = list(found)
    standing = {rule.fault for rule, _ in pairs}
    told = []
    for rule, condition in pairs:
        causes = [fault for fault in rule.masked_by if fault in standing and fault != rule.fault]
        told.append(replace(condition, cause=causes[0]) if causes else condition)
    return tuple(sorted(told, key=lambda one: (bool(one.cause), one.severity.value)))
