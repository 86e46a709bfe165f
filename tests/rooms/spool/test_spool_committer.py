"""When the buffer commits, in virtual time, and any history of it against a dictionary."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sqlite3
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from agent.errors import SpoolError
from agent.model import Stamp
from agent.records import Lane
from agent.spool import Spool, SpoolSettings
from agent.spool.memory import MOST_TELEMETRY, Pending
from tests.rooms.spool.testspool import AT, EVERYTHING, STAMP, seqs, spool_at

# --- the committer ----------------------------------------------------------------------------


class Clock:
    """Time that passes only by `advance`; remembers how long it was asked to wait."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.waiting = asyncio.Event()
        self._now = 0.0
        self._alarms: list[tuple[float, asyncio.Event]] = []

    def stamp(self) -> Stamp:
        return Stamp(AT + timedelta(seconds=self._now), self._now)

    async def wait(self, event: asyncio.Event, timeout_s: float) -> None:
        over = asyncio.Event()
        self._alarms.append((self._now + timeout_s, over))
        self.asked.append(timeout_s)
        self.waiting.set()
        ends = [asyncio.ensure_future(each.wait()) for each in (event, over)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def advance(self, seconds: float) -> None:
        self._now += seconds
        due = [over for at, over in self._alarms if at <= self._now]
        self._alarms = [(at, over) for at, over in self._alarms if at > self._now]
        self.waiting.clear()
        for over in due:
            over.set()
        if due:
            await self.settled()

    async def settled(self) -> None:
        """The committer has done what it had to do and waits again."""
        async with asyncio.timeout(5):
            await self.waiting.wait()


@contextlib.asynccontextmanager
async def committing(path: Path, clock: Clock) -> AsyncIterator[Spool]:
    spool = await Spool.open(SpoolSettings(str(path), 10.0), "b", clock.stamp, wait=clock.wait)
    task = asyncio.create_task(spool.run(), name="committer")
    await clock.settled()
    try:
        yield spool
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        with contextlib.suppress(SpoolError):
            await spool.close()


async def first_record(spool: Spool, clock: Clock) -> None:
    clock.waiting.clear()
    spool.append(Lane.TELEMETRY, STAMP, b"{}")
    await clock.settled()


async def test_the_first_record_is_committed_without_waiting(path: Path) -> None:
    clock = Clock()
    async with committing(path, clock) as spool:
        await first_record(spool, clock)
        assert (spool.status().uncommitted, spool.status().commits) == (0, 1)


async def test_telemetry_waits_for_the_interval(path: Path) -> None:
    clock = Clock()
    async with committing(path, clock) as spool:
        await first_record(spool, clock)
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await clock.advance(9.4)
        assert spool.status().uncommitted == 1
        await clock.advance(0.2)
        assert (spool.status().uncommitted, spool.status().commits) == (0, 2)
        await clock.advance(10.1)
        assert spool.status().commits == 2, "nothing to commit, nothing written"
        assert max(clock.asked) == 9.5


async def test_an_urgent_record_and_a_full_measure_wake_the_committer(path: Path) -> None:
    clock = Clock()
    async with committing(path, clock) as spool:
        await first_record(spool, clock)
        clock.waiting.clear()
        spool.append(Lane.ALARM, STAMP, b"{}")
        await clock.settled()
        assert (spool.status().uncommitted, spool.status().commits) == (0, 2)
        for _ in range(499):
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await asyncio.sleep(0)
        assert spool.status().uncommitted == 499
        clock.waiting.clear()
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await clock.settled()
        assert (spool.status().uncommitted, spool.status().commits) == (0, 3)


async def test_changed_tells_of_commits_and_of_time(path: Path) -> None:
    async with spool_at(path) as spool:
        await spool.changed(0.0)
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        async with asyncio.timeout(5):
            await spool.changed(3600.0)
        waiting = asyncio.create_task(spool.changed(3600.0))
        await asyncio.sleep(0)
        await spool.forget(Lane.TELEMETRY, 1, 1)
        await spool.commit()
        assert not waiting.done(), "a deletion is no news"
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        async with asyncio.timeout(5):
            await waiting


async def test_append_stays_off_the_disk_and_costs_the_same_when_full(path: Path) -> None:
    async with spool_at(path) as spool:
        calls: list[str] = []

        def spy(event: str, _args: object) -> None:
            if threading.current_thread() is threading.main_thread() and watching:
                calls.append(event)

        watching = True
        sys.addaudithook(spy)
        held = threading.Event()
        blocked = asyncio.get_running_loop().run_in_executor(spool._thread, held.wait, 10.0)
        for _ in range(MOST_TELEMETRY):
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
        watching = False
        # os.truncate is the tail's, in the memory file system; it must come seldom.
        touched = [c for c in calls if c.startswith(("open", "os.", "sqlite3", "socket"))]
        assert set(touched) <= {"os.truncate"}
        assert len(touched) < 10
        assert spool.status().uncommitted == MOST_TELEMETRY, "the disk's thread was busy all along"
        held.set()
        await blocked
        await spool.commit()
        assert await seqs(spool) == list(range(1, MOST_TELEMETRY + 1))


async def test_a_cancelled_commit_neither_loses_nor_repeats(path: Path) -> None:
    async with spool_at(path) as spool:
        for turn in range(20):
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
            task = asyncio.create_task(spool.commit())
            for _ in range(turn % 4):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await spool.commit()
        assert await seqs(spool) == list(range(1, 21))


async def test_only_full_synchronous_wal_survives_a_power_cut(path: Path) -> None:
    async with spool_at(path) as spool:

        def pragma(name: str) -> object:
            return spool._store._db.execute(f"PRAGMA {name}").fetchone()[0]

        loop = asyncio.get_running_loop()
        modes = [
            await loop.run_in_executor(spool._thread, pragma, name)
            for name in ("journal_mode", "synchronous", "locking_mode")
        ]
        assert modes == ["wal", 2, "exclusive"]
        assert not Path(f"{path}-shm").exists()


def test_the_oldest_telemetry_goes_first_and_nothing_else() -> None:
    pending = Pending(dict.fromkeys(Lane, 1), most=3)
    for _ in range(3):
        pending.add(Lane.TELEMETRY, STAMP, b"{}")
        pending.add(Lane.RESULT, STAMP, b"{}")
    pending.take()
    for _ in range(2):
        pending.add(Lane.TELEMETRY, STAMP, b"{}")
        pending.add(Lane.RESULT, STAMP, b"{}")
    pending.put_back()
    taken = pending.take()
    records = taken.records
    assert [r.seq for r in records if r.lane is Lane.TELEMETRY] == [3, 4, 5]
    assert [r.seq for r in records if r.lane is Lane.RESULT] == [1, 2, 3, 4, 5]
    assert (taken.lost, taken.lost_span) == (2, (1, 2))


async def test_the_first_record_of_a_boot_survives_a_failed_commit(path: Path) -> None:
    async with spool_at(path) as spool:
        real = spool._store._db

        class NoCommit:
            def __getattr__(self, name: str) -> object:
                return getattr(real, name)

            def execute(self, query: str, values: tuple[str, ...] = ()) -> object:
                if query == "COMMIT":
                    raise sqlite3.OperationalError("disk I/O error")
                return real.execute(query, values)

        spool._store._db = NoCommit()  # type: ignore[assignment]
        spool.append(Lane.ALARM, STAMP, b"{}")
        with pytest.raises(SpoolError):
            await spool.commit()
        spool._store._db = real
        await spool.commit()
        assert await seqs(spool, Lane.ALARM) == [1]


async def test_while_the_disk_fails_it_is_tried_at_the_interval_only(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with committing(path, clock) as spool:
        await first_record(spool, clock)
        caplog.set_level(logging.INFO)
        real, tries = spool._store._db, []

        class Broken:
            in_transaction = False

            def execute(self, *_: object) -> None:
                tries.append(1)
                raise sqlite3.OperationalError("disk I/O error")

        spool._store._db = Broken()  # type: ignore[assignment]
        clock.waiting.clear()
        spool.append(Lane.ALARM, STAMP, b"{}")
        await clock.settled()
        assert len(tries) == 1
        for _ in range(200):
            spool.append(Lane.ALARM, STAMP, b"{}")
            await asyncio.sleep(0)
        assert len(tries) == 1
        await clock.advance(10.1)
        assert len(tries) == 2
        spool._store._db = real
        await clock.advance(10.1)
        assert spool.status().uncommitted == 0
        assert await seqs(spool, Lane.ALARM) == list(range(1, 202))
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


# --- any history


class Model(RuleBasedStateMachine):
    """The spool against a dictionary: append, commit, forget, batch, reopen in any order."""

    root = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.kept: dict[tuple[Lane, int], bytes] = {}
        self.fresh: dict[tuple[Lane, int], bytes] = {}
        self.next_seq = dict.fromkeys(Lane, 1)
        self.reserved = self.deleted = False

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=self.root))
        self.reopen()

    def reopen(self) -> None:
        settings_ = SpoolSettings(str(self.folder / "spool.db"))
        self.spool = self.runner.run(Spool.open(settings_, "b", Clock().stamp))
        self.reserved = False

    @rule(lane=st.sampled_from(Lane), size=st.integers(0, 3000), times=st.integers(1, 20))
    def append(self, lane: Lane, size: int, times: int) -> None:
        for _ in range(times):
            body = random.Random(self.next_seq[lane]).randbytes(size)
            seq = self._append(lane, body)
            assert seq == self.next_seq[lane]
            self.next_seq[lane] += 1
            self.fresh[lane, seq] = body

    def _append(self, lane: Lane, body: bytes) -> int:
        return self.spool.append(lane, STAMP, body)

    @rule()
    def commit(self) -> None:
        self.runner.run(self.spool.commit())
        self._committed(wrote=bool(self.fresh) or self.deleted)

    @rule(lane=st.sampled_from(Lane), first=st.integers(0, 60), length=st.integers(0, 60))
    def forget(self, lane: Lane, first: int, length: int) -> None:
        known = self.kept | (self.fresh if lane is Lane.TELEMETRY else {})
        gone = [key for key in known if key[0] is lane and first <= key[1] <= first + length]
        assert self.runner.run(self.spool.forget(lane, first, first + length)) == len(gone)
        self.deleted = self.deleted or any(key in self.kept for key in gone)
        for key in gone:
            self.kept.pop(key, None)
            self.fresh.pop(key, None)

    @rule(day=st.sampled_from(["2025-01-01", "2025-01-02"]))
    def count(self, day: str) -> None:
        before = self.spool.writes().get(("pump", "setpoint", day), 0)
        self.runner.run(self.spool.count_write("pump", "setpoint", day))
        assert self.spool.writes()["pump", "setpoint", day] == before + 1
        self._committed()

    @rule()
    def restart(self) -> None:
        writes, life, epoch = self.spool.writes(), self.spool.lifetime(), self.spool.epoch
        self.runner.run(self.spool.close())
        self._committed()
        self.reopen()
        found = (self.spool.writes(), self.spool.lifetime(), self.spool.epoch)
        assert found == (writes, life, epoch)

    def _committed(self, wrote: bool = True) -> None:
        self.reserved = self.reserved or wrote
        self.deleted = False
        self.kept |= self.fresh
        self.fresh.clear()

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "spool"):
            return
        found = {
            (lane, stored.seq): stored.body
            for lane in Lane
            for stored in self.runner.run(self.spool.batch(lane, 0, EVERYTHING))
        }
        live = {key: body for key, body in self.fresh.items() if key[0] is Lane.TELEMETRY}
        assert found == self.kept | (live if self.reserved else {}), "readings leave from memory"
        depth = self.spool.status().depth
        assert sum(depth.values()) == len(self.kept) + len(self.fresh)

    def teardown(self) -> None:
        if hasattr(self, "spool"):
            self.runner.run(self.spool.close())
        self.runner.close()


def test_any_history_agrees_with_a_dictionary(tmp_path: Path) -> None:
    Model.root = str(tmp_path)
    quick = settings(
        max_examples=25,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Model, settings=quick)
