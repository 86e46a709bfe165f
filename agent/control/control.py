"""From wishes to writes and from commands to results: the part of the core that acts.

Standing demands are pursued at every sweep; a command is admitted or refused at once and ends in
exactly one result. Pure: facts and snapshots in, effects out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from math import inf

from agent.control.commands import asked, demand_of, ended, fields_of, result_of
from agent.control.fitted import fitted, left_as_found, slowed
from agent.control.guard import (
    HARD_CAP_A_DAY,
    HEATING_WATER,
    Admitted,
    Guard,
    GuardView,
    Refusal,
    Unneeded,
    Verdict,
)
from agent.control.home import HomeControl, outdoor_c, park_demand
from agent.control.household import HOUSEHOLD_ORDERS, Chosen, Household
from agent.control.learned import Learned
from agent.control.override import Panel
from agent.control.priority import Place, Standing
from agent.control.refresh import counted_as, is_due, is_ours
from agent.control.safety import EMERGENCY, Safety
from agent.control.switches import Switches
from agent.control.tending import Tending
from agent.control.written import Written
from agent.facts import Effect, Journal, Note, Send, WriteDone
from agent.model import (
    Command,
    Demand,
    Machine,
    Origin,
    Outcome,
    PointId,
    Quality,
    Reading,
    Snapshot,
    Stamp,
    Value,
    Write,
)

RETRY_S = 600.0  # after a write that failed: a machine that refuses must not wear out its budget

Snapshots = Mapping[str, Snapshot]


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """What may be controlled, and in which time zone the home lives."""

    timezone: tzinfo
    homes: tuple[HomeControl, ...] = ()
    allow_unverified: frozenset[str] = frozenset()


class Control:
    """Holds the standing demands, the writes under way and the write counters."""

    def __init__(
        self,
        settings: ControlSettings,
        machines: Mapping[str, Machine],
        writes: Mapping[tuple[str, str, str], int],
        written: Mapping[Place, float] | None = None,
        learned: Mapping[str, Learned] | None = None,
        emergency: datetime | None = None,
        household: Mapping[str, Chosen] | None = None,
    ) -> None:
        self._settings, self._machines = settings, machines
        self.standing = Standing()
        self._guard = Guard()
        self._written = Written(settings.timezone, writes, written or {})
        self._pending: set[Place] = set()
        self._commands: dict[str, Command] = {}
        self._last_refusal: dict[Place, str] = {}
        self._resting_until: dict[Place, float] = {}
        self._stopping = False
        self._panel = Panel()
        self._safety = Safety(settings.homes, machines, emergency)
        self._secured: set[Place] = set()
        self._switches = Switches(machines)
        self._highest = {(h.device, h.point): h.highest_c for h in settings.homes if h.highest_c}
        self.tending = Tending(settings.homes, machines, learned or {})
        self.household = Household(settings.homes, machines, self.standing, household)

    def sweep(
        self,
        snapshots: Snapshots,
        stamp: Stamp,
        running_s: float,
        as_found: Mapping[str, Value] | None = None,
    ) -> Iterator[Effect]:
        """Bring every point somebody wants something of towards what the winner wants.

        `as_found` names devices whose heating water stays today as it was found: that stands in for
        the schedule's wish, and for nothing that keeps the house safe.
        """
        if self._stopping:  # what is parked stays parked
            return
        self._switches.see(snapshots, stamp.mono)
        secure = self._safety.demands(snapshots, stamp)
        for place in self._secured - secure.keys():
            self.standing.drop(*place, Origin.SAFETY)
        self._secured = set(secure)
        for home in self._settings.homes:
            yield from self._tend(home, snapshots, stamp, running_s, as_found or {})
        for demand in secure.values():
            self.standing.put(demand)
        yield from self.tending.save(stamp)
        yield from self.household.save()
        for device, point in self.standing.places():
            winner = self.standing.winner(device, point, stamp.mono)
            if winner is None or (device, point) in self._pending:
                continue
            if stamp.mono < self._resting_until.get((device, point), 0.0):
                continue
            if self._lapses(winner, snapshots[device], stamp.mono):
                yield from self._pursue(replace(winner, refresh=True), snapshots, stamp)
            elif not winner.command_id:
                # A command was carried out once, with its result; it only keeps others away.
                yield from self._pursue(winner, snapshots, stamp)

    def _tend(
        self,
        found: HomeControl,
        snapshots: Snapshots,
        stamp: Stamp,
        running_s: float,
        as_found: Mapping[str, Value],
    ) -> Iterator[Effect]:
        """Let stand what panel, household and plan want of one point now."""
        home = self.household.tended(found, stamp)
        turned = tuple(self._watch_panel(home, snapshots[home.device], stamp))
        if turned:  # what was wished before is over
            yield from turned
            home = self.household.tended(found, stamp)
        if (home.device, home.point) in self._secured:
            return
        self.household.stand(found, stamp)
        demand = self.tending.demand(home, snapshots, stamp, running_s)
        demand = left_as_found(demand, as_found)
        if demand is not None:
            self.standing.put(demand)
        else:
            self.standing.drop_park(home.device, home.point)

    def _watch_panel(self, home: HomeControl, snapshot: Snapshot, stamp: Stamp) -> Iterator[Effect]:
        """A change at the machine is reported, and stands as the resident's wish."""
        terms = self._machines[home.device].terms(home.point)
        if (home.device, home.point) in self._pending or (terms and terms.refresh_s):
            return
        wish = self._panel.wish(home, snapshot.value(home.point), stamp)
        if wish is None:
            return
        yield from self.household.cancel(home.device, stamp)
        self.standing.put(wish)
        fields = fields_of(wish.device, wish.point, wish.value, wish.origin) | {"why": wish.why}
        yield Journal("override", fields, stamp)
        yield Note("info", "resident override", fields)

    def command(self, command: Command, snapshots: Snapshots, stamp: Stamp) -> Iterator[Effect]:
        """Admit or refuse a command; refused and needless ones get their result at once."""
        if command.point in HOUSEHOLD_ORDERS:
            yield from self.household.order(command, stamp)
            return
        yield asked(command, stamp)
        demand = demand_of(command, stamp)
        if command.point == EMERGENCY:
            yield from self._safety.order(command, demand, stamp)
            return
        verdict = self._admit(command, demand, snapshots, stamp)
        if isinstance(verdict, Refusal):
            why = f"{verdict.why} (this may pass)" if verdict.passing else verdict.why
            yield from ended(result_of(command, Outcome.REFUSED, why), stamp)
            return
        self.standing.put(demand)
        if isinstance(verdict, Unneeded):
            done = result_of(command, Outcome.VERIFIED, "it already is so", verdict.value)
            yield from ended(done, stamp)
            return
        left_s = (command.expires_at - stamp.at).total_seconds()
        write = replace(verdict.write, deadline_mono=stamp.mono + left_s)
        self._commands[command.id] = command
        yield from self._send(write, demand, stamp)

    def decided_by(self, device: str, mono: float) -> str:
        """Whose wish stands for this device's water now: an origin, `park`, or `machine`."""
        for home in self._settings.homes:
            if home.device == device and home.point in HEATING_WATER:
                winner = self.standing.winner(device, home.point, mono)
                if winner is not None:
                    return "park" if winner.park else winner.origin.value
        return "machine"

    def wanted_c(self, device: str, stamp: Stamp) -> float | None:
        """The room temperature that is wanted now; None where no plan of rooms is configured."""
        for home in self._settings.homes:
            comfort = self.household.tended(home, stamp).comfort
            if home.device == device and comfort is not None:
                local = stamp.at.astimezone(home.timezone) if stamp.trusted else None
                return comfort.wanted(local)[0]
        return None

    @property
    def homes(self) -> tuple[HomeControl, ...]:
        """Every controlled point, as the installer's file has it."""
        return self._settings.homes

    def write_done(self, fact: WriteDone) -> Iterator[Effect]:
        """Journal the end of a write; if a command wanted it, that is its result."""
        write = fact.write
        place = (write.device, write.point)
        self._pending.discard(place)
        self._resting_until.pop(place, None)
        known = write.value if fact.read_back is None else fact.read_back
        self._panel.expect(*place, known if fact.outcome is Outcome.VERIFIED else None)
        if fact.outcome is not Outcome.VERIFIED:
            self._rest(place, fact.stamp.mono)
        fields = fields_of(*place, write.value, write.origin)
        fields |= {"outcome": fact.outcome.value, "why": fact.why}
        if not write.refresh or fact.outcome is not Outcome.VERIFIED:
            yield Journal("written", fields, fact.stamp)
            level = "info" if fact.outcome is Outcome.VERIFIED else "warning"
            yield Note(level, f"write {fact.outcome.value}", fields)
        command = self._commands.pop(write.command_id or "", None)
        if command is None:
            return
        if fact.outcome is not Outcome.VERIFIED:
            self.standing.drop(write.device, write.point, write.origin)
        yield from ended(result_of(command, fact.outcome, fact.why, fact.read_back), fact.stamp)

    def _rest(self, place: Place, mono: float) -> None:
        """After a failure; a word that would lapse meanwhile is tried again sooner."""
        terms = self._machines[place[0]].terms(place[1])
        period_s = terms.refresh_s if terms is not None else None
        self._resting_until[place] = mono + min(RETRY_S, (period_s or inf) / 4)
        if period_s is not None:
            self._written.refreshed[place] = mono - period_s

    def _lapses(self, demand: Demand, snapshot: Snapshot, mono: float) -> bool:
        """Whether a value of ours is about to be dropped by the machine."""
        place = (demand.device, demand.point)
        machine = self._machines[demand.device]
        if not is_due(machine.terms(demand.point), self._written.refreshed.get(place), mono):
            return False
        return is_ours(snapshot, demand.point, demand.value, self._written.value.get(place))

    def write_repeated(self, device: str, point: PointId, stamp: Stamp) -> Iterator[Effect]:
        """A second try wears the machine as the first did: it counts, and before it is sent."""
        yield self._written.count(device, point, stamp)

    def park(self, snapshots: Snapshots, stamp: Stamp) -> Iterator[Effect]:
        """Leave every controlled point where the house stays warm without us."""
        self._stopping = True
        yield from self.tending.save(stamp, now=True)
        for home in self._settings.homes:
            park = park_demand(home, "the gateway stops")
            wanted = fitted(park, self._machines[home.device], home.highest_c)
            demand = replace(wanted, origin=Origin.SAFETY)
            if (home.device, home.point) in self._pending:
                # What the machine shows is about to change, so it cannot tell that all is done.
                snapshots = {**snapshots, home.device: _unsure(snapshots[home.device], home.point)}
            verdict = self._judge(demand, snapshots, stamp)
            if isinstance(verdict, Admitted):
                yield from self._send(verdict.write, demand, stamp)
            elif isinstance(verdict, Refusal):
                fields = fields_of(home.device, home.point, home.park, demand.origin)
                fields["why"] = verdict.why
                yield Journal("not_parked", fields, stamp)
                yield Note("warning", "not parked", fields)

    def _pursue(self, demand: Demand, snapshots: Snapshots, stamp: Stamp) -> Iterator[Effect]:
        """Try to bring a standing demand about; a refusal is told once, not at every sweep."""
        place = (demand.device, demand.point)
        shown = snapshots[demand.device].value(demand.point)
        if shown == demand.value and not demand.refresh:  # nearly every sweep
            self._last_refusal.pop(place, None)
            return
        machine = self._machines[demand.device]
        demand = slowed(demand, machine, snapshots[demand.device])
        demand = fitted(demand, machine, self._highest.get(place))
        verdict = self._judge(demand, snapshots, stamp)
        if isinstance(verdict, Admitted):
            self._last_refusal.pop(place, None)
            yield from self._send(verdict.write, demand, stamp)
        elif isinstance(verdict, Refusal):
            kind = verdict.why.split(";")[0]
            if self._last_refusal.get(place) != kind:
                self._last_refusal[place] = kind
                fields = fields_of(demand.device, demand.point, demand.value, demand.origin)
                told = "held_back" if verdict.passing else "refused"
                yield Journal(told, fields | {"why": verdict.why}, stamp)
        else:
            self._last_refusal.pop(place, None)

    def _admit(
        self, command: Command, demand: Demand, snapshots: Snapshots, stamp: Stamp
    ) -> Verdict:
        if command.device not in self._machines:
            known = ", ".join(self._machines)
            return Refusal(f"no device is named {command.device}; there are {known}")
        if self._stopping:
            return Refusal("the gateway stops", passing=True)
        if (command.device, command.point) in self._pending:
            return Refusal("another write of this point is under way", passing=True)
        above = self.standing.above(demand, stamp.mono)
        if above is not None and above.value != command.value:
            return Refusal(f"the {above.origin.value}'s choice {above.value} still holds")
        return self._judge(demand, snapshots, stamp)

    def _judge(self, demand: Demand, snapshots: Snapshots, stamp: Stamp) -> Verdict:
        """The guard's verdict; what a driver wants written before is held to the hard cap too."""
        verdict = self._guard.judge(demand, self._view(demand, snapshots, stamp))
        if not isinstance(verdict, Admitted) or demand.refresh:
            return verdict
        for point, _ in verdict.write.before:
            written = self._written.today(demand.device, point, stamp)
            if written >= HARD_CAP_A_DAY:
                why = f"{written} writes of {point} today; {HARD_CAP_A_DAY} are allowed"
                return Refusal(why, passing=True)
        return verdict

    def _view(self, demand: Demand, snapshots: Snapshots, stamp: Stamp) -> GuardView:
        place = (demand.device, demand.point)
        snapshot = snapshots[demand.device]
        own = outdoor_c(snapshot, stamp.mono)
        others = [outdoor_c(other, stamp.mono) for other in snapshots.values()]
        coldest = min((value for value in others if value is not None), default=None)
        return GuardView(
            self._machines[demand.device],
            snapshot,
            stamp.mono,
            self._written.today(demand.device, counted_as(demand.point, demand.refresh), stamp),
            self._switches.last_mono(place, self._written.last_mono.get(place)),
            demand.device in self._settings.allow_unverified,
            own if own is not None else coldest,
            self._highest.get(place),
        )

    def _send(self, write: Write, demand: Demand, stamp: Stamp) -> Iterator[Effect]:
        """Count first, durably; then the journal; then the wire."""
        place = (demand.device, demand.point)
        self._pending.add((write.device, write.point))
        self._written.refreshed[place] = stamp.mono
        self._written.value[place] = demand.value
        points = (*(name for name, _ in write.before), write.point)
        for point in points:
            yield self._written.count(write.device, point, stamp, demand.refresh)
        if demand.refresh:  # counted, but a line of the journal each time would wear out the card
            yield Send(replace(write, tries=1, refresh=True))
            return
        self._written.last_mono[place] = stamp.mono
        if any(
            self._written.today(write.device, point, stamp) >= HARD_CAP_A_DAY for point in points
        ):
            write = replace(write, tries=1)
        fields = fields_of(write.device, write.point, write.value, write.origin)
        yield Journal("write", fields | {"why": demand.why, "command": demand.command_id}, stamp)
        yield Send(write)


def _unsure(snapshot: Snapshot, point: PointId) -> Snapshot:
    """The snapshot with this point's value no longer believed; its age stays."""
    if point not in snapshot.readings:
        return snapshot
    doubted = {**snapshot.readings, point: Reading(point, None, Quality.STALE)}
    return replace(snapshot, readings=doubted)
