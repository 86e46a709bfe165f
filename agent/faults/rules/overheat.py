"""F23: pressure or temperature at the limit of the machine."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.rules.lasting import lasting
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity, Suspect

PRESSURE_SHARE = 0.98  # of the limit at which the machine stops
HOT_WATER_SHARE, HOT_WATER_S = 1.03, 600.0  # a legionella run takes a healthy one to that limit
DISCHARGE_C = 118.0  # up to 113 are usual below -15 degC; machines stop at 120 to 125
SUPPLY_C, SET_C, NEAR_SET_C = 58.0, 60.0, 54.0
SUPPLY_FOR_S = 120.0
WILD_C, WILD_BAR = 148.0, 80.0
SET_TOO_HOT = (Suspect("F23", 0.6), Suspect("F22", 0.4))


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """High pressure, discharge, supply water or its setpoint outside hot water; the first."""
    found = _found(view, memory)
    if found is None:
        if "n" in memory:
            lasting(view, memory, bad=False)
        return NOTHING
    return (found,) if lasting(view, memory, bad=True) else NOTHING


def _found(view: View, memory: Memory) -> Finding | None:
    sample = view.sample
    limit_bar, high_bar = view.profile.high_pressure_bar, sample.high_pressure
    if limit_bar is not None and high_bar is not None:
        is_hot_water = view.now - view.hot_water_ended < HOT_WATER_S
        limit = (HOT_WATER_SHARE if is_hot_water else PRESSURE_SHARE) * limit_bar
        if limit < high_bar < WILD_BAR:
            return _finding("high pressure", "高压压力", high_bar, limit, "bar")
    hot_c = sample.discharge_temp
    if hot_c is not None and DISCHARGE_C < hot_c < WILD_C:
        return _finding("discharge", "排气温度", hot_c, DISCHARGE_C, "C")
    if sample.mode not in (None, "heating"):
        return None
    wanted_c, supply_c = sample.water_setpoint_active, sample.water_supply_temp
    if wanted_c is not None and sample.mode and SET_C < wanted_c < 85.0:
        return _finding("water setpoint", "水温目标", wanted_c, SET_C, "C", SET_TOO_HOT)
    if supply_c is None or supply_c <= SUPPLY_C:
        memory.pop("hot", None)
        return None
    if view.now - memory.setdefault("hot", view.now) < SUPPLY_FOR_S:
        return None
    suspects = SET_TOO_HOT if wanted_c is not None and wanted_c > NEAR_SET_C else ()
    return _finding("supply water", "出水温度", supply_c, SUPPLY_C, "C", suspects)


def _finding(
    en: str, zh: str, value: float, limit: float, unit: str, suspects: tuple[Suspect, ...] = ()
) -> Finding:
    return Finding(
        {"what_en": en, "what_zh": zh, "value": value, "limit": round(limit, 1), "unit": unit},
        suspects=suspects,
    )


OVERHEAT = Rule(
    name="overheat",
    fault="F23",
    severity=Severity.S1,
    look=look,
    on=Event.SAMPLE,
    words=WORDS["F23"],
    needs=(("high_pressure", "discharge_temp", "water_supply_temp"),),
    clear_after_s=600.0,
    masked_by=("F06", "F15", "F25"),
)
