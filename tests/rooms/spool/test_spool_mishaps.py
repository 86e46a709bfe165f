"""The buffer after a kill, on a full disk, and with a file that is not as it should be."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.clock import Clock
from agent.errors import SpoolError
from agent.records import Lane
from agent.spool import Spool, SpoolSettings, verify_journal
from agent.spool.memory import MOST_TELEMETRY
from tests.rooms.spool.testspool import AT, EVERYTHING, STAMP, seqs, spool_at

# --- power of kill ----------------------------------------------------------------------------

CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from agent.clock import Clock
from agent.model import Stamp
from agent.records import Lane
from agent.spool import Spool, SpoolSettings

async def main(path):
    spool = await Spool.open(SpoolSettings(path), "child", Clock().stamp)
    n = 0
    while True:
        for lane in Lane:
            for _ in range(n % 7 + 1):
                seq = spool.append(lane, Stamp(datetime.now(UTC), 1.0), b"x" * (n % 900))
            confirmed = lane, seq
        if n % 5 == 0:
            await spool.count_write("pump", "setpoint", "2025-01-06")
        if n % 11 == 0:
            await spool.forget(Lane.TELEMETRY, 1, seq // 2)
        await spool.journal("now", "turn", str(n).encode())
        await spool.commit()
        counted = spool.lifetime().get(("pump", "setpoint"), 0)
        print(lane.value, seq, counted, n, flush=True)
        n += 1

asyncio.run(main(sys.argv[1]))
"""


async def test_kill_loses_nothing_that_was_confirmed(path: Path) -> None:
    chance = random.Random(7)
    last, counted, rows = 0, 0, 0
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            lines = [child.stdout.readline() for _ in range(chance.randint(1, 60))]
            child.kill()
            lines += child.stdout.readlines()
        confirmed = [line.split() for line in lines if line.endswith("\n")][-1]
        last, counted = int(confirmed[1]), int(confirmed[2])
        journal = verify_journal(str(path))
        assert (journal.rows > rows, journal.why) == (True, None)
        rows = journal.rows
        async with spool_at(path, "child") as spool:
            assert spool.opening_note is None
            stored = await seqs(spool)
            assert stored[-1] >= last
            assert stored == list(range(stored[0], stored[-1] + 1)), "a hole"
            # The kill may come between forgetting and confirming: seven numbers later at most.
            assert stored[0] <= (last + 7) // 2 + 1, "deleted without being told to"
            assert spool.append(Lane.TELEMETRY, STAMP, b"{}") == stored[-1] + 1
            life = spool.lifetime()["pump", "setpoint"]
            assert life >= counted
            assert spool.writes()["pump", "setpoint", "2025-01-06"] == life
            last, counted = stored[-1] + 1, life


async def test_commands_cut_off_by_a_crash_are_found_again(path: Path) -> None:
    script = """
import asyncio, os, sys
from datetime import UTC, datetime
from agent.clock import Clock
from agent.model import Stamp
from agent.records import Lane
from agent.spool import Spool, SpoolSettings

async def main(path):
    spool = await Spool.open(SpoolSettings(path), "child", Clock().stamp)
    for name in ("one", "two"):
        assert await spool.remember_command(name, datetime.now(UTC), name.encode())
    spool.append(Lane.RESULT, Stamp(datetime.now(UTC), 1.0), b"one is done")
    await spool.finish_command("one")
    os.kill(os.getpid(), 9)

asyncio.run(main(sys.argv[1]))
"""
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == -9
    async with spool_at(path) as spool:
        assert await spool.open_commands() == (b"two",)
        assert [s.body for s in await spool.batch(Lane.RESULT, 0, 9)] == [b"one is done"]
        assert not await spool.remember_command("one", AT, b"again")
        assert not await spool.remember_command("two", AT, b"again")
        await spool.finish_command("two")
        assert await spool.open_commands() == ()


# --- a disk that is full ----------------------------------------------------------------------

FULL = """
import asyncio, json, logging, resource, sys
from datetime import UTC, datetime
from agent.clock import Clock
from agent.errors import SpoolError
from agent.model import Stamp
from agent.records import Lane
from agent.spool import Spool, SpoolSettings
from agent.spool.memory import MOST_TELEMETRY

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
STAMP = Stamp(datetime.now(UTC), 1.0)

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def refused(work):
    try:
        await work
    except SpoolError as error:
        return str(error)
    raise AssertionError("the disk took it")

async def main(path):
    out = {}
    limit(2000)
    spool = await Spool.open(SpoolSettings(path + "-new"), "b", Clock().stamp)
    out["open"] = [spool.opening_note, spool.status().volatile, spool.status().last_error]
    spool.append(Lane.ALARM, STAMP, b"fire")
    await spool.count_write("pump", "setpoint", "2025-01-06")
    out["open_works"] = [s.body.decode() for s in await spool.batch(Lane.ALARM, 0, 9)]
    await spool.close()
    limit(resource.RLIM_INFINITY)
    spool = await Spool.open(SpoolSettings(path), "b", Clock().stamp)
    for _ in range(3):
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
    await spool.commit()
    limit(1)
    assert await spool.forget(Lane.TELEMETRY, 1, 2) == 2
    for _ in range(MOST_TELEMETRY + 7):
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        spool.append(Lane.ALARM, STAMP, b"{}")
    out["commit"] = await refused(spool.commit())
    out["alarm_leaves"] = [s.seq for s in await spool.batch(Lane.ALARM, 0, 3)]
    told = await spool.batch(Lane.NOTICE, 0, 9)
    out["told"] = [json.loads(s.body)["kind"] for s in told]
    await refused(spool.commit())
    await refused(spool.count_write("pump", "setpoint", "2025-01-06"))
    await refused(spool.journal("now", "kind", b""))
    out["kept_meanwhile"] = [s.seq for s in await spool.batch(Lane.TELEMETRY, 0, 9)]
    status = spool.status()
    out["status"] = [status.uncommitted, status.lost, status.last_error]
    limit(resource.RLIM_INFINITY)
    await spool.journal("now", "kind", b"")
    await spool.commit()
    await spool.commit()
    told = await spool.batch(Lane.NOTICE, 0, 9)
    out["told_after"] = [json.loads(s.body) for s in told]
    status = spool.status()
    out["after"] = [status.uncommitted, status.lost, status.last_error]
    out["depth"] = [status.depth[lane] for lane in (Lane.ALARM, Lane.TELEMETRY)]
    out["first"] = [s.seq for s in await spool.batch(Lane.TELEMETRY, 0, 2)]
    out["writes"] = len(spool.writes())
    await spool.close()
    spool = await Spool.open(SpoolSettings(path), "b", Clock().stamp)
    out["lost"] = spool.status().lost
    await spool.close()
    print(json.dumps(out))

asyncio.run(main(sys.argv[1]))
"""


async def test_a_full_disk_is_told_and_survived(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    note, volatile, error = out["open"]
    assert ("in memory only" in note, volatile, error) == (True, True, note)
    assert out["open_works"] == ["fire"], "without any disk polling and control go on"
    assert out["alarm_leaves"] == [1, 2, 3], "the platform hears of alarms all the same"
    assert out["told"] == ["disk_fails"]
    assert [one["kind"] for one in out["told_after"]] == ["disk_fails", "disk_writes", "dropped"]
    dropped = out["told_after"][2]
    assert [dropped[key] for key in ("lane", "first", "last", "records")] == ["telemetry", 4, 10, 7]
    assert "disk" in out["commit"]
    assert out["kept_meanwhile"][:2] == [3, 11], "what the platform has does not come back"
    assert out["status"][:2] == [2 * MOST_TELEMETRY + 8, 7]
    assert "disk" in out["status"][2]
    assert out["after"] == [0, 7, None]
    assert out["depth"] == [MOST_TELEMETRY + 7, MOST_TELEMETRY + 1]
    assert out["first"] == [3, 11], "the seven oldest in memory are gone: 4 to 10"
    assert (out["writes"], out["lost"]) == (0, 7)
    logged = [line.split(" ")[0] for line in done.stderr.splitlines()]
    assert logged == ["ERROR", "INFO"], "each change of state once"
    assert verify_journal(str(path)).rows == 1


# --- files that are not as they should be -----------------------------------------------------


async def filled(path: Path) -> str:
    chance = random.Random(5)
    async with spool_at(path) as spool:
        for n in range(200):
            body = json.dumps({"n": n, "x": chance.randbytes(150).hex()}).encode()
            spool.append(Lane.TELEMETRY, STAMP, body)
            if n % 10 == 9:
                await spool.commit()
        spool.append(Lane.ALARM, STAMP, b"{}")
        await spool.count_write("pump", "setpoint", "2025-01-06")
        await spool.remember_command("seen", AT, b"{}")
        return spool.epoch


def chunk_of(path: Path, seq: int) -> bytes:
    """The bytes of the chunk that begins with this number, as they lie in the file in part."""
    query = "SELECT body FROM chunks WHERE first = ? AND count = 10"
    with contextlib.closing(sqlite3.connect(path)) as db:
        return bytes(db.execute(query, (seq,)).fetchone()[0])


async def notices(spool: Spool) -> list[tuple[object, ...]]:
    found = [json.loads(one.body) for one in await spool.batch(Lane.NOTICE, 0, EVERYTHING)]
    return [(one["kind"], one["lane"], one["first"], one["last"]) for one in found]


async def test_a_garbled_header_starts_a_new_file_and_says_so(path: Path) -> None:
    epoch = await filled(path)
    content = path.read_bytes()
    path.write_bytes(b"garbage!" * 20 + content[160:])
    async with spool_at(path) as spool:
        assert spool.epoch != epoch
        assert "corrupt-1" in (spool.opening_note or "")
        assert spool.append(Lane.TELEMETRY, STAMP, b"{}") == 1
    aside = Path(f"{path}.corrupt-1")
    assert aside.read_bytes()[160:] == content[160:]
    path.write_bytes(b"garbage!")
    async with spool_at(path) as spool:
        assert "corrupt-2" in (spool.opening_note or "")


async def test_a_truncated_file_gives_what_can_still_be_read(path: Path) -> None:
    epoch = await filled(path)
    whole = path.stat().st_size
    os.truncate(path, whole * 7 // 8)
    async with spool_at(path) as spool:
        assert spool.epoch == epoch, "so that the platform knows what it has"
        assert "corrupt-1" in (spool.opening_note or "")
        kept = await spool.batch(Lane.TELEMETRY, 0, EVERYTHING)
        assert [stored.seq for stored in kept] == list(range(1, len(kept) + 1))
        assert 50 < len(kept) < 200
        assert [json.loads(stored.body)["n"] for stored in kept] == list(range(len(kept)))
        assert ("damaged", "telemetry", len(kept) + 1, 200) in await notices(spool)
        assert spool.lifetime() == {("pump", "setpoint"): 1}
        assert not await spool.remember_command("seen", AT, b"{}")
        assert spool.append(Lane.TELEMETRY, STAMP, b"{}") == 201, "no number is given twice"
        await spool.commit()


async def test_one_wrong_byte_costs_the_records_of_one_commit_only(path: Path) -> None:
    epoch = await filled(path)
    content = bytearray(path.read_bytes())
    content[content.index(chunk_of(path, 101)[:40]) + 20] ^= 4
    path.write_bytes(content)
    async with spool_at(path) as spool:
        assert "not as it was written" in (spool.opening_note or "")
        kept = await spool.batch(Lane.TELEMETRY, 0, EVERYTHING)
        assert [stored.seq for stored in kept] == [*range(1, 101), *range(111, 201)]
        assert [json.loads(stored.body)["n"] + 1 for stored in kept] == [s.seq for s in kept]
        assert (spool.epoch, await notices(spool)) == (epoch, [("damaged", "telemetry", 101, 200)])


async def test_a_damaged_page_costs_its_own_records_only(path: Path) -> None:
    await filled(path)
    content = bytearray(path.read_bytes())
    page = content.index(chunk_of(path, 101)[:40]) // 1024 * 1024
    content[page : page + 1024] = os.urandom(1024)
    path.write_bytes(content)
    async with spool_at(path) as spool:
        kept = await spool.batch(Lane.TELEMETRY, 0, EVERYTHING)
        numbers = [json.loads(stored.body)["n"] for stored in kept]
        assert 100 not in numbers
        assert (len(numbers) >= 150, numbers[0], numbers[-1]) == (True, 0, 199)
        assert [stored.seq for stored in kept] == [n + 1 for n in numbers]


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [(36, 7, "reelist"), (60, 0, "schema version 0"), (60, 1 << 30, "schema version 1073741824")],
)
async def test_a_header_that_contradicts_the_file_is_damage(
    path: Path, at: int, value: int, why: str
) -> None:
    await filled(path)
    content = bytearray(path.read_bytes())
    content[at : at + 4] = value.to_bytes(4, "big")
    path.write_bytes(content)
    async with spool_at(path) as spool:
        assert why in (spool.opening_note or "")
        assert await seqs(spool) == list(range(1, 201))


async def test_an_empty_file_is_begun_anew_with_a_note(path: Path) -> None:
    path.touch()
    async with spool_at(path) as spool:
        assert "empty" in (spool.opening_note or "")


async def test_whatever_byte_is_wrong_the_spool_opens_and_works(path: Path) -> None:
    epoch = await filled(path)
    content = path.read_bytes()
    chance = random.Random(3)
    replaced = 0
    for turn in range(60):
        bad = bytearray(content)
        # Every second flip hits the two first pages, where the structure is.
        bad[chance.randrange(2048 if turn % 2 else len(bad))] ^= 1 << chance.randrange(8)
        if turn % 5 == 0:
            del bad[chance.randrange(len(bad)) :]
        path.write_bytes(bad)
        Path(f"{path}-wal").unlink(missing_ok=True)
        async with spool_at(path) as spool:
            replaced += spool.opening_note is not None
            assert spool.epoch == epoch or spool.opening_note
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
            await spool.commit()
            assert await seqs(spool)
    assert replaced > 5


async def test_a_newer_file_is_refused_and_left_alone(path: Path) -> None:
    await filled(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 3")
    before = path.read_bytes()
    with pytest.raises(SpoolError, match=r"newer version .*schema 3, this one knows 2"):
        await Spool.open(SpoolSettings(str(path)), "b", Clock().stamp)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["spool.db"]


async def test_what_cannot_be_opened_is_said_in_plain_words(path: Path, tmp_path: Path) -> None:
    async def why(where: Path) -> str:
        with pytest.raises(SpoolError) as caught:
            await Spool.open(SpoolSettings(str(where)), "b", Clock().stamp)
        return str(caught.value)

    assert "directory does not exist" in await why(tmp_path / "none" / "none" / "spool.db")
    await (
        await Spool.open(SpoolSettings(str(tmp_path / "new" / "spool.db")), "b", Clock().stamp)
    ).close()
    assert "cannot be opened" in await why(tmp_path)
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE photos (id)")
    assert "another program" in await why(other)
    async with spool_at(path):
        assert "another program is using it" in await why(path)
