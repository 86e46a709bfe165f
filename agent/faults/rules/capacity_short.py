"""F21: all the machine can is not enough, for two hours.

What a crew can mend shows in the machine's own history and is told by that. A machine too small for
its house, or windows left open, is none of it: an advice, unless people are in danger.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

SHORT_K = 2.0
TOP = 0.95  # of the highest frequency
FOR_S = 7200.0
RISES_K = 1.0
COOL_ROOM_C, AWFUL_ROOM_C, DANGEROUS_ROOM_C = 18.0, 12.0, 8.0
FROST_C = -5.0  # colder, machines are at their end in many a house: only a cold one is a fault
OFTEN_S = 3600.0  # who defrosts as often cannot show what it can
STEP_K = 3.0  # over the setpoint of the last day: water takes hours to follow
DAY_S = 86400.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Supply 2 K below its setpoint at full frequency for two hours, and it does not rise."""
    sample = view.sample
    hz = sample.compressor_frequency
    highest = view.profile.highest_hz or memory.get("highest_hz", 0.0)
    if hz is not None and view.profile.highest_hz is None and hz > highest:
        memory["highest_hz"] = highest = hz
    supply_c, wanted_c = sample.water_supply_temp, sample.water_setpoint_active
    if hz is None or supply_c is None or wanted_c is None:
        return NOTHING
    if _stepped(view, memory, wanted_c):
        memory.pop("since", None)
        return NOTHING
    if view.defrost is not None and max(view.defrost.gap_s, view.since_defrost_s) < OFTEN_S:
        memory.pop("since", None)
        return NOTHING
    if view.defrosting or view.since_defrost_s < 900.0:
        return _told(view, memory, highest)
    if hz < TOP * highest or supply_c >= wanted_c - SHORT_K or sample.mode == "hot_water":
        memory.pop("since", None)
        return NOTHING
    if supply_c > memory.get("from_c", -99.0) + RISES_K or "since" not in memory:
        memory["since"], memory["from_c"] = view.now, supply_c
    return _told(view, memory, highest)


def _stepped(view: View, memory: Memory, wanted_c: float) -> bool:
    """Whether the setpoint has been raised within a day."""
    usual_c = memory.get("usual_c", wanted_c)
    share = min((view.now - memory.get("then", view.now)) / DAY_S, 1.0)
    memory["usual_c"], memory["then"] = usual_c + share * (wanted_c - usual_c), view.now
    return wanted_c > usual_c + STEP_K


def _told(view: View, memory: Memory, highest: float) -> Iterable[Finding]:
    if view.now - memory.get("since", view.now) < FOR_S:
        return NOTHING
    sample, room_c = view.sample, view.sample.indoor_temp
    outdoor_c = sample.outdoor_temp
    cold = outdoor_c is None or outdoor_c < FROST_C
    if room_c is None and view.machine.has("indoor_temp"):
        return NOTHING
    if room_c is not None and room_c >= (AWFUL_ROOM_C if cold else COOL_ROOM_C):
        return NOTHING
    seen = {
        "water_supply_temp": sample.water_supply_temp,
        "water_setpoint_active": sample.water_setpoint_active,
        "short_min": round((view.now - memory["since"]) / 60.0),
        "compressor_frequency": sample.compressor_frequency,
        "most_hz": highest,
        "outdoor_temp": outdoor_c,
        "indoor_temp": room_c,
    }
    danger = room_c is not None and room_c < DANGEROUS_ROOM_C
    known = {name: value for name, value in seen.items() if value is not None}
    return (Finding(known, severity=Severity.S2 if danger else None),)


CAPACITY_SHORT = Rule(
    name="capacity_short",
    fault="F21",
    severity=Severity.S3,
    look=look,
    on=Event.FIVE,
    words=WORDS["F21"],
    needs=("compressor_frequency", "water_supply_temp", "water_setpoint_active"),
    gate="compressor at 95 % of its highest frequency",
    clear_after_s=3600.0,
    masked_by=(
        "F01",
        "F04",
        "F06",
        "F07",
        "F08",
        "F09",
        "F10",
        "F11",
        "F12",
        "F13",
        "F14",
        "F15",
        "F16",
        "F17",
        "F20",
        "F22",
        "F23",
        "F24",
        "F25",
    ),
)
