"""F27: counters of electricity and heat against the powers measured beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.sample import Sample
from agent.faults.signals import WATER_W_PER_LPM_K
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import PointId, Severity, Suspect, Value

STANDS_S = 1200.0  # a counter that is read out each quarter of an hour still goes
LEAST_POWER_W, LEAST_HEAT_W = 200.0, 1000.0
LONGEST_GAP_S = 150.0
AFTER_S = 300.0  # of a start or a defrost: what is warmed is not what is counted
STEPS, LEAST_KWH = 2.2, 0.22  # of the counter that must be due before it is said to stand
COARSEST_KWH, FINEST_KWH = 1.0, 0.01
COMPARED_S, COMPARED_STEPS, COMPARED_KWH = 3600.0, 20.0, 3.0
OFF_ENERGY, OFF_HEAT = 0.15, 0.4  # flow and two probes are no better on a warm-up
TWICE = 2.0
LOOKS = 2.0
BELIEVED = 3.0
FALLS, FALLS_WITHIN_S = 2.0, 86400.0  # one fall is a meter that was replaced
COP_LEAST, COP_MOST = 1.0, 8.0
COP_WINDOWS = 6.0  # an hour of steady heating
OF_COP = (Suspect("F16", 0.5), Suspect("F27", 0.4))  # two kelvin of water are half of a small heat


OF_HEAT = (Suspect("F16", 0.5), Suspect("F27", 0.4))  # the probes are likelier wrong than the count


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter in kWh and where the power beside it comes from, in W."""

    point: PointId
    key: str
    least_w: float
    off: float
    en: str
    zh: str
    suspects: tuple[Suspect, ...] = ()


ENERGY = Counter("energy_total", "energy", LEAST_POWER_W, OFF_ENERGY, "electricity counter", "电量")
HEAT = Counter("heat_energy_total", "heat", LEAST_HEAT_W, OFF_HEAT, "heat counter", "热量", OF_HEAT)


def look_energy(view: View, memory: Memory) -> Iterable[Finding]:
    """The electricity counter against the power."""
    return _counted(view, memory, ENERGY, view.sample.active_power)


def look_heat(view: View, memory: Memory) -> Iterable[Finding]:
    """The heat counter against water flow and temperatures; a defrost begins anew."""
    unsettled = view.since_defrost_s < AFTER_S or view.running_s < AFTER_S
    pause = view.defrosting or unsettled or bool(view.sample.electric_heater_on)
    return _counted(view, memory, HEAT, _heat_w(view.sample), pause)


def _heat_w(sample: Sample) -> float | None:
    flow, supply_c, return_c = sample.water_flow, sample.water_supply_temp, sample.water_return_temp
    if flow is None or supply_c is None or return_c is None:
        return None
    return flow * (supply_c - return_c) * WATER_W_PER_LPM_K


def _counted(
    view: View, memory: Memory, counter: Counter, power_w: float | None, pause: bool = False
) -> tuple[Finding, ...]:
    """What the counter has counted since it last was compared, and what was due."""
    raw, now = getattr(view.sample, counter.point), view.now
    step_s, memory["looked"] = now - memory.get("looked", now), now
    if view.last is None or step_s > LONGEST_GAP_S:  # who restarts knows not for how long
        memory.pop("count", None)
        _begin(memory)
    before = memory.get("count")
    settled = raw is None or (raw == before and "next" not in memory)
    count = before if settled else _believed(memory, raw, before)
    if count is None:
        return _found(memory, counter)
    power_w = memory.get("last_w", 0.0) if power_w is None else power_w
    memory["low"] = memory.get("low", 0.0) + 1.0 if power_w < counter.least_w else 0.0
    if before is None or pause or memory["low"] >= LOOKS:
        memory["count"] = count
        _begin(memory)
        return _found(memory, counter)
    if "from" not in memory:
        memory.update({"from": before, "since": now, "due": 0.0, "most": 0.0, "stood_due": 0.0})
    last_w = memory.get("last_w", power_w)  # the lower of two: one wild value adds nothing
    memory["last_w"] = power_w
    memory["due"] += min(power_w, last_w) * step_s / 3.6e6
    memory["most"] += max(power_w, last_w) * step_s / 3.6e6
    if count != before:
        _moved(memory, count, before, now)
    if "from" in memory:
        if now - memory["since"] >= STANDS_S:
            _stands(memory)
        _compare(memory, now, counter.off)
    return _found(memory, counter)


def _begin(memory: Memory) -> None:
    for name in ("from", "due", "most", "last_w", "since", "stood_due", "began"):
        memory.pop(name, None)


def _believed(memory: Memory, raw: float, before: float | None) -> float | None:
    """The count; less than before, or far above, it is believed when seen three times."""
    if before is not None and 0.0 <= raw - before <= COARSEST_KWH:
        memory.pop("next", None)
        return raw
    if abs(raw - memory.get("next", inf)) > COARSEST_KWH:
        memory["times"] = 0.0
    memory["times"] = memory.get("times", 0.0) + 1.0
    memory["next"] = raw
    return raw if memory["times"] >= BELIEVED else before


def _moved(memory: Memory, count: float, before: float, now: float) -> None:
    """Take a new count; the smallest step is the counter's own.

    One that falls no further than its last rise has not fallen: that rise was a wild value.
    """
    memory["count"] = count
    if memory.get("rose", inf) <= count < before:
        _begin(memory)
        return
    if count < before:
        if now - memory.get("fell", -inf) > FALLS_WITHIN_S:
            memory["falls"] = 0.0
        memory.update(fell=now, falls=memory.get("falls", 0.0) + 1.0, stands=0.0)
        _begin(memory)
        return
    memory["rose"] = before
    step = max(round(count - before, 3), FINEST_KWH)
    memory["step"] = min(memory.get("step", COARSEST_KWH), step)
    memory.update(since=now, stood_due=memory["due"], stands=0.0)


def _stands(memory: Memory) -> None:
    due = memory["due"] - memory["stood_due"]
    step = memory.get("step", COARSEST_KWH)
    if due >= max(STEPS * step, LEAST_KWH):
        memory.update(stands=1.0, stood=due)


def _compare(memory: Memory, now: float, off_share: float) -> None:
    """After an hour and enough steps: counted against due, apart by more than wild values make.

    What is due is measured too: by flow and two probes it may be too small as easily as too large.
    """
    began = memory.setdefault("began", now)
    if now - began < COMPARED_S and memory["count"] != memory["from"]:
        return
    counted = memory["count"] - memory["from"]
    step = memory.get("step", COARSEST_KWH)
    if counted == 0.0 and memory["due"] < step:
        memory["began"] = began = now
    enough = memory["due"] >= max(COMPARED_STEPS * step, COMPARED_KWH)
    if now - began < COMPARED_S or not enough:
        return
    low, high = memory["due"] * (1.0 - off_share), memory["most"] / (1.0 - off_share)
    off = not low - step <= counted <= high + step
    memory["off"] = memory.get("off", 0.0) + 1.0 if off else 0.0
    memory.update(counted=counted, usual=(memory["due"] + memory["most"]) / 2.0, began=now)
    memory.update({"from": memory["count"], "due": 0.0, "most": 0.0, "stood_due": 0.0})


def _found(memory: Memory, counter: Counter) -> tuple[Finding, ...]:
    if (
        "fell" in memory
        and memory.get("falls", 0.0) >= FALLS
        and memory["looked"] - memory["fell"] < FALLS_WITHIN_S
    ):
        return (_finding(counter, "fell", "多次回退", memory["falls"], 0.0),)
    if memory.get("stands"):
        return (_finding(counter, "stands, kWh", "停走", 0.0, memory["stood"]),)
    if memory.get("off", 0.0) >= TWICE:
        found = _finding(counter, "counted", "计数", memory["counted"], memory["usual"])
        return (replace(found, suspects=counter.suspects),)
    return NOTHING


def _finding(counter: Counter, en: str, zh: str, value: float, usual: float) -> Finding:
    return Finding(
        {
            "what_en": f"{counter.en} {en}",
            "what_zh": f"{counter.zh}{zh}",
            "value": round(value, 2),
            "value_usual": round(usual, 2),
            "unit": "kWh",
        },
        key=counter.key,
        point=counter.point,
    )


def look_cop(view: View, memory: Memory) -> Iterable[Finding]:
    """Heat over electricity in six steady windows in a row."""
    window = view.window
    if window is None:
        return NOTHING
    flow, supply_c, return_c, power_w = (
        window.get(name)
        for name in ("water_flow", "water_supply_temp", "water_return_temp", "active_power")
    )
    if flow is None or supply_c is None or return_c is None or not power_w:
        return NOTHING
    if power_w < LEAST_POWER_W or not (
        window.swing("water_supply_temp") and window.swing("water_return_temp")
    ):
        return NOTHING  # a sensor that stands still is told by a rule of its own
    cop = flow * (supply_c - return_c) * WATER_W_PER_LPM_K / power_w
    beyond = not COP_LEAST <= cop <= COP_MOST
    memory["beyond"] = memory.get("beyond", 0.0) + 1.0 if beyond else 0.0
    if memory["beyond"] < COP_WINDOWS:
        return NOTHING
    limit = COP_LEAST if cop < COP_LEAST else COP_MOST
    evidence: dict[str, Value | None] = {
        "what_en": "heat over electricity",
        "what_zh": "能效比",
        "value": round(cop, 2),
        "value_usual": limit,
        "unit": "",
    }
    return (Finding(evidence, key="cop", suspects=OF_COP),)


ENERGY_METER = Rule(
    name="energy_meter",
    fault="F27",
    severity=Severity.S3,
    look=look_energy,
    on=Event.MINUTE,
    words=WORDS["F27"],
    needs=("energy_total", "active_power"),
    clear_after_s=600.0,
    masked_by=("F25",),
)
HEAT_METER = Rule(
    name="heat_meter",
    fault="F27",
    severity=Severity.S3,
    look=look_heat,
    on=Event.MINUTE,
    words=WORDS["F27"],
    needs=("heat_energy_total", "water_flow", "water_supply_temp", "water_return_temp"),
    clear_after_s=600.0,
    masked_by=("F15", "F16", "F17", "F25"),
)
COP_BEYOND = Rule(
    name="cop_beyond",
    fault="F27",
    severity=Severity.S3,
    look=look_cop,
    on=Event.WINDOW,
    words=WORDS["F27"],
    needs=("active_power", "water_flow", "water_supply_temp", "water_return_temp"),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=("F04", "F06", "F15", "F16", "F17", "F25"),
)
