"""From conditions to alarms by ISA-18.2 / IEC 62682: one open alarm for each identity. Pure.

A condition that lasts is raised, one that is gone for its clear delay returns. A returned alarm
that somebody acknowledged ends; one that nobody did ends after a day (S2) or a week (S3), or waits
for an installer or the vendor (S1). Until it ends, its condition comes back under the same id.
What stands survives restarts; delays that run begin anew then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import inf

from agent.faults import places, transitions
from agent.faults.chatter import HOUR_S, MOST_AN_HOUR, RULE, Chatter, chattering
from agent.faults.condition import Condition
from agent.faults.rights import GATEWAY, LONGEST_S, Issuer, No, outweighs, protected
from agent.faults.service import ALL, OutOfService, Service
from agent.faults.transitions import UNLATCHED, Hidden
from agent.faults.watch import Watch
from agent.faults.watches import Watches
from agent.model import Alarm, Change, Severity, Stamp

NO_SUCH = "no open alarm has this id"
BLIND_FROM_S = 3600.0
"""Polls that failed for less are no blindness: what waits a day was seen good in between."""
Changes = tuple[Alarm, ...]


@dataclass(slots=True)
class _Seen:
    """What a device was judged by last, and the second until which nothing can happen by it."""

    conditions: tuple[Condition, ...] | None = None
    masked_since: float | None = None
    due: float = -inf


class LifeCycle:
    """Turns the conditions of each judgement, and what people order, into changes of alarms."""

    def __init__(
        self, restored: Iterable[Alarm] = (), out_of_service: Iterable[OutOfService] = ()
    ) -> None:
        self._watches = Watches(restored)
        self._devices: dict[str, _Seen] = {}
        self._chatter = Chatter()
        self._service = Service(out_of_service)
        self._serial = 0

    @property
    def open(self) -> Changes:
        """The alarms that have not come to their end, each as it was last told."""
        return self._watches.open

    @property
    def out_of_service(self) -> tuple[OutOfService, ...]:
        """What is out of service."""
        return self._service.listed

    def step(
        self, device: str, conditions: tuple[Condition, ...], stamp: Stamp, masked: bool = False
    ) -> Changes:
        """What changes now for one device, in order; next to nothing to do when nothing can.

        `masked`: the device cannot be judged; what stands stays, only what is listed may change.
        """
        seen = self._devices.get(device) or self._devices.setdefault(device, _Seen())
        if stamp.trusted and self._unplaced:
            self._place(stamp)
        same = conditions is seen.conditions and masked is (seen.masked_since is not None)
        if same and stamp.mono < seen.due:
            return ()
        changes = list(self._mask(device, seen, masked, stamp))
        changes += self._walk(device, conditions, stamp, masked)
        told = self._watches.settled(changes, stamp)
        seen.conditions, seen.due = conditions, self._due(device)
        return told

    def due(self, device: str) -> float:
        """The monotonic second before which `step` changes nothing for the same conditions."""
        seen = self._devices.get(device)
        return -inf if seen is None or self._unplaced else seen.due

    def forget(self, device: str, stamp: Stamp) -> Changes:
        """The device is no longer there, and so are its alarms."""
        for one in self._service.listed:
            if one.device == device:
                self._service.drop(device, one.rule)
        changes = [
            transitions.ended(watch.alarm, stamp, "no longer configured")
            for _, watch in self._watches.of(device)
            if watch.alarm is not None
        ]
        self._watches.forget(device)
        return self._watches.settled(changes, stamp)

    # --- orders -------------------------------------------------------------------------------

    def acknowledge(self, alarm_id: str, by: Issuer, stamp: Stamp) -> Changes | No:
        """Somebody has seen the alarm; empty when that was known."""
        watch = self._watches.by_id(alarm_id)
        if watch is None or watch.alarm is None:
            return No(NO_SUCH)
        if not by.may("acknowledge"):
            return No(f"a {by.role} does not acknowledge alarms")
        if not outweighs(by, watch.alarm.acked_by):
            return ()
        return self._ordered(watch, transitions.acknowledged(watch.alarm, by.tag, stamp), stamp)

    def shelve(
        self, alarm_id: str, by: Issuer, why: str, for_s: float, stamp: Stamp
    ) -> Changes | No:
        """Hide an alarm for a while."""
        watch = self._watches.by_id(alarm_id)
        if watch is None or watch.alarm is None:
            return No(NO_SUCH)
        alarm = watch.alarm
        may = by.may("shelve") and (alarm.severity is not Severity.S1 or by.may("release"))
        if not may:
            return No(f"a {by.role} does not shelve alarms of {alarm.severity}")
        if protected(alarm.rule, alarm.fault):
            return No(f"{alarm.rule} is never shelved: it protects house and pump")
        if refused := _untimely(why, for_s):
            return refused
        watch.shelf_ends = stamp.mono + for_s
        until, why = stamp.at + timedelta(seconds=for_s), why.strip()
        if (until, by.tag, why) == (alarm.shelved_until, alarm.shelved_by, alarm.shelved_why):
            return ()
        return self._ordered(watch, transitions.shelved(alarm, by.tag, why, until, stamp), stamp)

    def unshelve(self, alarm_id: str, by: Issuer, stamp: Stamp) -> Changes | No:
        """Take an alarm off the shelf."""
        watch = self._watches.by_id(alarm_id)
        if watch is None or watch.alarm is None:
            return No(NO_SUCH)
        if not by.may("shelve"):
            return No(f"a {by.role} does not unshelve alarms")
        if watch.alarm.shelved_until is None:
            return No("it is not shelved")
        watch.shelf_ends = watch.held_until = None
        self._chatter.forget(watch.alarm.identity)
        return self._ordered(watch, transitions.unshelved(watch.alarm, stamp, by.tag), stamp)

    def take_out(
        self, device: str, rule: str, by: Issuer, why: str, for_s: float, stamp: Stamp
    ) -> Changes | No:
        """Take a rule of a device, or with `all` the device, out of service for a while."""
        if not by.may("out of service"):
            return No(f"a {by.role} takes nothing out of service")
        if rule != ALL and protected(rule, ""):
            return No(f"{rule} stays in service: it protects house and pump")
        if refused := _untimely(why, for_s):
            return refused
        until = stamp.at + timedelta(seconds=for_s)
        found = OutOfService(device, rule, by.tag, why.strip(), until)
        self._service.put(found, stamp.mono + for_s)
        return self._reserved(device, stamp, f"{by.tag}: {why.strip()}")

    def put_back(self, device: str, rule: str, by: Issuer, stamp: Stamp) -> Changes | No:
        """Put it back in service."""
        if not by.may("out of service"):
            return No(f"a {by.role} puts nothing in service")
        if not self._service.drop(device, rule):
            return No("it is not out of service")
        return self._reserved(device, stamp, by.tag)

    def _ordered(self, watch: Watch, alarm: Alarm, stamp: Stamp) -> Changes:
        watch.put(alarm)
        self._wake(alarm.device)
        return self._watches.settled([alarm], stamp)

    def _reserved(self, device: str, stamp: Stamp, cause: str) -> Changes:
        self._wake(device)
        return self._watches.settled(self._in_or_out(device, stamp, cause), stamp)

    # --- one judgement ------------------------------------------------------------------------

    def _walk(
        self, device: str, conditions: tuple[Condition, ...], stamp: Stamp, masked: bool
    ) -> Iterator[Alarm]:
        over = list(self._service.expired(device, stamp))
        if over:
            yield from self._in_or_out(device, stamp, "its time is over")
        for _, watch in self._watches.of(device):
            yield from self._passed(watch, stamp, masked)
        listed = {condition.identity: condition for condition in conditions}
        for identity, condition in listed.items():
            yield from self._seen(self._watches.at(identity), condition, stamp)
        faults = {condition.fault for condition in listed.values()}
        for identity, watch in self._watches.of(device):
            if identity in listed or identity[1] == RULE:
                continue
            if masked or watch.explained_by(faults):
                watch.pause()
            else:
                yield from self._gone(watch, stamp)
        yield from self._advise(device, stamp)
        self._watches.tidy(device)

    def _passed(self, watch: Watch, stamp: Stamp, masked: bool) -> Iterator[Alarm]:
        """What time alone does: a hold, a shelf, a wait is over."""
        watch.wake = None
        if watch.held_until is not None and stamp.mono >= watch.held_until:
            watch.held_until = None
        alarm = watch.alarm
        if alarm is None:
            return
        if watch.shelf_ends is not None and stamp.mono >= watch.shelf_ends:
            watch.shelf_ends = None
            alarm = transitions.unshelved(alarm, stamp, "its time is over")
            yield watch.put(alarm)
        waited = watch.ends is not None and stamp.mono >= watch.ends and not masked
        if waited and alarm.cleared_at is None and alarm.shelved_until is None:
            yield watch.put(transitions.ended(alarm, stamp, "good for long enough"))

    def _seen(self, watch: Watch, condition: Condition, stamp: Stamp) -> Iterator[Alarm]:
        watch.condition, watch.gone_since = condition, None
        alarm = watch.alarm
        if alarm is not None and alarm.active:
            watch.seen_since = None
            yield from self._still(watch, alarm, condition, stamp)
            return
        if watch.seen_since is None:
            watch.seen_since = stamp.mono
        if stamp.mono - watch.seen_since >= condition.raise_after_s:
            yield self._come(watch, condition, stamp)

    def _come(self, watch: Watch, condition: Condition, stamp: Stamp) -> Alarm:
        """Raised, or back; one that came and went too often is shelved, an S1 kept standing, and
        so is what somebody has shelved: his time and his reason stay.
        """
        mono, identity, before = stamp.mono, condition.identity, watch.alarm
        worst = Severity.S1 in (condition.severity, before.severity if before else None)
        by_hand = before is not None and before.shelved_by not in ("", GATEWAY)
        spared = worst or by_hand or protected(condition.rule, condition.fault)
        shelve = not spared and self._chatter.full(identity, mono)
        until = stamp.at + timedelta(seconds=HOUR_S) if shelve else None
        if shelve:
            watch.shelf_ends = watch.held_until = mono + HOUR_S
        elif self._chatter.come(identity, mono) and spared:
            watch.held_until = mono + HOUR_S
        out = self._service.covers(condition.device, condition.rule, condition.fault)
        hidden = Hidden(_cause(condition), out, until)
        watch.seen_since = watch.ends = watch.milder_since = None
        watch.diagnosed = mono
        if before is not None:
            alarm = watch.put(transitions.again(before, condition, stamp, hidden))
            watch.shelf_ends = watch.shelf_ends if alarm.shelved_until is not None else None
            watch.wake = mono  # it keeps the worse severity: the next look begins to ease it
            return alarm
        self._serial += 1
        return watch.put(transitions.raised(condition, stamp, self._serial, hidden))

    def _still(
        self, watch: Watch, alarm: Alarm, condition: Condition, stamp: Stamp
    ) -> Iterator[Alarm]:
        """An active alarm whose condition holds: explained away, worse or milder, better known."""
        explained = "" if alarm.suppressed_by == places.WAITS else alarm.suppressed_by
        if _cause(condition) != explained and self._may_suppress(watch, condition, stamp.mono):
            alarm = watch.put(transitions.suppressed(alarm, _cause(condition), stamp))
            yield alarm
        if watch.lasting(condition.severity, stamp.mono):
            watch.milder_since = None
            if condition.severity is Severity.S1:
                watch.shelf_ends = None
            yield watch.put(transitions.graded(alarm, condition, stamp))
        elif _other(condition, alarm):
            if stamp.mono - watch.diagnosed < HOUR_S:
                watch.wake = watch.diagnosed + HOUR_S
                return
            watch.diagnosed = stamp.mono
            fresh = transitions.judged(alarm, condition)
            yield watch.put(transitions.told(fresh, Change.DIAGNOSIS, stamp))

    def _may_suppress(self, watch: Watch, condition: Condition, mono: float) -> bool:
        """Whether this may be told now; what is explained away too often stays in sight."""
        own = (condition.device, f"{condition.rule} suppressed", condition.key)
        if not _cause(condition):
            return True
        if self._chatter.count(own, mono) >= MOST_AN_HOUR:
            watch.wake = mono + HOUR_S / MOST_AN_HOUR
            return False
        self._chatter.note(own, mono)
        return True

    def _gone(self, watch: Watch, stamp: Stamp) -> Iterator[Alarm]:
        watch.seen_since = watch.milder_since = None
        alarm = watch.alarm
        if alarm is None or not alarm.active or watch.held_until is not None:
            return
        if watch.gone_since is None:
            watch.gone_since = stamp.mono
        if stamp.mono - watch.gone_since < watch.clear_after_s:
            return
        watch.gone_since = None
        self._chatter.note(alarm.identity, stamp.mono)
        alarm = watch.put(transitions.returned(alarm, stamp))
        good_s = transitions.good_for_s(alarm)
        watch.ends = stamp.mono + good_s if good_s is not None else None
        if alarm.cleared_at is not None:
            watch.ends = None
        yield alarm

    def _advise(self, device: str, stamp: Stamp) -> Iterator[Alarm]:
        """`chattering` stands for every rule with a held alarm; it is not counted itself."""
        held = [
            chattering(watch.alarm)
            for _, watch in self._watches.of(device)
            if watch.alarm and watch.held_until
        ]
        listed = {one.identity: one for one in reversed(held)}
        for identity, condition in listed.items():
            yield from self._seen(self._watches.at(identity), condition, stamp)
        for identity, watch in self._watches.of(device):
            if identity[1] == RULE and identity not in listed:
                yield from self._gone(watch, stamp)

    # --- keeping ------------------------------------------------------------------------------

    def _in_or_out(self, device: str, stamp: Stamp, cause: str) -> Iterator[Alarm]:
        for _, watch in self._watches.of(device):
            alarm = watch.alarm
            if alarm is None:
                continue
            out = self._service.covers(device, alarm.rule, alarm.fault)
            if out != alarm.out_of_service:
                yield watch.put(transitions.served(alarm, out, stamp, cause))

    def _mask(self, device: str, seen: _Seen, masked: bool, stamp: Stamp) -> Iterator[Alarm]:
        """While nobody can look, nothing is good: what waits for good days waits longer."""
        since = seen.masked_since
        if masked and since is None:
            seen.masked_since = self._silent_since(device, seen, stamp.mono)
        elif since is not None and not masked:
            seen.masked_since = None
            if stamp.mono - since < BLIND_FROM_S:
                return
            for _, watch in self._watches.of(device):
                if alarm := watch.put_off(since, stamp):
                    yield alarm

    def _silent_since(self, device: str, seen: _Seen, mono: float) -> float:
        """Now; or nobody knows when, for a device that was silent before a restart already."""
        before = seen.conditions is None and any(
            watch.alarm is not None and watch.alarm.active and watch.alarm.rule in UNLATCHED
            for _, watch in self._watches.of(device)
        )
        return -inf if before else mono

    def _due(self, device: str) -> float:
        own = min((watch.due() for _, watch in self._watches.of(device)), default=inf)
        return min(own, self._service.due(device))

    @property
    def _unplaced(self) -> bool:
        """Whether ends of before a restart wait for a clock that is believed."""
        return self._watches.unplaced or self._service.unplaced

    def _place(self, stamp: Stamp) -> None:
        """Bring them on the scale of now; no device knew of its own before."""
        self._watches.place(stamp)
        self._service.place(stamp)
        for device in self._devices:
            self._wake(device)

    def _wake(self, device: str) -> None:
        if device in self._devices:
            self._devices[device].due = -inf


def _cause(condition: Condition) -> str:
    return "" if protected(condition.rule, condition.fault) else condition.cause


def _other(condition: Condition, alarm: Alarm) -> bool:
    """Whether another fault leads the suspects, not only its weight moved."""
    if not condition.suspects or not alarm.suspects:
        return False
    return condition.suspects[0].fault != alarm.suspects[0].fault


def _untimely(why: str, for_s: float) -> No | None:
    if not why.strip():
        return No("it needs a reason: why")
    if not 0 < for_s <= LONGEST_S:
        return No(f"it needs a time of at most {LONGEST_S / 86_400:g} days: hold_s")
    return None
