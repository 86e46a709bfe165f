"""Ten polls of a machine, looked at one by one: whether answers come, in time, whole and steady.

Pure. The gateway polls as it always does; a check only watches. It is ordered and answered as a
self-test is, and its last report is kept as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from agent.control import asked, ended, result_of
from agent.facts import LATE, BlockFailed, BlockRead, Effect, Failure, Note, Save
from agent.faults import Issuer
from agent.model import (
    Check,
    Command,
    Machine,
    Outcome,
    PointId,
    Quality,
    Reading,
    Stamp,
    Unit,
    Value,
    Visit,
)
from agent.selftest import Report

ORDER = "poll_check"
POLLS = 10
ENOUGH = 8
LEAP_K = 8.0  # within ten polls, five minutes as a rule; a defrost takes less out of the water
SPARE_S = 60.0

_TEXTS: Mapping[str, tuple[str, str]] = {
    "polls": ("every poll was answered", "每次轮询都有应答"),
    "late": (
        "answers come too late: raise answer_within, or fewer devices on this line",
        "应答太慢：调大 answer_within，或减少这条线上的设备",
    ),
    "garbled": (
        "answers arrive damaged: termination, shield, or a second master",
        "应答有损坏：检查终端电阻、屏蔽层，是否还有别的主站",
    ),
    "silent": (
        "it did not always answer: look at its wires, its power and its id",
        "有时没有应答：检查接线、电源和地址",
    ),
    "values": ("its temperatures stand", "温度读数平稳"),
    "leaps": (
        "a temperature leaps: its sensor, or noise on the line",
        "温度跳变：检查传感器和线路干扰",
    ),
    "none": ("it shows no temperature", "没有温度读数"),
    "absent": ("a sensor shows nothing", "传感器无数值"),
}
_WORDS = {Visit.NONE: "good", Visit.SOON: "fair", Visit.NOW: "bad"}


@dataclass(slots=True)
class _Run:
    command: Command
    until: float
    whole: bool = False  # the poll under way was seen from its beginning
    failed: bool = False
    polls: int = 0
    answered: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {"late": 0, "garbled": 0, "silent": 0})
    spans: dict[PointId, tuple[float, float]] = field(default_factory=dict)
    absent: set[PointId] = field(default_factory=set)


class PollChecks:
    """The checks that run; at most one of a machine. `every_s` is how often each is polled."""

    def __init__(self, machines: Mapping[str, Machine], every_s: Mapping[str, float]) -> None:
        self._machines, self._every_s = machines, every_s
        self._runs: dict[str, _Run] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """The machines that are watched now."""
        return tuple(self._runs)

    def command(self, command: Command, stamp: Stamp) -> Iterator[Effect]:
        """`true` begins a check; its result comes after ten polls."""
        yield asked(command, stamp)
        why = self._refused(command)
        if why:
            yield from ended(result_of(command, Outcome.REFUSED, why), stamp)
            return
        within_s = 2 * (POLLS + 1) * self._every_s[command.device] + SPARE_S
        self._runs[command.device] = _Run(command, stamp.mono + within_s)
        yield Note("info", "poll check begins", {"device": command.device})

    def see(self, fact: BlockRead | BlockFailed) -> Iterator[Effect]:
        """A block of a machine was read or was not."""
        run = self._runs.get(fact.device)
        if run is None:
            return
        if run.whole:
            self._count(run, fact)
        if not fact.sweep_end:
            return
        if run.whole:
            run.polls += 1
            run.answered += not run.failed
        run.whole, run.failed = True, False
        if run.polls >= POLLS:
            yield from self._ended(fact.device, fact.stamp)

    def tick(self, stamp: Stamp) -> Iterator[Effect]:
        """Polls of a machine that rests because it is silent count as silences."""
        for device, run in list(self._runs.items()):
            if stamp.mono >= run.until:
                run.counts["silent"] += POLLS - run.polls
                yield from self._ended(device, stamp)

    def stop(self, stamp: Stamp) -> Iterator[Effect]:
        """The gateway stops: nothing more can be seen."""
        for run in self._runs.values():
            yield from ended(result_of(run.command, Outcome.FAILED, "the gateway stops"), stamp)
        self._runs.clear()

    def _refused(self, command: Command) -> str:
        if command.device not in self._machines:
            return f"no device is named {command.device}"
        if not Issuer(command.role, command.issuer).may("self-test"):
            return f"a {command.role} begins no check"
        if command.value is not True:
            return f"{ORDER} is true"
        return "a check runs already" if command.device in self._runs else ""

    def _count(self, run: _Run, fact: BlockRead | BlockFailed) -> None:
        if isinstance(fact, BlockRead):
            for reading in fact.readings:
                self._read(run, fact.device, reading)
        elif (
            fact.failure is not Failure.REFUSED
        ):  # a point it does not have is no fault of the line
            kind = "late" if fact.why == LATE else "silent"
            run.counts["garbled" if fact.failure is Failure.GARBLED else kind] += 1
            run.failed = True

    def _read(self, run: _Run, device: str, reading: Reading) -> None:
        if self._machines[device].label(reading.point).unit is not Unit.CELSIUS:
            return
        value = reading.value
        if reading.quality is not Quality.GOOD or not isinstance(value, int | float):
            run.absent.add(reading.point)
            return
        low, high = run.spans.get(reading.point, (inf, -inf))
        run.spans[reading.point] = (min(low, value), max(high, value))

    def _ended(self, device: str, stamp: Stamp) -> Iterator[Effect]:
        run = self._runs.pop(device)
        checks = (_answers(run), *_values(run, self._machines[device].kind))
        visit = min((one.visit for one in checks), key=list(Visit).index)
        why = f"{_WORDS[visit]}: {'; '.join(one.en for one in checks)}"
        yield Note("info", "poll check ended", {"device": device, "why": why})
        kept = Report(device, stamp.at, Outcome.VERIFIED, visit, checks, ORDER)
        yield Save(f"{ORDER} {device}", (kept,))
        result = result_of(run.command, Outcome.VERIFIED, why, _WORDS[visit], checks)
        yield from ended(result, stamp)


def _answers(run: _Run) -> Check:
    values: dict[str, Value | None] = {"polls": POLLS, "answered": run.answered, **run.counts}
    if run.answered == POLLS:
        return _check("polls", Visit.NONE, values)
    worst = max(run.counts, key=lambda kind: run.counts[kind])
    return _check(worst, Visit.SOON if run.answered >= ENOUGH else Visit.NOW, values)


def _values(run: _Run, kind: str) -> Iterator[Check]:
    """What the temperatures say; a meter has none, and need not have any."""
    shown = {point: f"{low:g}..{high:g}" for point, (low, high) in run.spans.items()}
    leaps = {p: shown[p] for p, (low, high) in run.spans.items() if high - low > LEAP_K}
    if leaps:
        yield _check("leaps", Visit.SOON, leaps)
    elif shown:
        yield _check("values", Visit.NONE, shown)
    elif kind != "meter" and run.answered:
        yield _check("none", Visit.SOON, {})
    if run.absent:
        yield _check("absent", Visit.NONE, dict.fromkeys(sorted(run.absent)), judged=False)


def _check(
    step: str, visit: Visit, values: Mapping[str, Value | None], judged: bool = True
) -> Check:
    en, zh = _TEXTS[step]
    return Check(step, visit, en, zh, judged, values)
