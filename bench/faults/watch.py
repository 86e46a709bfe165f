"""One unit under watch, through the real pieces: row, sample, detector, life cycle, alarms.

At every hole of minutes the gateway is taken to have restarted: detector and life cycle begin
anew from what they saved, and the monotonic clock from zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from time import process_time

import msgspec
import numpy as np

from agent.faults import Detector, LifeCycle, Profile, RowReader, Saved
from agent.faults.believed import ANYTHING, LIMITS
from agent.model import Alarm, Change, Stamp, VendorFault
from agent.replay.recorded import RecordedMachine
from bench.faults.codes import DEVICE
from bench.faults.outcome import DAY_S, HOUR_S, VENDOR, Identity, Seen
from bench.faults.plan import FOLLOWED_S
from bench.faults.ways import Polls

RESTART_S = 150.0
OPENS = (Change.RAISED, Change.AGAIN, Change.RELEASED)
INSTANTS = (("hour", HOUR_S), ("day", DAY_S))


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a unit seen in one way, and how its columns are read."""

    machine: RecordedMachine
    profile: Profile
    names: tuple[str, ...]
    modes: Mapping[int, str]
    vendor: Callable[[int], tuple[VendorFault, ...]]
    start_at: float


@dataclass(frozen=True, slots=True)
class Kept:
    """What outlives a restart, as the durable store keeps it: bytes, and the open alarms."""

    detector: bytes
    alarms: tuple[Alarm, ...]


@dataclass(slots=True)
class Ledger:
    """The alarms of one watch: every opening, and the worst severity each id reached."""

    opened: list[tuple[str, Seen]] = field(default_factory=list)
    worst: dict[str, str] = field(default_factory=dict)
    first: dict[Identity, float] = field(default_factory=dict)
    stood: dict[str, tuple[Seen, ...]] = field(default_factory=dict)

    def take(self, alarm: Alarm, at_s: float) -> None:
        """Note a change of an alarm; `at_s` since the onset."""
        worst = self.worst.get(alarm.id, "S9")
        self.worst[alarm.id] = min(worst, str(alarm.severity))
        known = any(alarm.id == name for name, _ in self.opened)
        if alarm.annunciated and alarm.change in OPENS:
            found = replace(seen_of(alarm), opened_s=at_s, again=known)
            self.opened.append((alarm.id, found))
            self.first.setdefault(found.identity, at_s)

    def raised(self) -> tuple[Seen, ...]:
        """Each alarm once, at its worst: for counting false ones."""
        once = [(name, one) for name, one in self.opened if not one.again]
        return tuple(replace(one, severity=self.worst[name]) for name, one in once)


class Watch:
    """One unit in one way. `feed` it polls in order; `kept` forks it."""

    __slots__ = (
        "_boot",
        "_detected",
        "_detector",
        "_due",
        "_last",
        "_life",
        "_reader",
        "_waiting",
        "done",
        "ledger",
        "onset",
        "samples",
        "see_s",
        "setting",
        "state_bytes",
        "twin",
    )

    def __init__(
        self,
        setting: Setting,
        kept: Kept | None = None,
        onset: float = 0.0,
        twin: Watch | None = None,
    ) -> None:
        """`onset` in true seconds; with a `twin` it is done some days after a new alarm."""
        self.setting, self.onset, self.twin = setting, onset, twin
        self._reader = RowReader(setting.names, setting.modes, setting.vendor)
        self.ledger = Ledger()
        self._last = self._boot = onset
        self._detected: float | None = None
        self._waiting: list[tuple[str, float]] = []
        self._due = float("inf")
        self.done = False
        self.samples, self.see_s, self.state_bytes = 0, 0.0, 0
        self._start(kept)

    def _start(self, kept: Kept | None) -> None:
        saved = msgspec.json.decode(kept.detector, type=Saved) if kept else None
        self._detector = Detector(self.setting.machine, self.setting.profile, saved)
        self._life = LifeCycle(kept.alarms if kept else ())

    def swap(self) -> None:
        """Another driver reads the unit from now on: the gateway restarts with it."""
        profile = replace(self.setting.profile, driver="another")
        self.setting = replace(self.setting, profile=profile)
        self._start(self.kept())

    def kept(self) -> Kept:
        """The state as it would be saved now."""
        state = msgspec.json.encode(self._detector.save())
        self.state_bytes = max(self.state_bytes, len(state))
        return Kept(state, self._life.open)

    @property
    def off(self) -> Mapping[str, str]:
        """The rules that are switched off, and why."""
        return dict(self._detector.off)

    @property
    def unlearnable(self) -> tuple[str, ...]:
        """The faults that it says it cannot find when they were there while it learnt."""
        return self._detector.unlearnable

    @property
    def detected_s(self) -> float | None:
        """When the first new alarm opened, since the onset."""
        return self._detected

    def feed(self, polls: Polls) -> None:
        """See these polls; nothing more once it is done."""
        if self.done or not len(polls.mono):
            return
        began = process_time()
        made, life, see = self._reader.sample, self._life, self._detector.see
        said: object = None
        lost, due = False, -inf
        whole, plain = looks(polls.rows, self.setting.names)
        for mono, at, row, all_there, possible in zip(
            polls.mono.tolist(),
            self._stamps(polls),
            _rows(polls.rows, whole),
            whole,
            plain,
            strict=True,
        ):
            if mono - self._last > RESTART_S and self.samples:
                self._start(self.kept())
                self._boot = mono - 5.0
                see, life, due = self._detector.see, self._life, -inf
            self._last, own = mono, mono - self._boot
            self.samples += 1
            sample = made(own, at, row, True, all_there, possible)
            conditions = see(sample)
            away = sample.lost is not None
            if away or lost or own >= due or conditions is not said:
                stamp = Stamp(datetime.fromtimestamp(at, UTC), own, sample.trusted)
                for alarm in life.step(DEVICE, conditions, stamp, away):
                    self._take(alarm, mono - self.onset)
                said, lost, due = conditions, away, life.due(DEVICE)
            if mono >= self._due and self._look(mono):
                break
        self.see_s += process_time() - began

    def _stamps(self, polls: Polls) -> Sequence[float]:
        lost = np.isnan(polls.at)
        return np.where(lost, self.setting.start_at + polls.mono, polls.at).tolist()  # type: ignore[no-any-return]

    def _take(self, alarm: Alarm, at_s: float) -> None:
        before = len(self.ledger.opened)
        self.ledger.take(alarm, at_s)
        if self.twin is None or self._detected is not None or len(self.ledger.opened) == before:
            return
        found = self.ledger.opened[-1][1]
        if found.vendor or found.identity in self.twin.ledger.first:
            return
        self._detected = at_s
        self.ledger.stood["open"] = (found,)
        instants = (*INSTANTS, ("end", FOLLOWED_S))
        self._waiting = [(name, self.onset + at_s + after_s) for name, after_s in instants]
        self._due = self._waiting[0][1]

    def _look(self, mono: float) -> bool:
        """What stands now, an hour and a day after the first new alarm; True at the end."""
        while self._waiting and mono >= self._waiting[0][1]:
            name, _ = self._waiting.pop(0)
            self.done = name == "end"
            if not self.done:
                self.ledger.stood[name] = self.standing()
        self._due = self._waiting[0][1] if self._waiting else float("inf")
        return self.done

    def standing(self) -> tuple[Seen, ...]:
        """Every alarm that stands and is new since the onset."""
        opened = dict(self.ledger.opened)
        return tuple(
            replace(
                seen_of(alarm),
                opened_s=opened[alarm.id].opened_s,
                caused=not alarm.annunciated,
            )
            for alarm in self._life.open
            if alarm.id in opened
        )


def seen_of(alarm: Alarm) -> Seen:
    """An alarm in the form that is scored; the rule's own fault where it names no suspects."""
    named = tuple((one.fault, one.weight) for one in alarm.suspects)
    own = VENDOR if alarm.code is not None and not named else alarm.fault
    return Seen(
        alarm.rule,
        alarm.key,
        str(alarm.severity),
        0.0,
        named or ((own, 1.0),),
        evidence=dict(alarm.evidence),
    )


def _rows(
    rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]], whole: Sequence[bool]
) -> list[list[float | None]]:
    """Rows of floats, None for nan, of which a `whole` one has none."""
    found: list[list[float | None]] = rows.tolist()
    for k, all_there in enumerate(whole):
        if not all_there:
            found[k] = [None if value != value else value for value in found[k]]  # noqa: PLR0124
    return found


def looks(
    rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]], names: Sequence[str]
) -> tuple[list[bool], list[bool]]:
    """Of each row whether no value is missing, and whether none is impossible, as `replay` looks:
    many rows at once.
    """
    low, high, _ = np.array([LIMITS.get(name, ANYTHING) for name in names]).T
    missing = np.isnan(rows)
    possible = (missing | ((rows >= low) & (rows <= high))).all(axis=1)
    return np.logical_not(missing.any(axis=1)).tolist(), possible.tolist()
