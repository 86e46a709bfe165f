"""F25: a link that answers with old values, or that loses many polls."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

RESTLESS = (  # while a machine runs these never stand still all together
    "discharge_temp",
    "suction_temp",
    "coil_temp",
    "liquid_temp",
    "high_pressure",
    "low_pressure",
    "active_power",
    "input_current",
    "supply_voltage",
    "water_flow",
    "water_supply_temp",
    "water_return_temp",
)
LEAST_POINTS = 5
MAY_MOVE = 1  # one wild value
FROZEN_S, FROZEN_AT_REST_S = 600.0, 4 * 3600.0
LONGEST_GAP_S = 150.0
POOR_WINDOW_S = 6 * 3600.0
POOR_SHARE, GOOD_SHARE = 0.085, 0.065  # with 5 % lost a link still is as links are
PERIODS = 100.0  # over which the time between two polls is averaged
LOST_S = 90.0  # a longer silence is a machine that is away, not a link that is poor


def look_frozen(view: View, memory: Memory) -> Iterable[Finding]:
    """No value moves from minute to minute."""
    sample = view.sample
    known = moved = 0
    for name in RESTLESS:
        value = getattr(sample, name)
        if value is not None:
            known += 1
            if memory.get(name) != value:
                moved += 1
                memory[name] = value
    now = view.now
    before, memory["looked"] = memory.get("looked", now), now
    if moved > MAY_MOVE or known < LEAST_POINTS or now - before > LONGEST_GAP_S:
        memory["since"] = now
        return NOTHING
    since = memory.setdefault("since", before)
    frozen_s = now - since
    if (view.running_s < FROZEN_S and frozen_s < FROZEN_AT_REST_S) or frozen_s < FROZEN_S:
        return NOTHING
    return (Finding({"frozen_min": (now - since) / 60.0}),)


def look_poor(view: View, memory: Memory) -> Iterable[Finding]:
    """The share of lost polls, over six hours, twice in a row."""
    if view.silent_s > 0.0:
        if view.silent_s < LOST_S:
            memory["lost"] = memory.get("lost", 0.0) + 1.0
        return _poor(memory)
    began = memory.setdefault("began", view.now)
    period_s = memory.get("period_s", view.dt_s)
    memory["n"] = n = min(memory.get("n", 0.0) + 1.0, PERIODS)
    period_s += (view.dt_s - period_s) / n
    memory["period_s"] = period_s
    if view.now - began < POOR_WINDOW_S:
        return _poor(memory)
    share = memory.get("lost", 0.0) * period_s / (view.now - began)
    if share < GOOD_SHARE:
        memory["poor"] = 0.0
    elif share > POOR_SHARE:
        memory["poor"] = memory.get("poor", 0.0) + 1.0
    memory.update(share=share, began=view.now, lost=0.0)
    return _poor(memory)


def _poor(memory: Memory) -> tuple[Finding, ...]:
    if memory.get("poor", 0.0) < 2.0:
        return NOTHING
    return (Finding({"lost_percent": 100.0 * memory["share"]}),)


LINK_FROZEN = Rule(
    name="link_frozen",
    fault="F25",
    severity=Severity.S3,
    look=look_frozen,
    on=Event.MINUTE,
    words=WORDS["F25 frozen"],
    gate="running",
)
LINK_POOR = Rule(
    name="link_poor",
    fault="F25",
    severity=Severity.S3,
    look=look_poor,
    on=Event.FIVE | Event.SILENT,
    words=WORDS["F25 poor"],
    clear_after_s=3600.0,
)
