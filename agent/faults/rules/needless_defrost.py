"""F11: defrosts although there is no frost, or far more often than this machine used to."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

WARM_COIL_C = -2.0
FROST_FROM_C, FROST_TO_C = -8.0, 6.0
OFTEN_S = 3000.0  # 1.2 defrosts per hour
IN_A_ROW = 8.0
EARLY_K, EARLY_SHARE = 3.0, 0.7  # nearer to the air, and sooner, than this machine used to
OFTEN_K, OFTEN_SHARE = 1.0, 0.35  # a little nearer, and far sooner
LEARN_S = 14 * 86400.0
LEAST = 6.0
LONGEST_S = 6 * 3600.0
FIRM_K2 = 1.0  # a spread of the air below which no slope is believed


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Six needless defrosts in a row: with a warm coil, too early for this machine, or, while that
    is not learnt, too often outside the frost zone.
    """
    defrost = view.defrost
    if defrost is None:
        return NOTHING
    outdoor_c, coil_c = defrost.outdoor_c, defrost.coil_before_c
    needless = coil_c is not None and coil_c > WARM_COIL_C
    if memory.get("count", 0.0) < LEAST:
        zone = outdoor_c is None or FROST_FROM_C <= outdoor_c <= FROST_TO_C
        needless = needless or (not zone and defrost.gap_s < OFTEN_S)
    since_s = min(defrost.since_s, defrost.gap_s)
    if outdoor_c is not None and coil_c is not None and since_s < inf:
        needless = _early(view, memory, outdoor_c, outdoor_c - coil_c, defrost.since_s) or needless
    memory["row"] = memory.get("row", 0.0) + 1.0 if needless else 0.0
    if memory["row"] < IN_A_ROW:
        return NOTHING
    seen = {
        "in_a_row": memory["row"],
        "outdoor_temp": outdoor_c,
        "coil_temp": coil_c,
        "since_min": round(since_s / 60.0) if since_s < inf else None,
    }
    return (Finding({name: value for name, value in seen.items() if value is not None}),)


def _early(view: View, memory: Memory, outdoor_c: float, depth_k: float, since_s: float) -> bool:
    """Whether the coil was nearer to the air, and sooner, than the first defrosts in such air."""
    count, since_s = memory.get("count", 0.0), min(since_s, LONGEST_S)
    if view.now - memory.setdefault("began", view.now) < LEARN_S or count < LEAST:
        memory["count"] = count + 1.0
        for name, value in (
            ("air", outdoor_c),
            ("depth", depth_k),
            ("air2", outdoor_c * outdoor_c),
            ("air_depth", outdoor_c * depth_k),
            ("since_s", since_s),
        ):
            mean = memory.get(name, 0.0)
            memory[name] = mean + (value - mean) / (count + 1.0)
        return False
    air_c, usual_k = memory["air"], memory["depth"]
    spread = memory["air2"] - air_c * air_c
    slope = (memory["air_depth"] - air_c * usual_k) / (spread + FIRM_K2)
    usual_k += slope * (outdoor_c - air_c)
    return any(
        depth_k < usual_k - nearer_k and since_s < share * memory["since_s"]
        for nearer_k, share in ((EARLY_K, EARLY_SHARE), (OFTEN_K, OFTEN_SHARE))
    )


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
    against_past=True,
)
