"""What the spool holds in memory: records on their way to disk, write counters, the hash chain.

It knows no disk, no clock and no event loop.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Lock

from agent.model import Stamp
from agent.records import Lane

LANE_NUMBERS = {
    Lane.ALARM: 0,
    Lane.RESULT: 1,
    Lane.TELEMETRY: 2,
    Lane.NOTICE: 3,
    Lane.ACCOUNT: 4,
}  # on disk: never renumber
LANES = {number: lane for lane, number in LANE_NUMBERS.items()}
SEQ_BITS = 48
LAST_SEQ = (1 << SEQ_BITS) - 1
MOST_TELEMETRY = 10_000
DAYS_KEPT = 4
FOR_LIFE = ""  # the day under which the lifetime count of a point lies
AT_ONCE = frozenset({Lane.ALARM, Lane.RESULT, Lane.NOTICE, Lane.ACCOUNT})
"""Lanes whose records are committed at once and leave only when that is done."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

WriteKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """Where the buffer's file is, how big it may grow, how long a reading may be in memory only.

    A power cut loses at most `commit_every_s` seconds or `commit_records` readings, whichever is
    less. Alarms, results, notices, write counts and the journal are committed at once.
    `size_mb` bounds telemetry: beyond it, old readings are thinned.
    """

    path: str
    commit_every_s: float = 60.0
    commit_records: int = 500
    size_mb: float = 64.0


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """How full the buffer is and how it fares; `depth` counts what the platform has not taken.

    `uncommitted` of these are in memory only. `lost` counts records dropped and `thinned` records
    folded into coarser ones since the file was created. `last_error` is None while the disk takes
    what it is given; `volatile` when there is no file and a restart loses all.
    """

    depth: Mapping[Lane, int]
    uncommitted: int
    oldest_at: str | None
    file_bytes: int
    used_bytes: int
    lost: int
    thinned: int
    commits: int
    last_error: str | None
    volatile: bool


@dataclass(frozen=True, slots=True)
class Fresh:
    """A record with its number; `mono` in whole milliseconds, `since` is when it was added."""

    lane: Lane
    seq: int
    at_ms: int
    mono: float
    trusted: bool
    body: bytes
    since: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one commit takes along: records by lane, the numbers given so far, readings dropped."""

    records: tuple[Fresh, ...]
    next_seq: Mapping[Lane, int]
    lost: int
    lost_span: tuple[int, int]


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 of an aware instant, exactly; TypeError for a naive one."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def to_instant(ms: int) -> datetime:
    """The aware instant so many milliseconds after 1970."""
    return _EPOCH + timedelta(milliseconds=ms)


def to_text(ms: int) -> str:
    """The instant as UTC in ISO 8601 with milliseconds and a Z."""
    at = to_instant(ms).replace(tzinfo=None)
    return at.isoformat(timespec="milliseconds") + "Z"


def key_of(lane: Lane, seq: int) -> int:
    """The row number of a record; a seq outside its range is moved to the nearer end."""
    return LANE_NUMBERS[lane] << SEQ_BITS | min(max(seq, 0), LAST_SEQ)


def seq_of(key: int) -> int:
    """The seq in a row number."""
    return key & LAST_SEQ


def chain_start(epoch: str) -> bytes:
    """What the first journal row's hash is built on: a journal of another file does not fit."""
    return hashlib.sha256(b"journal " + epoch.encode()).digest()


def chain(previous: bytes, at: str, kind: str, detail: bytes) -> bytes:
    """The hash of a journal row; lengths go in, so that no byte can move between the parts."""
    digest = hashlib.sha256(previous)
    for part in (at.encode(), kind.encode(), detail):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


class Pending:
    """Records between `add` and the end of their commit. Both threads use it, nobody waits long.

    While the disk fails, telemetry is bounded: beyond `most` the oldest goes and is counted in
    `lost`. Alarms, results and notices are never dropped.
    """

    def __init__(self, next_seq: Mapping[Lane, int], most: int = MOST_TELEMETRY) -> None:
        self._lock = Lock()
        self._next_seq = dict(next_seq)
        self._most = most
        self._telemetry: deque[Fresh] = deque()
        self._precious: deque[Fresh] = deque()
        self._leaving: tuple[Fresh, ...] = ()
        self._lost, self._lost_span = 0, (LAST_SEQ, 0)

    def __len__(self) -> int:
        with self._lock:
            return len(self._telemetry) + len(self._precious) + len(self._leaving)

    @property
    def next_seq(self) -> Mapping[Lane, int]:
        """The number that the next record of each lane will have."""
        with self._lock:
            return dict(self._next_seq)

    @property
    def waiting_since(self) -> float | None:
        """When the oldest record that waits for its commit was added; None without one."""
        with self._lock:
            return min((q[0].since for q in (self._precious, self._telemetry) if q), default=None)

    def restore(self, next_seq: Mapping[Lane, int], records: Iterable[Fresh]) -> int:
        """Go on where a killed run was: hold what it had not committed; returns how many."""
        count = 0
        with self._lock:
            for record in records:
                if record.seq < self._next_seq[record.lane]:
                    continue  # it reached the disk
                self._next_seq[record.lane] = record.seq + 1
                self._queue(record.lane).append(record)
                count += 1
            for lane, seq in next_seq.items():
                self._next_seq[lane] = max(self._next_seq[lane], seq)
            self._trim()
        return count

    def held(self) -> tuple[Fresh, ...]:
        """Everything between `add` and the end of its commit, in the order of its numbers."""
        with self._lock:
            return (*self._leaving, *self._precious, *self._telemetry)

    def after(self, lane: Lane, seq: int, before: int, limit: int) -> tuple[Fresh, ...]:
        """The first records of a lane with `seq` < number < `before`."""
        with self._lock:
            held = (one for one in self._queue(lane) if one.lane is lane and seq < one.seq < before)
            return tuple(islice(held, limit))

    def forget(self, lane: Lane, first: int, last: int) -> int:
        """The platform has these: they need no disk any more; returns how many there were."""
        with self._lock:
            queue = self._queue(lane)
            kept = [one for one in queue if one.lane is not lane or not first <= one.seq <= last]
            gone = len(queue) - len(kept)
            if gone:
                queue.clear()
                queue.extend(kept)
            return gone

    def add(self, lane: Lane, stamp: Stamp, body: bytes, since: float = 0.0) -> Fresh:
        """Number the record and hold it."""
        at_ms, mono = to_ms(stamp.at), round(stamp.mono, 3)
        with self._lock:
            seq = self._next_seq[lane]
            self._next_seq[lane] = seq + 1
            record = Fresh(lane, seq, at_ms, mono, stamp.trusted, body, since)
            self._queue(lane).append(record)
            self._trim()
        return record

    def take(self) -> Taken:
        """All records for one commit. Follow it with `settle` or `put_back`."""
        with self._lock:
            self._leaving = (*self._precious, *self._telemetry)
            self._precious.clear()
            self._telemetry.clear()
            return Taken(self._leaving, dict(self._next_seq), self._lost, self._lost_span)

    def settle(self, lost: int) -> None:
        """The taken records are on disk, and so is the count of the lost ones."""
        with self._lock:
            self._leaving = ()
            self._lost -= lost
            if not self._lost:
                self._lost_span = (LAST_SEQ, 0)

    def put_back(self) -> None:
        """The taken records are not on disk: they come before all that arrived meanwhile."""
        with self._lock:
            for record in reversed(self._leaving):
                self._queue(record.lane).appendleft(record)
            self._leaving = ()
            self._trim()

    def count(self) -> tuple[dict[Lane, int], int | None, int]:
        """Records held per lane, the oldest instant among them (ms), and the lost ones."""
        held = self.held()
        depth = dict.fromkeys(Lane, 0)
        for record in held:
            depth[record.lane] += 1
        return depth, min((record.at_ms for record in held), default=None), self._lost

    def _queue(self, lane: Lane) -> deque[Fresh]:
        return self._precious if lane in AT_ONCE else self._telemetry

    def _trim(self) -> None:
        while len(self._telemetry) > self._most:
            seq = self._telemetry.popleft().seq
            self._lost += 1
            self._lost_span = (min(self._lost_span[0], seq), max(self._lost_span[1], seq))


class WriteCounts:
    """How often each point of each device was written: per day for the last days, and for life."""

    def __init__(self, rows: Iterable[tuple[str, str, str, int]]) -> None:
        self._counts: dict[WriteKey, int] = {(d, p, day): n for d, p, day, n in rows}

    def stale_days(self, today: str) -> tuple[str, ...]:
        """Days that may be forgotten; never the given one, wherever the clock has gone."""
        days = sorted({day for _, _, day in self._counts} - {FOR_LIFE, today})
        return tuple(days[: max(0, len(days) - DAYS_KEPT + 1)])

    def add(self, device: str, point: str, day: str) -> None:
        """One more write, now that it is on disk."""
        stale = {*self.stale_days(day)}
        counts = {key: n for key, n in self._counts.items() if key[2] not in stale}
        for key in ((device, point, day), (device, point, FOR_LIFE)):
            counts[key] = counts.get(key, 0) + 1
        self._counts = counts  # replaced, not changed: the other thread may be reading the old one

    def by_day(self) -> dict[WriteKey, int]:
        """(device, point, day) -> number of writes."""
        return {key: n for key, n in self._counts.items() if key[2] != FOR_LIFE}

    def for_life(self) -> dict[tuple[str, str], int]:
        """(device, point) -> number of writes since the file was created."""
        return {(d, p): n for (d, p, day), n in self._counts.items() if day == FOR_LIFE}
