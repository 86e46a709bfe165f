"""F11: defrosts although there is no frost, or far more often than this machine used to."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

WARM_COIL_C = -2.0
FROST_FROM_C, FROST_TO_C = -8.0, 6.0
OFTEN_S = 3000.0  # 1.2 defrosts per running hour
IN_A_ROW = 6.0
HASTY = 0.6  # of the shortest time this machine used to run between two
LEARN_S = 14 * 86400.0
LEAST = 12.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Six needless defrosts in a row."""
    defrost = view.defrost
    if defrost is None:
        return NOTHING
    outdoor_c, coil_c, since_s = defrost.outdoor_c, defrost.coil_before_c, defrost.since_s
    zone = outdoor_c is None or FROST_FROM_C <= outdoor_c <= FROST_TO_C
    needless = (coil_c is not None and coil_c > WARM_COIL_C) or (not zone and since_s < OFTEN_S)
    memory.setdefault("began", view.now)
    shortest, count = memory.get("shortest_s", since_s), memory.get("count", 0.0)
    if view.now - memory["began"] < LEARN_S:
        memory["shortest_s"], memory["count"] = min(shortest, since_s), count + 1.0
    elif count >= LEAST and since_s < HASTY * shortest:
        needless = True
    memory["row"] = memory.get("row", 0.0) + 1.0 if needless else 0.0
    if memory["row"] < IN_A_ROW:
        return NOTHING
    seen = {
        "in_a_row": memory["row"],
        "outdoor_temp": outdoor_c,
        "coil_temp": coil_c,
        "since_min": round(since_s / 60.0),
    }
    return (Finding({name: value for name, value in seen.items() if value is not None}),)


NEEDLESS_DEFROST = Rule(
    name="needless_defrost",
    fault="F11",
    severity=Severity.S3,
    look=look,
    on=Event.DEFROST,
    words=WORDS["F11"],
    needs=("outdoor_temp", ("defrost_active", "mode_active")),
    gate="defrosts, by the coil before them",
    clear_after_s=600.0,
    masked_by=("F06", "F15", "F16", "F17", "F25"),
)
