"""A damaged file is replaced: whatever ends that early, nothing that could be read is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agent.records import Lane
from agent.spool import Spool, erase, verify_journal
from agent.spool import replace as room
from agent.spool import spool as door
from agent.spool.carry import carry_ledger
from tests.rooms.spool.testspool import AT, STAMP, seqs, spool_at

OPENS = """
import asyncio, os, resource, sys
from agent.clock import Clock
from agent.spool import Spool, SpoolSettings
from agent.spool import replace as room

def die():
    os.kill(os.getpid(), 9)

{before}

async def main(path):
    spool = await Spool.open(SpoolSettings(path), "child", Clock().stamp)
    print(spool.status().volatile, spool.opening_note)
    await spool.close()

asyncio.run(main(sys.argv[1]))
"""


def opened_by_a_child(path: Path, before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", OPENS.format(before=before), str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


async def filled(path: Path) -> str:
    async with spool_at(path) as spool:
        for n in range(200):
            spool.append(Lane.TELEMETRY, STAMP, os.urandom(150))
            if n % 10 == 9:
                await spool.commit()
        spool.append(Lane.ALARM, STAMP, b"{}")
        await told(spool)
        return spool.epoch


async def told(spool: Spool) -> None:
    await spool.count_write("pump", "setpoint", "2025-01-06")
    await spool.remember_command("seen", AT, b"{}")
    await spool.journal("now", "kind", b"{}")


def garble(path: Path) -> None:
    """One wrong byte in the chunk of 101 to 110."""
    query = "SELECT body FROM chunks WHERE first = 101"
    with closing(sqlite3.connect(path)) as db:
        body = bytes(db.execute(query).fetchone()[0])
    content = bytearray(path.read_bytes())
    content[content.index(body[:40]) + 20] ^= 4
    path.write_bytes(content)


async def ledger_is_there(spool: Spool) -> None:
    assert spool.lifetime() == {("pump", "setpoint"): 1}
    assert not await spool.remember_command("seen", AT, b"{}")
    assert len(await spool.journal_tail(9)) == 1


async def all_is_there(path: Path, epoch: str) -> str | None:
    async with spool_at(path) as spool:
        assert (spool.epoch, spool.status().volatile) == (epoch, False)
        assert await seqs(spool) == [*range(1, 101), *range(111, 201)]
        assert await seqs(spool, Lane.ALARM) == [1]
        await ledger_is_there(spool)
        note = spool.opening_note
    assert verify_journal(str(path)).why is None
    return note


def names(path: Path) -> set[str]:
    return {one.name for one in path.parent.iterdir()}


async def test_a_kill_while_records_are_carried_over_costs_nothing(path: Path) -> None:
    epoch = await filled(path)
    garble(path)
    kill = """
carry = room.carry_records
room.carry_records = lambda old, new: (carry(old, new), die())
"""
    assert opened_by_a_child(path, kill).returncode == -9
    assert "corrupt-1" in (await all_is_there(path, epoch) or "")
    assert names(path) == {"spool.db", "spool.db.corrupt-1"}
    assert await all_is_there(path, epoch) is None


async def test_a_kill_at_any_step_of_the_change_costs_nothing(path: Path) -> None:
    epoch = await filled(path)
    garble(path)
    damaged = path.read_bytes()
    for step in range(1, 20):
        for one in path.parent.iterdir():
            one.unlink()
        path.write_bytes(damaged)
        kill = f"""
left = [{step}]
def counted(do):
    def done(*given):
        left[0] -= 1
        if not left[0]:
            die()
        return do(*given)
    return done
os.replace, os.fsync = counted(os.replace), counted(os.fsync)
"""
        ended = opened_by_a_child(path, kill).returncode
        note = await all_is_there(path, epoch)
        assert Path(f"{path}.corrupt-1").read_bytes() == damaged
        assert names(path) == {"spool.db", "spool.db.corrupt-1"}
        if not ended:
            break
        assert note is None or "corrupt-1" in note
    assert step > 6, "three names change, and the directory is written three times"


async def test_what_a_cut_left_of_the_old_wal_never_gets_into_the_new_file(path: Path) -> None:
    epoch = await filled(path)
    shutil.copy(path, f"{path}.new")
    path.rename(f"{path}.corrupt-1")
    Path(f"{path}-wal").write_bytes(b"old")
    async with spool_at(path) as spool:
        assert spool.epoch == epoch
        assert "corrupt-1" in (spool.opening_note or "")
    assert Path(f"{path}.corrupt-1-wal").read_bytes() == b"old"
    assert names(path) == {"spool.db", "spool.db.corrupt-1", "spool.db.corrupt-1-wal"}


async def test_a_full_disk_leaves_the_damaged_file_for_a_later_start(path: Path) -> None:
    epoch = await filled(path)
    garble(path)
    damaged = path.read_bytes()
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))"
    done = opened_by_a_child(path, limit)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("True")
    assert "in memory only" in done.stdout
    assert path.read_bytes() == damaged
    assert names(path) == {"spool.db"}
    assert "corrupt-1" in (await all_is_there(path, epoch) or "")


async def test_while_it_cannot_be_replaced_the_ledger_is_read_and_control_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = await filled(path)
    garble(path)

    def full(old: object, new: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(room, "carry_records", full)
        for _ in range(2):
            async with spool_at(path) as spool:
                assert spool.status().volatile
                assert "not as it was written" in (spool.opening_note or "")
                assert "disk is full" in (spool.opening_note or "")
                await ledger_is_there(spool)
                assert spool.append(Lane.TELEMETRY, STAMP, b"{}") == 1
            assert names(path) == {"spool.db"}
    assert "corrupt-1" in (await all_is_there(path, epoch) or "")


async def test_a_disk_that_fills_up_under_the_ledger_is_not_taken_for_damage(path: Path) -> None:
    async with spool_at(path) as spool:
        await spool.save_state("learned", os.urandom(20_000))
    new = path.with_name("new.db")
    async with spool_at(new):
        pass
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(new)) as db:
        db.execute("PRAGMA max_page_count = 1")  # no more than it has
        with pytest.raises(sqlite3.OperationalError, match="full"):
            carry_ledger(old, db)


async def test_values_of_a_wrong_type_cost_their_own_records_only(path: Path) -> None:
    await filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'chunks'").fetchone()
        set_sql = "UPDATE sqlite_master SET sql = ? WHERE name = 'chunks'"
        db.execute(set_sql, (sql.replace("STRICT", ""),))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE chunks SET first = 'x' WHERE first = 101")
        db.execute("UPDATE chunks SET count = 'x' WHERE first = 121")
        db.execute("PRAGMA writable_schema = ON")
        db.execute(set_sql, (sql,))
    async with spool_at(path) as spool:
        assert "corrupt-1" in (spool.opening_note or "")
        assert await seqs(spool) == [*range(1, 101), *range(111, 121), *range(131, 201)]
        await ledger_is_there(spool)


@pytest.mark.parametrize(
    "harm", ["DELETE FROM meta", "UPDATE meta SET value = 'F' || substr(value, 2)"]
)
async def test_without_an_epoch_the_rest_is_carried_over(path: Path, harm: str) -> None:
    epoch = await filled(path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(harm)
    async with spool_at(path) as spool:
        assert spool.epoch != epoch
        assert (await seqs(spool), spool.status().volatile) == (list(range(1, 201)), False)
        await ledger_is_there(spool)


async def test_a_half_made_file_goes_at_the_next_start_and_with_the_buffer(path: Path) -> None:
    await filled(path)
    beside = [Path(f"{path}.new{suffix}") for suffix in ("", "-journal")]
    for one in beside:
        one.write_bytes(b"half")
    async with spool_at(path) as spool:
        assert spool.opening_note is None
        assert not any(one.exists() for one in beside)
    for one in beside:
        one.write_bytes(b"half")
    assert {*beside, path} <= set(erase(str(path)))
    assert names(path) == set()


async def test_a_half_made_file_is_not_taken_for_a_whole_one(path: Path) -> None:
    epoch = await filled(path)
    path.rename(f"{path}.new")
    Path(f"{path}.new-journal").write_bytes(b"half")
    async with spool_at(path) as spool:
        assert spool.epoch != epoch
        assert (spool.opening_note, spool.status().volatile) == (None, False)
    assert names(path) == {"spool.db"}


# --- a disk that may only be read --------------------------------------------------------------


async def cut_off(path: Path) -> None:
    """A file whose last commits lie in the WAL, as a power cut leaves it."""
    async with spool_at(path.with_name("running.db")) as spool:
        await told(spool)
        for suffix in ("", "-wal"):
            shutil.copy(path.with_name(f"running.db{suffix}"), f"{path}{suffix}")
    assert Path(f"{path}-wal").stat().st_size > 0


def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = sqlite3.SQLITE_READONLY
        raise error

    monkeypatch.setattr(door, "_open", refuses)


async def test_memory_knows_what_an_unclean_end_left_in_the_wal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cut_off(path)
    before = {one: one.read_bytes() for one in (path, Path(f"{path}-wal"))}
    read_only(monkeypatch)
    async with spool_at(path) as spool:
        assert spool.status().volatile
        await ledger_is_there(spool)
    assert {one: one.read_bytes() for one in before} == before, "the disk may not be written"


async def test_without_room_for_a_copy_the_file_itself_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(door, "copied", full)
    read_only(monkeypatch)
    async with spool_at(path) as spool:
        assert spool.status().volatile
        await ledger_is_there(spool)
