"""F08: the fan stands still while the compressor runs."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

STOPPED_SHARE = 0.1  # of the usual speed
SETTLED_S = 150.0  # after a start or a defrost, when a fan may stand still
LEARN = 0.01
LEARNT = 100.0  # samples


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Speed below a tenth of the usual, clear of starts and defrosts."""
    rpm = view.sample.fan_speed
    if rpm is None or not view.running or view.defrosting:
        return NOTHING
    if min(view.now - view.on_since, view.now - view.defrost_ended) < SETTLED_S:
        return NOTHING
    usual, count = memory.get("usual", rpm), memory.get("count", 0.0)
    if count >= LEARNT and rpm < STOPPED_SHARE * usual:
        seen = {
            "fan_speed": rpm,
            "fan_speed_usual": round(usual),
            "compressor_frequency": view.sample.compressor_frequency,
            "approach": view.own.signals.get("approach"),
        }
        return (Finding({name: value for name, value in seen.items() if value is not None}),)
    if rpm > 0.5 * usual:
        memory["usual"], memory["count"] = usual + LEARN * (rpm - usual), count + 1.0
    return NOTHING


FAN_STOPPED = Rule(
    name="fan_stopped",
    fault="F08",
    severity=Severity.S1,
    look=look,
    on=Event.SAMPLE,
    words=WORDS["F08"],
    needs=("fan_speed", "outdoor_temp"),
    gate="compressor on, 150 s after a start or a defrost",
    raise_after_s=30.0,
    clear_after_s=300.0,
    masked_by=("F25",),
)
