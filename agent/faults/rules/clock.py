"""F26: the clock of the gateway against seconds that only go forward."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

JUMP_S = 60.0
YEAR_2024 = 1704067200.0
SAME_S, POLLED_S = 1.0, 5.0
REPEATS, WITHIN_S = 4.0, 7200.0  # single ones come every few days, three in 100 months
TOLD_S = 3600.0
SYNC_S = 600.0  # so long a clock may be unset after power came back


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """A jump, a step back, repeated stamps, a year that cannot be; told for an hour."""
    sample, last = view.sample, view.last
    at = sample.at
    odd = memory.pop("odd", 0.0)  # what follows a repeated stamp seems to jump
    if last is not None and last.at and last.trusted and sample.trusted and not odd:
        step_s = at - last.at
        late_s = step_s - (sample.mono - last.mono)
        if not -JUMP_S <= late_s <= JUMP_S:
            memory.update(jump=late_s, until=view.now + TOLD_S)
        elif step_s < SAME_S and sample.mono - last.mono > POLLED_S:
            _repeated(view, memory)
    elif sample.trusted and at - YEAR_2024 < memory.get("at", -inf) - JUMP_S:  # over a restart
        memory.update(jump=at - YEAR_2024 - memory["at"], until=view.now + TOLD_S)
    if at < YEAR_2024 and (sample.trusted or view.now > SYNC_S):
        return (_finding("its year is before 2024", "年份早于2024", "at_s", at),)
    if sample.trusted:
        memory["at"] = at - YEAR_2024
    if len(memory) < 2:
        return NOTHING
    return _told(view, memory)


def _repeated(view: View, memory: Memory) -> None:
    memory["odd"] = 1.0
    if view.now - memory.get("first", -inf) > WITHIN_S:
        memory.update(first=view.now, repeats=0.0)
    memory["repeats"] += 1.0
    if memory["repeats"] >= REPEATS:
        memory["again_until"] = view.now + TOLD_S


def _told(view: View, memory: Memory) -> tuple[Finding, ...]:
    now = view.now
    if now < memory.get("until", now):
        late_s = memory["jump"]
        en, zh = ("forward", "向前") if late_s > 0.0 else ("back", "向后")
        by = abs(late_s)
        return (_finding(f"jumped {en} by {by:.0f} s", f"{zh}跳变{by:.0f}秒", "jump_s", late_s),)
    if now < memory.get("again_until", now):
        n = memory["repeats"]
        return (_finding(f"{n:.0f} repeated stamps", f"{n:.0f}次重复时间戳", "repeats", n),)
    if now - memory.get("first", now - WITHIN_S) >= WITHIN_S:
        kept = memory.get("at")
        memory.clear()
        if kept is not None:
            memory["at"] = kept
    return NOTHING


def _finding(en: str, zh: str, name: str, value: float) -> Finding:
    return Finding({"what_en": en, "what_zh": zh, name: round(value)})


CLOCK_WRONG = Rule(
    name="clock_wrong",
    fault="F26",
    severity=Severity.S3,
    look=look,
    on=Event.SAMPLE,
    words=WORDS["F26"],
)
