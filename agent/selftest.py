"""Self-tests of the machines of a gateway: started and ended by order, each with its one result.

Pure. What a test wants stands among the wishes with the platform's rank, and lapses by itself. What
was found is kept over a restart, and put back after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.control import HomeControl, Standing, asked, ended, result_of
from agent.control.selftest import LONGEST_S, RESTORE_S, WATCH_S, Look, SelfTest, water_point
from agent.control.testchecks import check, worst_first
from agent.facts import Effect, Note, Save
from agent.faults import Issuer
from agent.model import (
    Alarm,
    Check,
    Command,
    Demand,
    Machine,
    Origin,
    Outcome,
    PointId,
    Snapshot,
    Stamp,
    Value,
    Visit,
)

ORDER = "self_test"
TRIAL = "test_write"
ORDERS = frozenset({ORDER, TRIAL})
RUNNING = "self_tests"
Found = Mapping[str, Mapping[PointId, Value]]


@dataclass(frozen=True, slots=True)
class Report:
    """The last test of a machine by one order, as it is kept: who should come, and why."""

    device: str
    at: datetime
    outcome: Outcome
    visit: Visit
    checks: tuple[Check, ...]
    order: str = ORDER

    @property
    def well(self) -> bool:
        """It came to its own end, and nobody need come."""
        return self.outcome is Outcome.VERIFIED and self.visit is Visit.NONE


@dataclass(slots=True)
class _Run:
    test: SelfTest
    command: Command | None
    demands: dict[PointId, Demand]


class SelfTests:
    """The tests that run; at most one of a machine."""

    def __init__(
        self,
        machines: Mapping[str, Machine],
        homes: tuple[HomeControl, ...],
        standing: Standing,
        watch_s: float = WATCH_S,
        interrupted: Found | None = None,
    ) -> None:
        self._machines, self._standing, self._watch_s = machines, standing, watch_s
        self._homes = {(home.device, home.point): home for home in homes}
        self._runs: dict[str, _Run] = {}
        self._interrupted = dict(interrupted or {})

    @property
    def busy(self) -> bool:
        """Whether `step` has anything to do."""
        return bool(self._runs or self._interrupted)

    @property
    def running(self) -> tuple[str, ...]:
        """The machines that are tested now."""
        return tuple(self._runs)

    def command(
        self, command: Command, pictures: Mapping[str, Snapshot], stamp: Stamp
    ) -> Iterator[Effect]:
        """`true` begins a test, `false` ends it; its result comes when all is put back."""
        yield asked(command, stamp)
        why = self._refused(command, pictures, stamp.mono)
        if why:
            yield from ended(result_of(command, Outcome.REFUSED, why), stamp)
            return
        if command.value is False:
            test = self._runs[command.device].test
            test.checks.append(check("stopped", Visit.NONE, {}, judged=False))
            test.stop("stopped", stamp.mono)
            yield from ended(result_of(command, Outcome.VERIFIED, "the test ends"), stamp)
            return
        test = self._new(command.device, stamp.mono, trial=command.point == TRIAL)
        self._runs[command.device] = _Run(test, command, {})
        yield Note("info", "self-test begins", {"device": command.device, "order": command.point})

    def step(
        self, pictures: Mapping[str, Snapshot], stamp: Stamp, alarms: tuple[Alarm, ...]
    ) -> Iterator[Effect]:
        """Let every test look once more."""
        if self._interrupted:
            self._resume(stamp)
        for device, run in list(self._runs.items()):
            found = len(run.test.found)
            own = tuple(one for one in alarms if one.device == device)
            taken = self._taken(device, run, stamp.mono)
            look = Look(pictures[device], stamp.mono, own, taken)
            run.test.step(look)
            self._want(device, run, stamp.mono)
            if run.test.done:
                del self._runs[device]
                yield from self._ended(device, run, stamp)
            if run.test.done or len(run.test.found) != found:
                yield Save(RUNNING, (self._found(),))

    def stop(self, stamp: Stamp) -> Iterator[Effect]:
        """The gateway stops: tests end as failed; the next start puts back what was found."""
        for run in self._runs.values():
            if run.command is not None:
                why = "the gateway stops; what was found is put back when it starts again"
                yield from ended(result_of(run.command, Outcome.FAILED, why), stamp)

    # --- beginning ----------------------------------------------------------------------------

    def _refused(self, command: Command, pictures: Mapping[str, Snapshot], mono: float) -> str:
        machine = self._machines.get(command.device)
        if machine is None:
            return f"no device is named {command.device}"
        if not Issuer(command.role, command.issuer).may("self-test"):
            return f"a {command.role} begins no self-test"
        if not isinstance(command.value, bool):
            return f"{command.point} is true or false"
        if not command.value:
            return "" if command.device in self._runs else "no self-test runs"
        if command.device in self._runs:
            return "a self-test runs already"
        if machine.kind != "heat_pump" or machine.monitor_only or water_point(machine) is None:
            return "nothing can be asked of this machine: its map lets no water setpoint be written"
        for point in ("power_on", "mode", water_point(machine) or ""):
            winner = self._standing.winner(command.device, point, mono)
            if winner is not None and winner.origin is not Origin.SCHEDULE:
                return f"the {winner.origin.value}'s choice {winner.value} of {point} still holds"
        return ""

    def _new(self, device: str, mono: float, trial: bool = False) -> SelfTest:
        machine = self._machines[device]
        setpoint = water_point(machine) or ""
        home = self._homes.get((device, setpoint))
        governed = frozenset(point for name, point in self._homes if name == device)
        highest_c = home.highest_c if home is not None else None
        return SelfTest(machine, setpoint, mono, self._watch_s, highest_c, governed, trial)

    def _resume(self, stamp: Stamp) -> None:
        """A test that a restart cut off: only put back what was found."""
        for device, found in self._interrupted.items():
            if device in self._machines:
                test = self._new(device, stamp.mono)
                test.found = dict(found)
                test.stop("restart", stamp.mono)
                self._runs[device] = _Run(test, None, {})
        self._interrupted.clear()

    # --- wishes -------------------------------------------------------------------------------

    def _want(self, device: str, run: _Run, mono: float) -> None:
        """What the test wants stands, what it no longer wants is dropped; never another's wish."""
        wants = {} if run.test.done else run.test.wants
        for point, demand in list(run.demands.items()):
            if point not in wants or wants[point] != demand.value:
                self._drop(demand)
                del run.demands[point]
        for point, value in wants.items():
            if point in run.demands:
                continue
            until = mono + (RESTORE_S if run.test.restoring else LONGEST_S)
            demand = Demand(device, point, value, Origin.PLATFORM, "self-test", until)
            if self._standing.of(device, point, Origin.PLATFORM) is None:
                self._standing.put(demand)
            run.demands[point] = demand

    def _drop(self, demand: Demand) -> None:
        if self._standing.of(demand.device, demand.point, demand.origin) is demand:
            self._standing.drop(demand.device, demand.point, demand.origin)

    def _taken(self, device: str, run: _Run, mono: float) -> dict[PointId, str]:
        """The points at which another's wish stands in the place of ours, and whose."""
        found: dict[PointId, str] = {}
        for point, demand in run.demands.items():
            winner = self._standing.winner(device, point, mono)
            if winner is not None and winner is not demand and winner.value != demand.value:
                found[point] = f"{winner.origin.value}: {winner.why}"
        return found

    # --- ends ---------------------------------------------------------------------------------

    def _ended(self, device: str, run: _Run, stamp: Stamp) -> Iterator[Effect]:
        test = run.test
        checks = worst_first(test.checks)
        outcome = Outcome.FAILED if test.aborted else Outcome.VERIFIED
        told = "; ".join(f"{one.en}" for one in checks) or "put back after a restart"
        why = f"visit {test.visit.value}: {told}"
        yield Note("info", "self-test ended", {"device": device, "why": why})
        if run.command is None:
            return
        order = run.command.point
        report = Report(device, stamp.at, outcome, test.visit, checks, order)
        yield Save(f"{order} {device}", (report,))
        result = result_of(run.command, outcome, why, test.visit.value, checks)
        yield from ended(result, stamp)

    def _found(self) -> Found:
        return {device: dict(run.test.found) for device, run in self._runs.items()}
