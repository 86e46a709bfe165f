"""A machine that has not answered for a while. Masks every other rule of the device."""

from __future__ import annotations

from collections.abc import Iterator

from agent.faults.condition import Condition, View
from agent.frost import COLD_OUTDOOR_C
from agent.model import Severity

RAISE_AFTER_S = 60.0
CLEAR_AFTER_S = 10.0
NAMES = {
    "heat_pump": ("heat pump", "热泵"),
    "meter": ("electricity meter", "电表"),
    "sensor": ("room sensor", "室内传感器"),
}


def communication_lost(view: View) -> Iterator[Condition]:
    """Raised after 60 s of silence or damage without one good answer."""
    if view.silent_s <= 0:
        return
    outdoor_c = view.snapshot.number("outdoor_temp")
    freezes = view.machine.kind == "heat_pump"
    cold = freezes and outdoor_c is not None and outdoor_c < COLD_OUTDOOR_C
    en, zh = NAMES[view.machine.kind]
    yield Condition(
        rule="communication_lost",
        device=view.machine.name,
        severity=Severity.S1 if cold else Severity.S2,
        en=f"The {en} does not answer. Check its power and the bus cable.",
        zh=f"{zh}无应答，请检查电源和通讯线。",
        raise_after_s=RAISE_AFTER_S,
        clear_after_s=CLEAR_AFTER_S,
        evidence={"why": view.silent_why, "outdoor_temp": outdoor_c},
    )
