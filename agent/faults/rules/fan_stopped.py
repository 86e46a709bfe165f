"""F08: the fan stands still while the compressor runs."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.rules.lasting import lasting
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

STOPPED_SHARE = 0.1  # of the usual speed
WEAK_SHARE = 0.65  # of the lowest it has shown; a machine may stop for it within two minutes
AFTER_START_S, AFTER_DEFROST_S = 60.0, 150.0  # when a fan may stand still
LEARN = 0.01
LEARNT, LEARNT_LOWEST = 100.0, 5000.0  # samples


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Speed below a tenth of the usual, clear of starts and defrosts; while the compressor is off
    what was seen stands.
    """
    rpm = view.sample.fan_speed
    if rpm is None or not view.running or view.defrosting:
        return _told(view, memory)
    usual, count, now = memory.get("usual", rpm), memory.get("count", 0.0), view.now
    starts = now - view.on_since < AFTER_START_S or now - view.defrost_ended < AFTER_DEFROST_S
    lowest = memory.get("lowest", rpm) if count >= LEARNT_LOWEST else 0.0
    if rpm >= max(STOPPED_SHARE * usual, WEAK_SHARE * lowest):
        if "n" in memory or "stopped" in memory:
            lasting(view, memory, bad=False)
            memory.pop("stopped", None)
        if rpm > 0.5 * usual:
            memory["usual"], memory["count"] = usual + LEARN * (rpm - usual), count + 1.0
            if not starts:
                memory["lowest"] = min(memory.get("lowest", rpm), rpm)
        return NOTHING
    if starts:
        return _told(view, memory)
    if lasting(view, memory, count >= LEARNT and rpm > -1.0):
        memory["stopped"] = rpm
    return _told(view, memory)


def _told(view: View, memory: Memory) -> Iterable[Finding]:
    if "stopped" not in memory:
        return NOTHING
    seen = {
        "fan_speed": memory["stopped"],
        "fan_speed_usual": round(memory["usual"]),
        "compressor_frequency": view.sample.compressor_frequency,
        "approach": view.own.signals.get("approach"),
    }
    return (Finding({name: value for name, value in seen.items() if value is not None}),)


FAN_STOPPED = Rule(
    name="fan_stopped",
    fault="F08",
    severity=Severity.S1,
    look=look,
    on=Event.SAMPLE,
    words=WORDS["F08"],
    needs=("fan_speed", "outdoor_temp"),
    gate="compressor on, clear of starts and defrosts",
    clear_after_s=300.0,
    masked_by=("F25",),
)
