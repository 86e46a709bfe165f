"""What a run consists of, and the processes that do it, with a bar that shows how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import Manager
from pathlib import Path
from queue import Queue
from time import monotonic
from typing import Any

from bench.faults.calm import Calm, run_calm
from bench.faults.outcome import MONTH_DAYS, Case, Healthy, Outcome
from bench.faults.plan import (
    PAIRS,
    RAMP_DAYS,
    RAMPED,
    SEVERITIES,
    UNMODELLED,
    WHILE_LEARNING,
    combinations,
    not_applicable,
)
from bench.faults.stages import (
    Branch,
    Branches,
    Fault,
    Found,
    Learning,
    Learnt,
    Pair,
    learn,
    run_branches,
    seeing,
)
from bench.faults.telling import tell
from bench.faults.ways import ABLATIONS, DISTURBED
from simulators.physics import Units, draw_units

TOLD_EVERY_S = 5.0
EVERY_WAY = ("full", DISTURBED.name, *(way.name for way in ABLATIONS))


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of everything is run.

    Ways of seeing and extra questions take the first `more_units` units of each weather, no other
    one learns in every way; of the healthy units every second is seen disturbed as well, every
    eighth in every way.
    """

    kinds: tuple[str, ...]
    weathers: tuple[str, ...]
    units: int
    months: float
    seed: int
    severities: tuple[str, ...] = SEVERITIES
    extras: bool = True
    ablations: bool = True
    more_units: int = 3
    batch: int = 420
    calm_units: int = 210
    learn_days: float = 21.0
    fault_days: float = 14.0
    calm_days: float = 45.6
    folder: Path | None = None

    def ways(self, unit: int) -> tuple[str, ...]:
        """The ways in which this unit of each weather is seen."""
        return EVERY_WAY if self.ablations and unit < self.more_units else ("full",)


@dataclass(slots=True)
class Results:
    """Everything that was found."""

    outcomes: list[Outcome]
    spans: list[Healthy]

    def take(self, found: Found) -> None:
        self.outcomes += found.outcomes
        self.spans += found.spans


def learning(scope: Scope) -> Learning:
    """Every unit in its weather: none lives in two."""
    pairs = tuple(
        Pair(weather, k, scope.ways(k)) for weather in scope.weathers for k in range(scope.units)
    )
    return Learning(pairs, scope.seed, scope.learn_days, scope.fault_days, scope.folder)


def branches(scope: Scope, work: Learning) -> list[Branch]:
    """The matrix and the extra questions, unit by unit."""
    units = draw_units(len(work.pairs), work.seed) if work.pairs else None
    return [
        branch
        for k, pair in enumerate(work.pairs)
        for branch in (*_matrix(scope, k, pair), *(_extras(scope, k, pair)))
        if units is None or _fits(branch, units, k)
    ]


def _fits(branch: Branch, units: Units, k: int) -> bool:
    """Whether the unit has the part that fails: not all have a backup heater."""
    return units.heater_w[k] > 0.0 or all(fault.kind != "F19" for fault in branch.faults)


def _matrix(scope: Scope, k: int, pair: Pair) -> Iterator[Branch]:
    for kind, severity, weather, why in combinations(scope.kinds, (pair.weather,)):
        if why is None and severity in scope.severities:
            ways = pair.ways if severity == "medium" else ("full",)
            case = Case(kind, severity, weather, pair.unit, seed=scope.seed)
            yield Branch(k, (Fault(kind, severity),), case, ways)


def _extras(scope: Scope, k: int, pair: Pair) -> Iterator[Branch]:
    if not scope.extras or pair.unit >= scope.more_units:
        return

    def one(study: str, name: str, severity: str, *faults: Fault) -> Branch:
        case = Case(name, severity, pair.weather, pair.unit, seed=scope.seed, study=study)
        return Branch(k, faults, case)

    for first, second in PAIRS:
        names = (first, second)
        if all(not_applicable(kind, "medium", pair.weather) is None for kind in names):
            faults = tuple(Fault(kind, "medium") for kind in names)
            yield one("two faults", "+".join(names), "medium", *faults)
    for kind in UNMODELLED:
        for severity in ("medium", "severe"):
            yield one("unmodelled", kind.name, severity, Fault(kind.name, severity))
    for name in RAMPED:
        if not_applicable(name, "medium", pair.weather) is None:
            yield one("ramp", name, "medium", Fault(name, "medium", RAMP_DAYS))


def ill(scope: Scope) -> tuple[Learning, list[Branch]]:
    """Faults that are there while a unit is learnt: two units a weather, 35 days."""
    units = min(2, scope.units) if scope.extras else 0
    pairs = tuple(Pair(weather, k) for weather in scope.weathers for k in range(units))
    days = scope.learn_days + scope.fault_days
    found: list[Branch] = []
    for k, pair in enumerate(pairs):
        for kind in WHILE_LEARNING:
            if not_applicable(kind, "medium", pair.weather) is None:
                case = Case(
                    kind, "medium", pair.weather, pair.unit, "full", scope.seed, "while learning"
                )
                found.append(Branch(k, (Fault(kind, "medium"),), case))
    work = Learning(pairs, scope.seed + 300, 0.0, days, scope.folder)
    drawn = draw_units(len(pairs), work.seed) if pairs else None
    return work, [one for one in found if drawn is None or _fits(one, drawn, one.pair)]


_EIGHTH = tuple((way.name, 8) for way in ABLATIONS)


def calm(scope: Scope) -> list[Calm]:
    """Healthy months in fleets of one size."""
    left, days = scope.months, scope.calm_days
    found: list[Calm] = []
    while left > 0.05:
        n = max(1, min(scope.calm_units, round(left * MONTH_DAYS / days)))
        ways = (("full", 1), *(((DISTURBED.name, 2), *_EIGHTH) if scope.ablations else ()))
        found.append(Calm(n, days, scope.seed + 500 + len(found), ways, scope.folder))
        left -= n * days / MONTH_DAYS
    return found


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work that can go to another process."""

    do: Callable[..., Found]
    what: tuple[object, ...]


def sick_from_the_start(work: Learning, every: tuple[Branch, ...]) -> Found:
    """Branches of units that never were healthy."""
    return run_branches(Branches(learn(work), every))


class Runner:
    """Runs a scope in this process, or in several; the branches come out of the learning."""

    def __init__(self, jobs: int, progress: Callable[[str], None]) -> None:
        self._jobs, self._progress = jobs, progress
        self._began = self._told = monotonic()
        self._done, self._known = 0.0, 0.0
        self._results = Results([], [])

    def run(self, scope: Scope) -> Results:
        """Everything of this scope."""
        first, (poorly, sick) = learning(scope), ill(scope)
        fleets = calm(scope)
        jobs = [Job(run_calm, (work,)) for work in fleets]
        self._known = first.months + seeing(branches(scope, first), first.fault_days)
        self._known += sum(work.months for work in fleets)
        if sick:
            jobs.append(Job(sick_from_the_start, (poorly, tuple(sick))))
            self._known += poorly.months + seeing(sick, poorly.fault_days)
        if self._jobs <= 1:
            tell(self._did)
            self._alone(scope, first, jobs)
        else:
            with Manager() as manager:
                said = manager.Queue()
                with ProcessPoolExecutor(
                    self._jobs, initializer=tell, initargs=(said.put,)
                ) as pool:
                    self._pooled(pool, said, scope, first, jobs)
        return self._results

    def _alone(self, scope: Scope, first: Learning, jobs: Sequence[Job]) -> None:
        more: list[Job] = []
        if first.pairs:
            learnt = learn(first)
            self._results.take(Found((), learnt.spans))
            more = [Job(run_branches, (batch,)) for batch in batches(scope, learnt)]
        for job in (*more, *jobs):
            self._results.take(job.do(*job.what))

    def _pooled(
        self,
        pool: ProcessPoolExecutor,
        said: Queue[float],
        scope: Scope,
        first: Learning,
        jobs: Sequence[Job],
    ) -> None:
        learnt: Future[Learnt] | None = pool.submit(learn, first) if first.pairs else None
        waiting = {pool.submit(job.do, *job.what) for job in jobs}
        while waiting or learnt is not None:
            pending: set[Future[Any]] = {*waiting}
            if learnt is not None:
                pending.add(learnt)
            done = wait(pending, TOLD_EVERY_S, FIRST_COMPLETED).done
            while not said.empty():
                self._did(said.get())
            if learnt is not None and learnt in done:
                known, learnt = learnt.result(), None
                self._results.take(Found((), known.spans))
                # The largest first: what begins last should not be what lasts longest.
                for batch in sorted(batches(scope, known), key=lambda one: -one.months):
                    waiting.add(pool.submit(run_branches, batch))
            for future in waiting & done:
                waiting.remove(future)
                self._results.take(future.result())

    def _did(self, months: float) -> None:
        self._done += months
        now = monotonic()
        if now - self._told < TOLD_EVERY_S:
            return
        self._told = now
        part = min(self._done / self._known, 1.0)
        left_s = (now - self._began) * (1.0 / part - 1.0)
        bar = "#" * round(20 * part)
        self._progress(
            f"[{bar:20}] {100 * part:.0f} %, {self._done:.0f} of {self._known:.0f} device-months "
            f"seen, {left_s / 60:.0f} min left at most"
        )


def batches(scope: Scope, learnt: Learnt) -> Iterator[Branches]:
    """The branches in batches of about one size; a unit and its twin stand in one of them only."""
    every = branches(scope, learnt.learning)
    batch: list[Branch] = []
    for _, own in groupby(every, key=lambda branch: branch.pair):
        batch += own
        if len(batch) >= scope.batch:
            yield Branches(learnt, tuple(batch))
            batch = []
    if batch:
        yield Branches(learnt, tuple(batch))
