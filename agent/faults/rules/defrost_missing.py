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
ICED_FOR_S = 1800.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Six hours of heating in the frost zone without a defrost, the coil far below the air."""
    sample = view.sample
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
    iced_s = memory.get("iced_s", 0.0) + (step_s if outdoor_c - coil_c > ICED_K else -step_s)
    memory["iced_s"] = min(max(iced_s, 0.0), 2 * ICED_FOR_S)
    return _told(view, memory)


def _told(view: View, memory: Memory) -> Iterable[Finding]:
    if memory.get("ran_s", 0.0) < WITHOUT_S or memory.get("iced_s", 0.0) < ICED_FOR_S:
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
