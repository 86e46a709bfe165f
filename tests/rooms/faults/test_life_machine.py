"""Whatever happens, in whatever order: what is always true of alarms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent.faults import Condition, Issuer, LifeCycle, No, OutOfService
from agent.faults.rights import protected
from agent.faults.transitions import latches
from agent.model import Alarm, Change, Life, Severity, Stamp
from tests.rooms.faults.alarmlife import (
    DAY,
    PLATFORM,
    RESIDENT,
    S1,
    S2,
    S3,
    SERVICE,
    VENDOR,
    at,
    condition,
)

HOUR = 3600.0
DEVICES = ("hp", "pump2")
KINDS = {
    "low_flow": (S2, 60.0, 120.0),
    "ice": (S2, 0.0, 600.0),
    "advice": (S3, 300.0, 60.0),
    "high_pressure": (S1, 10.0, 60.0),
    "frost_danger": (S1, 60.0, 1800.0),
    "communication_lost": (S2, 60.0, 10.0),
}
NAMES = [(device, kind) for device in DEVICES for kind in KINDS]
ISSUERS = st.sampled_from([VENDOR, SERVICE, PLATFORM, RESIDENT])
COUNTED = (Change.RAISED, Change.AGAIN, Change.RETURNED)
Identity = tuple[str, str, str]


def asks(alarm: Alarm) -> bool:
    """Whether it asks somebody to come."""
    return alarm.active and alarm.annunciated and alarm.severity is not S3


@dataclass(slots=True)
class Model:
    """What was told of one alarm, and of its condition."""

    last: dict[str, Alarm] = field(default_factory=dict)
    comings: dict[Identity, list[float]] = field(default_factory=dict)
    seen: dict[Identity, float] = field(default_factory=dict)
    gone: dict[Identity, float] = field(default_factory=dict)


class Lives(RuleBasedStateMachine):
    """Conditions come, go and change; people order; time passes; the gateway restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.cycle, self.mono, self.boot, self.model = LifeCycle(), 0.0, 0.0, Model()
        self.here: dict[tuple[str, str], Condition] = {}
        self.masked: dict[str, bool] = dict.fromkeys(DEVICES, False)

    @property
    def stamp(self) -> Stamp:
        now = at(self.mono)
        return replace(now, mono=self.mono - self.boot)

    # --- what happens ---------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), cause=st.sampled_from(["", "", "", "F25"]),
          grade=st.sampled_from([None, None, S1, S2, S3]))  # fmt: skip
    def comes(self, name: tuple[str, str], cause: str, grade: Severity | None) -> None:
        severity, raise_s, clear_s = KINDS[name[1]]
        fault = "F25" if name[1] == "communication_lost" else ""
        made = condition(
            "", grade or severity, name[1], name[0], raise_s, clear_s, fault, cause=cause
        )
        self.here[name] = made

    @rule(name=st.sampled_from(NAMES))
    def goes(self, name: tuple[str, str]) -> None:
        self.here.pop(name, None)

    @rule(device=st.sampled_from(DEVICES))
    def masks(self, device: str) -> None:
        self.masked[device] = not self.masked[device]

    @rule(device=st.sampled_from(DEVICES), wait_s=st.sampled_from([10.0, 601.0, 7 * HOUR, DAY]))
    def falls_silent(self, device: str, wait_s: float) -> None:
        """For so long, and answers again."""
        for masked in (True, False):
            self.masked[device] = masked
            self.judge()
            self.mono += wait_s if masked else 0.0

    @rule(wait_s=st.sampled_from([0.0, 10.0, 61.0, 130.0, 601.0, HOUR, 7 * HOUR, DAY]),
          times=st.integers(1, 4))  # fmt: skip
    def passes(self, wait_s: float, times: int) -> None:
        for _ in range(times):
            self.mono += wait_s
            self.judge()

    @rule(name=st.sampled_from(NAMES), wait_s=st.sampled_from([61.0, 130.0, 700.0]))
    def flaps(self, name: tuple[str, str], wait_s: float) -> None:
        for _ in range(8):
            if name in self.here:
                self.goes(name)
            else:
                self.comes(name, "", None)
            for _ in range(2):
                self.mono += wait_s
                self.judge()

    @rule(number=st.integers(0, 9), by=ISSUERS)
    def acknowledges(self, number: int, by: Issuer) -> None:
        if alarm := self.pick(number):
            self.take(self.cycle.acknowledge(alarm.id, by, self.stamp))

    @rule(number=st.integers(0, 9), by=ISSUERS, for_s=st.sampled_from([60.0, HOUR, 7 * DAY]))
    def shelves(self, number: int, by: Issuer, for_s: float) -> None:
        if alarm := self.pick(number):
            self.take(self.cycle.shelve(alarm.id, by, "why", for_s, self.stamp))

    @rule(number=st.integers(0, 9), by=ISSUERS)
    def unshelves(self, number: int, by: Issuer) -> None:
        if alarm := self.pick(number):
            self.take(self.cycle.unshelve(alarm.id, by, self.stamp))

    @rule(device=st.sampled_from(DEVICES), what=st.sampled_from(["all", "ice", "frost_danger"]),
          by=ISSUERS, for_s=st.sampled_from([60.0, HOUR, DAY]))  # fmt: skip
    def takes_out(self, device: str, what: str, by: Issuer, for_s: float) -> None:
        self.take(self.cycle.take_out(device, what, by, "why", for_s, self.stamp))

    @rule(device=st.sampled_from(DEVICES), what=st.sampled_from(["all", "ice"]), by=ISSUERS)
    def puts_back(self, device: str, what: str, by: Issuer) -> None:
        self.take(self.cycle.put_back(device, what, by, self.stamp))

    @rule(new_boot=st.booleans())
    def restarts(self, new_boot: bool) -> None:
        """What is open is kept as JSON; nothing that stands changes by it, and nothing is told."""
        self.judge()
        before = self.cycle.open
        kept = msgspec.json.encode(before)
        out = msgspec.json.encode(self.cycle.out_of_service)
        self.boot = self.mono if new_boot else self.boot
        self.cycle = LifeCycle(
            msgspec.json.decode(kept, type=tuple[Alarm, ...]),
            msgspec.json.decode(out, type=tuple[OutOfService, ...]),
        )
        assert self.cycle.open == before
        self.model.comings, self.model.seen, self.model.gone = {}, {}, {}
        told = self.judge()
        assert [one for one in told if one.change is not Change.SUPPRESSED] == []

    # --- doing it -------------------------------------------------------------------------------

    def pick(self, number: int) -> Alarm | None:
        alarms = self.cycle.open
        return alarms[number % len(alarms)] if alarms else None

    def judge(self) -> list[Alarm]:
        told: list[Alarm] = []
        for device in DEVICES:
            found = tuple(one for (name, _), one in self.here.items() if name == device)
            self.clocks(device, found)
            changes = self.cycle.step(device, found, self.stamp, self.masked[device])
            for alarm in changes:
                self.judged(alarm)
            self.take(changes)
            assert self.cycle.step(device, found, self.stamp, self.masked[device]) == ()
            told += changes
        return told

    def clocks(self, device: str, found: tuple[Condition, ...]) -> None:
        """Since when each condition is seen or gone with a clear view."""
        model, here = self.model, {one.identity for one in found}
        for kind in KINDS:
            identity = (device, kind, "")
            if identity in here:
                model.seen.setdefault(identity, self.mono)
                model.gone.pop(identity, None)
            else:
                model.seen.pop(identity, None)
                model.gone.setdefault(identity, self.mono)
                if self.masked[device]:
                    model.gone.pop(identity)

    def judged(self, alarm: Alarm) -> None:
        """A raise and a return need their condition, and their delay."""
        if alarm.rule == "chattering":
            return
        _, raise_s, clear_s = KINDS[alarm.rule]
        if alarm.change in (Change.RAISED, Change.AGAIN):
            assert self.mono - self.model.seen[alarm.identity] >= raise_s
        if alarm.change is Change.RETURNED:
            assert self.mono - self.model.gone[alarm.identity] >= min(clear_s, 60.0)

    def take(self, answer: tuple[Alarm, ...] | No) -> None:
        changes = () if isinstance(answer, No) else answer
        last = {alarm.id: alarm for alarm in changes}
        worst = any(alarm.severity is S1 and asks(alarm) for alarm in changes)
        for alarm in changes:
            waits = last[alarm.id].suppressed_by == "dispatch_limit"
            before = self.model.last.get(alarm.id)
            assert not (asks(alarm) and waits), "nobody is sent for what waits"
            assert not waits or worst or before is None or not asks(before), "a place is kept"
            self.record(alarm)

    def record(self, alarm: Alarm) -> None:
        """One record: the next of its alarm, with a cause, and with something changed."""
        before = self.model.last.get(alarm.id)
        if before is None:
            assert (alarm.change, alarm.seq) == (Change.RAISED, 1)
        else:
            assert before.life is not Life.NORMAL, "nothing follows an end"
            assert alarm.seq == before.seq + 1
            assert alarm.change is not Change.RAISED
            same = replace(alarm, seq=before.seq, change=before.change, cause=before.cause,
                           changed_at=before.changed_at)  # fmt: skip
            assert same != before, "no transition without a change"
            if alarm.change not in (*COUNTED, Change.DIAGNOSIS):
                assert alarm.cause, "no transition without a cause"
        if alarm.change is Change.CLEARED:
            assert alarm.life is Life.NORMAL
            ended_by = alarm.acked_by.partition(":")[0]
            assert not latches(alarm) or ended_by in ("vendor", "service")
        self.model.last[alarm.id] = alarm
        self.count(alarm)

    def count(self, alarm: Alarm) -> None:
        """At most six comings and goings an hour are told, a few more where it is an S1."""
        if alarm.change is Change.UNSHELVED:
            self.model.comings.pop(alarm.identity, None)
        if alarm.change not in COUNTED or alarm.shelved_by == "gateway":
            return
        times = [
            one for one in self.model.comings.get(alarm.identity, []) if self.mono - one < HOUR
        ]
        self.model.comings[alarm.identity] = [*times, self.mono]
        spared = alarm.severity is S1 or protected(alarm.rule, alarm.fault)
        assert len(times) + 1 <= (8 if spared else 6)

    # --- what is always true --------------------------------------------------------------------

    @invariant()
    def one_open_alarm_an_identity(self) -> None:
        alarms = self.cycle.open
        assert len({one.identity for one in alarms}) == len(alarms)
        told = {one.id: one for one in self.model.last.values() if one.life is not Life.NORMAL}
        assert {one.id: one for one in alarms} == told

    @invariant()
    def dispatch_places(self) -> None:
        asking = [one for one in self.cycle.open if asks(one)]
        worst = [one for one in asking if one.severity is S1]
        assert len(asking) <= max(3, len(worst))
        waiting = [
            one for one in self.cycle.open
            if one.life is Life.SUPPRESSED and one.suppressed_by == "dispatch_limit"
        ]  # fmt: skip
        assert all(one.severity is not S1 for one in waiting)
        assert not waiting or len(asking) >= 3

    @invariant()
    def what_protects_the_house_is_in_sight(self) -> None:
        for alarm in self.cycle.open:
            if alarm.rule == "frost_danger" and alarm.severity is S1:
                assert alarm.annunciated

    @invariant()
    def bounds(self) -> None:
        for alarm in self.cycle.open:
            if alarm.shelved_until is not None:
                assert (alarm.shelved_until - self.stamp.at).total_seconds() <= 7 * DAY
            if alarm.ends_at is not None:
                assert (alarm.ends_at - self.stamp.at).total_seconds() <= 7 * DAY

    def teardown(self) -> None:
        """All is well again, somebody has looked at everything, time passes: nothing is left."""
        self.here.clear()
        self.masked = dict.fromkeys(DEVICES, False)
        for alarm in self.cycle.open:
            self.take(self.cycle.acknowledge(alarm.id, SERVICE, self.stamp))
        for _ in range(12):
            self.mono += 1.5 * DAY
            self.judge()
        assert self.cycle.open == ()
        assert all(one.life is Life.NORMAL for one in self.model.last.values())
        super().teardown()


Lives.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestLives = Lives.TestCase
