"""The lanes of the file: chunks of records, which numbers were given, what a lane has lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from zlib import crc32

from agent.records import Lane, Stored
from agent.spool.chunks import pack, unpack
from agent.spool.memory import (
    LANE_NUMBERS,
    LANES,
    LAST_SEQ,
    SEQ_BITS,
    Fresh,
    Taken,
    key_of,
    seq_of,
    to_text,
)
from agent.spool.sqlite import Connection, damaged

CHUNK_RECORDS = 256
CHUNK_BYTES = 256 * 1024
RESERVE: Mapping[Lane, int] = dict.fromkeys(Lane, 1000) | {Lane.TELEMETRY: 100_000}
"""How many numbers may be given ahead of the disk: 11 days of a sweep every 10 s."""

_INSERT = "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(slots=True)
class Boot:
    """One start of the machine: its number in the file, and when its clock became right."""

    number: int
    name: str
    set_at_ms: int | None = None
    set_mono: float | None = None

    def stored(self, one: Fresh) -> Stored:
        """The record as the uplink gets it; placed by the later clock where its own was not set."""
        at_ms, trusted = one.at_ms, one.trusted
        if not trusted and self.set_at_ms is not None and self.set_mono is not None:
            at_ms, trusted = self.set_at_ms - round((self.set_mono - one.mono) * 1000), True
        return Stored(one.lane, one.seq, to_text(at_ms), one.mono, self.name, trusted, one.body)


@dataclass(frozen=True, slots=True)
class Had:
    """What there was of some numbers: how many, the chunks they leave empty, and what they leave
    of others.
    """

    lane: Lane
    count: int
    empty: tuple[int, ...]
    left: Mapping[int, tuple[int, ...]]


class Lanes:
    """The records of the file. Runs on the spool's thread, inside the store's transactions.

    `next_seq` and `reserved` are as they stand on disk. Of a chunk that the platform has in part
    `_left` knows the rest; after a restart the whole chunk is there again, and is sent again.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        rows = {n: row for n, *row in db.execute("SELECT * FROM lanes")}
        if set(rows) != set(LANE_NUMBERS.values()):
            raise damaged("the lanes are not those of a spool")
        named = {lane: rows[number] for lane, number in LANE_NUMBERS.items()}
        self.next_seq: dict[Lane, int] = {lane: row[0] for lane, row in named.items()}
        self.lost: int = sum(row[1] for row in named.values())
        self.reserved: dict[Lane, int] = {lane: max(row[2], row[0]) for lane, row in named.items()}
        self.thinned: int = sum(row[3] for row in named.values())
        self.boots = {n: Boot(n, *rest) for n, *rest in db.execute("SELECT * FROM boots")}
        self._left: dict[int, tuple[int, ...]] = {}
        self._rewritten: dict[int, tuple[int, ...]] = {}  # of `_left`, until the commit
        self.depth = self._counted()

    def _counted(self) -> dict[Lane, int]:
        grouped = f"SELECT key >> {SEQ_BITS}, sum(count), max(key) FROM chunks GROUP BY 1"
        found = {n: (count, seq_of(key)) for n, count, key in self._db.execute(grouped)}
        if not found.keys() <= set(LANE_NUMBERS.values()):
            raise damaged("a record is of no lane")
        depth = {lane: found.get(n, (0, 0)) for lane, n in LANE_NUMBERS.items()}
        if any(self.next_seq[lane] <= last for lane, (_, last) in depth.items()):
            raise damaged("a record has a number not given out yet")
        return {lane: count for lane, (count, _) in depth.items()}

    # --- writing ----------------------------------------------------------------------------

    def insert(self, records: Iterable[Fresh], boot: int, step_s: int = 0) -> None:
        """Store records of one boot, ascending in each lane."""
        for lane, several in groupby(sorted(records, key=_place), key=lambda one: one.lane):
            for few in _portions(tuple(several)):
                block = pack(few)
                self._db.execute(
                    _INSERT,
                    (
                        key_of(lane, few[-1].seq), few[0].seq, len(few), few[0].at_ms, boot,
                        step_s, crc32(block), block,
                    ),
                )  # fmt: skip

    def give(self, taken: Taken, reserve: bool) -> None:
        """Note which numbers were given, reserve more where they run short, count what was lost."""
        for lane, number in LANE_NUMBERS.items():
            now = (taken.next_seq[lane], self._ahead(lane, taken.next_seq[lane], reserve))
            if now != (self.next_seq[lane], self.reserved[lane]):
                update = "UPDATE lanes SET next_seq = ?, reserved = ? WHERE number = ?"
                self._db.execute(update, (*now, number))
        if taken.lost:
            number = LANE_NUMBERS[Lane.TELEMETRY]
            update = "UPDATE lanes SET lost = lost + ? WHERE number = ?"
            self._db.execute(update, (taken.lost, number))

    def given(self, taken: Taken, reserve: bool) -> None:
        """What `insert` and `give` wrote has been committed."""
        self._rewritten.clear()
        for record in taken.records:
            self.depth[record.lane] += 1
        self.lost += taken.lost
        for lane, following in taken.next_seq.items():
            self.reserved[lane] = self._ahead(lane, following, reserve)
            self.next_seq[lane] = following

    def _ahead(self, lane: Lane, following: int, reserve: bool) -> int:
        if not reserve:
            return following
        short = following + RESERVE[lane] // 2 > self.reserved[lane]
        return following + RESERVE[lane] if short else self.reserved[lane]

    def write_parts(self) -> None:
        """Chunks that the platform has in part are written anew with the rest."""
        for key in tuple(self._left):
            row = self._db.execute("SELECT boot, step_s, body FROM chunks WHERE key = ?", (key,))
            boot, step_s, body = row.fetchone()
            rest = self.records_of(key, body)
            self.delete((key,))
            self.insert(rest, boot, step_s)
            self.forget_parts((key,))

    @property
    def has_parts(self) -> bool:
        return bool(self._left)

    def forget_parts(self, keys: Iterable[int]) -> None:
        """These chunks were written anew without the records that the platform has."""
        for key in self._left.keys() & keys:
            self._rewritten[key] = self._left.pop(key)

    def not_given(self) -> None:
        """The transaction was rolled back: the chunks are again as they were."""
        self._left |= self._rewritten
        self._rewritten.clear()

    def delete(self, keys: Iterable[int]) -> None:
        """Chunks that are no more."""
        self._db.executemany("DELETE FROM chunks WHERE key = ?", ((key,) for key in keys))

    # --- reading and forgetting -------------------------------------------------------------

    def batch(self, lane: Lane, after: int, limit: int) -> Iterator[Stored]:
        """At most `limit` records of the lane with seq > `after`, ascending."""
        rows = self._db.execute(
            "SELECT key, boot, body FROM chunks WHERE key > ? AND key <= ? ORDER BY key",
            (key_of(lane, after), key_of(lane, LAST_SEQ)),
        )
        for key, boot, body in rows:
            for one in self.records_of(key, body):
                if limit <= 0:
                    return
                if one.seq > after:
                    limit -= 1
                    yield self.boots[boot].stored(one)

    def holds(self, lane: Lane, seq: int) -> bool:
        """Whether the file has this record."""
        return any(one.seq == seq for one in self.batch(lane, seq - 1, 1))

    def records_of(self, key: int, body: bytes) -> tuple[Fresh, ...]:
        """What of a chunk the platform does not have."""
        left = self._left.get(key)
        records = unpack(LANES[key >> SEQ_BITS], body)
        return records if left is None else tuple(one for one in records if one.seq in left)

    def had(self, lane: Lane, first: int, last: int) -> Had:
        """What there is of these numbers; `forget` takes it out."""
        first, last = max(first, 1), min(last, LAST_SEQ)
        rows = self._db.execute(
            "SELECT key, first, count FROM chunks WHERE key BETWEEN ? AND ? ORDER BY key",
            (key_of(lane, first), key_of(lane, LAST_SEQ)),
        )
        gone, empty, parts = 0, list[int](), dict[int, tuple[int, ...]]()
        for key, begin, count in rows:
            if begin > last:
                break
            if first <= begin and seq_of(key) <= last:
                gone += len(self._left.get(key, range(count)))
                empty.append(key)
            else:
                parts[key] = ()
        for key in parts:
            held = self._left.get(key) or self._numbers(lane, key)
            parts[key] = left = tuple(seq for seq in held if not first <= seq <= last)
            gone += len(held) - len(left)
            if not left:
                empty.append(key)
        return Had(lane, gone, tuple(empty), {key: left for key, left in parts.items() if left})

    def forget(self, had: Had) -> None:
        """The platform has them; the chunks that are empty now must be deleted already."""
        for key in had.empty:
            self._left.pop(key, None)
        self._left |= had.left
        self.depth[had.lane] -= had.count

    def _numbers(self, lane: Lane, key: int) -> tuple[int, ...]:
        (body,) = self._db.execute("SELECT body FROM chunks WHERE key = ?", (key,)).fetchone()
        return tuple(one.seq for one in unpack(lane, body))

    def oldest_ms(self) -> int | None:
        """When the oldest record of any lane happened."""
        found = (
            self._db.execute(
                "SELECT at_ms FROM chunks WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 1",
                (key_of(lane, 0), key_of(lane, LAST_SEQ)),
            ).fetchone()
            for lane in Lane
        )
        return min((row[0] for row in found if row), default=None)

    # --- boots ------------------------------------------------------------------------------

    def boot(self, name: str) -> Boot:
        """The row of this boot, made when it is not there."""
        self._db.execute(
            "DELETE FROM boots WHERE name <> ? AND number NOT IN (SELECT boot FROM chunks)", (name,)
        )
        self._db.execute("INSERT OR IGNORE INTO boots (name) VALUES (?)", (name,))
        row = self._db.execute("SELECT * FROM boots WHERE name = ?", (name,)).fetchone()
        found = Boot(*row)
        self.boots[found.number] = found
        return found

    def set_clock(self, boot: Boot, at_ms: int, mono: float) -> None:
        """In this boot the second `mono` was that instant."""
        self._db.execute(
            "UPDATE boots SET set_at_ms = ?, set_mono = ? WHERE number = ?",
            (at_ms, mono, boot.number),
        )
        boot.set_at_ms, boot.set_mono = at_ms, mono


def _place(one: Fresh) -> tuple[int, int]:
    return LANE_NUMBERS[one.lane], one.seq


def _portions(records: Sequence[Fresh]) -> Iterator[tuple[Fresh, ...]]:
    """Records in the portions that make one chunk each."""
    few: list[Fresh] = []
    size = 0
    for one in records:
        if few and (len(few) >= CHUNK_RECORDS or size + len(one.body) > CHUNK_BYTES):
            yield tuple(few)
            few, size = [], 0
        few.append(one)
        size += len(one.body)
    if few:
        yield tuple(few)
