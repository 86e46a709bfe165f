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
from agent.model import Lane, Stamp, Stored
from agent.spool.memory import Pending, SpoolSettings, SpoolStatus, to_ms
from agent.spool.store import Store, open_store
from agent.spool.tail import Tail

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
        pending: Pending,
        tail: Tail,
        thread: ThreadPoolExecutor,
        wait: _Wait,
    ) -> None:
        self._settings = settings
        self._store = store
        self._pending = pending
        self._tail = tail
        self._thread = thread
        self._wait = wait
        self._wake = asyncio.Event()
        self._first = True
        self._closed = False
        self._news = asyncio.Event()
        self.turned_mono = time.monotonic()
        loop = asyncio.get_running_loop()
        store.announce = partial(loop.call_soon_threadsafe, self._news.set)
        self.epoch = store.epoch
        self.opening_note = store.note

    @classmethod
    async def open(cls, settings: SpoolSettings, boot: str, wait: _Wait | None = None) -> Spool:
        """Open the file or begin a new one; SpoolError when neither is possible, and why.

        A damaged file is moved aside, what can be read of it is carried over under a new epoch,
        and `opening_note` says so. `wait` replaces the clock in tests.
        """
        thread = ThreadPoolExecutor(1, "spool")
        loop = asyncio.get_running_loop()
        try:
            store = await loop.run_in_executor(thread, open_store, settings.path, boot)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        tail = Tail(settings.path, store.epoch, boot)
        saved = store.pending.restore(tail.left_behind)
        tail.rewrite(store.pending.held())
        spool = cls(settings, store, store.pending, tail, thread, wait or _wait)
        if saved:
            _log.warning("records of a killed run saved count=%d", saved)
            with suppress(SpoolError):  # the store has logged it and keeps the records
                await spool.commit()
        return spool

    def append(self, lane: Lane, stamp: Stamp, body: bytes, at_once: bool = False) -> int:
        """Number the record, keep it in memory and return its seq; never touches the disk.

        `at_once` wakes the committer; await `commit` to know that the record is durable.
        """
        if self._closed:
            raise SpoolError(f"spool {self._settings.path}: it is closed")
        record = self._pending.add(lane, stamp, body)
        self._tail.add(record, self._pending.held)
        if at_once or self._first or len(self._pending) >= self._settings.commit_records:
            self._wake.set()
        self._first = False
        return record.seq

    async def commit(self) -> None:
        """Return when everything appended so far is durable."""
        await self._on_disk(self._store.flush)

    async def run(self) -> None:
        """Commit at the interval, or sooner when woken; while the disk fails, at the interval.

        `turned_mono` is when the disk thread last answered, well or badly: a thread that hangs
        leaves it standing.
        """
        while True:
            wake = asyncio.Event() if self._store.failing else self._wake
            await self._wait(wake, self._settings.commit_every_s)
            self._wake.clear()
            with suppress(SpoolError):  # the store has logged the change and keeps the records
                await self.commit()
            self.turned_mono = time.monotonic()

    def newest(self, lane: Lane) -> int:
        """The highest number given in this lane so far, stored or forgotten; 0 for none."""
        return self._pending.newest(lane)

    async def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
        """At most `limit` committed records of the lane with seq > `after`, ascending."""
        return await self._on_disk(self._store.batch, lane, after, limit)

    async def forget(self, lane: Lane, first: int, last: int) -> int:
        """The platform has `first` to `last`: delete them, return how many there were.

        The deletion reaches the disk with the next commit; after a power cut before that the
        records come back, and the platform ignores what it has.
        """
        return await self._on_disk(self._store.forget, lane, first, last)

    async def changed(self, timeout_s: float) -> None:
        """Return when records were committed since the last call, or after the timeout.

        For one waiting task.
        """
        await self._wait(self._news, timeout_s)
        self._news.clear()

    async def remember_command(self, command_id: str, expires_at: datetime, body: bytes) -> bool:
        """Note the command durably; False when this id was seen before.

        An id is kept until 7 days after `expires_at`, by the time of the last trusted stamp.
        """
        return await self._on_disk(self._store.remember, command_id, to_ms(expires_at), body)

    async def finish_command(self, command_id: str) -> None:
        """The command has its result: commit that and the command's end in one transaction."""
        await self._on_disk(self._store.finish, command_id)

    async def open_commands(self) -> tuple[bytes, ...]:
        """Bodies of commands without an end; at the start, those a crash cut off."""
        return await self._on_disk(self._store.unfinished)

    async def count_write(self, device: str, point: str, day: str) -> None:
        """Count a write to the machine; durable on return."""
        await self._on_disk(self._store.count_write, device, point, day)

    def writes(self) -> Mapping[tuple[str, str, str], int]:
        """(device, point, day) -> number of writes, for the last days."""
        return self._store.counts.by_day()

    def lifetime(self) -> Mapping[tuple[str, str], int]:
        """(device, point) -> number of writes ever."""
        return self._store.counts.for_life()

    async def journal(self, at: str, kind: str, detail: bytes) -> None:
        """Add a line to the audit journal; durable on return."""
        await self._on_disk(self._store.add_journal, at, kind, detail)

    async def save_state(self, key: str, value: bytes) -> None:
        """Keep a value under a key; durable on return, no disk write when it is there already."""
        await self._on_disk(self._store.save, key, value)

    async def load_state(self, key: str) -> bytes | None:
        """The value last saved under the key; None when there is none."""
        return await self._on_disk(self._store.load, key)

    def status(self) -> SpoolStatus:
        """Depth, age, size and health, as of the last commit and the last append."""
        return self._store.status()

    async def close(self) -> None:
        """Commit, checkpoint, close. Closed even when the last commit raises SpoolError."""
        if self._closed:
            return
        try:
            await self._on_disk(self._store.close)
            self._tail.close()
        finally:
            self._closed = True
            self._thread.shutdown(wait=False)

    async def _on_disk(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        if self._closed:
            raise SpoolError(f"spool {self._settings.path}: it is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *args, **kwargs))
