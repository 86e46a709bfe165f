"""F10: frost must have grown for hours and nothing thaws it."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

FROST_FROM_C, FROST_TO_C = -8.0, 6.0
WITHOUT_S = 6 * 3600.0
ICED_K = 15.0
ICED_FOR_S = 3600.0
SOONER_S, DEEPER_K = 10800.0, 5.0  # where it is known when this machine thaws
LEAST = 6.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Hours of heating in the frost zone without a defrost, the coil far below the air; three hours
    where the coil is 5 K deeper than where this machine used to begin.
    """
    sample = view.sample
    _learn(view, memory)
    if view.defrosting:
        memory["ran_s"] = memory["iced_s"] = 0.0
        return NOTHING
    outdoor_c, coil_c = sample.outdoor_temp, sample.coil_temp
    if coil_c is None:
        coil_c = sample.evaporating_temp
    if outdoor_c is None or coil_c is None or not view.running:
        return _told(view, memory)
    if not FROST_FROM_C <= outdoor_c <= FROST_TO_C:
        memory["ran_s"] = memory["iced_s"] = 0.0
        return NOTHING
    step_s = min(view.now - memory.get("then", view.now), 450.0)
    memory["then"] = view.now
    memory["ran_s"] = memory.get("ran_s", 0.0) + step_s
    iced_s = memory.get("iced_s", 0.0) + (
        step_s if outdoor_c - coil_c > _iced_k(memory) else -step_s
    )
    memory["iced_s"] = min(max(iced_s, 0.0), 2 * ICED_FOR_S)
    return _told(view, memory)


def _learn(view: View, memory: Memory) -> None:
    """How far below the air the coil used to be when a defrost began."""
    defrost = view.defrost
    if defrost is None or defrost.ended == memory.get("seen"):
        return
    memory["seen"] = defrost.ended
    if defrost.outdoor_c is None or defrost.coil_before_c is None:
        return
    count, mean = memory.get("count", 0.0), memory.get("depth_k", 0.0)
    depth_k = defrost.outdoor_c - defrost.coil_before_c
    memory["count"] = count + 1.0
    memory["depth_k"] = mean + (depth_k - mean) / min(count + 1.0, 30.0)


def _iced_k(memory: Memory) -> float:
    if memory.get("count", 0.0) < LEAST:
        return ICED_K
    return max(memory["depth_k"] + DEEPER_K, ICED_K)


def _told(view: View, memory: Memory) -> Iterable[Finding]:
    long_s = SOONER_S if memory.get("count", 0.0) >= LEAST else WITHOUT_S
    if memory.get("ran_s", 0.0) < long_s or memory.get("iced_s", 0.0) < ICED_FOR_S:
        return NOTHING
    outdoor_c, coil_c = view.sample.outdoor_temp, view.sample.coil_temp
    gap_k = outdoor_c - coil_c if outdoor_c is not None and coil_c is not None else ICED_K
    return (Finding({"ran_h": round(memory["ran_s"] / 3600.0, 1), "approach": round(gap_k, 1)}),)


DEFROST_MISSING = Rule(
    name="defrost_missing",
    fault="F10",
    severity=Severity.S2,
    look=look,
    on=Event.FIVE,
    words=WORDS["F10"],
    needs=(
        "outdoor_temp",
        ("coil_temp", "evaporating_temp"),
        ("defrost_active", "mode_active"),
    ),
    gate="compressor on at -8 to +6 degC",
    raise_after_s=600.0,
    clear_after_s=600.0,
    masked_by=("F06", "F15", "F16", "F17", "F25"),
)
