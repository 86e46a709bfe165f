"""F20: water or a room about to freeze, and a machine that stands still in the cold: seen first."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.frost import COLD_OUTDOOR_C, COLDEST_ROOM_C, FROST_ROOM_C, FROST_WATER_C
from agent.model import PointId, Severity

RAISE_AFTER_S = 60.0  # several polls: one bad reading raises nothing
CLEAR_AFTER_S = 1800.0
ICY_WATER_C = 3.0  # up to here it is today's danger to the machine, above it a visit
MILD_AIR_C = 5.0  # air that cannot freeze it; water gets so cold in a stopped defrost
DEFROST_TAIL_S = 600.0  # a defrost takes its heat from the water


def look_frost(view: View, memory: Memory) -> Iterable[Finding]:
    """Water below 5 degC or a room below 8 degC at a heat pump."""
    sample = view.sample
    supply_c, return_c, room_c = (
        sample.water_supply_temp,
        sample.water_return_temp,
        sample.indoor_temp,
    )
    if room_c is not None and COLDEST_ROOM_C <= room_c < FROST_ROOM_C:
        return (_freezing(view, "indoor_temp", room_c, "The room", "室内"),)
    if _cools_for_a_while(view):
        return NOTHING
    if return_c is not None and return_c < FROST_WATER_C:
        return (_freezing(view, "water_return_temp", return_c, "The heating water", "供暖水"),)
    if supply_c is not None and supply_c < FROST_WATER_C:
        return (_freezing(view, "water_supply_temp", supply_c, "The heating water", "供暖水"),)
    return NOTHING


def _cools_for_a_while(view: View) -> bool:
    """Whether cold water is no danger: mild air, or a defrost that has just taken its heat."""
    outdoor_c = view.sample.outdoor_temp
    if view.defrosting or view.now - view.defrost_ended < DEFROST_TAIL_S:
        return True
    return outdoor_c is not None and outdoor_c > MILD_AIR_C


def _freezing(view: View, point: PointId, value_c: float, en: str, zh: str) -> Finding:
    return Finding(
        {
            "point": point,
            "value": value_c,
            "outdoor_temp": view.sample.outdoor_temp,
            "power_on": view.sample.power_on,
            "what_en": en,
            "what_zh": zh,
        },
        severity=Severity.S2 if point != "indoor_temp" and value_c > ICY_WATER_C else None,
    )


def look_off(view: View, memory: Memory) -> Iterable[Finding]:
    """A heat pump that is switched off below -5 degC outdoors."""
    sample = view.sample
    outdoor_c = sample.outdoor_temp
    if sample.power_on != 0.0 or outdoor_c is None or outdoor_c >= COLD_OUTDOOR_C:
        return NOTHING
    return (Finding({"outdoor_temp": outdoor_c}),)


FROST_DANGER = Rule(
    name="frost_danger",
    fault="F20",
    severity=Severity.S1,
    look=look_frost,
    on=Event.SAMPLE,
    words=WORDS["F20"],
    raise_after_s=RAISE_AFTER_S,
    clear_after_s=CLEAR_AFTER_S,
)
OFF_IN_THE_COLD = Rule(
    name="off_in_the_cold",
    fault="F20",
    severity=Severity.S1,
    look=look_off,
    on=Event.SAMPLE,
    words=WORDS["F20 off"],
    raise_after_s=RAISE_AFTER_S,
    needs=("power_on",),
)
