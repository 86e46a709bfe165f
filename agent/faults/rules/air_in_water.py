"""F05: air goes round with the water: the flow jumps while the pump runs evenly."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

JUMP = 0.25  # of the flow, between two polls
EVEN_PERCENT = 5.0
NOISY_MIN = 10.0  # in a day
DAYS_IN_A_ROW = 2.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Ten minutes of jumps a day, on two days; a day too short to tell ends nothing."""
    if memory.setdefault("day", view.day.began) != view.day.began:
        _next_day(view, memory)
    sample, last = view.sample, view.last
    if last is not None and sample.pump_on and last.pump_on and view.dt_s <= 90.0:
        flow, before = sample.water_flow, last.water_flow
        speed, speed_before = sample.pump_speed or 0.0, last.pump_speed or 0.0
        if flow is not None and before is not None and abs(speed - speed_before) < EVEN_PERCENT:
            memory["seen"] = memory.get("seen", 0.0) + 1.0
            if abs(flow - before) > JUMP * max(flow, before, 1.0):
                memory["noisy"] = memory.get("noisy", 0.0) + 1.0
    if memory.get("days", 0.0) < DAYS_IN_A_ROW:
        return NOTHING
    noisy, seen = memory.get("noisy_day", 0.0), memory.get("seen_day", 0.0)
    return (Finding({"noisy_min": noisy, "seen_min": seen}),)


def _next_day(view: View, memory: Memory) -> None:
    noisy, seen = memory.pop("noisy", 0.0), memory.pop("seen", 0.0)
    memory["day"] = view.day.began
    if noisy >= NOISY_MIN:
        memory["days"] = memory.get("days", 0.0) + 1.0
        memory["noisy_day"], memory["seen_day"] = noisy, seen
    elif seen >= 6 * NOISY_MIN:
        memory["days"] = 0.0


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
