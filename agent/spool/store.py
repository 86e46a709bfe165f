"""What the disk thread does: transactions over records, commands, counters, journal and state."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from zlib import crc32

from agent.errors import SpoolError
from agent.model import Lane, Stored
from agent.spool.memory import (
    FOR_LIFE,
    LANE_NUMBERS,
    LAST_SEQ,
    SEQ_BITS,
    Fresh,
    Pending,
    SpoolStatus,
    WriteCounts,
    chain,
    chain_start,
    key_of,
    seq_of,
    to_text,
)
from agent.spool.spool import Connection, DiskError, damaged, open_file, plain_errors, size_of

COMMAND_KEPT_MS = 7 * 86_400_000

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


def open_store(path: str, boot: str) -> Store:
    """Open or create the file; SpoolError when that cannot be. A damaged file is moved aside."""
    with suppress(OSError):  # what is wrong with the folder SQLite will say
        Path(path).parent.mkdir(exist_ok=True)
    store, note = open_file(path, lambda db: Store(path, db, boot))
    store.note = note
    return store


class Store:
    """The file. All methods but `status` run on the spool's thread.

    Deletions stay in an open transaction until the next commit takes them along: half the commits.
    `_forgotten` repeats them when that commit fails.
    """

    def __init__(self, path: str, db: Connection, boot: str) -> None:
        self._path = path
        self._db = db
        self._boot_name = boot
        self._boot: int | None = None
        self._forgotten: list[tuple[int, int]] = []
        self._trusted_ms: int | None = None
        self._failing_since: float | None = None
        self._last_error: str | None = None
        self._commits = 0
        self._bytes = 0
        self.announce: Callable[[], object] = lambda: None
        self.note: str | None = None
        self._load()

    def _load(self) -> None:
        """Read what memory needs; DiskError when the content cannot be right."""
        self.epoch = self._one("SELECT value FROM meta WHERE name = 'epoch'")
        if not re.fullmatch("[0-9a-f]{16}", self.epoch):
            raise damaged("the epoch is not one")
        lanes = {n: (s, k) for n, s, k in self._db.execute("SELECT * FROM lanes")}
        if set(lanes) != set(LANE_NUMBERS.values()):
            raise damaged("the lanes are not those of a spool")
        grouped = f"SELECT key >> {SEQ_BITS}, count(*), max(key) FROM records GROUP BY 1"
        found = {n: (count, seq_of(key)) for n, count, key in self._db.execute(grouped)}
        if any(lanes.get(n, (0,))[0] <= last for n, (_, last) in found.items()):
            raise damaged("a record has a number not given out yet")
        self._depth = {lane: found.get(n, (0, 0))[0] for lane, n in LANE_NUMBERS.items()}
        self._lost = sum(lost for _, lost in lanes.values())
        self.pending = Pending({lane: lanes[n][0] for lane, n in LANE_NUMBERS.items()})
        self.counts = WriteCounts(self._db.execute("SELECT device, point, day, n FROM writes"))
        last = self._db.execute("SELECT hash FROM journal ORDER BY number DESC LIMIT 1").fetchone()
        self._chain = bytes(last[0]) if last else chain_start(self.epoch)
        self._oldest_ms = self._oldest()
        self._measure()

    # --- transactions ---------------------------------------------------------------------

    def _transact(self, work: Callable[[], _T]) -> _T:
        """Commit the pending records, the deletions and `work` together, or none of them."""
        taken, lost = self.pending.take()
        done = False
        try:
            with plain_errors(self._path):
                self._begin()
                self._insert(taken, lost)
                result = work()
                oldest = self._oldest()
                self._db.execute("COMMIT")
            done = True
        except SpoolError as error:
            self._failed(error)
            raise
        finally:
            if not done:
                self._undo()
        self._settle(taken, lost, oldest)
        return result

    def _begin(self) -> None:
        if self._db.in_transaction:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("DELETE FROM records WHERE key BETWEEN ? AND ?", self._forgotten)
        except DiskError:
            self._db.execute("ROLLBACK")
            raise

    def _undo(self) -> None:
        self._boot = None
        self.pending.put_back()
        if self._db.in_transaction:
            with suppress(DiskError):
                self._db.execute("ROLLBACK")

    def _insert(self, records: tuple[Fresh, ...], lost: int) -> None:
        if not records:
            return
        boot = self._boot_number()
        self._db.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (key_of(r.lane, r.seq), r.at_ms, r.mono, boot, r.trusted, crc32(r.body), r.body)
                for r in records
            ),
        )
        last = {record.lane: record.seq for record in records}
        self._db.executemany(
            "UPDATE lanes SET next_seq = ? WHERE number = ?",
            ((seq + 1, LANE_NUMBERS[lane]) for lane, seq in last.items()),
        )
        if lost:
            number = LANE_NUMBERS[Lane.TELEMETRY]
            self._db.execute("UPDATE lanes SET lost = lost + ? WHERE number = ?", (lost, number))
        trusted = [record.at_ms for record in records if record.trusted]
        self._trusted_ms = trusted[-1] if trusted else self._trusted_ms

    def _boot_number(self) -> int:
        """The number of this boot, noted with its first record: opening itself writes nothing."""
        if self._boot is None:
            self._db.execute("DELETE FROM boots WHERE NOT EXISTS (SELECT 1 FROM records)")
            self._db.execute("INSERT OR IGNORE INTO boots (name) VALUES (?)", (self._boot_name,))
            query = "SELECT number FROM boots WHERE name = ?"
            self._boot = int(self._one(query, self._boot_name))
        return self._boot

    def _settle(self, taken: tuple[Fresh, ...], lost: int, oldest: int | None) -> None:
        self.pending.settle(lost)
        self._lost += lost
        self._forgotten.clear()
        self._oldest_ms = oldest
        self._commits += 1
        for record in taken:
            self._depth[record.lane] += 1
        self._measure()
        if self._failing_since is not None:
            gap_s = time.monotonic() - self._failing_since
            _log.info("spool writes again gap_s=%.0f lost=%d", gap_s, lost)
        self._failing_since = self._last_error = None
        if taken:
            self.announce()

    def _failed(self, error: SpoolError) -> None:
        self._last_error = str(error)
        if self._failing_since is None:
            self._failing_since = time.monotonic()
            _log.error("spool cannot write, records stay in memory why=%s", error)

    @property
    def failing(self) -> bool:
        return self._failing_since is not None

    # --- records --------------------------------------------------------------------------

    def flush(self) -> None:
        if len(self.pending) or self._forgotten:
            self._transact(lambda: None)

    def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
        with plain_errors(self._path):
            if self._forgotten:
                self._begin()
            rows = self._db.execute(
                "SELECT key, at_ms, mono, name, trusted, body FROM records"
                " JOIN boots ON boots.number = records.boot"
                " WHERE key > ? AND key <= ? ORDER BY key LIMIT ?",
                (key_of(lane, after), key_of(lane, LAST_SEQ), max(limit, 0)),
            )
            return tuple(
                Stored(lane, seq_of(key), to_text(at_ms), mono, boot, bool(trusted), body)
                for key, at_ms, mono, boot, trusted, body in rows
            )

    def forget(self, lane: Lane, first: int, last: int) -> int:
        if first > last or not self._depth[lane]:
            return 0
        keys = (key_of(lane, first), key_of(lane, last))
        with plain_errors(self._path):
            self._begin()
            gone = self._db.execute("DELETE FROM records WHERE key BETWEEN ? AND ?", keys).rowcount
            if gone:
                self._forgotten.append(keys)
                self._depth[lane] -= gone
                self._oldest_ms = self._oldest()
        return gone

    def _oldest(self) -> int | None:
        found = (
            self._db.execute(
                "SELECT at_ms FROM records WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 1",
                (key_of(lane, 0), key_of(lane, LAST_SEQ)),
            ).fetchone()
            for lane in Lane
        )
        return min((row[0] for row in found if row), default=None)

    # --- commands, counters, journal, state -----------------------------------------------

    def remember(self, command_id: str, expires_ms: int, body: bytes) -> bool:
        def work() -> bool:
            if self._trusted_ms is not None:
                self._db.execute(
                    "DELETE FROM commands WHERE finished = 1 AND expires_ms < ?",
                    (self._trusted_ms - COMMAND_KEPT_MS,),
                )
            insert = "INSERT OR IGNORE INTO commands VALUES (?, ?, 0, ?)"
            return self._db.execute(insert, (command_id, expires_ms, body)).rowcount == 1

        return self._transact(work)

    def finish(self, command_id: str) -> None:
        update = "UPDATE commands SET finished = 1, body = x'' WHERE id = ?"
        self._transact(lambda: self._db.execute(update, (command_id,)))

    def unfinished(self) -> tuple[bytes, ...]:
        with plain_errors(self._path):
            query = "SELECT body FROM commands WHERE finished = 0 ORDER BY expires_ms, id"
            return tuple(body for (body,) in self._db.execute(query))

    def count_write(self, device: str, point: str, day: str) -> None:
        stale = self.counts.stale_days(day)

        def work() -> None:
            self._db.executemany("DELETE FROM writes WHERE day = ?", ((old,) for old in stale))
            self._db.executemany(
                "INSERT INTO writes VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1",
                ((device, point, day), (device, point, FOR_LIFE)),
            )

        self._transact(work)
        self.counts.add(device, point, day)

    def add_journal(self, at: str, kind: str, detail: bytes) -> None:
        link = chain(self._chain, at, kind, detail)
        insert = "INSERT INTO journal (at, kind, detail, hash) VALUES (?, ?, ?, ?)"
        self._transact(lambda: self._db.execute(insert, (at, kind, detail, link)))
        self._chain = link

    def save(self, key: str, value: bytes) -> None:
        if self.load(key) == value:
            return
        upsert = "INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        self._transact(lambda: self._db.execute(upsert, (key, value)))

    def load(self, key: str) -> bytes | None:
        with plain_errors(self._path):
            row = self._db.execute("SELECT value FROM state WHERE name = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    # --- status and end -------------------------------------------------------------------

    def status(self) -> SpoolStatus:
        fresh, oldest_ms, lost = self.pending.count()
        ages = [ms for ms in (oldest_ms, self._oldest_ms) if ms is not None]
        return SpoolStatus(
            depth={lane: self._depth[lane] + fresh[lane] for lane in Lane},
            uncommitted=sum(fresh.values()),
            oldest_at=to_text(min(ages)) if ages else None,
            file_bytes=self._bytes,
            lost=self._lost + lost,
            commits=self._commits,
            last_error=self._last_error,
        )

    def close(self) -> None:
        try:
            self.flush()
        finally:
            with suppress(DiskError):  # what is committed is safe in the WAL file too
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()

    def _measure(self) -> None:
        sizes = (size_of(self._path), size_of(self._path + "-wal"))
        self._bytes = sum(size for size in sizes if size is not None)

    def _one(self, query: str, *values: str) -> str:
        row = self._db.execute(query, values).fetchone()
        if row is None:
            raise damaged("a row that every spool has is missing")
        return str(row[0])
