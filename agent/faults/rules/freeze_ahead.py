"""F20: how long it takes until water that is no longer heated or moved freezes."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, inf, log

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.rules.communication import patience_s
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.frost import COLD_OUTDOOR_C
from agent.model import Severity, Suspect

ICY_C = 0.0
AIM_C = 2.0  # water so cold is about to freeze in the coldest place
LEFT_H = 4.0
AT_REST_C = 10.0  # a house that is warm keeps what stands in its pipes above this
TAU_H = 4.0  # a plate exchanger and pipes of 1 m outdoors, insulated: some 10 Wh/K and 2.5 W/K
LEAST_TAU_H, MOST_TAU_H = 1.0, 48.0
NO_FLOW_LPM = 0.5
LOOKS = 3.0  # a few minutes: two wild values in a row do nothing
LEARN_S = 1800.0
LEARN_FROM_K, LEARN_FALL_K = 8.0, 2.0
LATELY_S = 6 * 3600.0
SILENCE = (Suspect("F25", 0.55), Suspect("F20", 0.45))  # a cable is cut more often than the mains
STILL = (Suspect("F20", 0.6), Suspect("F06", 0.4))


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """The machine is silent, or its water stands, while it freezes outdoors."""
    if view.silent_s > 0.0:
        return _silent(view, memory)
    sample = view.sample
    outdoor_c, water_c = sample.outdoor_temp, sample.water_supply_temp
    if outdoor_c is None or water_c is None:
        return NOTHING
    _remember(view, memory, outdoor_c, water_c)
    outdoor_c, water_c = memory["outdoor_c"], memory["water_c"]
    if outdoor_c >= ICY_C or (view.running and sample.water_flow is None):
        memory.pop("still", None)
        return NOTHING
    flow = sample.water_flow
    commanded = view.running if sample.pump_on is None else sample.pump_on > 0.0
    stopped = flow is not None and flow < NO_FLOW_LPM and commanded
    rests = not view.running and sample.pump_on == 0.0
    near = rests and water_c < AT_REST_C
    if not (stopped or (near and _left_h(water_c, outdoor_c, _tau_h(memory)) < LEFT_H)):
        memory.pop("still", None)
        return NOTHING
    memory["still"] = memory.get("still", 0.0) + 1.0
    if memory["still"] < LOOKS:
        return NOTHING
    if stopped:
        return (_finding(memory, "No water flows", "水不流动", water_c, outdoor_c, STILL),)
    en, zh = "Pump and compressor stand", "水泵和压缩机停止"
    return (_finding(memory, en, zh, water_c, outdoor_c, ()),)


def _silent(view: View, memory: Memory) -> tuple[Finding, ...]:
    """By what was last seen, and what has cooled down since."""
    outdoor_c, water_c = memory.get("outdoor_c"), memory.get("water_c")
    if (
        view.silent_s < patience_s(view, memory)
        or outdoor_c is None
        or water_c is None
        or outdoor_c >= ICY_C
    ):
        return NOTHING
    if view.now - view.silent_s - memory["seen"] > LATELY_S:
        return NOTHING
    cooled = exp(-view.silent_s / 3600.0 / _tau_h(memory))
    now_c = outdoor_c + max(water_c - outdoor_c, 0.0) * cooled
    if outdoor_c >= COLD_OUTDOOR_C and _left_h(now_c, outdoor_c, _tau_h(memory)) >= LEFT_H:
        return NOTHING
    return (_finding(memory, "No answer", "无应答", now_c, outdoor_c, SILENCE),)


def _finding(
    memory: Memory,
    en: str,
    zh: str,
    water_c: float,
    outdoor_c: float,
    suspects: tuple[Suspect, ...],
) -> Finding:
    tau_h = _tau_h(memory)
    return Finding(
        {
            "why_en": en,
            "why_zh": zh,
            "outdoor_temp": outdoor_c,
            "water_c": round(water_c, 1),
            "left_h": round(_left_h(water_c, outdoor_c, tau_h), 1),
            "tau_h": round(tau_h, 1),
        },
        suspects=suspects,
    )


def _tau_h(memory: Memory) -> float:
    return memory.get("tau_h", TAU_H)


def _left_h(water_c: float, outdoor_c: float, tau_h: float) -> float:
    """Hours until water at rest has cooled to 2 degC; Newton's law of cooling."""
    if outdoor_c >= AIM_C:
        return inf
    return tau_h * log((water_c - outdoor_c) / (AIM_C - outdoor_c)) if water_c > AIM_C else 0.0


def _remember(view: View, memory: Memory, outdoor_c: float, water_c: float) -> None:
    """The middle of three minutes, and the machine's own cool-down while all stands."""
    a, b = memory.get("outdoor_c1", outdoor_c), memory.get("outdoor_c2", outdoor_c)
    memory["outdoor_c1"], memory["outdoor_c2"] = b, outdoor_c
    memory["outdoor_c"] = _middle(a, b, outdoor_c)
    a, b = memory.get("water_c1", water_c), memory.get("water_c2", water_c)
    memory["water_c1"], memory["water_c2"] = b, water_c
    memory["water_c"] = _middle(a, b, water_c)
    memory["seen"] = now = view.now
    if view.running or view.sample.pump_on != 0.0 or memory["outdoor_c"] > AIM_C:
        memory.pop("rest", None)
        return
    over_k = memory["water_c"] - memory["outdoor_c"]
    if "rest" not in memory:
        memory.update(rest=now, rest_k=over_k)
        return
    began_k = memory["rest_k"]
    if now - memory["rest"] < LEARN_S or over_k < LEARN_FROM_K or began_k - over_k < LEARN_FALL_K:
        return
    found = (now - memory["rest"]) / 3600.0 / log(began_k / over_k)
    tau_h = _tau_h(memory)
    tau_h += 0.3 * (min(max(found, LEAST_TAU_H), MOST_TAU_H) - tau_h)
    memory.update(tau_h=tau_h, rest=now, rest_k=over_k)


def _middle(a: float, b: float, c: float) -> float:
    if a > b:
        a, b = b, a
    return a if c < a else (b if c > b else c)


FREEZE_AHEAD = Rule(
    name="freeze_ahead",
    fault="F20",
    severity=Severity.S1,
    look=look,
    on=Event.MINUTE | Event.SILENT,
    words=WORDS["F20 ahead"],
    needs=("outdoor_temp", "water_supply_temp"),
    clear_after_s=600.0,
)
