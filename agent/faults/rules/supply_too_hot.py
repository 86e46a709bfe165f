"""F22: the supply water is set hotter than this home needed before."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

HOTTER_K = 4.5
DAYS_IN_A_ROW = 3.0
LEARN_DAYS = 14.0
LEAST_LOOKS = 24.0  # two hours
TYPICAL_SLOPE = -0.7  # kelvin of water a kelvin of air, of radiators
FLOOR_LIMIT_C = 50.0
SPREAD_C = 2.5  # of the outdoor days, from which a slope is learnt


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """The day's mean setpoint against the home's own curve of its first days, three days."""
    if memory.setdefault("day", view.day_began) != view.day_began:
        _next_day(view, memory)
    sample = view.sample
    wanted_c, outdoor_c = sample.water_setpoint_active, sample.outdoor_temp
    if wanted_c is not None and outdoor_c is not None and sample.mode in (None, "heating"):
        memory["n"] = memory.get("n", 0.0) + 1.0
        memory["w"] = memory.get("w", 0.0) + wanted_c
        memory["o"] = memory.get("o", 0.0) + outdoor_c
    if memory.get("days", 0.0) < DAYS_IN_A_ROW:
        return NOTHING
    names = ("setpoint_c", "outdoor_temp", "needed_c")
    return (Finding({name: round(memory[name], 1) for name in names}),)


def _next_day(view: View, memory: Memory) -> None:
    memory["day"] = view.day_began
    n, w, o = memory.pop("n", 0.0), memory.pop("w", 0.0), memory.pop("o", 0.0)
    if n < LEAST_LOOKS:
        return
    wanted_c, outdoor_c = w / n, o / n
    if memory.get("learnt", 0.0) < LEARN_DAYS:
        _learn(memory, wanted_c, outdoor_c)
        limit_c = FLOOR_LIMIT_C if view.profile.floor_heating else 99.0
        needed_c, hot = limit_c, wanted_c > limit_c
    else:
        needed_c = _needed(memory, outdoor_c)
        hot = wanted_c > needed_c + HOTTER_K
    memory["days"] = memory.get("days", 0.0) + 1.0 if hot else 0.0
    memory["setpoint_c"], memory["outdoor_temp"] = wanted_c, outdoor_c
    memory["needed_c"] = needed_c


def _learn(memory: Memory, y: float, x: float) -> None:
    memory["learnt"] = memory.get("learnt", 0.0) + 1.0
    for name, value in (("sx", x), ("sy", y), ("sxx", x * x), ("sxy", x * y)):
        memory[name] = memory.get(name, 0.0) + value


def _needed(memory: Memory, outdoor_c: float) -> float:
    n = memory["learnt"]
    x, y = memory["sx"] / n, memory["sy"] / n
    variance = memory["sxx"] / n - x * x
    slope = TYPICAL_SLOPE
    if variance > SPREAD_C**2:
        slope = min(max((memory["sxy"] / n - x * y) / variance, -1.5), 0.0)
    return y + slope * (outdoor_c - x)


SUPPLY_TOO_HOT = Rule(
    name="supply_too_hot",
    fault="F22",
    severity=Severity.S3,
    look=look,
    on=Event.FIVE,
    words=WORDS["F22"],
    needs=("water_setpoint_active", "outdoor_temp"),
    gate="days of heating",
    clear_after_s=3600.0,
    masked_by=("F15", "F16", "F17", "F25"),
    against_past=True,
)
