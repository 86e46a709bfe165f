"""F23: pressure or temperature at the limit of the machine."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

PRESSURE_SHARE = 0.95  # of the limit at which the machine stops
DISCHARGE_C = 105.0
SUPPLY_C = 58.0
SUPPLY_FOR_S = 120.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """High pressure, discharge, or supply water outside hot water; one finding, the first."""
    sample = view.sample
    limit_bar, high_bar = view.profile.high_pressure_bar, sample.high_pressure
    if limit_bar is not None and high_bar is not None and high_bar > PRESSURE_SHARE * limit_bar:
        limit = PRESSURE_SHARE * limit_bar
        return (_finding("high pressure", "高压压力", high_bar, limit, "bar"),)
    hot_c = sample.discharge_temp
    if hot_c is not None and hot_c > DISCHARGE_C:
        return (_finding("discharge", "排气温度", hot_c, DISCHARGE_C, "C"),)
    supply_c = sample.water_supply_temp
    if supply_c is None or supply_c <= SUPPLY_C or sample.mode not in (None, "heating"):
        memory["cool"] = view.now
        return NOTHING
    if view.now - memory.setdefault("cool", view.now) < SUPPLY_FOR_S:
        return NOTHING
    return (_finding("supply water", "出水温度", supply_c, SUPPLY_C, "C"),)


def _finding(en: str, zh: str, value: float, limit: float, unit: str) -> Finding:
    return Finding(
        {"what_en": en, "what_zh": zh, "value": value, "limit": round(limit, 1), "unit": unit}
    )


OVERHEAT = Rule(
    name="overheat",
    fault="F23",
    severity=Severity.S1,
    look=look,
    on=Event.SAMPLE,
    words=WORDS["F23"],
    needs=(("high_pressure", "discharge_temp", "water_supply_temp"),),
    raise_after_s=30.0,  # two polls: one wild value raises nothing
    clear_after_s=600.0,
    masked_by=("F06", "F15", "F25"),
)
