"""F05: air goes round with the water: the flow jumps while the pump runs evenly."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

JUMP = 0.25  # of the flow, between two polls
EVEN_PERCENT = 5.0
BUCKET_S = 3600.0
LEAST = 40.0  # looks in a bucket
NOISY, QUIET = 0.08, 0.04  # shares of looks; wild values alone make one in fifty
IN_A_ROW = 3.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Jumps in one look of twelve, in three hours of looks in a row."""
    sample, last = view.sample, view.last
    if last is not None and sample.pump_on and last.pump_on and view.dt_s <= 90.0:
        flow, before = sample.water_flow, last.water_flow
        speed, speed_before = sample.pump_speed or 0.0, last.pump_speed or 0.0
        if flow is not None and before is not None and abs(speed - speed_before) < EVEN_PERCENT:
            memory["seen"] = memory.get("seen", 0.0) + 1.0
            if abs(flow - before) > JUMP * max(flow, before, 1.0):
                memory["noisy"] = memory.get("noisy", 0.0) + 1.0
    if view.now - memory.setdefault("began", view.now) >= BUCKET_S:
        _judge(view, memory)
    if memory.get("row", 0.0) < IN_A_ROW:
        return NOTHING
    return (Finding({"noisy_min": memory["noisy_told"], "seen_min": memory["seen_told"]}),)


def _judge(view: View, memory: Memory) -> None:
    memory["began"] = view.now
    seen, noisy = memory.get("seen", 0.0), memory.get("noisy", 0.0)
    if seen < LEAST:
        return  # an hour too short to tell goes on into the next
    memory["seen"] = memory["noisy"] = 0.0
    if noisy > NOISY * seen:
        memory["row"] = memory.get("row", 0.0) + 1.0
        memory["noisy_told"], memory["seen_told"] = noisy, seen
    elif noisy < QUIET * seen or memory.get("row", 0.0) < IN_A_ROW:
        memory["row"] = 0.0


AIR_IN_WATER = Rule(
    name="air_in_water",
    fault="F05",
    severity=Severity.S3,
    look=look,
    on=Event.MINUTE,
    words=WORDS["F05"],
    needs=("water_flow", "pump_on"),
    gate="pump on at even speed",
    clear_after_s=3600.0,
    masked_by=("F06", "F15", "F25"),
)
