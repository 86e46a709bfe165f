"""What can be taken over from a damaged file: all that can still be read, under its old numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from agent.spool.memory import LANES, LAST_SEQ, SEQ_BITS, seq_of

if TYPE_CHECKING:
    from agent.spool.spool import Connection

Row = tuple[int, int, int, int, int, int, int, bytes]

_CHUNKS = """
SELECT key, first, count, at_ms, boot, step_s, crc, body FROM chunks
WHERE key BETWEEN ? AND ? AND crc32(body) = crc ORDER BY key
"""
_RECORDS = """
SELECT key, key & 0xFFFFFFFFFFFF, 1, at_ms, boot, 0, 0,
       pack(key & 0xFFFFFFFFFFFF, at_ms, mono, trusted, body)
FROM records WHERE key BETWEEN ? AND ? AND crc32(body) = crc ORDER BY key
"""


def carry_ledger(old: Connection, new: Connection) -> None:
    """Write counts, command ids, state and journal: each table as far as it can be read."""
    for table in ("writes", "commands", "state", "journal", "head"):
        with suppress(old.Error):  # a table ends where it is damaged
            for row in old.execute(f"SELECT * FROM {table}"):
                marks = ", ".join("?" * len(row))
                new.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)
    with suppress(old.Error):
        rows = dict(old.execute("SELECT name, value FROM meta"))
        origin = rows.get("chain") or rows["epoch"]
        new.execute("UPDATE meta SET value = ? WHERE name = 'chain'", (origin,))


def carry_records(old: Connection, new: Connection) -> None:
    """Records keep their numbers, and the epoch if it can be read: the platform knows them so.

    What lies between the first unreadable number and the end is noted as a gap.
    """
    reserved = _names(old, new)
    with suppress(old.Error):
        for number, name, *rest in old.execute("SELECT * FROM boots"):
            new.execute(
                "INSERT INTO boots VALUES (?, ?, ?, ?)", (number, name, *(rest or (None, None)))
            )
    for lane in LANES:
        following, gap = 1, 0
        for row in _readable(old, lane):
            if row[1] > following and not gap:
                gap = following
            new.execute("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            following = seq_of(row[0]) + 1
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
    with suppress(old.Error, TypeError, ValueError):
        (epoch,) = old.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
        lanes = {number: row for number, *row in old.execute("SELECT * FROM lanes")}
        reserved = {n: int(row[2] if len(row) > 2 else row[0]) for n, row in lanes.items()}
        if len(bytes.fromhex(epoch)) == 8 and set(reserved) <= set(LANES) and reserved:
            new.execute("UPDATE meta SET value = ? WHERE name = 'epoch'", (epoch,))
            for number, row in lanes.items():
                lost = (row[1], row[3] if len(row) > 3 else 0, number)
                new.execute("UPDATE lanes SET lost = ?, thinned = ? WHERE number = ?", lost)
            return reserved
    return {}


def _readable(old: Connection, lane: int) -> Iterator[Row]:
    """The rows of a lane; past a damaged place the search goes on with growing steps."""
    query = _CHUNKS
    with suppress(old.Error):
        if ("records",) in old.execute("SELECT name FROM sqlite_master").fetchall():
            query = _RECORDS
    low, end, step = lane << SEQ_BITS, lane << SEQ_BITS | LAST_SEQ, 1
    while low <= end:
        try:
            for row in old.execute(query, (low, end)):
                yield row
                low, step = row[0] + 1, 1
            return
        except old.Error:
            low, step = low + step, step * 2
