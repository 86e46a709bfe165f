"""F14: the reversing valve does not switch."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.sample import Sample
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

LEAST_RISE_K = 5.0
EVENTS = 2.0
WRONG_WAY_K = 1.5
WRONG_WAY_S = 300.0
LONG_ENOUGH_S = 150.0
WAITED_S, LEAST_FALL_K = 300.0, 3.0  # a defrost takes its heat from the water


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Two defrosts in a row that warm no coil, or heating that cools the water for 5 minutes."""
    defrost = view.defrost
    if defrost is not None and defrost.ended != memory.get("seen"):
        memory["seen"] = defrost.ended
        _thawed(defrost.rise_k, defrost.length_s, memory)
    if memory.get("cold", 0.0) >= EVENTS:
        rise_k = memory.get("rise_k", 0.0)
        return (
            _finding(
                f"two defrosts warmed the coil by {rise_k:.0f} K at most",
                f"连续两次除霜盘管仅升温{rise_k:.0f} K",
            ),
        )
    if view.defrosting:
        return _thaws_not(view, memory)
    sample = view.sample
    _before(sample, memory)
    supply_c, return_c = sample.water_supply_temp, sample.water_return_temp
    heats = view.steady and view.running_s > 600.0 and view.since_defrost_s > 600.0
    if not heats or supply_c is None or return_c is None or supply_c > return_c - WRONG_WAY_K:
        memory["wrong_since"], memory["wrong_c"] = view.now, _or(supply_c, 0.0)
        return NOTHING
    if view.now - memory.setdefault("wrong_since", view.now) < WRONG_WAY_S:
        return NOTHING
    if supply_c == memory.get("wrong_c"):  # a sensor that stands still
        return NOTHING
    return (
        _finding(
            f"supply {supply_c:.1f} C below return {return_c:.1f} C while heating",
            f"制热时出水{supply_c:.1f}℃低于回水{return_c:.1f}℃",
        ),
    )


def _before(sample: Sample, memory: Memory) -> None:
    """The temperatures a defrost will begin from; of what is not known nothing is told."""
    for key, value in (("coil_c", sample.coil_temp), ("water_c", sample.water_supply_temp)):
        if value is None:
            memory.pop(key, None)
        else:
            memory[key] = value


def _thaws_not(view: View, memory: Memory) -> Iterable[Finding]:
    """A defrost of five minutes that neither warms the coil nor cools the water."""
    sample = view.sample
    coil_c, water_c = sample.coil_temp, sample.water_supply_temp
    if coil_c is None or water_c is None or view.now - view.defrost_began < WAITED_S:
        return NOTHING
    rise_k, fall_k = coil_c - memory.get("coil_c", -99.0), memory.get("water_c", 99.0) - water_c
    if rise_k >= LEAST_RISE_K or fall_k >= LEAST_FALL_K:
        return NOTHING
    minutes = (view.now - view.defrost_began) / 60.0
    en = f"{minutes:.0f} min of defrost changed the coil by {rise_k:+.0f} K"
    return (_finding(en, f"除霜{minutes:.0f}分钟盘管变化{rise_k:+.0f} K"),)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _thawed(rise_k: float | None, length_s: float, memory: Memory) -> None:
    if rise_k is None or length_s < LONG_ENOUGH_S:
        return
    if rise_k >= LEAST_RISE_K:
        memory["cold"] = memory["rise_k"] = 0.0
        return
    memory["rise_k"] = max(memory.get("rise_k", 0.0), rise_k)
    memory["cold"] = memory.get("cold", 0.0) + 1.0


def _finding(en: str, zh: str) -> Finding:
    return Finding({"what_en": en, "what_zh": zh}, severity=Severity.S1)


REVERSING_STUCK = Rule(
    name="reversing_valve_stuck",
    fault="F14",
    severity=Severity.S1,
    look=look,
    on=Event.MINUTE,
    words=WORDS["F14 stuck"],
    needs=(("coil_temp", "water_supply_temp"), ("defrost_active", "mode_active")),
    gate="defrosts; heating for ten minutes",
    raise_after_s=60.0,
    clear_after_s=3600.0,
    masked_by=("F06", "F15", "F16", "F17", "F25"),
)
