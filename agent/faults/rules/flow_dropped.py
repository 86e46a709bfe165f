"""F04, the hard kind: far less water than ever before, for five minutes."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

SETTLED_S = 90.0
LOST_SHARE = 0.1  # of the usual: less is no flow at all, which F06 tells
FAR_SHARE = 0.65  # of the lowest it has shown: pumps with stages differ by less
LEARN = 0.01
LEARNT = 4320.0  # minutes with the pump on: three days
BELOW = 5.0  # minutes, whichever is seen


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Every minute: below two thirds of the least this pump has shown, five times in a row.

    A pump may follow the compressor, to less than half of its flow when that stands: at rest, and
    of a compressor slower than it was while the flow was learnt, nothing new is said.
    """
    sample = view.sample
    if not sample.pump_on:
        memory["since"] = view.now
        memory.pop("below", None)
        return NOTHING
    flow = sample.water_flow
    if flow is None or view.now - memory.setdefault("since", view.now) < SETTLED_S:
        return NOTHING
    usual, count = memory.get("usual", flow), memory.get("count", 0.0)
    if count >= LEARNT and LOST_SHARE * usual < flow < FAR_SHARE * memory.get("lowest", usual):
        below = memory.get("below", 0.0)
        if view.running and _speed_hz(view) >= memory.get("slowest", inf):
            memory["below"] = below = below + 1.0
        return (_finding(flow, usual),) if below >= BELOW else NOTHING
    memory.pop("below", None)
    if flow > 0.5 * usual:
        _learn(view, memory, flow)
    return NOTHING


def _learn(view: View, memory: Memory, flow: float) -> None:
    usual = memory.get("usual", flow)
    memory["usual"], memory["count"] = usual + LEARN * (flow - usual), memory.get("count", 0.0) + 1
    twice = max(flow, memory.get("last", flow))  # of two in a row, so that no wild value counts
    memory["lowest"], memory["last"] = min(memory.get("lowest", twice), twice), flow
    heats = view.running_s >= SETTLED_S and view.sample.mode in (None, "heating")
    if heats and flow >= FAR_SHARE * memory["lowest"]:  # hot water gets all a pump can give
        memory["slowest"] = min(memory.get("slowest", inf), _speed_hz(view))


def _speed_hz(view: View) -> float:
    """Of a compressor that runs; 0 where its frequency is not known."""
    return view.sample.compressor_frequency or 0.0


def _finding(flow: float, usual: float) -> Finding:
    return Finding({"water_flow": flow, "water_flow_usual": round(usual, 1)})


FLOW_DROPPED = Rule(
    name="flow_dropped",
    fault="F04",
    severity=Severity.S2,
    look=look,
    on=Event.MINUTE,
    words=WORDS["F04"],
    needs=("pump_on", "water_flow"),
    gate="pump on for 90 s, compressor running as fast as while the flow was learnt",
    clear_after_s=600.0,
    masked_by=("F05", "F06", "F15", "F17", "F25"),
)
