"""The work of one process: units that learn, branches with a fault, units that stay healthy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from bench.faults.fleets import A_DAY, CHUNK, STEP_S, Truth, settings
from bench.faults.outcome import MONTH_DAYS, Case, Healthy, Outcome
from bench.faults.plan import BY_NAME, FAULT_DAYS, LEARN_DAYS
from bench.faults.shelf import chunks, place
from bench.faults.telling import done
from bench.faults.watch import Kept, Setting, Watch
from bench.faults.ways import WAYS, seen
from simulators.physics import SEVERITIES as NUMBERS
from simulators.physics import Air, Fleet, Injection, draw_units, weather

WILD_SEED = 77


@dataclass(frozen=True, slots=True)
class Pair:
    """One unit in one weather, and the ways in which it is seen."""

    weather: str
    unit: int
    ways: tuple[str, ...] = ("full",)


@dataclass(frozen=True, slots=True)
class Fault:
    """One injection: a kind of the plan, a severity word, grown over `ramp_days`."""

    kind: str
    severity: str
    ramp_days: float = 0.0

    def injection(self, unit: int) -> Injection:
        kind = BY_NAME[self.kind]
        number = NUMBERS[kind.fault][self.severity]
        return Injection(kind.fault, number, self.ramp_days, kind.form(unit))


@dataclass(frozen=True, slots=True)
class Branch:
    """A fork of one pair's unit: what is injected, how it is scored, in which ways it is seen."""

    pair: int
    faults: tuple[Fault, ...]
    case: Case
    ways: tuple[str, ...] = ("full",)


@dataclass(frozen=True, slots=True)
class Learning:
    """Units that run healthy for 21 days, all at once."""

    pairs: tuple[Pair, ...]
    seed: int
    days: float = LEARN_DAYS
    fault_days: float = FAULT_DAYS
    folder: Path | None = None

    @property
    def months(self) -> float:
        """Device-months of seeing, every way counted."""
        return sum(len(pair.ways) for pair in self.pairs) * self.days / MONTH_DAYS

    @property
    def same(self) -> tuple[object, ...]:
        """What makes the learnt fleet the same one."""
        units = tuple((pair.weather, pair.unit) for pair in self.pairs)
        return (units, self.seed, self.days, self.fault_days)

    @property
    def ways(self) -> tuple[str, ...]:
        """Every way in which one of them is seen."""
        return tuple(dict.fromkeys(way for pair in self.pairs for way in pair.ways))


@dataclass(slots=True)
class Learnt:
    """The fleet at the onset, what each way of seeing each unit has saved, and the healthy days."""

    learning: Learning
    fleet: Fleet
    kept: Mapping[tuple[int, str], Kept]
    spans: tuple[Healthy, ...]


def airs(kinds: Sequence[str], days: float, seed: int) -> list[Air]:
    """One air for each; units of one kind live in different places."""
    return [weather(kind, days, seed * 1000 + k) for k, kind in enumerate(kinds)]


def learn(work: Learning) -> Learnt:
    """Healthy days of every pair."""
    n = len(work.pairs)
    days = work.days + work.fault_days + 0.1
    air = airs([pair.weather for pair in work.pairs], days, work.seed)
    fleet = Fleet(draw_units(n, work.seed), air, work.seed)
    watches: dict[tuple[int, str], Watch] = {}
    shelf = place(work.folder, work.same)
    for columns in chunks(fleet, work.days, CHUNK, shelf=shelf):
        if not watches:
            known = {way: settings(fleet.units, columns, WAYS[way]) for way in work.ways}
            for i, pair in enumerate(work.pairs):
                watches |= {(i, way): Watch(known[way][i]) for way in pair.ways}
        for (i, way), watch in watches.items():
            names = watch.setting.names
            watch.feed(seen(columns, i, names, WAYS[way], wild(work.seed, i)))
        done(work.months * len(columns["mono"]) / (work.days * A_DAY))
    kept = {key: watch.kept() for key, watch in watches.items()}
    spans = tuple(
        span(watch, _case(work, i, way), work.days) for (i, way), watch in watches.items()
    )
    return Learnt(work, fleet, kept, spans)


def _case(work: Learning, i: int, way: str) -> Case:
    pair = work.pairs[i]
    return Case("", "", pair.weather, pair.unit, way, work.seed)


def wild(seed: int, unit: int) -> int:
    """The seed of what disturbs a unit's line, the same for all its branches."""
    return (seed * 1009 + unit) * 100 + WILD_SEED


def span(
    watch: Watch, case: Case, days: float, events: tuple[tuple[float, str], ...] = ()
) -> Healthy:
    """A watch of healthy time, for the count of false alarms."""
    watch.kept()
    return Healthy(
        case,
        days,
        watch.ledger.raised(),
        events,
        watch.state_bytes,
        watch.see_s,
        watch.samples,
        watch.off,
    )


@dataclass(frozen=True, slots=True)
class Branches:
    """Branches of learnt units, stepped together with the twins they are measured against."""

    learnt: Learnt
    branches: tuple[Branch, ...]

    @property
    def months(self) -> float:
        """Device-months of seeing at most, every way counted; what is found early ends early."""
        return seeing(self.branches, self.learnt.learning.fault_days)


def seeing(branches: Sequence[Branch], days: float) -> float:
    """Device-months of these branches, every way counted."""
    return sum(len(branch.ways) for branch in branches) * days / MONTH_DAYS


@dataclass(frozen=True, slots=True)
class Found:
    """Outcomes of branches, and the healthy days of their twins."""

    outcomes: tuple[Outcome, ...] = ()
    spans: tuple[Healthy, ...] = ()


def run_branches(work: Branches) -> Found:
    """Fault days of these branches; the twins come first, each in every way it is needed."""
    learnt, learning = work.learnt, work.learnt.learning
    pairs = sorted({branch.pair for branch in work.branches})
    column = {pair: j for j, pair in enumerate(pairs)}
    index = [*pairs, *(branch.pair for branch in work.branches)]
    twin_of = [*range(len(pairs)), *(column[branch.pair] for branch in work.branches)]
    fleet = learnt.fleet.fork(np.array(index))
    injected = [
        [fault.injection(learning.pairs[branch.pair].unit) for fault in branch.faults]
        for branch in work.branches
    ]
    fleet.inject([*([None] * len(pairs)), *injected])
    truth = Truth.of(twin_of)
    twins: dict[tuple[int, str], Watch] = {}
    watches: dict[tuple[int, str], Watch] = {}
    shelf = place(learning.folder, learning.same, [(b.pair, b.faults) for b in work.branches])
    for columns in chunks(fleet, learning.fault_days, CHUNK, shelf=shelf):
        if not watches:
            known = {way: settings(fleet.units, columns, WAYS[way]) for way in learning.ways}
            _begin(work, column, known, twins, watches)
        for (j, way), watch in (*twins.items(), *watches.items()):
            if not watch.done:
                unit = wild(learning.seed, index[j])
                watch.feed(seen(columns, j, watch.setting.names, WAYS[way], unit))
        first = [
            watches[j, "full"].detected_s if (j, "full") in watches else None
            for j in range(len(index))
        ]
        truth.add(columns, first)
        done(work.months * len(columns["mono"]) / (learning.fault_days * A_DAY))
    outcomes = [
        _outcome(watch, work.branches[j - len(pairs)], way, truth, j, learning)
        for (j, way), watch in watches.items()
    ]
    spans = [
        span(watch, _case(learning, index[j], way), learning.fault_days)
        for (j, way), watch in twins.items()
    ]
    return Found(tuple(outcomes), tuple(spans))


def _begin(
    work: Branches,
    column: Mapping[int, int],
    known: Mapping[str, list[Setting]],
    twins: dict[tuple[int, str], Watch],
    watches: dict[tuple[int, str], Watch],
) -> None:
    """A watch for each branch and way, and one for the twin of each."""
    onset = work.learnt.fleet.step * STEP_S
    for k, branch in enumerate(work.branches):
        j, twin = k + len(column), column[branch.pair]
        for way in branch.ways:
            kept = work.learnt.kept.get((branch.pair, way))
            if (twin, way) not in twins:
                twins[twin, way] = Watch(known[way][twin], kept, onset)
            watches[j, way] = Watch(known[way][j], kept, onset, twins[twin, way])


def _outcome(
    watch: Watch, branch: Branch, way: str, truth: Truth, j: int, learning: Learning
) -> Outcome:
    assert watch.twin is not None
    case, at_s = branch.case, watch.detected_s
    vendor_s, frozen_s = float(truth.code_s[j]), float(truth.frozen_s[j])
    return Outcome(
        Case(case.fault, case.severity, case.weather, case.unit, way, case.seed, case.study),
        tuple(one for _, one in watch.ledger.opened),
        dict(watch.ledger.stood),
        twin_until(watch, watch.twin),
        vendor_s if isfinite(vendor_s) else None,
        round(truth.lost(j), 2) if way == "full" else None,
        learning.fault_days,
        watch.state_bytes,
        frozen_s - at_s if at_s is not None and isfinite(frozen_s) else None,
        watch.off,
        watch.unlearnable,
    )


def twin_until(watch: Watch, twin: Watch) -> frozenset[tuple[str, str]]:
    """What the twin raised up to a day after the branch's detection; all it raised without one."""
    until = watch.detected_s
    if until is None:
        return frozenset(twin.ledger.first)
    return frozenset(name for name, at_s in twin.ledger.first.items() if at_s <= until + 86400.0)
