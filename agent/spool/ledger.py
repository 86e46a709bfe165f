"""What is durable beside the records: command ids, write counts, the audit journal, small state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from agent.spool.memory import FOR_LIFE, WriteCounts, chain
from agent.spool.reading import chain_origin
from agent.spool.sqlite import Connection

COMMAND_KEPT_MS = 7 * 86_400_000

_T = TypeVar("_T")


class Transact(Protocol):
    """Does the work in one transaction, or none of it; SpoolError when the disk refuses."""

    def __call__(self, work: Callable[[], _T], /) -> _T: ...


class Ledger:
    """Every change is one transaction, durable on return. Runs on the spool's thread."""

    def __init__(self, db: Connection, transact: Transact) -> None:
        self._db = db
        self._transact = transact
        self.trusted_ms: int | None = None
        self.counts = WriteCounts(db.execute("SELECT device, point, day, n FROM writes"))
        last = db.execute(
            "SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1"
        ).fetchone()
        self.rows: int = last[0] if last else 0
        self.hash = bytes(last[1]) if last else chain_origin(db)

    def remember(self, command_id: str, expires_ms: int, body: bytes) -> bool:
        """Note a command; False when its id was seen before."""

        def work() -> bool:
            if self.trusted_ms is not None:
                self._db.execute(
                    "DELETE FROM commands WHERE finished = 1 AND expires_ms < ?",
                    (self.trusted_ms - COMMAND_KEPT_MS,),
                )
            insert = "INSERT OR IGNORE INTO commands VALUES (?, ?, 0, ?)"
            return self._db.execute(insert, (command_id, expires_ms, body)).rowcount == 1

        return self._transact(work)

    def finish(self, command_id: str) -> None:
        """The command has come to its end."""
        update = "UPDATE commands SET finished = 1, body = x'' WHERE id = ?"
        self._transact(lambda: self._db.execute(update, (command_id,)))

    def unfinished(self) -> tuple[bytes, ...]:
        """Bodies of commands without an end."""
        query = "SELECT body FROM commands WHERE finished = 0 ORDER BY expires_ms, id"
        return tuple(body for (body,) in self._db.execute(query))

    def count_write(self, device: str, point: str, day: str) -> None:
        """One more write to the machine."""
        stale = self.counts.stale_days(day)

        def work() -> None:
            self._db.executemany("DELETE FROM writes WHERE day = ?", ((old,) for old in stale))
            self._db.executemany(
                "INSERT INTO writes VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1",
                ((device, point, day), (device, point, FOR_LIFE)),
            )

        self._transact(work)
        self.counts.add(device, point, day)

    def newest(self, last: int) -> tuple[tuple[int, str, str, bytes], ...]:
        """The `last` newest rows of the journal, newest first: number, instant, kind, detail."""
        query = "SELECT number, at, kind, detail FROM journal ORDER BY number DESC LIMIT ?"
        return tuple(self._db.execute(query, (last,)).fetchall())

    def add_journal(self, at: str, kind: str, detail: bytes) -> None:
        """One more row, and the head that shows when it is cut off."""
        number, link = self.rows + 1, chain(self.hash, at, kind, detail)

        def work() -> None:
            insert = "INSERT INTO journal VALUES (?, ?, ?, ?, ?)"
            self._db.execute(insert, (number, at, kind, detail, link))
            self._db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (number, link))

        self._transact(work)
        self.rows, self.hash = number, link

    def save(self, key: str, value: bytes) -> None:
        """Keep a value; no write when it is there already."""
        if self.load(key) == value:
            return
        upsert = "INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        self._transact(lambda: self._db.execute(upsert, (key, value)))

    def load(self, key: str) -> bytes | None:
        """The value last saved under the key."""
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])
