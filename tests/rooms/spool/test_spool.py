"""The durable buffer: what it confirmed is still there, whatever happens to process or disk."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.errors import SpoolError
from agent.model import Stamp
from agent.records import Lane
from agent.spool import journal_rows, verify_journal
from agent.spool.lanes import Lanes
from tests.rooms.spool.testspool import AT, STAMP, seqs, spool_at

# --- records ----------------------------------------------------------------------------------


async def test_records_come_back_after_a_restart_as_they_were(path: Path) -> None:
    async with spool_at(path) as spool:
        epoch = spool.epoch
        assert spool.append(Lane.TELEMETRY, STAMP, b'{"n":1}') == 1
        assert spool.append(Lane.ALARM, Stamp(AT, 13.0), b'{"a":1}') == 1
        assert await seqs(spool) == []
        await spool.commit()
    async with spool_at(path, "boot-2") as spool:
        assert (spool.epoch, spool.opening_note) == (epoch, None)
        spool.append(Lane.TELEMETRY, STAMP, b'{"n":2}')
        await spool.commit()
        one, two = await spool.batch(Lane.TELEMETRY, 0, 10)
        (alarm,) = await spool.batch(Lane.ALARM, 0, 10)
    assert (one.seq, one.boot, one.mono, one.trusted) == (1, "boot-1", 12.5, True)
    assert (one.at, one.body) == ("2025-01-06T07:30:00.123Z", b'{"n":1}')
    assert (two.seq, two.boot, two.body) == (2, "boot-2", b'{"n":2}')
    assert (alarm.lane, alarm.mono, alarm.body) == (Lane.ALARM, 13.0, b'{"a":1}')
    assert len(epoch) == 16
    assert int(epoch, 16) > 0


async def test_close_commits_what_was_appended(path: Path) -> None:
    async with spool_at(path) as spool:
        spool.append(Lane.RESULT, STAMP, b"{}")
    async with spool_at(path) as spool:
        assert await seqs(spool, Lane.RESULT) == [1]


def full(lanes: Lanes, *_: object) -> None:
    """What a full disk makes of a step."""
    raise sqlite3.OperationalError("database or disk is full")


async def test_what_a_full_disk_could_not_delete_is_there_and_is_forgotten_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with spool_at(path) as spool:
        for _ in range(5):
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        with monkeypatch.context() as disk:
            disk.setattr(Lanes, "delete", full)
            with pytest.raises(SpoolError, match="disk is full"):
                await spool.forget(Lane.TELEMETRY, 1, 5)
        assert spool.status().depth[Lane.TELEMETRY] == 5
        assert await seqs(spool) == [1, 2, 3, 4, 5]
        assert await spool.forget(Lane.TELEMETRY, 1, 2) == 2
        assert await spool.forget(Lane.TELEMETRY, 1, 5) == 3
        assert await seqs(spool) == []


async def test_what_a_failed_commit_brought_back_is_not_counted_twice(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with spool_at(path) as spool:
        for _ in range(2):
            for _ in range(5):
                spool.append(Lane.TELEMETRY, STAMP, b"{}")
            await spool.commit()
        assert await spool.forget(Lane.TELEMETRY, 1, 5) == 5
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        with monkeypatch.context() as disk:
            disk.setattr(Lanes, "give", full)
            with pytest.raises(SpoolError, match="disk is full"):
                await spool.commit()
        assert await spool.forget(Lane.TELEMETRY, 1, 5) == 0, "the platform says it again"
        await spool.commit()
        assert spool.status().depth[Lane.TELEMETRY] == 6
        assert await spool.forget(Lane.TELEMETRY, 6, 10) == 5
        assert await spool.forget(Lane.TELEMETRY, 11, 11) == 1
        assert await seqs(spool) == []


async def test_when_only_some_could_be_deleted_none_is(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def some(lanes: Lanes, keys: Sequence[int]) -> None:
        delete(lanes, keys[:1])
        if len(keys) > 1:
            raise sqlite3.OperationalError("database or disk is full")

    delete = Lanes.delete
    async with spool_at(path) as spool:
        for _ in range(2):
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
            await spool.commit()
        with monkeypatch.context() as disk:
            disk.setattr(Lanes, "delete", some)
            with pytest.raises(SpoolError, match="disk is full"):
                await spool.forget(Lane.TELEMETRY, 1, 2)
        assert await seqs(spool) == [1, 2]
        assert await spool.forget(Lane.TELEMETRY, 1, 2) == 2
        assert spool.status().depth[Lane.TELEMETRY] == 0


async def test_a_seq_is_never_given_twice(path: Path) -> None:
    async with spool_at(path) as spool:
        for _ in range(5):
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        assert await spool.forget(Lane.TELEMETRY, 1, 5) == 5
        assert await spool.forget(Lane.TELEMETRY, 1, 5) == 0
    async with spool_at(path) as spool:
        assert await seqs(spool) == []
        assert spool.append(Lane.TELEMETRY, STAMP, b"{}") == 6
        assert spool.append(Lane.ALARM, STAMP, b"{}") == 1


async def test_a_batch_begins_after_and_ends_at_its_limit_and_lane(path: Path) -> None:
    async with spool_at(path) as spool:
        for _ in range(9):
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
            spool.append(Lane.RESULT, STAMP, b"{}")
        await spool.commit()
        assert [s.seq for s in await spool.batch(Lane.TELEMETRY, 3, 4)] == [4, 5, 6, 7]
        assert [s.seq for s in await spool.batch(Lane.RESULT, 7, 4)] == [8, 9]
        assert await spool.batch(Lane.ALARM, 0, 4) == ()
        assert await spool.batch(Lane.TELEMETRY, 9, 4) == ()


@pytest.mark.parametrize(("first", "last"), [(-5, 10**30), (1, 10**30), (-(10**30), 3)])
async def test_an_acknowledgement_out_of_range_takes_only_what_is_there(
    path: Path, first: int, last: int
) -> None:
    async with spool_at(path) as spool:
        for lane in Lane:
            for _ in range(3):
                spool.append(lane, STAMP, b"{}")
        await spool.commit()
        waiting = spool.append(Lane.RESULT, STAMP, b"{}")
        assert await spool.forget(Lane.RESULT, first, last) == 3
        await spool.commit()
        assert await seqs(spool, Lane.ALARM) == await seqs(spool) == [1, 2, 3]
        assert await seqs(spool, Lane.RESULT) == [waiting]


async def test_forgetting_costs_no_commit_of_its_own(path: Path) -> None:
    async with spool_at(path) as spool:
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        before = spool.status().commits
        await spool.forget(Lane.TELEMETRY, 1, 1)
        assert spool.status().commits == before
        await spool.commit()
        await spool.commit()
        assert spool.status().commits == before + 1


async def test_status_counts_both_sides_of_the_commit(path: Path) -> None:
    async with spool_at(path) as spool:
        later = Stamp(AT + timedelta(hours=1), 3612.5)
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        spool.append(Lane.ALARM, later, b"{}")
        await spool.commit()
        spool.append(Lane.TELEMETRY, later, b"{}")
        status = spool.status()
        assert {k: n for k, n in status.depth.items() if n} == {Lane.ALARM: 1, Lane.TELEMETRY: 2}
        assert (status.uncommitted, status.commits, status.lost) == (1, 1, 0)
        assert status.oldest_at == "2025-01-06T07:30:00.123Z"
        assert status.file_bytes > 0
        await spool.forget(Lane.TELEMETRY, 1, 1)
        assert spool.status().oldest_at == "2025-01-06T08:30:00.123Z"
    async with spool_at(path) as spool:
        depth = spool.status().depth
        assert {k: n for k, n in depth.items() if n} == {Lane.ALARM: 1, Lane.TELEMETRY: 1}


# --- counters, journal, state -----------------------------------------------------------------


async def test_writes_are_counted_per_day_and_for_life(path: Path) -> None:
    days = [f"2025-01-{day:02d}" for day in range(1, 21)]
    async with spool_at(path) as spool:
        for day in days:
            for _ in range(3):
                await spool.count_write("pump", "setpoint", day)
        await spool.count_write("pump", "mode", days[-1])
        for _ in range(2):  # the clock went back
            await spool.count_write("pump", "setpoint", "1970-01-01")
    async with spool_at(path) as spool:
        writes = spool.writes()
        assert writes["pump", "setpoint", days[-1]] == writes["pump", "setpoint", days[-2]] == 3
        assert writes["pump", "setpoint", "1970-01-01"] == 2
        assert len(writes) < 8, "old days go"
        assert spool.lifetime() == {("pump", "setpoint"): 62, ("pump", "mode"): 1}


EDITS = [
    ("UPDATE journal SET detail = x'00' WHERE number = 3", 3),
    ("UPDATE journal SET at = 'then' WHERE number = 3", 3),
    ("UPDATE journal SET kind = 'wrote' WHERE number = 3", 3),
    ("UPDATE journal SET at = 'aton', kind = 'e' WHERE number = 3", 3),
    ("UPDATE journal SET hash = zeroblob(32) WHERE number = 3", 3),
    ("DELETE FROM journal WHERE number = 3", 4),
    ("UPDATE journal SET number = number + 1 WHERE number = 9", 10),
    ("DELETE FROM journal WHERE number > 7", 8),
    (
        "UPDATE journal SET number = 99 WHERE number = 3;"
        "UPDATE journal SET number = 3 WHERE number = 4;"
        "UPDATE journal SET number = 4 WHERE number = 99",
        3,
    ),
]


@pytest.mark.parametrize(("edit", "broken"), EDITS)
async def test_an_edited_journal_shows_its_first_broken_row(
    path: Path, edit: str, broken: int
) -> None:
    for part in range(3):
        async with spool_at(path) as spool:
            for n in range(3):
                await spool.journal("at", "one", f"{part} {n}".encode())
    whole = verify_journal(str(path))
    assert (whole.rows, whole.broken, whole.why) == (9, None, None)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.executescript(edit)
    found = verify_journal(str(path))
    assert (found.broken, bool(found.why)) == (broken, True)


async def test_a_tail_cut_off_with_its_head_shows_against_what_the_platform_was_told(
    path: Path,
) -> None:
    async with spool_at(path) as spool:
        for n in range(9):
            await spool.journal("at", "one", str(n).encode())
    whole = verify_journal(str(path))
    cut = "DELETE FROM journal WHERE number > 7; UPDATE head SET number = 7, hash ="
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(f"{cut} (SELECT hash FROM journal WHERE number = 7)")
    assert verify_journal(str(path)).broken is None, "the file alone cannot tell"
    found = verify_journal(str(path), (9, whole.hash))
    assert (found.broken, found.why) == (8, "rows 8 to 9 are cut off")
    assert verify_journal(str(path), (7, whole.hash)).broken == 7
    assert [row[0] for row in journal_rows(str(path), 3)] == [5, 6, 7]


async def test_state_is_kept_and_the_same_value_costs_nothing(path: Path) -> None:
    async with spool_at(path) as spool:
        assert await spool.load_state("model") is None
        await spool.save_state("model", b"1")
        await spool.save_state("model", b"2")
        await spool.save_state("model", b"2")
        assert spool.status().commits == 2
    async with spool_at(path) as spool:
        assert await spool.load_state("model") == b"2"


async def test_command_ids_are_kept_a_week_past_their_end_by_trusted_time(path: Path) -> None:
    async with spool_at(path) as spool:

        async def time_is(at: datetime, trusted: bool = True) -> None:
            spool.append(Lane.TELEMETRY, Stamp(at, 1.0, trusted), b"{}")
            await spool.commit()

        async def seen(name: str) -> bool:
            return not await spool.remember_command(name, AT, b"{}")

        assert not await seen("done")
        assert not await seen("open")
        await spool.finish_command("done")
        await time_is(AT + timedelta(days=3650), trusted=False)
        assert await seen("done"), "an untrusted clock makes nothing forgotten"
        await time_is(AT + timedelta(days=7) - timedelta(seconds=1))
        assert await seen("done")
        await time_is(AT + timedelta(days=7, seconds=1))
        assert not await seen("done")
        assert await seen("open"), "without an end it is kept"


async def test_a_closed_spool_says_so(path: Path) -> None:
    async with spool_at(path) as spool:
        pass
    await spool.close()
    with pytest.raises(SpoolError, match="closed"):
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
    with pytest.raises(SpoolError, match="closed"):
        await spool.commit()
