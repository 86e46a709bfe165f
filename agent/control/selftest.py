"""Before the season: switch a pump on, ask for a little more heat, see it come, put all back. Pure.

A trial is the short one of who has just wired a machine: its setpoint one kelvin away and back.

Steps in order, each with a time limit; what a step wants goes the road of every other wish, through
guard and budgets, with the platform's rank. Frost, a fault, silence, water that is too hot or
another's wish end the test at once. Whatever happens, what was found is put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.control.guard import HEATING_WATER, LOWEST_WATER_C, WARM_MODES
from agent.control.safety import HEATING_FIRST
from agent.control.testchecks import Words, check, found_of, worst_first
from agent.frost import freezing
from agent.model import Alarm, Check, Machine, PointId, Severity, Snapshot, Value, Visit

RAISE_K = 2.0
TRIAL_K = 1.0
WATCH_S = 600.0
SWITCH_S = 660.0  # the guard keeps ten minutes between two moves of a switch
RAISE_S = 180.0
FLOW_S = 300.0
START_S = 900.0  # a compressor rests some minutes, and a thermostat takes its time
RESTORE_S = 900.0  # a pump just switched on may not be switched off for ten minutes
LONGEST_S = 3600.0
SILENT_S = 120.0
HOTTEST_C = 58.0
RUNS_W = 300.0
HYSTERESIS_K = 8.0  # of a thermostat that does not show its own

SENSORS: tuple[PointId, ...] = ("water_supply_temp", "water_return_temp", "outdoor_temp")
LOW_K, HIGH_K = 1.0, 10.0  # between supply and return, of a compressor that runs


@dataclass(frozen=True, slots=True)
class Look:
    """What the test may look at: the machine now, and whose wish took which point from it."""

    snapshot: Snapshot
    mono: float
    alarms: tuple[Alarm, ...] = ()
    taken: Mapping[PointId, str] = field(default_factory=dict)


@dataclass(slots=True)
class SelfTest:
    """One test of one machine: `wants` are the values it asks for now, `found` those of before.

    `governed` are points that a schedule will see to as soon as the test lets go of them; a
    `trial` puts those back too.
    """

    machine: Machine
    setpoint: PointId
    began: float
    watch_s: float = WATCH_S
    highest_c: float | None = None
    governed: frozenset[PointId] = frozenset()
    trial: bool = False
    found: dict[PointId, Value] = field(default_factory=dict)
    wants: dict[PointId, Value] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    aborted: str = ""
    _phase: int = 0
    _since: float = field(init=False)
    _spreads: list[float] = field(default_factory=list)
    _water_c: float = 0.0

    def __post_init__(self) -> None:
        self._since = self.began

    def step(self, look: Look) -> None:
        """Look once more. `restoring` when it has seen enough, `done` when all is put back."""
        if self.restoring:
            self._restore(look)
            return
        if why := _reason_to_stop(self, look):
            self.stop(why, look.mono)
            return
        while not self.restoring:
            phase = self._phases[self._phase]
            if not phase.through(self, look):
                if look.mono - self._since < phase.limit_s(self):
                    return
                self.checks.append(phase.late(self, look))
                self.stop("", look.mono)
                return
            self._next(look.mono)

    @property
    def _phases(self) -> tuple[_Phase, ...]:
        return _TRIAL if self.trial else _PHASES

    @property
    def restoring(self) -> bool:
        return self._phase >= len(self._phases)

    @property
    def done(self) -> bool:
        return self._phase > len(self._phases)

    @property
    def visit(self) -> Visit:
        """How soon somebody should come, by the worst of what was found."""
        ranked = worst_first(self.checks)
        return ranked[0].visit if ranked else Visit.NONE

    def stop(self, why: str, mono: float) -> None:
        """See no more: put back what was found."""
        self.aborted = self.aborted or why
        self._phase, self._since = len(self._phases), mono
        left = frozenset() if self.trial else self.governed
        self.wants = {p: v for p, v in self.found.items() if p not in left}

    def _next(self, mono: float) -> None:
        self._phase, self._since = self._phase + 1, mono
        if self.restoring:
            self.stop("", mono)

    def _restore(self, look: Look) -> None:
        self.wants = {p: v for p, v in self.wants.items() if p not in look.taken}
        left = {p: v for p, v in self.wants.items() if not _same(look.snapshot.value(p), v)}
        if not left:
            if self.trial and self.wants:
                self.checks.append(check("restored", Visit.NONE, self.wants))
            self._phase = len(self._phases) + 1
        elif look.mono - self._since >= RESTORE_S:
            shown = {point: look.snapshot.value(point) for point in left}
            self.checks.append(check("restore", Visit.SOON, shown))
            self._phase = len(self._phases) + 1

    def ask(self, point: PointId, value: Value, look: Look) -> bool:
        """Want this; whether the machine shows it already."""
        shown = look.snapshot.value(point)
        if point not in self.wants and shown is not None:
            self.found.setdefault(point, shown)
        self.wants[point] = value
        return _same(shown, value)


def water_point(machine: Machine) -> PointId | None:
    """The heating water's setpoint that may be written; None where there is none."""
    return next((one for one in HEATING_WATER if machine.terms(one) is not None), None)


# --- the steps -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Phase:
    name: str
    through: Callable[[SelfTest, Look], bool]
    limit_s: Callable[[SelfTest], float]
    late: Callable[[SelfTest, Look], Check]


def _sensors(test: SelfTest, look: Look) -> bool:
    bad = [p for p in SENSORS if test.machine.has(p) and look.snapshot.number(p) is None]
    if bad:
        test.checks.append(check("sensors", Visit.SOON, {"missing": " ".join(bad)}))
    return True


def _on(test: SelfTest, look: Look) -> bool:
    """Switched on, in a mode that heats, as far as the machine lets that be said."""
    shown, asked = look.snapshot, True
    if shown.value("power_on") is not None and test.machine.terms("power_on") is not None:
        asked = test.ask("power_on", True, look)
    mode = shown.value("mode")
    if mode is not None and mode not in WARM_MODES and test.machine.terms("mode") is not None:
        fits = (m for m in HEATING_FIRST if test.machine.unfit("mode", m) is None)
        warm = test.wants.get("mode") or next(fits, None)
        asked = (warm is None or test.ask("mode", warm, look)) and asked
    return asked and shown.value("power_on") is not False


def _demand(test: SelfTest, look: Look) -> bool:
    """A setpoint two kelvin higher, on the grid, as far as machine and emitters bear it."""
    if test.setpoint in test.wants:
        return test.ask(test.setpoint, test.wants[test.setpoint], look)
    now = look.snapshot.number(test.setpoint)
    if now is None:
        return False
    for more_k in (RAISE_K, RAISE_K / 2):
        asked = now + more_k
        fits = test.machine.unfit(test.setpoint, asked) is None
        if fits and (test.highest_c is None or asked <= test.highest_c):
            return test.ask(test.setpoint, asked, look)
    test.checks.append(check("demand", Visit.NONE, {"setpoint": now}, judged=False))
    return True


def _moves(test: SelfTest, look: Look) -> bool:
    """A setpoint one kelvin higher, or lower where that is not allowed, shown by the machine."""
    if test.setpoint in test.wants:
        moved = test.ask(test.setpoint, test.wants[test.setpoint], look)
        if moved:
            values = {"before": test.found[test.setpoint], "read_back": test.wants[test.setpoint]}
            test.checks.append(check("moved", Visit.NONE, values))
        return moved
    now = look.snapshot.number(test.setpoint)
    if now is None:
        return False
    highest_c = test.highest_c if test.highest_c is not None else HOTTEST_C
    for asked in (now + TRIAL_K, now - TRIAL_K):
        fits = test.machine.unfit(test.setpoint, asked) is None
        if fits and LOWEST_WATER_C <= asked <= highest_c:
            return test.ask(test.setpoint, asked, look)
    test.checks.append(check("trial", Visit.NONE, {"setpoint": now}, judged=False))
    return True


def _flows(test: SelfTest, look: Look) -> bool:
    shown = [look.snapshot.value("pump_on"), look.snapshot.number("water_flow")]
    known = [one for one in shown if one is not None]
    if not known:
        test.checks.append(check("flow", Visit.NONE, {}, judged=False))
    return all(bool(one) for one in known)


def _runs(test: SelfTest, look: Look) -> bool:
    running = _compressor(look.snapshot)
    if running is None:
        test.checks.append(check("compressor", Visit.NONE, {}, judged=False))
    supply_c = look.snapshot.number("water_supply_temp")
    test._water_c = supply_c if supply_c is not None else 0.0
    return running is not False


def _warms(test: SelfTest, look: Look) -> bool:
    """Watched for a while: what counts is the second half, without defrosting."""
    supply_c, back_c = (look.snapshot.number(p) for p in SENSORS[:2])
    watched_s = look.mono - test._since
    defrosts = look.snapshot.value("defrost_active") is True
    late = watched_s >= test.watch_s / 2 and _compressor(look.snapshot) is not False
    if supply_c is not None and back_c is not None and late and not defrosts:
        test._spreads.append(supply_c - back_c)
    if watched_s < test.watch_s:
        return False
    rise_k = supply_c - test._water_c if supply_c is not None else None
    test.checks.append(found_of(test._spreads, rise_k, LOW_K, HIGH_K))
    return True


def _late(step: str, visit: Visit, *points: PointId) -> Callable[[SelfTest, Look], Check]:
    def late(test: SelfTest, look: Look) -> Check:
        shown = {p: look.snapshot.value(p) for p in points or (test.setpoint,)}
        return check(step, visit, {p: v for p, v in shown.items() if v is not None})

    return late


def _start_late(test: SelfTest, look: Look) -> Check:
    """Water that is warm enough gives no reason to start."""
    supply_c = look.snapshot.number("water_supply_temp")
    asked = test.wants.get(test.setpoint)
    below_k = look.snapshot.number("water_hysteresis") or HYSTERESIS_K
    warm = supply_c is not None and isinstance(asked, int | float) and supply_c >= asked - below_k
    shown = {"water_supply_temp": supply_c, test.setpoint: asked}
    if warm:
        return check("warm_already", Visit.NONE, shown, judged=False)
    return check("compressor", Visit.NOW, shown)


def _for(seconds: float) -> Callable[[SelfTest], float]:
    return lambda _: seconds


_PHASES: tuple[_Phase, ...] = (
    _Phase("sensors", _sensors, _for(0.0), _late("sensors", Visit.SOON)),
    _Phase("power", _on, _for(SWITCH_S), _late("power", Visit.SOON, "power_on", "mode")),
    _Phase("demand", _demand, _for(RAISE_S), _late("demand", Visit.SOON)),
    _Phase("flow", _flows, _for(FLOW_S), _late("flow", Visit.NOW, "pump_on", "water_flow")),
    _Phase("compressor", _runs, _for(START_S), _start_late),
    _Phase("heat", _warms, lambda test: test.watch_s, _late("heat", Visit.SOON)),
)

_TRIAL: tuple[_Phase, ...] = (_Phase("trial", _moves, _for(RAISE_S), _late("demand", Visit.SOON)),)


def _compressor(shown: Snapshot) -> bool | None:
    """Whether it runs, by whatever the machine shows of it; None where it shows nothing."""
    on, hz, power_w = (
        shown.value("compressor_on"),
        shown.number("compressor_frequency"),
        shown.number("active_power"),
    )
    if on is not None:
        return bool(on)
    if hz is not None:
        return hz > 0
    return None if power_w is None else power_w > RUNS_W


# --- when to stop ----------------------------------------------------------------------------


def _reason_to_stop(test: SelfTest, look: Look) -> str:
    return next((why for why in _reasons(test, look) if why), "")


def _reasons(test: SelfTest, look: Look) -> Iterator[str]:
    shown = look.snapshot
    frost = freezing(shown, shown.number("indoor_temp"))
    if frost is not None:
        yield _told(test, Words.FROST, Visit.NOW, {frost.point: frost.value_c})
    age_s = shown.age_s(test.setpoint, look.mono)
    if age_s is None or age_s > SILENT_S:
        yield _told(test, Words.SILENT, Visit.NOW, {"silent_s": age_s})
    for fault in test.machine.vendor_faults(shown):
        yield _told(test, Words.FAULT, Visit.NOW, {"code": fault.code, "fault": fault.en})
    for alarm in look.alarms:
        if alarm.severity is Severity.S1 and alarm.active:
            yield _told(test, Words.ALARM, Visit.NOW, {"alarm": alarm.id})
    supply_c, limit_c = shown.number("water_supply_temp"), HOTTEST_C
    if test.highest_c is not None:
        limit_c = min(limit_c, test.highest_c + 5.0)
    if supply_c is not None and supply_c > limit_c:
        yield _told(test, Words.HOT, Visit.SOON, {"water_supply_temp": supply_c})
    if look.taken:
        yield _told(test, Words.OUTRANKED, Visit.NONE, look.taken, judged=False)
    if look.mono - test.began > LONGEST_S:
        yield _told(test, Words.LONG, Visit.SOON, {})


def _told(
    test: SelfTest,
    words: Words,
    visit: Visit,
    values: Mapping[str, Value | None],
    judged: bool = True,
) -> str:
    test.checks.append(check(words.value, visit, values, judged))
    return words.value


def _same(shown: Value | None, wanted: Value) -> bool:
    if isinstance(shown, bool | str) or isinstance(wanted, bool | str) or shown is None:
        return shown == wanted
    return abs(shown - wanted) < 0.05
