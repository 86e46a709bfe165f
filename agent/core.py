"""The heart: facts in, effects out. Holds the snapshots; knows no clock and no I/O.

A reading comes in as `BlockRead`; at the end of a device's sweep the faults are judged, control
says what it wants, the guard decides, and the sweep becomes one telemetry record. A command comes
in as `CommandReceived` and ends in exactly one `Result`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf

from agent.account.books import Books, Kept
from agent.account.tariff import UNPRICED, Tariff
from agent.control import WATCH_S, Chosen, Control, ControlSettings, Learned, ended
from agent.desk import ORDERS, AlarmDesk
from agent.drivers import Device
from agent.facts import (
    BlockFailed,
    BlockRead,
    CommandReceived,
    CommandTurnedAway,
    Effect,
    Fact,
    Failure,
    ForecastKnown,
    HolesFound,
    Keep,
    LineChanged,
    Note,
    PlatformBack,
    Save,
    Stopping,
    Tick,
    WriteDone,
    WriteRepeated,
)
from agent.faults import (
    ALL_YEAR,
    Condition,
    Detector,
    OutOfService,
    Profile,
    Saved,
    Season,
    SeasonSettings,
    sample_of,
)
from agent.homes import Home, Supply, complete
from agent.model import (
    POINTS,
    Alarm,
    Command,
    Outcome,
    PointId,
    Quality,
    Reading,
    Result,
    Snapshot,
    Stamp,
    Unit,
    Value,
)
from agent.pollcheck import ORDER as POLL_CHECK
from agent.pollcheck import PollChecks
from agent.records import Lane, Telemetry
from agent.report import Reporter
from agent.selftest import ORDERS as TESTS
from agent.selftest import Found, SelfTests

FAILURES_WORTH_A_WARNING = 3
JUDGED_EVERY_S = 9.5  # faults take their time: ten looks a second would see nothing more
SAVED_EVERY_S = 900.0  # flash wears out


@dataclass(frozen=True, slots=True)
class Restored:
    """What the durable store remembers: writes by (device, point, day), and the open alarms.

    `written` is the monotonic second of the last write of each point; before this boot it is below
    the clock's beginning. `learned` is what each home has taught its control,
    `emergency` the instant at which an ordered one ends, `detectors` what was learnt of each
    device's healthy state, and `household` what the homes have chosen.
    """

    writes: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()
    written: Mapping[tuple[str, PointId], float] = field(default_factory=dict)
    learned: Mapping[str, Learned] = field(default_factory=dict)
    accounts: Mapping[str, Kept] = field(default_factory=dict)
    emergency: datetime | None = None
    detectors: Mapping[str, Saved] = field(default_factory=dict)
    out_of_service: tuple[OutOfService, ...] = ()
    self_tests: Found = field(default_factory=dict)
    household: Mapping[str, Chosen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """What the core must know of its homes. `needed` are points a home cannot do without.

    Between two full records of a device, `full_every_s` apart, only what changed is kept. With
    `as_found_c` savings are found out by off days, on which the water stays at that temperature.
    """

    devices: Mapping[str, Device]
    control: ControlSettings
    needed: Mapping[str, frozenset[PointId]] = field(default_factory=dict)
    homes: tuple[Home, ...] = ()
    full_every_s: float = 0.0
    tariff: Tariff = UNPRICED
    as_found_c: float | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    season: SeasonSettings = ALL_YEAR
    watch_s: float = WATCH_S


@dataclass(slots=True)
class _Watched:
    """What the core keeps of one device between facts."""

    device: Device
    snapshot: Snapshot
    stale_s: Mapping[PointId, float]
    reporter: Reporter
    supplies: tuple[Supply, ...]
    detector: Detector
    silent_since: float | None = None
    silent_why: str = ""
    failures: int = 0
    fresh: bool = False
    judged: float = -inf
    saved: float = -inf
    conditions: tuple[Condition, ...] = ()
    lost: str | None = None


class Core:
    """One per gateway. `step` is the only door by which it changes; the rest is to look at."""

    def __init__(self, settings: CoreSettings, restored: Restored | None = None) -> None:
        before = restored or Restored()
        supplies = {home.heat_pump: home.supplies for home in settings.homes}
        self._devices = {
            name: _Watched(
                device,
                Snapshot(name),
                device.stale_s,
                Reporter(_units(device), settings.full_every_s),
                supplies.get(name, ()),
                Detector(
                    device,
                    settings.profiles.get(name)
                    or Profile(device.map.refrigerant, driver=device.map.map),
                    before.detectors.get(name),
                    settings.needed.get(name, frozenset()),
                    frozenset(one.point for one in supplies.get(name, ())),
                ),
            )
            for name, device in settings.devices.items()
        }
        self._stale_s = {name: watched.stale_s for name, watched in self._devices.items()}
        self.season = Season(settings.season, settings.control.timezone)
        self._desk = AlarmDesk(
            settings.devices, self.season, self._relearn, before.alarms, before.out_of_service
        )
        for alarm in before.alarms:  # what is missed now was there before the restart
            if alarm.device in self._devices and alarm.point is not None:
                self._devices[alarm.device].detector.knew(alarm.point)
        self.control = Control(
            settings.control,
            settings.devices,
            before.writes,
            before.written,
            before.learned,
            before.emergency,
            before.household,
        )
        self.tests = SelfTests(
            settings.devices,
            settings.control.homes,
            self.control.standing,
            settings.watch_s,
            before.self_tests,
        )
        self.polls = PollChecks(
            settings.devices, {name: one.poll_s for name, one in settings.devices.items()}
        )
        self.books = Books(
            settings.homes,
            settings.control.timezone,
            settings.tariff,
            before.accounts,
            settings.as_found_c,
        )
        self._started: float | None = None

    @property
    def snapshots(self) -> Mapping[str, Snapshot]:
        """The newest picture of every device, as the device itself gave it."""
        return {name: watched.snapshot for name, watched in self._devices.items()}

    def complete(self, mono: float) -> Mapping[str, Snapshot]:
        """As `snapshots`, with the points that other devices supply to a heat pump's home."""
        pictures = own = self.snapshots
        for name, watched in self._devices.items():
            if watched.supplies:
                whole = complete(own[name], watched.supplies, own, self._stale_s, mono)
                pictures = {**pictures, name: whole}
        return pictures

    @property
    def open_alarms(self) -> tuple[Alarm, ...]:
        """The alarms that have not come to their end; those that stand are `raised`."""
        return self._desk.open

    def step(self, fact: Fact) -> tuple[Effect, ...]:
        """What follows from a fact, in the order in which it shall be done."""
        if self._started is None:
            self._started = fact.stamp.mono
        return tuple(self._step(fact))

    def _step(self, fact: Fact) -> Iterator[Effect]:
        match fact:
            case BlockRead():
                yield from self._block_read(fact)
                yield from self.polls.see(fact)
            case BlockFailed():
                yield from self._block_failed(fact)
                yield from self.polls.see(fact)
            case WriteDone():
                self._see_write(fact)
                self.books.wrote(fact.write.device, fact.stamp)
                yield from self.control.write_done(fact)
            case WriteRepeated(device, point, stamp):
                yield from self.control.write_repeated(device, point, stamp)
            case CommandReceived(command, stamp):
                yield from self._command(command, stamp)
            case CommandTurnedAway(command_id, outcome, why, stamp, device, point, issuer):
                end = Result(command_id, device, point, outcome, why, issuer=issuer)
                yield from ended(end, stamp)
            case LineChanged(line, up, why):
                level, text = ("info", "line open") if up else ("warning", "line lost")
                yield Note(level, text, {"line": line, "why": why})
            case HolesFound(device, points):
                yield Save(f"holes {device}", points)
                fields = {"device": device, "points": " ".join(points)}
                yield Note("info", "points the device does not give", fields)
            case Tick(stamp):
                yield from self._tick(stamp)
            case PlatformBack() | ForecastKnown():
                self._news(fact)
            case Stopping(stamp):
                for name, watched in self._devices.items():
                    yield Save(f"detector {name}", (watched.detector.save(),))
                yield from self.tests.stop(stamp)
                yield from self.polls.stop(stamp)
                yield from self.books.close(stamp)
                yield from self.control.park(self.complete(stamp.mono), stamp)

    def _command(self, command: Command, stamp: Stamp) -> Iterator[Effect]:
        if command.point in ORDERS:
            return self._desk.command(command, stamp)
        if command.point in TESTS:
            return self.tests.command(command, self.snapshots, stamp)
        if command.point == POLL_CHECK:
            return self.polls.command(command, stamp)
        return self.control.command(command, self.complete(stamp.mono), stamp)

    def _relearn(self, device: str, repaired: str) -> None:
        watched = self._devices[device]
        watched.detector.repaired(repaired)
        watched.saved = -SAVED_EVERY_S  # before the next power cut, please

    def _news(self, fact: PlatformBack | ForecastKnown) -> None:
        """What changes how the next sweeps are judged, and nothing now."""
        if isinstance(fact, ForecastKnown):
            self.control.tending.foretold(fact)
            self.season.foretold(fact)
            return
        for watched in self._devices.values():
            watched.reporter.restart()

    def _tick(self, stamp: Stamp) -> Iterator[Effect]:
        pictures = self.complete(stamp.mono)
        yield from self._desk.look(pictures, stamp)
        for name, watched in self._devices.items():
            # Of the others nothing new is known: one bad reading would count twice.
            if watched.silent_since is not None:
                yield from self._judge(name, pictures[name], stamp)
        yield from self._desk.orphans(stamp)
        yield from self.polls.tick(stamp)
        yield from self._pursue(pictures, stamp)

    def _see_write(self, fact: WriteDone) -> None:
        """What was written is known by the read-back, or no longer known, until the next poll."""
        write, verified = fact.write, fact.outcome is Outcome.VERIFIED
        watched = self._devices[write.device]
        if fact.outcome is Outcome.EXPIRED or (verified and fact.read_back is None):
            return
        shown = {write.point: fact.read_back}
        shown |= {point: value if verified else None for point, value in write.before}
        readings = tuple(
            Reading(point, value, Quality.STALE if value is None else Quality.GOOD)
            for point, value in shown.items()
            if point in watched.snapshot.readings
        )
        then = {one.point: watched.snapshot.mono[one.point] for one in readings}
        seen = watched.snapshot.with_readings(readings, fact.stamp.mono)
        watched.snapshot = seen if verified else replace(seen, mono={**seen.mono, **then})

    def _block_read(self, fact: BlockRead) -> Iterator[Effect]:
        watched, mono = self._devices[fact.device], fact.stamp.mono
        watched.snapshot = watched.snapshot.with_readings(fact.readings, mono)
        if watched.silent_since is not None and watched.failures >= FAILURES_WORTH_A_WARNING:
            gap_s = round(mono - watched.silent_since, 1)
            yield Note("info", "device answers", {"device": fact.device, "gap_s": gap_s})
        watched.silent_since, watched.failures, watched.fresh = None, 0, True
        if fact.sweep_end:
            yield from self._sweep_end(fact.device, fact.stamp)

    def _block_failed(self, fact: BlockFailed) -> Iterator[Effect]:
        watched = self._devices[fact.device]
        fields = {"device": fact.device, "failure": fact.failure.value, "why": fact.why}
        if fact.failure is Failure.REFUSED:
            yield Note("debug", "device refuses a block", fields)
        else:
            watched.failures += 1
            watched.silent_why = fact.why
            if watched.silent_since is None:
                watched.silent_since = fact.stamp.mono
            worth = watched.failures == FAILURES_WORTH_A_WARNING
            yield Note("warning" if worth else "debug", "device does not answer", fields)
        if fact.sweep_end:
            yield from self._sweep_end(fact.device, fact.stamp)

    def _sweep_end(self, name: str, stamp: Stamp) -> Iterator[Effect]:
        watched, pictures = self._devices[name], self.complete(stamp.mono)
        if watched.fresh:
            watched.fresh = False
            picture = pictures[name]
            seen = _telemetry(picture, watched.stale_s, stamp.mono)
            record = watched.reporter.report(seen, stamp.mono)
            if record is not None:
                yield Keep(Lane.TELEMETRY, record, stamp)
            decided_by = self.control.decided_by(name, stamp.mono)
            wanted_c = self.control.wanted_c(name, stamp)
            yield from self.books.sweep(picture, decided_by, stamp, wanted_c)
        yield from self._desk.look(pictures, stamp)
        yield from self._judge(name, pictures[name], stamp)
        yield from self._pursue(pictures, stamp)

    def _pursue(self, pictures: Mapping[str, Snapshot], stamp: Stamp) -> Iterator[Effect]:
        assert self._started is not None
        running_s = stamp.mono - self._started
        as_found = self.books.as_found(stamp)
        if self.tests.busy:
            yield from self.tests.step(pictures, stamp, self._desk.open)
        yield from self.control.sweep(pictures, stamp, running_s, as_found)

    def _judge(self, name: str, picture: Snapshot, stamp: Stamp) -> Iterator[Effect]:
        watched, mono = self._devices[name], stamp.mono
        silent = watched.silent_since is not None
        turned = silent is not (watched.lost is not None)
        if turned or mono - watched.judged >= JUDGED_EVERY_S:
            watched.judged = mono
            watched.lost = (watched.silent_why or "no answer") if silent else None
            sample = sample_of(watched.device, picture, stamp, watched.lost, watched.stale_s)
            watched.conditions = watched.detector.see(sample)
        yield from self._desk.judged(name, watched.conditions, stamp, masked=silent)
        if mono - watched.saved >= SAVED_EVERY_S:
            first, watched.saved = watched.saved == -inf, mono
            if not first:
                yield Save(f"detector {name}", (watched.detector.save(),))


def _telemetry(picture: Snapshot, stale_s: Mapping[PointId, float], mono: float) -> Telemetry:
    values: dict[PointId, Value] = {}
    missing: dict[PointId, str] = {}
    for point, reading in picture.readings.items():
        if mono - picture.mono[point] > stale_s.get(point, inf):
            missing[point] = Quality.STALE.value
        elif reading.quality is Quality.GOOD and reading.value is not None:
            values[point] = reading.value
        elif reading.quality is Quality.UNDEFINED_CODE:
            missing[point] = str(reading.value)
        else:
            missing[point] = reading.quality.value
    return Telemetry(picture.device, values, missing)


def _units(device: Device) -> Mapping[PointId, Unit]:
    own = {name: device.label(name).unit for name in device.map.points}
    return {**{point.id: point.unit for point in POINTS.values()}, **own}
