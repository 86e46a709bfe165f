"""F25: a machine that has not answered for a while. Masks every other rule of the device."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.frost import COLD_OUTDOOR_C
from agent.model import Severity, Suspect

LEAST_S, MOST_S = 60.0, 150.0
NOISY = 2.0  # times as long where values come damaged: polls get lost there as well
KNOWN_S = 6 * 3600.0  # so long the air of before tells of now, over restarts too
LOST_IN_A_ROW = 6.0
NOBODY_POLLED_S = 450.0
POLLS_AVERAGED = 30.0
MAYBE_MAINS = (Suspect("F25", 0.55), Suspect("F20", 0.45))
COMMON_ZH = {"no answer": "没有数据", "late": "应答太晚", "wrong checksum": "校验错误"}
"""What nearly every silence is; rarer reasons are the words of line and system as they are."""
NAMES = {
    "heat_pump": ("heat pump", "热泵"),
    "meter": ("electricity meter", "电表"),
    "sensor": ("room sensor", "室内传感器"),
}


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Silence or damage without one good answer; what it means, the air says that was seen last."""
    if view.silent_s <= 0:
        if view.sample.outdoor_temp is not None:
            memory["outdoor_c"], memory["seen"] = view.sample.outdoor_temp, view.now
        return NOTHING
    usual_s = memory.get("every_s", 0.0)
    after_s = patience_s(view, memory)
    if view.dt_s > max(NOBODY_POLLED_S, LOST_IN_A_ROW * usual_s):
        return NOTHING  # nobody polled: the silence begins with the next
    lately = view.now - memory.get("seen", -inf) < KNOWN_S
    outdoor_c = memory["outdoor_c"] if lately else None
    freezes = view.machine.kind == "heat_pump"
    cold = freezes and outdoor_c is not None and outdoor_c < COLD_OUTDOOR_C
    en, zh = NAMES[view.machine.kind]
    found = Finding(
        {
            "name_en": en,
            "name_zh": zh,
            "why_en": view.silent_why,
            "why_zh": COMMON_ZH.get(view.silent_why, view.silent_why),
            "outdoor_temp": outdoor_c,
        },
        severity=Severity.S1 if cold else Severity.S2,
        raise_after_s=after_s,
        suspects=MAYBE_MAINS if freezes and outdoor_c is not None and outdoor_c < 0.0 else (),
    )
    return (found,)


def patience_s(view: View, memory: Memory) -> float:
    """How long a silence is ordinary: one poll in twenty is lost, six in a row hardly ever.

    To be called with every poll that was lost; the time between polls is averaged over those.
    """
    memory["n"] = n = min(memory.get("n", 0.0) + 1.0, POLLS_AVERAGED)
    every_s = memory.get("every_s", 0.0)
    memory["every_s"] = every_s = every_s + (view.dt_s - every_s) / n
    usual_s = min(max(LEAST_S, (LOST_IN_A_ROW - 1.0) * every_s), MOST_S)
    return NOISY * usual_s if view.noisy else usual_s


COMMUNICATION_LOST = Rule(
    name="communication_lost",
    fault="F25",
    severity=Severity.S2,
    look=look,
    on=Event.SILENT | Event.MINUTE,
    words=WORDS["F25"],
    raise_after_s=LEAST_S,
    clear_after_s=10.0,
    kinds=("heat_pump", "meter", "sensor"),
)
