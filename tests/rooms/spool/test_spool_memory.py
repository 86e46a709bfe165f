"""Readings that leave from memory, numbers after a power cut, the clock of a boot, an old file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from agent.clock import Clock
from agent.errors import SpoolError
from agent.model import Stamp
from agent.records import Lane
from agent.spool import Spool, SpoolSettings, verify_journal
from agent.spool.lanes import RESERVE, Lanes
from tests.rooms.spool.testspool import AT, EVERYTHING, STAMP, seqs, spool_at

RESERVED = RESERVE[Lane.TELEMETRY]


@contextlib.asynccontextmanager
async def power_cut(path: Path) -> AsyncIterator[Spool]:
    """A spool of which only what is on disk survives: it lies at `path` when the block ends."""
    inner = path.with_suffix(".inner")
    async with spool_at(inner) as spool:
        yield spool
        for suffix in ("", "-wal"):
            shutil.copy(f"{inner}{suffix}", f"{path}{suffix}")


async def notices(spool: Spool) -> list[dict[str, object]]:
    return [json.loads(one.body) for one in await spool.batch(Lane.NOTICE, 0, EVERYTHING)]


# --- online: from memory ----------------------------------------------------------------------


async def test_readings_acknowledged_before_their_commit_are_never_written(path: Path) -> None:
    async with spool_at(path) as spool:
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        before = spool.status()
        for _ in range(1000):
            seq = spool.append(Lane.TELEMETRY, STAMP, b"x" * 200)
            (live,) = await spool.batch(Lane.TELEMETRY, seq - 1, 9)
            assert (live.seq, live.body) == (seq, b"x" * 200)
            assert await spool.forget(Lane.TELEMETRY, seq, seq) == 1
            await spool.commit()
        after = spool.status()
        assert (after.commits, after.file_bytes) == (before.commits, before.file_bytes)
        assert (after.depth[Lane.TELEMETRY], after.uncommitted) == (1, 0)


async def test_an_alarm_leaves_only_when_it_is_durable(path: Path) -> None:
    async with spool_at(path) as spool:
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        spool.append(Lane.ALARM, STAMP, b"{}")
        assert await seqs(spool, Lane.ALARM) == []
        await spool.commit()
        assert await seqs(spool, Lane.ALARM) == [1]


async def test_file_and_memory_are_one_lane_to_the_reader(path: Path) -> None:
    async with spool_at(path) as spool:
        for n in range(30):
            spool.append(Lane.TELEMETRY, STAMP, b"%d" % n)
            if n % 7 == 0:
                await spool.commit()
        assert await seqs(spool) == list(range(1, 31))
        got = await spool.batch(Lane.TELEMETRY, 11, 15)
        assert [(one.seq, int(one.body)) for one in got] == [(n, n - 1) for n in range(12, 27)]
        assert await spool.forget(Lane.TELEMETRY, 20, 29) == 10
        assert await spool.forget(Lane.TELEMETRY, 20, 29) == 0
        await spool.commit()
        assert await seqs(spool) == [*range(1, 20), 30]
        assert spool.status().depth[Lane.TELEMETRY] == 20


# --- power cut: numbers -----------------------------------------------------------------------


async def test_a_number_sent_from_memory_is_not_given_again_after_a_power_cut(path: Path) -> None:
    async with power_cut(path) as spool:
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        spool.append(Lane.ALARM, STAMP, b"{}")
        await spool.commit()
        for _ in range(50):  # these reach the platform, and never the disk
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
        sent = [one.seq for one in await spool.batch(Lane.TELEMETRY, 1, 99)]
        assert await spool.forget(Lane.TELEMETRY, 2, 30) == 29
    assert sent == list(range(2, 52))
    async with spool_at(path, "boot-2") as spool:
        told = [one for one in await notices(spool) if one["lane"] == "telemetry"]
        assert [(one["kind"], one["first"]) for one in told] == [("power_cut", 2)]
        following = spool.append(Lane.TELEMETRY, STAMP, b"{}")
        assert following > 51
        assert told[0]["last"] == following - 1, "every number is either sent or told"
        assert await seqs(spool) == [1, following]
    async with spool_at(path, "boot-3") as spool:
        assert len(await notices(spool)) == len(Lane), "a clean end skips nothing"
        assert spool.append(Lane.TELEMETRY, STAMP, b"{}") == following + 1


async def test_numbers_run_never_out_of_their_reserve(path: Path) -> None:
    async with spool_at(path) as spool:
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        for _ in range(5):
            spool._pending.restore(
                {Lane.TELEMETRY: spool._pending.next_seq[Lane.TELEMETRY] + RESERVED // 2}, ()
            )
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
            await spool.commit()
            lanes = spool._store._lanes
            assert lanes.reserved[Lane.TELEMETRY] - lanes.next_seq[Lane.TELEMETRY] >= RESERVED // 2


async def test_beyond_the_reserve_nothing_leaves_from_memory(path: Path) -> None:
    async with spool_at(path) as spool:
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        assert await seqs(spool) == [], "nothing is reserved before the first commit"
        await spool.commit()
        spool._pending.restore({Lane.TELEMETRY: RESERVED + 1}, ())
        for _ in range(3):
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
        assert await seqs(spool) == [1, RESERVED + 1], "the next two could be given again"
        await spool.commit()
        assert await seqs(spool) == [1, RESERVED + 1, RESERVED + 2, RESERVED + 3]


# --- the clock of a boot ----------------------------------------------------------------------

START = datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC)


def unset(mono: float) -> Stamp:
    return Stamp(START + timedelta(seconds=mono), mono, trusted=False)


def right(mono: float) -> Stamp:
    return Stamp(AT + timedelta(seconds=mono), mono)


async def test_records_from_before_the_first_sync_are_placed_once(path: Path) -> None:
    hours = 6 * 3600
    async with power_cut(path) as spool:
        for mono in range(0, hours, 600):
            spool.append(Lane.TELEMETRY, unset(float(mono)), b"{}")
            await spool.commit()
        early = await spool.batch(Lane.TELEMETRY, 0, 1)
        assert (early[0].trusted, early[0].at[:4]) == (False, "1970")
        spool.append(Lane.TELEMETRY, right(hours), b"{}")
        spool.append(Lane.TELEMETRY, replace(right(hours), at=START, trusted=False), b"{}")
        await spool.commit()
        (notice,) = await notices(spool)
        assert (notice["kind"], notice["boot"], notice["mono"]) == ("clock_set", "boot-1", hours)
        assert datetime.fromisoformat(str(notice["at"])) == right(hours).at
    async with spool_at(path, "boot-2") as spool:  # what was placed stays placed
        spool.append(Lane.TELEMETRY, unset(3.0), b"{}")
        await spool.commit()
        placed = await spool.batch(Lane.TELEMETRY, 0, 37)
        for one in placed:
            error = datetime.fromisoformat(one.at) - right(one.mono).at
            assert (one.trusted, abs(error) <= timedelta(milliseconds=1)) == (True, True)
        assert [one.mono for one in placed] == sorted(one.mono for one in placed)
        assert not (await spool.batch(Lane.TELEMETRY, 38, 9))[-1].trusted, "of another boot"


async def test_a_clock_that_was_right_all_along_is_no_news(path: Path) -> None:
    async with spool_at(path) as spool:
        for mono in (1.0, 2.0):
            spool.append(Lane.TELEMETRY, right(mono), b"{}")
            await spool.commit()
    async with spool_at(path) as spool:  # the same boot, the program started again
        spool.append(Lane.TELEMETRY, right(3.0), b"{}")
        await spool.commit()
        assert await notices(spool) == []


async def test_a_sync_after_a_restart_of_the_program_places_the_whole_boot(path: Path) -> None:
    async with spool_at(path) as spool:
        spool.append(Lane.TELEMETRY, unset(1.0), b"{}")
    async with spool_at(path) as spool:
        spool.append(Lane.TELEMETRY, right(100.0), b"{}")
        await spool.commit()
        first, _ = await spool.batch(Lane.TELEMETRY, 0, 9)
        assert datetime.fromisoformat(first.at) - right(1.0).at < timedelta(milliseconds=1)
        assert [one["kind"] for one in await notices(spool)] == ["clock_set"]


# --- an older file ----------------------------------------------------------------------------

OLD = Path(__file__).parent / "schema-1.sql"


async def test_a_file_of_the_first_schema_is_brought_forward(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(OLD.read_text("utf-8"))
    async with spool_at(path, "boot-9") as spool:
        assert (spool.epoch, spool.opening_note) == ("5f0c1a2b3c4d5e6f", None)
        got = await spool.batch(Lane.TELEMETRY, 0, 99)
        assert [(one.seq, one.mono, one.boot, one.trusted) for one in got] == [
            (5, 1.5, "b1", True),
            (6, 2.5, "b2", False),
        ]
        assert [one.body for one in got] == [b'{"n":5}', b'{"n":6}']
        assert (await spool.batch(Lane.ALARM, 0, 9))[0].at == "2026-01-15T06:00:00.000Z"
        assert spool.lifetime() == {("hp", "water_setpoint"): 7}
        assert await spool.open_commands() == (b'{"id":"c1"}',)
        assert await spool.load_state("alarms") == b"[]"
        assert spool.append(Lane.TELEMETRY, STAMP, b"{}") == 7
        assert spool.append(Lane.NOTICE, STAMP, b"{}") == 1
        assert spool.status().lost == 3
    assert (verify_journal(str(path)).rows, verify_journal(str(path)).why) == (2, None)


async def test_a_damaged_file_of_the_first_schema_is_carried_over(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(OLD.read_text("utf-8"))
        db.executescript("UPDATE records SET body = x'00' WHERE key & 0xFF = 5")
    async with spool_at(path, "boot-9") as spool:
        assert spool.epoch == "5f0c1a2b3c4d5e6f"
        assert await seqs(spool) == [6]
        assert await seqs(spool, Lane.ALARM) == [1]


# --- thinning ---------------------------------------------------------------------------------


async def test_a_full_file_is_thinned_from_old_to_coarse_and_says_so(path: Path) -> None:
    alarms, sweeps, chance = 50, 16_000, Random(4)
    settings = SpoolSettings(str(path), size_mb=0.2)
    spool = await Spool.open(settings, "boot-1", Clock().stamp)
    try:
        for n in range(sweeps):
            stamp = Stamp(AT + timedelta(seconds=10 * n), 10.0 * n)
            spool.append(
                Lane.TELEMETRY,
                stamp,
                json.dumps({"n": n, "x": chance.randbytes(40).hex()}).encode(),
            )
            if n % (sweeps // alarms) == 0:
                spool.append(Lane.ALARM, stamp, b"{}")
            if n % 200 == 199:
                await spool.commit()
        await spool.commit()
        status = spool.status()
        kept = await spool.batch(Lane.TELEMETRY, 0, EVERYTHING)
        told = [one for one in await notices(spool) if one["kind"] == "thinned"]
    finally:
        await spool.close()
    assert status.used_bytes <= 0.2e6
    assert status.depth[Lane.ALARM] == alarms, "alarms are never thinned"
    assert status.depth[Lane.TELEMETRY] == len(kept) == sweeps - status.thinned
    assert sum(int(str(one["records"])) for one in told) == status.thinned > 0
    numbers = [json.loads(one.body)["n"] for one in kept]
    assert [one.seq for one in kept] == [n + 1 for n in numbers], "a number keeps its record"
    assert numbers[-1] == sweeps - 1
    gaps = [later - earlier for earlier, later in pairwise(numbers)]
    assert gaps[-100:] == [1] * 100, "the newest stay whole"
    assert max(gaps) == 90, "the oldest are coarse"
    edge = max(int(str(one["last"])) for one in told)
    holes = {n + 1 for n in range(sweeps)} - {one.seq for one in kept}
    assert max(holes) <= edge
    assert min(holes) >= min(int(str(one["first"])) for one in told)


async def test_a_thinning_that_failed_brings_back_nothing_the_platform_has(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(lanes: Lanes) -> int | None:
        asked.append(lanes)
        if len(asked) == 2:  # the readings are committed, then they are thinned
            raise sqlite3.OperationalError("database or disk is full")
        return oldest_ms(lanes)

    def append(n: int, body: bytes) -> None:
        spool.append(Lane.TELEMETRY, Stamp(AT + timedelta(seconds=10 * n), 10.0 * n), body)

    asked: list[Lanes] = []
    oldest_ms, chance = Lanes.oldest_ms, Random(4)
    async with spool_at(path, size_mb=0.05) as spool:
        for n in range(20):
            append(n, b"{}")
        await spool.commit()
        assert await spool.forget(Lane.TELEMETRY, 1, 5) == 5
        for n in range(20, 24):
            append(n, chance.randbytes(20_000))
        with monkeypatch.context() as disk:
            disk.setattr(Lanes, "oldest_ms", full)
            with pytest.raises(SpoolError, match="disk is full"):
                await spool.commit()
        assert await seqs(spool) == list(range(6, 25))
        await spool.commit()
        status, left = spool.status(), await seqs(spool)
        assert status.thinned == 19 - len(left) > 0
        assert status.depth[Lane.TELEMETRY] == len(left)


async def test_when_all_is_as_coarse_as_can_be_nothing_is_dropped(path: Path) -> None:
    spool = await Spool.open(SpoolSettings(str(path), size_mb=0.04), "b", Clock().stamp)
    try:
        for n in range(300):
            stamp = Stamp(AT + timedelta(days=n), 1.0)
            spool.append(Lane.TELEMETRY, stamp, b"%d" % n * 200)
        await spool.commit()
        assert spool.status().depth[Lane.TELEMETRY] == 300
        assert spool.status().thinned == 0
    finally:
        await spool.close()


# --- the interval -----------------------------------------------------------------------------


async def test_changed_is_not_told_of_readings_in_memory(path: Path) -> None:
    async with spool_at(path) as spool:
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        await spool.changed(1.0)
        waiting = asyncio.create_task(spool.changed(3600.0))
        await asyncio.sleep(0)
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
