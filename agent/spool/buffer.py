"""The buffer as the rest of the program sees it: asynchronous, with one thread for the disk.

It must not know what a record means or how it leaves.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import ParamSpec, TypeVar

from agent.errors import SpoolError
from agent.model import Stamp
from agent.records import Lane, Stored
from agent.spool.memory import AT_ONCE, SpoolSettings, SpoolStatus, to_ms
from agent.spool.sqlite import plain_errors
from agent.spool.store import Store, open_store
from agent.spool.tail import Tail
from agent.spool.thin import Fold, keep_last

JOURNAL_TOLD_EVERY_S = 3600.0
SLACK_S = 0.001
BEGIN_AT = 0.95
"""Share of the interval after which a commit begins: it takes a moment until it is on disk."""

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")
_Wait = Callable[[asyncio.Event, float], Awaitable[None]]


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()


class Spool:
    """The buffer as the rest of the program sees it; one thread of its own does all the disk work.

    Every method that waits for the disk raises SpoolError when the disk does not play along; the
    records appended so far are then still in memory and are tried again.
    """

    def __init__(
        self,
        settings: SpoolSettings,
        store: Store,
        tail: Tail,
        thread: ThreadPoolExecutor,
        clock: Callable[[], Stamp],
        wait: _Wait,
    ) -> None:
        self._settings = settings
        self._store = store
        self._pending = store.pending
        self._tail = tail
        self._thread = thread
        self._clock = clock
        self._wait = wait
        self._wake = asyncio.Event()
        self._urgent = True  # the first record takes the boot and a reserve of numbers to disk
        self._journal_due = 0.0
        self._closed = False
        self._news = asyncio.Event()
        self.turned_mono = time.monotonic()
        loop = asyncio.get_running_loop()
        store.announce = partial(loop.call_soon_threadsafe, self._news.set)
        self.epoch = store.epoch
        self.opening_note = store.note

    @classmethod
    async def open(
        cls,
        settings: SpoolSettings,
        boot: str,
        clock: Callable[[], Stamp],
        fold: Fold = keep_last,
        wait: _Wait | None = None,
    ) -> Spool:
        """Open the file or begin a new one; SpoolError when neither is possible, and why.

        A damaged file is moved aside and what can be read of it is carried over; where the disk
        cannot be written at all everything is in memory; `opening_note` says so. `fold` makes one
        record of several when room is short. `wait` replaces the passing of time in tests.
        """
        thread = ThreadPoolExecutor(1, "spool")
        loop = asyncio.get_running_loop()
        size_bytes = round(settings.size_mb * 1_000_000)
        try:
            store = await loop.run_in_executor(
                thread, open_store, settings.path, boot, clock, fold, size_bytes
            )
            tail = Tail(settings.path, store.epoch, boot)
            saved = await loop.run_in_executor(thread, store.resume, tail)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        tail.rewrite(store.pending)
        store.keep = partial(loop.call_soon_threadsafe, partial(tail.keep, store.pending))
        spool = cls(settings, store, tail, thread, clock, wait or _wait)
        if saved:
            _log.warning("records of a killed run saved count=%d", saved)
        if len(store.pending):
            with suppress(SpoolError):  # the store has logged it and keeps the records
                await spool.commit()
        return spool

    def append(self, lane: Lane, stamp: Stamp, body: bytes) -> int:
        """Number the record, keep it in memory and return its seq; never touches the disk.

        All lanes but telemetry wake the committer; await `commit` to know that it is durable.
        """
        if self._closed:
            raise SpoolError(f"spool {self._settings.path}: it is closed")
        told = self._store.see_clock(stamp)
        record = self._pending.add(lane, stamp, body, self._clock().mono)
        self._tail.keep(self._pending, record)
        full = len(self._pending) >= self._settings.commit_records
        if self._urgent or lane in AT_ONCE or full or told:
            self._urgent = True
            self._wake.set()
        return record.seq

    async def commit(self) -> None:
        """Return when everything appended so far is durable."""
        await self._on_disk(self._store.flush)

    async def run(self) -> None:
        """Commit when the oldest reading has waited its time, or at once when something is urgent.

        While the disk fails it is tried at the interval. A reading that the platform acknowledges
        before its time is over is never written. `turned_mono` is when the disk thread last
        answered, well or badly: a thread that hangs leaves it standing.
        """
        while True:
            wake = asyncio.Event() if self._store.failing else self._wake
            await self._wait(wake, self._rest_s())
            self._wake.clear()
            if self._clock().mono >= self._journal_due:
                self._journal_due = self._clock().mono + JOURNAL_TOLD_EVERY_S
                with suppress(SpoolError):
                    await self._on_disk(self._store.tell_journal)
            with suppress(SpoolError):  # the store has logged the change and keeps the records
                await self._on_disk(self._store.flush, self._due())
            self.turned_mono = time.monotonic()

    def newest(self, lane: Lane) -> int:
        """The highest number given in this lane so far, stored or forgotten; 0 for none."""
        return self._pending.next_seq[lane] - 1

    def _rest_s(self) -> float:
        """Until the oldest pending reading has waited long enough, or one interval."""
        since, interval_s = self._pending.waiting_since, BEGIN_AT * self._settings.commit_every_s
        if since is None or self._store.failing:
            return interval_s
        return min(max(since + interval_s - self._clock().mono, 0.0), interval_s)

    def _due(self) -> bool:
        urgent, self._urgent = self._urgent, False
        waited = self._pending.waiting_since is not None and self._rest_s() < SLACK_S
        return urgent or waited or self._store.failing

    async def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
        """At most `limit` records of the lane with seq > `after`, ascending.

        Readings come from memory too; records of the other lanes once they are durable, or when
        the disk fails.
        """
        return await self._on_disk(self._store.batch, lane, after, limit)

    async def forget(self, lane: Lane, first: int, last: int) -> int:
        """The platform has `first` to `last`: delete them, return how many there were.

        What was in memory only is never written. A deletion reaches the disk with the next commit;
        after a power cut before that the records come back, and the platform ignores what it has.
        """
        self._tail.forget(lane, first, last)
        return await self._on_disk(self._store.forget, lane, first, last)

    async def changed(self, timeout_s: float) -> None:
        """Return when records were committed since the last call, or after the timeout.

        New readings in memory are no news: they are looked for after the timeout. For one task.
        """
        await self._wait(self._news, timeout_s)
        self._news.clear()

    async def remember_command(self, command_id: str, expires_at: datetime, body: bytes) -> bool:
        """Note the command durably; False when this id was seen before.

        An id is kept until 7 days after `expires_at`, by the time of the last trusted stamp.
        """
        return await self._on_disk(self._store.ledger.remember, command_id, to_ms(expires_at), body)

    async def finish_command(self, command_id: str) -> None:
        """The command has its result: commit that and the command's end in one transaction."""
        await self._on_disk(self._store.ledger.finish, command_id)

    async def open_commands(self) -> tuple[bytes, ...]:
        """Bodies of commands without an end; at the start, those a crash cut off."""
        return await self._on_disk(self._store.ledger.unfinished)

    async def count_write(self, device: str, point: str, day: str) -> None:
        """Count a write to the machine; durable on return."""
        await self._on_disk(self._store.ledger.count_write, device, point, day)

    def writes(self) -> Mapping[tuple[str, str, str], int]:
        """(device, point, day) -> number of writes, for the last days."""
        return self._store.ledger.counts.by_day()

    def lifetime(self) -> Mapping[tuple[str, str], int]:
        """(device, point) -> number of writes ever."""
        return self._store.ledger.counts.for_life()

    async def journal(self, at: str, kind: str, detail: bytes) -> None:
        """Add a line to the audit journal; durable on return."""
        await self._on_disk(self._store.ledger.add_journal, at, kind, detail)

    async def journal_tail(self, last: int) -> tuple[tuple[int, str, str, bytes], ...]:
        """The newest lines of the audit journal, the newest first; `detail` is JSON."""
        return await self._on_disk(self._store.ledger.newest, last)

    async def save_state(self, key: str, value: bytes) -> None:
        """Keep a value under a key; durable on return, no disk write when it is there already."""
        await self._on_disk(self._store.ledger.save, key, value)

    async def load_state(self, key: str) -> bytes | None:
        """The value last saved under the key; None when there is none."""
        return await self._on_disk(self._store.ledger.load, key)

    def status(self) -> SpoolStatus:
        """Depth, age, size and health, as of the last commit and the last append."""
        return self._store.status()

    async def close(self) -> None:
        """Commit, checkpoint, close. Closed even when the last commit raises SpoolError."""
        if self._closed:
            return
        try:
            await self._on_disk(self._store.close)
            self._tail.close()  # all is on disk
        finally:
            self._closed = True
            self._thread.shutdown(wait=False)

    async def _on_disk(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        if self._closed:
            raise SpoolError(f"spool {self._settings.path}: it is closed")

        def guarded() -> _T:
            with plain_errors(self._settings.path):
                return work(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)
