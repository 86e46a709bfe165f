"""F04, the hard kind: far less water than ever before, for five minutes."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

SETTLED_S = 90.0
LOST_SHARE = 0.1  # of the usual: less is no flow at all, which F06 tells
FAR_SHARE = 0.65  # of the lowest it has shown: pumps with stages differ by less
LEARN = 0.01
LEARNT = 4320.0  # minutes with the pump on: three days
RESTED = 30.0  # minutes at rest, some of them of hot water, which gets all a pump can give
BELOW = 5.0  # minutes, whichever is seen


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Every minute: below two thirds of the least this pump has shown, five times in a row.

    A pump may follow the compressor, to less than half of its flow when that stands: at rest it is
    held against the least it has shown there and at all, once it has rested for half an hour.
    """
    sample = view.sample
    if not sample.pump_on:
        memory["since"] = view.now
        memory.pop("below", None)
        return NOTHING
    flow = sample.water_flow
    if flow is None or view.now - memory.setdefault("since", view.now) < SETTLED_S:
        return NOTHING
    usual, below = memory.get("usual", flow), memory.get("below", 0.0)
    at_rest = not view.running
    settled = at_rest and view.now - view.off_since >= SETTLED_S
    if at_rest and not (settled and memory.get("rested", 0.0) >= RESTED):
        low = below >= BELOW  # what was told stands, and is not taken as well
    else:
        low = _low(memory, flow, usual, at_rest)
        below = below + 1.0 if low else 0.0
    if below:
        memory["below"] = below
    else:
        memory.pop("below", None)
    if not low:
        _learn(memory, flow, usual, settled)
    if below < BELOW:
        return NOTHING
    return (Finding({"water_flow": flow, "water_flow_usual": round(usual, 1)}),)


def _low(memory: Memory, flow: float, usual: float, at_rest: bool) -> bool:
    """Whether there is some flow, and far less than it has shown, at rest and at all."""
    least = memory.get("lowest", usual)
    if at_rest:
        least = min(least, memory["rest"])
    return memory.get("count", 0.0) >= LEARNT and LOST_SHARE * usual < flow < FAR_SHARE * least


def _learn(memory: Memory, flow: float, usual: float, settled: bool) -> None:
    twice = max(flow, memory.get("last", flow))  # of two in a row, so that no wild value counts
    memory["last"] = flow
    if flow > 0.5 * usual:
        memory["usual"] = usual + LEARN * (flow - usual)
        memory["count"] = memory.get("count", 0.0) + 1.0
        memory["lowest"] = min(memory.get("lowest", twice), twice)
    if settled and flow > LOST_SHARE * usual:
        memory["rest"] = min(memory.get("rest", twice), twice)
        memory["rested"] = min(memory.get("rested", 0.0) + 1.0, RESTED)


FLOW_DROPPED = Rule(
    name="flow_dropped",
    fault="F04",
    severity=Severity.S2,
    look=look,
    on=Event.MINUTE,
    words=WORDS["F04"],
    needs=("pump_on", "water_flow"),
    gate="pump on for 90 s",
    clear_after_s=600.0,
    masked_by=("F05", "F06", "F15", "F17", "F25"),
)
