"""F17: a sensor that shows one and the same value for hours of running while others move."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

WATCHED = (  # indoor and outdoor air, set points and tanks may well stand still
    "water_supply_temp",
    "water_return_temp",
    "discharge_temp",
    "suction_temp",
    "coil_temp",
    "liquid_temp",
    "high_pressure",
    "low_pressure",
)
KEYS = tuple((name, name + ".s", name + ".odd") for name in WATCHED)
STUCK_S = 7200.0  # healthy sensors stand still for up to 1.3 h of running
COARSE_STUCK_S = 12 * 3600.0  # and for hours when all come in steps of half a kelvin or more
COARSE, MOST_COARSE = 12.0, 24.0  # looks, an hour of them
MOVED_S = 900.0
LEAST_MOVING = 2
WILD = 8.0  # K or bar: a jump no machine makes, back within a minute
LONGEST_GAP_S = 450.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Running time without a change, sensor by sensor."""
    if not view.running:
        return NOTHING
    step_s = min(view.now - memory.get("now", view.now), LONGEST_GAP_S)
    memory["now"] = view.now
    stuck: list[tuple[str, float, float]] = []
    moving, sample, coarse = 0, view.sample, True
    stuck_s = COARSE_STUCK_S if memory.get("coarse", 0.0) >= COARSE else STUCK_S
    for name, since, odd in KEYS:
        value = getattr(sample, name)
        if value is None:
            continue
        coarse = coarse and (2.0 * value).is_integer()
        if memory.get(name) == value:
            stood_s = memory[since] = memory[since] + step_s
            if odd in memory:
                del memory[odd]
        else:
            stood_s = _moved(memory, name, value)
        if stood_s >= stuck_s:
            stuck.append((name, memory[name], stood_s))
        elif stood_s < MOVED_S:
            moving += 1
    count = memory.get("coarse", 0.0)
    memory["coarse"] = min(count + 1.0, MOST_COARSE) if coarse else max(count - 3.0, 0.0)
    if not stuck or moving < LEAST_MOVING:
        return NOTHING
    return tuple(_finding(view, *one) for one in stuck)


def _moved(memory: Memory, name: str, value: float) -> float:
    """For how long it has shown this now: one wild value is overlooked, any other begins anew."""
    since, odd = name + ".s", name + ".odd"
    before = memory.get(name)
    if before is not None and abs(value - before) > WILD and odd not in memory:
        memory[odd] = 1.0
        return memory[since]
    memory[name], memory[since] = value, 0.0
    memory.pop(odd, None)
    return 0.0


def _finding(view: View, name: str, value: float, stood_s: float) -> Finding:
    label = view.machine.label(name)
    return Finding(
        {
            "value": value,
            "stuck_h": stood_s / 3600.0,
            "label_en": label.en,
            "label_zh": label.zh,
        },
        key=name,
        point=name,
    )


SENSOR_STUCK = Rule(
    name="sensor_stuck",
    fault="F17",
    severity=Severity.S3,
    look=look,
    on=Event.FIVE,
    words=WORDS["F17"],
    gate="running",
    clear_after_s=600.0,
)
