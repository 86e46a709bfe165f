"""What is wrong: snapshots in, alarms raised and cleared out. Pure; knows no clock and no wire."""

from __future__ import annotations

from agent.faults.condition import Condition, View
from agent.faults.lifecycle import LifeCycle
from agent.faults.rules import RULES

__all__ = ["RULES", "Condition", "LifeCycle", "View", "judge"]


def judge(view: View) -> tuple[Condition, ...]:
    """Every condition that holds for this device now."""
    return tuple(condition for rule in RULES for condition in rule(view))
