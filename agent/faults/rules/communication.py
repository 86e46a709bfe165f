"""F25: a machine that has not answered for a while. Masks every other rule of the device."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule, Words
from agent.faults.view import View
from agent.frost import COLD_OUTDOOR_C
from agent.model import Severity

NAMES = {
    "heat_pump": ("heat pump", "热泵"),
    "meter": ("electricity meter", "电表"),
    "sensor": ("room sensor", "室内传感器"),
}


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Silence or damage without one good answer."""
    if view.silent_s <= 0:
        return NOTHING
    outdoor_c = view.sample.outdoor_temp
    freezes = view.machine.kind == "heat_pump"
    cold = freezes and outdoor_c is not None and outdoor_c < COLD_OUTDOOR_C
    en, zh = NAMES[view.machine.kind]
    found = Finding(
        {"name_en": en, "name_zh": zh, "why": view.silent_why, "outdoor_temp": outdoor_c},
        severity=Severity.S1 if cold else Severity.S2,
    )
    return (found,)


COMMUNICATION_LOST = Rule(
    name="communication_lost",
    fault="F25",
    severity=Severity.S2,
    look=look,
    on=Event.SILENT,
    words=Words(
        "The {name_en} does not answer. Check its power and the bus cable.",
        "{name_zh}无应答，请检查电源和通讯线。",
    ),
    raise_after_s=60.0,
    clear_after_s=10.0,
    kinds=("heat_pump", "meter", "sensor"),
)
