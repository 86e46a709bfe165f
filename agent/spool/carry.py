"""What can be taken over from a damaged file: all that can still be read, under its old numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from agent.spool.memory import LANES, LAST_SEQ, SEQ_BITS, seq_of
from agent.spool.sqlite import Connection, DiskError, misfit

Row = tuple[int, int, int, int, int, int, int, bytes]

_CHUNKS = """
SELECT key, first, count, at_ms, boot, step_s, crc, body FROM chunks
WHERE key BETWEEN ? AND ? AND crc32(body) = crc AND typeof(first) = 'integer' ORDER BY key
"""
_RECORDS = """
SELECT key, key & 0xFFFFFFFFFFFF, 1, at_ms, boot, 0, 0,
       pack(key & 0xFFFFFFFFFFFF, at_ms, mono, trusted, body)
FROM records WHERE key BETWEEN ? AND ? AND crc32(body) = crc ORDER BY key
"""


def carry_ledger(old: Connection, new: Connection) -> None:
    """Write counts, command ids, state and journal: each table as far as it can be read."""
    for table in ("writes", "commands", "state", "journal", "head"):
        for row in _rows(old, f"SELECT * FROM {table}"):
            marks = ", ".join("?" * len(row))
            _put(new, f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)
    rows = {row[0]: row[-1] for row in _rows(old, "SELECT name, value FROM meta")}
    origin = rows.get("chain") or rows.get("epoch")
    if isinstance(origin, str):
        new.execute("UPDATE meta SET value = ? WHERE name = 'chain'", (origin,))


def carry_records(old: Connection, new: Connection) -> None:
    """Records keep their numbers, and the epoch if it can be read: the platform knows them so.

    What lies between the first unreadable number and the end is noted as a gap.
    """
    reserved = _names(old, new)
    for row in _rows(old, "SELECT * FROM boots"):
        boot = row if len(row) > 2 else (*row, None, None)
        _put(new, "INSERT INTO boots VALUES (?, ?, ?, ?)", boot)
    for lane in LANES:
        following, gap = 1, 0
        for chunk in _readable(old, lane):
            if not _put(new, "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", chunk):
                continue
            if chunk[1] > following and not gap:
                gap = following
            following = seq_of(chunk[0]) + 1
        end = max(following, reserved.get(lane, following))
        new.execute(
            "UPDATE lanes SET next_seq = ?, reserved = ? WHERE number = ?", (end, end, lane)
        )
        if gap or end > following:
            new.execute("INSERT INTO gaps VALUES (?, ?, ?)", (lane, gap or following, end - 1))
    new.execute("UPDATE chunks SET crc = crc32(body) WHERE crc = 0")
    new.execute("DELETE FROM chunks WHERE boot NOT IN (SELECT number FROM boots)")


def _names(old: Connection, new: Connection) -> dict[int, int]:
    """Take the epoch over if it and the numbers given under it can be read; those numbers."""
    try:
        (epoch,) = old.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
        lanes = {number: row for number, *row in old.execute("SELECT * FROM lanes")}
        reserved = {n: int(row[2] if len(row) > 2 else row[0]) for n, row in lanes.items()}
        lost = [(row[1], row[3] if len(row) > 3 else 0, n) for n, row in lanes.items()]
        if not (re.fullmatch("[0-9a-f]{16}", epoch) and reserved and set(reserved) <= set(LANES)):
            return {}
    except (DiskError, TypeError, ValueError, IndexError):
        return {}
    new.execute("UPDATE meta SET value = ? WHERE name = 'epoch'", (epoch,))
    for counts in lost:
        _put(new, "UPDATE lanes SET lost = ?, thinned = ? WHERE number = ?", counts)
    return reserved


def _rows(old: Connection, query: str) -> Iterator[tuple[object, ...]]:
    """The rows up to where the table is damaged."""
    with suppress(DiskError):
        yield from old.execute(query)


def _put(new: Connection, statement: str, row: Sequence[object]) -> bool:
    """Write a row; False when it does not fit, as a damaged one may not. A disk that does not take
    it ends the carrying over: a row left out for that would be lost without need.
    """
    try:
        new.execute(statement, row)
    except DiskError as error:
        if not misfit(error):
            raise
        return False
    return True


def _readable(old: Connection, lane: int) -> Iterator[Row]:
    """The rows of a lane; past a damaged place the search goes on with growing steps."""
    query = _CHUNKS
    with suppress(DiskError):
        if ("records",) in old.execute("SELECT name FROM sqlite_master").fetchall():
            query = _RECORDS
    low, end, step = lane << SEQ_BITS, lane << SEQ_BITS | LAST_SEQ, 1
    while low <= end:
        try:
            for row in old.execute(query, (low, end)):
                yield row
                low, step = row[0] + 1, 1
            return
        except DiskError:
            low, step = low + step, step * 2
