"""F19: a backup heater that works although the heat pump alone would do, or by itself."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.sample import Sample
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

NEEDLESS_S = 1800.0
TOP_SHARE = 0.8  # of the highest frequency: below, the compressor could give more
LIMITED_C = -10.0  # below, a compressor may be held back by its own limits
FROST_C = 0.0
NEAR_K = 0.5  # water so near its setpoint needs no heater
STANDS_W = 1000.0  # more than pump, fan and board take
LONGEST_GAP_S = 450.0
OVER_S = 300.0
TANK_C = 50.0
HOT_WATER_TAIL_S = 900.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """For how long it has been on while the compressor had more to give."""
    sample, now = view.sample, view.now
    hz = sample.compressor_frequency if view.running else 0.0
    last_hz = view.last.compressor_frequency if view.last is not None else None
    if hz is not None and last_hz is not None:  # twice, so that a wild value is no top
        memory["most_hz"] = max(memory.get("most_hz", 0.0), min(hz, last_hz))
    needless = _needless(view, memory, hz)
    if needless is None:
        memory["looked"] = now
        return _found(view, memory, hz)
    step_s = min(now - memory.get("looked", now), LONGEST_GAP_S)
    memory["looked"] = now
    if needless:
        memory["on_s"] = memory.get("on_s", 0.0) + step_s
        memory["over_s"] = 0.0
    elif memory.get("on_s"):
        memory["over_s"] = memory.get("over_s", 0.0) + step_s
        if memory["over_s"] >= OVER_S:
            memory["on_s"] = 0.0
    return _found(view, memory, hz)


def _needless(view: View, memory: Memory, hz: float | None) -> bool | None:
    """None while nothing can be said: hot water, a defrost, a fault that stops the compressor."""
    sample = view.sample
    if view.defrosting or sample.mode == "hot_water" or sample.faults:
        return None
    if view.now - max(view.hot_water_ended, view.defrost_ended) < HOT_WATER_TAIL_S:
        return None
    if sample.dhw_heater_on or hz is None or _hot(sample):
        return None
    wanted_c, supply_c = sample.water_setpoint_active, sample.water_supply_temp
    if sample.electric_heater_on:
        if wanted_c is not None and supply_c is not None and supply_c >= wanted_c - NEAR_K:
            return True
        most_hz = view.profile.highest_hz or memory.get("most_hz", 0.0)
        outdoor_c = sample.outdoor_temp
        if not view.running:  # in the frost it may stand in for a compressor that waits
            return True if outdoor_c is None or outdoor_c >= FROST_C else None
        return (outdoor_c is None or outdoor_c >= LIMITED_C) and hz < TOP_SHARE * most_hz
    power_w = sample.active_power
    return power_w is not None and not view.running and power_w > STANDS_W


def _hot(sample: Sample) -> bool:
    """Water as hot as only a tank wants it: a heater finishes what the compressor cannot."""
    wanted_c = sample.water_setpoint_active
    hottest_c = sample.water_supply_temp if wanted_c is None else wanted_c
    return hottest_c is not None and hottest_c >= TANK_C


def _found(view: View, memory: Memory, hz: float | None) -> tuple[Finding, ...]:
    on_s = memory.get("on_s", 0.0)
    if on_s < NEEDLESS_S:
        return NOTHING
    sample = view.sample
    return (
        Finding(
            {
                "on_min": on_s / 60.0,
                "outdoor_temp": sample.outdoor_temp,
                "compressor_frequency": hz,
                "water_supply_temp": sample.water_supply_temp,
                "active_power": sample.active_power,
            }
        ),
    )


BACKUP_HEATER_NEEDLESS = Rule(
    name="backup_heater_needless",
    fault="F19",
    severity=Severity.S2,
    look=look,
    on=Event.FIVE,
    words=WORDS["F19"],
    needs=("compressor_frequency", ("electric_heater_on", "active_power")),
    gate="not hot water, not defrost, compressor below its top",
    clear_after_s=600.0,
)
