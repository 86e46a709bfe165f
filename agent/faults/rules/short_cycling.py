"""F18: the compressor starts too often for its own good."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

SHORT_S = 360.0
SHORT_A_DAY = 5.0
STARTS_A_DAY = 48.0  # a healthy machine of tuning had 41 on its first day
HOURS_A_DAY = 3.0
DAYS_LEARNT = 7.0
LEAST_SD = 3.3  # starts; from day to day in one home, by 22,370 days of Swiss units
LEAST_STARTS = 25.0
NEARER, SOONER = 0.7, 0.5  # of the distance and the rest before the starts of the first days
CYCLES_A_ROW, CYCLES_LEARNT = 12.0, 20.0
LEARN_S = 14 * 86400.0
TOUCHED_S, LONGEST_REST_S = 900.0, 14400.0
RECENT = ("start_1", "start_2", "start_3", "start_4")


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """By the runs of the present day; what was bad stays so until a day is good."""
    if memory.setdefault("day", view.day_began) != view.day_began:
        _next_day(view, memory)
    _count(view, memory)
    if view.running and memory.get("start") != view.on_since:
        memory["start"] = view.on_since
        _started(view, memory)
    starts, short = memory.get("starts", 0.0), memory.get("short", 0.0)
    if (
        short >= SHORT_A_DAY
        or memory.get("hours", 0.0) >= HOURS_A_DAY
        or _many(memory, starts)
        or _eager(memory)
    ):
        memory["bad"] = 1.0
        memory["starts_told"], memory["short_told"] = starts, short
    if not memory.get("bad"):
        return NOTHING
    return (Finding({"starts": memory["starts_told"], "short": memory["short_told"]}),)


def _count(view: View, memory: Memory) -> None:
    run = view.run
    if run is None or run.ended == memory.get("seen"):
        return
    memory["seen"] = run.ended
    if run.defrost or run.hot_water or view.sample.faults:
        return  # what a machine's own protection stops is told by its code
    memory["starts"] = memory.get("starts", 0.0) + 1.0
    if run.length_s < SHORT_S:
        memory["short"] = memory.get("short", 0.0) + 1.0
    oldest = min(RECENT, key=lambda name: memory.get(name, -1.0))
    memory[oldest] = run.began
    if all(run.began - memory.get(name, -1e9) < 3600.0 for name in RECENT):
        memory["hours"] = memory.get("hours", 0.0) + 1.0
        for name in RECENT:
            memory.pop(name)


def _started(view: View, memory: Memory) -> None:
    """How far below its setpoint the water was, and how long the compressor had stood: a start for
    heating that follows neither defrost nor hot water tells the hysteresis.
    """
    last, now = view.last, view.now
    if last is None or last.water_setpoint_active is None or last.water_supply_temp is None:
        return
    touched = max(view.defrost_ended, view.hot_water_ended)
    if view.sample.mode not in (None, "heating") or now - touched < TOUCHED_S:
        return
    below_k = last.water_setpoint_active - last.water_supply_temp
    rested_s = now - view.off_since
    if not 0.0 < below_k < 30.0 or rested_s > LONGEST_REST_S:
        return
    cycles = memory.get("cycles", 0.0)
    if now - memory.setdefault("began", now) < LEARN_S or cycles < CYCLES_LEARNT:
        memory["cycles"] = cycles + 1.0
        for name, value in (("below_k", below_k), ("rested_s", rested_s)):
            mean = memory.get(name, 0.0)
            memory[name] = mean + (value - mean) / (cycles + 1.0)
        return
    near = below_k < NEARER * memory["below_k"] and rested_s < SOONER * memory["rested_s"]
    memory["near"] = memory.get("near", 0.0) + 1.0 if near else 0.0


def _eager(memory: Memory) -> bool:
    return memory.get("near", 0.0) >= CYCLES_A_ROW


def _many(memory: Memory, starts: float) -> bool:
    if starts > STARTS_A_DAY:
        return True
    sd = max(memory.get("variance", 0.0) ** 0.5, LEAST_SD)
    learnt = memory.get("days", 0.0) >= DAYS_LEARNT and starts >= LEAST_STARTS
    return learnt and starts > memory["mean"] + 5 * sd


def _next_day(view: View, memory: Memory) -> None:
    starts, short = memory.pop("starts", 0.0), memory.pop("short", 0.0)
    hours = memory.pop("hours", 0.0)
    if (
        not _eager(memory)
        and short < SHORT_A_DAY
        and hours < HOURS_A_DAY
        and not _many(memory, starts)
    ):
        memory["bad"] = 0.0
        days = memory.get("days", 0.0)
        share = 1.0 / min(days + 1.0, 14.0)
        mean = memory.get("mean", starts)
        memory["variance"] = (1.0 - share) * (
            memory.get("variance", 0.0) + share * (starts - mean) ** 2
        )
        memory["mean"], memory["days"] = mean + share * (starts - mean), days + 1.0
    memory["day"] = view.day_began


SHORT_CYCLING = Rule(
    name="short_cycling",
    fault="F18",
    severity=Severity.S3,
    look=look,
    on=Event.START | Event.STOP | Event.DAY,
    words=WORDS["F18"],
    needs=(("compressor_on", "compressor_frequency"),),
    gate="runs that touch no defrost and no hot water",
    clear_after_s=3600.0,
    masked_by=("F06", "F15", "F24", "F25"),
    against_past=True,
)
