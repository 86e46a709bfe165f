"""F06: the pump is told to run and no water moves."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.rules.lasting import lasting
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity, Suspect

LOST_SHARE = 0.1  # of the usual flow
SETTLED_S = 90.0
LEARN = 0.01
LEARNT = 200.0  # samples
FROST = (Suspect("F06", 0.55), Suspect("F20", 0.45))  # the water stands, whatever the reason
HOT_SPREAD_K, HOT_RISE_K_PER_S = 10.0, 2.0 / 60.0
HOT_AFTER_S = 300.0  # at a start the supply rises as fast with all the flow there is


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Flow below a tenth of the usual; without a flow meter the water runs away in the machine."""
    sample = view.sample
    if not sample.pump_on:
        memory["since"] = view.now
        return _moves(view, memory)
    if view.now - memory.setdefault("since", view.now) < SETTLED_S:
        return _moves(view, memory)
    flow = sample.water_flow
    if flow is None:
        return _by_heat(view, memory) if not view.machine.has("water_flow") else NOTHING
    usual, count = memory.get("usual", flow), memory.get("count", 0.0)
    if count >= LEARNT and flow < LOST_SHARE * usual:
        return (_finding(view, flow, usual),) if lasting(view, memory, flow > -1.0) else NOTHING
    if flow > 0.5 * usual:
        memory["usual"], memory["count"] = usual + LEARN * (flow - usual), count + 1.0
    return _moves(view, memory)


def _moves(view: View, memory: Memory) -> tuple[Finding, ...]:
    """Nothing is wrong, and what was counted so far was not in a row."""
    if "n" in memory:
        lasting(view, memory, bad=False)
    return NOTHING


def _by_heat(view: View, memory: Memory) -> Iterable[Finding]:
    """The spread opens by 2 K a minute over 10 K (a controller maker's limits are 9 K, 5 min)."""
    sample, last = view.sample, view.last
    supply_c, return_c = sample.water_supply_temp, sample.water_return_temp
    if supply_c is None or return_c is None or not view.running or view.defrosting:
        memory["hot"] = 0.0
        return NOTHING
    spread_k = supply_c - return_c
    if spread_k <= HOT_SPREAD_K:
        memory["hot"] = 0.0
        return NOTHING
    before = last.water_supply_temp if last is not None else None
    steady = min(view.running_s, view.since_defrost_s) > HOT_AFTER_S
    if steady and before is not None and supply_c - before > HOT_RISE_K_PER_S * view.dt_s:
        memory["hot"] = 1.0
    return (_finding(view, None, None),) if memory.get("hot") else NOTHING


def _finding(view: View, flow: float | None, usual: float | None) -> Finding:
    sample = view.sample
    seen = {
        "water_flow": flow,
        "water_flow_usual": usual,
        "water_supply_temp": sample.water_supply_temp,
        "water_return_temp": sample.water_return_temp,
    }
    outdoor_c = sample.outdoor_temp
    return Finding(
        {name: value for name, value in seen.items() if value is not None},
        suspects=FROST if outdoor_c is not None and outdoor_c < 0.0 else (),
    )


NO_FLOW = Rule(
    name="no_flow",
    fault="F06",
    severity=Severity.S1,
    look=look,
    on=Event.SAMPLE,
    words=WORDS["F06"],
    needs=("pump_on", ("water_flow", "water_supply_temp")),
    gate="pump on for 90 s",
    clear_after_s=300.0,
    masked_by=("F15", "F25"),
)
