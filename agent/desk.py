"""The alarm desk: conditions become records of alarms, and what people order of alarms is done.

Pure: a judgement or a command comes in, effects go out. An order ends in exactly one result, as any
other command does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from agent.control import asked, ended, result_of
from agent.facts import Effect, Journal, Keep, Note, Save
from agent.faults import ALL, RULES, Condition, Issuer, LifeCycle, No, OutOfService
from agent.faults.lifecycle import Changes
from agent.faults.season import Mode, Season, in_season
from agent.model import Alarm, Change, Command, Machine, Outcome, Snapshot, Stamp, Value
from agent.records import Lane

ACKNOWLEDGE, SHELVE, UNSHELVE = "alarm_acknowledge", "alarm_shelve", "alarm_unshelve"
OUT, BACK, REPAIRED = "out_of_service", "in_service", "repaired"
ORDERS = frozenset({ACKNOWLEDGE, SHELVE, UNSHELVE, OUT, BACK, REPAIRED})
"""Points of no machine: a command of one of these is an order of the desk."""

_RULES = frozenset({ALL} | {rule.name for rule in RULES})
_FAULTS = _RULES | {rule.fault for rule in RULES}
_LOUD = frozenset({Change.RAISED, Change.AGAIN, Change.SEVERITY, Change.RELEASED, Change.UNSHELVED})


class AlarmDesk:
    """Holds the life cycle of every alarm of a gateway.

    `relearn` is told of a device and what was repaired of it: a rule, a fault, or `all`.
    """

    def __init__(
        self,
        machines: Mapping[str, Machine],
        season: Season,
        relearn: Callable[[str, str], None],
        alarms: Iterable[Alarm] = (),
        out_of_service: Iterable[OutOfService] = (),
    ) -> None:
        self._devices, self._season, self._relearn = machines, season, relearn
        self._seen: dict[str, tuple[tuple[Condition, ...], Mode, tuple[Condition, ...]]] = {}
        self._cycle = LifeCycle(alarms, out_of_service)

    @property
    def open(self) -> Changes:
        """The alarms that have not come to their end."""
        return self._cycle.open

    def judged(
        self, device: str, conditions: tuple[Condition, ...], stamp: Stamp, masked: bool
    ) -> Iterator[Effect]:
        """What follows from a judgement; see `LifeCycle.step`."""
        if self._season.mode is not Mode.NORMAL:
            conditions = self._seasonal(device, conditions)
        changes = self._cycle.step(device, conditions, stamp, masked)
        return self._changed(changes, stamp) if changes else iter(())

    def _seasonal(self, device: str, conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        """The same tuple as before for the same conditions: see `LifeCycle.step`."""
        known, mode = self._seen.get(device), self._season.mode
        if known is not None and known[0] is conditions and known[1] is mode:
            return known[2]
        found = in_season(conditions, mode, self._devices[device].kind == "heat_pump")
        self._seen[device] = (conditions, mode, found)
        return found

    def look(self, pictures: Mapping[str, Snapshot], stamp: Stamp) -> Iterator[Effect]:
        """Look at date and air now and then: the season counts from the next judgement on."""
        if self._season.look(pictures, stamp):
            fields: dict[str, Value | None] = {"season": self._season.mode.value}
            yield Journal("season", fields, stamp)
            yield Note("info", "season", fields)

    def orphans(self, stamp: Stamp) -> Iterator[Effect]:
        """Alarms of machines that the configuration no longer has come to their end."""
        gone = {alarm.device for alarm in self._cycle.open} - self._devices.keys()
        for name in sorted(gone):
            yield from self._changed(self._cycle.forget(name, stamp), stamp)

    def command(self, command: Command, stamp: Stamp) -> Iterator[Effect]:
        """Carry out one of the `ORDERS`; its result comes at once."""
        yield asked(command, stamp, why=command.why)
        answer = self._ordered(command, stamp)
        if isinstance(answer, No):
            yield from ended(result_of(command, Outcome.REFUSED, answer.why), stamp)
            return
        yield from self._changed(answer, stamp)
        if command.point in (OUT, BACK):  # what ends by time needs no saving: it tells its end
            yield Save("out_of_service", self._cycle.out_of_service)
        done = (
            ", ".join(f"{one.id} {one.change}" for one in answer) or "no open alarm changes by it"
        )
        yield from ended(result_of(command, Outcome.VERIFIED, done), stamp)

    def _ordered(self, command: Command, stamp: Stamp) -> Changes | No:
        by, what = Issuer(command.role, command.issuer), command.value
        if command.device not in self._devices:
            return No(f"no device is named {command.device}; there are {_list(self._devices)}")
        if not isinstance(what, str):
            return No(f"the value of {command.point} is a word, not {what!r}")
        hold_s = command.hold_s or 0.0
        match command.point:
            case "out_of_service":
                if what not in _RULES:
                    return No(f"{what!r} is no rule; allowed: one such as low_flow, all")
                return self._cycle.take_out(command.device, what, by, command.why, hold_s, stamp)
            case "in_service":
                return self._cycle.put_back(command.device, what, by, stamp)
            case "repaired":
                return self._repaired(command.device, what, by, stamp)
        if what not in {one.id for one in self.open if one.device == command.device}:
            return No(f"no open alarm of {command.device} has this id")
        match command.point:
            case "alarm_shelve":
                return self._cycle.shelve(what, by, command.why, hold_s, stamp)
            case "alarm_unshelve":
                return self._cycle.unshelve(what, by, stamp)
        return self._cycle.acknowledge(what, by, stamp)

    def _repaired(self, device: str, fault: str, by: Issuer, stamp: Stamp) -> Changes | No:
        """It acknowledges the alarms of what was repaired, and what is healthy is learnt anew."""
        if not by.may("repaired"):
            return No(f"a {by.role} repairs nothing")
        if fault not in _FAULTS:
            return No(f"{fault!r} is no fault; allowed: F04, a rule such as frost_danger, all")
        self._relearn(device, fault)
        changes: list[Alarm] = []
        for alarm in self.open:
            if alarm.device == device and fault in (ALL, alarm.fault, alarm.rule):
                done = self._cycle.acknowledge(alarm.id, by, stamp)
                changes += () if isinstance(done, No) else done
        return tuple(changes)

    def _changed(self, changes: Changes, stamp: Stamp) -> Iterator[Effect]:
        """The records first: they leave at once; then what is kept over a restart."""
        for alarm in changes:
            yield Keep(Lane.ALARM, alarm, stamp)
            yield _told(alarm)
        if changes:
            yield Save("alarms", self._cycle.open)


def _told(alarm: Alarm) -> Note:
    fields: dict[str, Value | None] = {
        "device": alarm.device,
        "rule": alarm.rule,
        "severity": alarm.severity.value,
        "life": alarm.life.value,
        "text": alarm.text_en,
        "text_zh": alarm.text_zh,
    }
    loud = alarm.annunciated and alarm.change in _LOUD
    return Note("warning" if loud else "info", f"alarm {alarm.change.value}", fields)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
