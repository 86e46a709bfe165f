"""The memory file that keeps uncommitted records through a kill, not through a power cut."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from errno import ENOSPC
from hashlib import sha256
from pathlib import Path

import pytest

from agent.clock import Clock
from agent.records import Lane
from agent.spool import Spool, SpoolSettings
from agent.spool.memory import Fresh, Pending
from agent.spool.tail import MEMORY, Tail

BOOT = "boot-1"
CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from agent.clock import Clock
from agent.model import Stamp
from agent.records import Lane
from agent.spool import Spool, SpoolSettings

async def main():
    spool = await Spool.open(SpoolSettings(sys.argv[1], 3600.0), "boot-1", Clock().stamp)
    for number in range(3):
        spool.append(Lane.TELEMETRY, Stamp(datetime.now(UTC), float(number)), b"%d" % number)
    await spool.commit()
    for number in range(3, 50):
        spool.append(Lane.TELEMETRY, Stamp(datetime.now(UTC), float(number)), b"%d" % number)
    spool.append(Lane.ALARM, Stamp(datetime.now(UTC), 50.0), b"fire")
    print("appended", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""

needs_memory = pytest.mark.skipif(not MEMORY.is_dir(), reason="no memory file system here")


@needs_memory
async def test_records_appended_before_a_kill_are_there_after_it(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "appended\n"
        child.send_signal(signal.SIGKILL)
    spool = await Spool.open(SpoolSettings(str(path)), BOOT, Clock().stamp)
    stored = await spool.batch(Lane.TELEMETRY, 0, 100)
    assert [int(record.body) for record in stored] == list(range(50))
    assert [record.seq for record in stored] == list(range(1, 51))
    assert [record.body for record in await spool.batch(Lane.ALARM, 0, 10)] == [b"fire"]
    await spool.close()
    assert not list(MEMORY.glob(_pattern(path))), "closing leaves no memory file behind"


@needs_memory
async def test_what_was_committed_does_not_come_twice(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()
    for _ in range(2):
        spool = await Spool.open(SpoolSettings(str(path)), BOOT, Clock().stamp)
        assert len(await spool.batch(Lane.TELEMETRY, 0, 100)) == 50
        await spool.close()


@needs_memory
@pytest.mark.parametrize("damage", ["removed", "without an epoch"])
async def test_a_destroyed_file_costs_none_of_the_newest_records(
    tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "spool.db"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()
    if damage == "removed":
        for file in tmp_path.iterdir():
            file.unlink()
    else:  # what was committed is carried over, what was not is in the memory file only
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE meta SET value = 'unreadable' WHERE name = 'epoch'")
    spool = await Spool.open(SpoolSettings(str(path)), BOOT, Clock().stamp)
    stored = await spool.batch(Lane.TELEMETRY, 0, 10**9)
    assert [int(record.body) for record in stored] == list(range(50))
    assert [record.mono for record in stored] == [float(n) for n in range(50)]
    assert [record.body for record in await spool.batch(Lane.ALARM, 0, 10)] == [b"fire"]
    await spool.close()


def fresh(seq: int, body: bytes = b"{}") -> Fresh:
    return Fresh(Lane.TELEMETRY, seq, 1_000, 1.0, True, body)


def pending(*records: Fresh) -> Pending:
    found = Pending(dict.fromkeys(Lane, 1))
    found.restore({}, records)
    return found


def test_a_torn_record_ends_what_is_read(tmp_path: Path) -> None:
    tail = Tail("spool", "e1", BOOT, tmp_path)
    tail.rewrite(pending())
    for seq in (1, 2, 3):
        tail.keep(pending(), fresh(seq, b"x" * 100))
    (file,) = tmp_path.iterdir()
    os.truncate(file, file.stat().st_size - 7)
    left = Tail("spool", "e1", BOOT, tmp_path).left_behind
    assert left is not None
    assert [record.seq for record in left.records] == [1, 2]
    assert left.next_seq[Lane.TELEMETRY] == 3


def test_what_the_platform_has_is_not_left_behind(tmp_path: Path) -> None:
    tail = Tail("spool", "e1", BOOT, tmp_path)
    tail.rewrite(pending())
    for seq in (1, 2, 3, 4):
        tail.keep(pending(), fresh(seq))
    tail.forget(Lane.TELEMETRY, 2, 4)
    tail.forget(Lane.ALARM, 1, 10**30)
    left = Tail("spool", "e1", BOOT, tmp_path).left_behind
    assert left is not None
    assert ([one.seq for one in left.records], left.next_seq[Lane.TELEMETRY]) == ([1], 5)


@pytest.mark.parametrize(("epoch", "boot"), [("e2", BOOT), ("e1", "boot-2")])
def test_another_epoch_or_boot_is_not_taken_for_ours(tmp_path: Path, epoch: str, boot: str) -> None:
    tail = Tail("spool", "e1", BOOT, tmp_path)
    tail.rewrite(pending(fresh(1)))
    assert Tail("spool", epoch, boot, tmp_path).left_behind is None


def test_what_waited_beside_a_file_that_is_no_more_is_stranded_but_for_its_notices(
    tmp_path: Path,
) -> None:
    tail = Tail("spool", "e1", BOOT, tmp_path)
    notice = replace(fresh(1), lane=Lane.NOTICE)
    tail.rewrite(pending(fresh(1), fresh(2), notice))
    assert Tail("spool", "e1", BOOT, tmp_path).stranded == ()
    assert Tail("spool", "e2", "boot-2", tmp_path).stranded == ()
    assert Tail("spool", "e2", BOOT, tmp_path).stranded == (fresh(1), fresh(2))


def test_nobody_else_may_read_it_and_a_link_is_not_followed(tmp_path: Path) -> None:
    tail = Tail("spool", "e1", BOOT, tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    tail.close()
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    file.symlink_to(target)
    other = Tail("spool", "e1", BOOT, tmp_path)
    other.rewrite(pending(fresh(1)))
    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize("written", [0, 5])
def test_a_file_that_could_not_be_written_whole_gives_no_number_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    def full(fd: int, text: bytes) -> int:
        if not written:
            raise OSError(ENOSPC, "no space left")
        return really(fd, text[:written])

    tail, really = Tail("spool", "e1", BOOT, tmp_path), os.write
    tail.rewrite(pending(fresh(1)))
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        tail.keep(pending(fresh(1), fresh(2)), fresh(2))
        tail.forget(Lane.TELEMETRY, 1, 2)
    assert Tail("spool", "e1", BOOT, tmp_path).left_behind is None  # as after a power cut
    tail.keep(pending(fresh(3)), fresh(3))
    left = Tail("spool", "e1", BOOT, tmp_path).left_behind
    assert left is not None
    assert left.records == (fresh(3),)


def test_without_a_memory_file_system_all_else_works(tmp_path: Path) -> None:
    tail = Tail("spool", "e1", BOOT, tmp_path / "nowhere")
    tail.rewrite(pending(fresh(1)))
    tail.keep(pending(), fresh(2))
    tail.close()
    assert tail.left_behind is None


def _pattern(path: Path) -> str:
    return f"heatpump-agent-*-{sha256(str(path).encode()).hexdigest()[:16]}"
