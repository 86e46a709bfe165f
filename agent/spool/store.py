"""What the disk thread does: transactions that take all pending records along, or none of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from agent.errors import SpoolError
from agent.model import Stamp
from agent.records import Lane, Notice, NoticeKind, Stored
from agent.spool.lanes import Boot, Lanes
from agent.spool.ledger import Ledger
from agent.spool.memory import (
    AT_ONCE,
    LANES,
    Fresh,
    Pending,
    SpoolStatus,
    Taken,
    to_instant,
    to_ms,
    to_text,
)
from agent.spool.paths import size_of
from agent.spool.prepared import used_bytes
from agent.spool.spool import Opened, open_file
from agent.spool.sqlite import DiskError, damaged, plain_errors
from agent.spool.tail import Tail
from agent.spool.thin import Fold, thin

VOLATILE_BYTES = 8_000_000
KEPT_SHARE = 0.95
"""Thinning frees a twentieth more than it must, so that it is seldom needed."""

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


def open_store(
    path: str, boot: str, clock: Callable[[], Stamp], fold: Fold, size_bytes: int
) -> Store:
    """Open or create the file; SpoolError when that cannot be. A damaged file is moved aside."""
    with suppress(OSError):  # what is wrong with the folder SQLite will say
        Path(path).parent.mkdir(exist_ok=True)

    def use(opened: Opened) -> Store:
        return Store(path, opened, boot, clock, fold, size_bytes)

    return open_file(path, use)


class Store:
    """The file. All methods but `status` run on the spool's thread.

    Deletions stay in an open transaction until the next commit takes them along: half the commits.
    `_forgotten` repeats them when that commit fails.
    """

    def __init__(
        self,
        path: str,
        opened: Opened,
        boot: str,
        clock: Callable[[], Stamp],
        fold: Fold,
        size_bytes: int,
    ) -> None:
        self._path = path
        self._db = opened.db
        self._boot_name = boot
        self._boot: Boot | None = None
        self._clock = clock
        self._fold = fold
        self._size = min(size_bytes, VOLATILE_BYTES) if opened.volatile else size_bytes
        self._forgotten: list[int] = []
        self._failing_since: float | None = None
        self._last_error = opened.note if opened.volatile else None
        self._clock_unset = False
        self._anchor: tuple[int, float] | None = None
        self._announced = 0
        self._commits = 0
        self._bytes = self._used = 0
        self.announce: Callable[[], object] = lambda: None
        self.keep: Callable[[Fresh], object] = lambda _: None
        self.note, self.volatile = opened.note, opened.volatile
        self._load()

    def _load(self) -> None:
        """Read what memory needs; DiskError when the content cannot be right."""
        row = self._db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
        self.epoch = str(row[0]) if row else ""
        if not re.fullmatch("[0-9a-f]{16}", self.epoch):
            raise damaged("the epoch is not one")
        self._lanes = Lanes(self._db)
        self.pending = Pending(self._lanes.next_seq)
        self.ledger = Ledger(self._db, self._transact)
        known = next((b for b in self._lanes.boots.values() if b.name == self._boot_name), None)
        self._clock_unset = known is not None and known.set_mono is None
        self._anchor = (known.set_at_ms or 0, known.set_mono or 0.0) if known else None
        self._anchor = None if self._clock_unset else self._anchor
        self._oldest_ms = self._lanes.oldest_ms()
        self._measure()

    def resume(self, tail: Tail) -> int:
        """Go on where the last run ended; returns how many records a kill had left in memory.

        Numbers that were reserved but may have been used are skipped, and the platform is told.
        What the memory file still has of a file that is no more goes on under new numbers; where
        it had left already the platform has it twice, under two epochs.
        """
        left = tail.left_behind
        saved = self.pending.restore(left.next_seq, left.records) if left else 0
        for lane, reserved in self._lanes.reserved.items():
            first = self.pending.next_seq[lane]
            if not left and reserved > first:
                self.pending.restore({lane: reserved}, ())
                self.tell(Notice(NoticeKind.POWER_CUT, lane, first, reserved - 1))
        for number, first, last in self._db.execute("SELECT * FROM gaps").fetchall():
            self.tell(Notice(NoticeKind.DAMAGED, LANES[number], first, last))
        return saved + self._take_in(tail.stranded)

    def _take_in(self, stranded: Iterable[Fresh]) -> int:
        """Number anew what was not carried over; carried records have their old numbers."""
        lost = [one for one in stranded if not self._lanes.holds(one.lane, one.seq)]
        for one in lost:
            stamp = Stamp(to_instant(one.at_ms), one.mono, one.trusted)
            self.pending.add(one.lane, stamp, one.body, self._clock().mono)
        return len(lost)

    def tell(self, notice: Notice) -> None:
        """Let the platform know, through the lane of notices."""
        stamp = self._clock()
        body = msgspec.json.encode(notice)
        self.keep(self.pending.add(Lane.NOTICE, stamp, body, stamp.mono))

    # --- transactions ---------------------------------------------------------------------

    def _nothing(self) -> Taken:
        return Taken((), dict(self._lanes.next_seq), 0, (0, 0))

    def _transact(
        self, work: Callable[[], _T], taken: Taken | None = None, reserve: bool = True
    ) -> _T:
        """Commit the pending records, the deletions and `work` together, or none of them."""
        taken = taken or self.pending.take()
        done = False
        try:
            with plain_errors(self._path):
                self._begin()
                self._insert(taken, reserve)
                result = work()
                oldest = self._lanes.oldest_ms()
                self._db.execute("COMMIT")
            done = True
        except SpoolError as error:
            self._failed(error)
            raise
        finally:
            if not done:
                self._undo()
        self._settle(taken, reserve, oldest)
        return result

    def _begin(self) -> None:
        if self._db.in_transaction:
            return
        self._db.execute("BEGIN IMMEDIATE")
        self._delete(self._forgotten)

    def _undo(self) -> None:
        self._boot = None
        self.pending.put_back()
        self._lanes.not_given()
        self._roll_back()

    def _roll_back(self) -> None:
        if self._db.in_transaction:  # SQLite itself may have rolled back on a full disk
            with suppress(DiskError):
                self._db.execute("ROLLBACK")

    def _insert(self, taken: Taken, reserve: bool) -> None:
        if taken.records:
            # The boot is noted with its first record: opening itself writes nothing.
            self._boot = self._boot or self._lanes.boot(self._boot_name)
            if self._anchor and self._boot.set_mono is None:
                self._lanes.set_clock(self._boot, *self._anchor)
            self._lanes.insert(taken.records, self._boot.number)
        self._lanes.give(taken, reserve)
        self._db.execute("DELETE FROM gaps")

    def _settle(self, taken: Taken, reserve: bool, oldest: int | None) -> None:
        self.pending.settle(taken.lost)
        self._lanes.given(taken, reserve)
        self._forgotten.clear()
        self._oldest_ms = oldest
        self._commits += 1
        trusted = [record.at_ms for record in taken.records if record.trusted]
        self.ledger.trusted_ms = trusted[-1] if trusted else self.ledger.trusted_ms
        self._measure()
        if self._failing_since is not None:
            gap_s = self._clock().mono - self._failing_since
            _log.info("spool writes again gap_s=%.0f lost=%d", gap_s, taken.lost)
            self._failing_since = self._last_error = None
            self.tell(Notice(NoticeKind.DISK_WRITES))
        if taken.lost:
            span = (Lane.TELEMETRY, *taken.lost_span, taken.lost)
            self.tell(Notice(NoticeKind.DROPPED, *span))
        if taken.records:
            self.announce()

    def _failed(self, error: SpoolError) -> None:
        self._last_error = str(error)
        if self._failing_since is None:
            self._failing_since = self._clock().mono
            _log.error("spool cannot write, records stay in memory why=%s", error)
            self.tell(Notice(NoticeKind.DISK_FAILS, why=str(error)))
            self.announce()  # alarms may leave from memory now

    @property
    def failing(self) -> bool:
        return self._failing_since is not None

    # --- records --------------------------------------------------------------------------

    def see_clock(self, stamp: Stamp) -> bool:
        """Notice the first trusted instant of this boot; True when the platform is told of it."""
        if self._anchor is not None:
            return False
        if not stamp.trusted:
            self._clock_unset = True
            return False
        self._anchor = (to_ms(stamp.at), round(stamp.mono, 3))
        if self._clock_unset:
            _log.info("clock set at=%s mono=%.3f", stamp.at.isoformat(), stamp.mono)
            anchor = Notice(
                NoticeKind.CLOCK_SET, boot=self._boot_name, mono=self._anchor[1], at=stamp.at
            )
            self.tell(anchor)
        return self._clock_unset

    def flush(self, readings: bool = True) -> None:
        """Commit what there is to commit; then make room if the file is too big.

        Without `readings` only deletions: to take readings along would put on disk what the
        platform is about to acknowledge, and would have to be deleted in its turn, for ever.
        """
        if not readings and self._forgotten:
            self._transact(lambda: None, self._nothing())
        elif readings and (len(self.pending) or self._forgotten):
            self._transact(lambda: None)
        if self._used > self._size:
            self._make_room()
        if readings and len(self.pending):  # what was told meanwhile
            self._transact(lambda: None)

    def _make_room(self) -> None:
        """Fold old readings until the file fits again; what became of them is told."""

        def work() -> tuple[Notice, ...]:
            told: list[Notice] = []
            while self._used > self._size * KEPT_SHARE:
                notice = thin(self._db, self._lanes, self._fold)
                if notice is None:
                    break
                told.append(notice)
                self._used = used_bytes(self._db)
            return tuple(told)

        for notice in self._transact(work):
            _log.info(
                "readings thinned step_s=%s first=%s last=%s records=%s",
                notice.step_s, notice.first, notice.last, notice.records,
            )  # fmt: skip
            self._lanes.thinned += notice.records or 0
            self._lanes.depth[Lane.TELEMETRY] -= notice.records or 0
            self.tell(notice)

    def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
        """Records from the file, then telemetry from memory; while the disk fails all lanes."""
        with plain_errors(self._path):
            if self._forgotten:
                self._begin()
            found = list(self._lanes.batch(lane, after, limit))
        if len(found) < limit and (self.failing or lane not in AT_ONCE):
            last = found[-1].seq if found else after
            fresh = self.pending.after(lane, last, self._lanes.reserved[lane], limit - len(found))
            boot = self._this_boot()
            found += [boot.stored(one) for one in fresh]
        return tuple(found)

    def _this_boot(self) -> Boot:
        return self._boot or Boot(0, self._boot_name, *(self._anchor or (None, None)))

    def forget(self, lane: Lane, first: int, last: int) -> int:
        """The platform has them; returns how many there were."""
        if first > last:
            return 0
        from_memory = self.failing or lane not in AT_ONCE  # as in `batch`: no other was sent
        gone = self.pending.forget(lane, first, last) if from_memory else 0
        if not self._lanes.depth[lane]:
            return gone
        with plain_errors(self._path):
            if self._forgotten:  # a failed commit has brought them back: not to be counted twice
                self._begin()
            had = self._lanes.had(lane, first, last)
            if had.empty:  # a full disk takes this back, and then they are there as before
                self._begin()
                self._delete(had.empty)
                self._forgotten += had.empty
                self._oldest_ms = self._lanes.oldest_ms()
            self._lanes.forget(had)
        return gone + had.count

    def _delete(self, keys: Iterable[int]) -> None:
        """All of them, or none and the open transaction is over."""
        try:
            self._lanes.delete(keys)
        except DiskError:
            self._roll_back()
            raise

    # --- status and end -------------------------------------------------------------------

    def tell_journal(self) -> None:
        """Let the platform know the head of the journal, when it has grown."""
        if self._announced < self.ledger.rows:
            self._announced = self.ledger.rows
            head = self.ledger.hash.hex()
            self.tell(Notice(NoticeKind.JOURNAL, last=self._announced, hash=head))

    def status(self) -> SpoolStatus:
        """As of the last commit and the last append."""
        fresh, oldest_ms, lost = self.pending.count()
        ages = [ms for ms in (oldest_ms, self._oldest_ms) if ms is not None]
        return SpoolStatus(
            depth={lane: self._lanes.depth[lane] + fresh[lane] for lane in Lane},
            uncommitted=sum(fresh.values()),
            oldest_at=to_text(min(ages)) if ages else None,
            file_bytes=self._bytes,
            used_bytes=self._used,
            lost=self._lanes.lost + lost,
            thinned=self._lanes.thinned,
            commits=self._commits,
            last_error=self._last_error,
            volatile=self.volatile,
        )

    def close(self) -> None:
        """Commit, give reserved numbers back, checkpoint."""
        try:
            self.flush()
            if self._lanes.reserved != self._lanes.next_seq or self._lanes.has_parts:
                self._transact(self._lanes.write_parts, reserve=False)
        finally:
            with suppress(DiskError):  # what is committed is safe in the WAL file too
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()

    def _measure(self) -> None:
        sizes = (size_of(self._path), size_of(self._path + "-wal"))
        self._bytes = sum(size for size in sizes if size is not None)
        with suppress(DiskError):
            self._used = used_bytes(self._db)
