"""A damaged file is replaced by a new one with all that can still be read of it.

Until the new one is whole and on disk the damaged one keeps its name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from agent.spool.carry import carry_ledger, carry_records
from agent.spool.paths import HALF_MADE, aside, half_made, last_aside, sync_directory
from agent.spool.prepared import prepare
from agent.spool.sqlite import Connection, DiskError, busy, connect, no_disk, teach


def replace_damaged(path: str) -> str:
    """Put a new file with all that can still be read in the place of a damaged one; where that lies
    now. Until the new one is whole and on disk the damaged one keeps its name: whatever ends this
    early, the next start finds it and tries again.
    """
    new = path + HALF_MADE
    with broken(path) as old:
        try:
            discard(path)
            with closing(connect(new)) as db:
                prepare(db, new)
                # A WAL would need the room of all records once more until it is carried in.
                db.execute("PRAGMA journal_mode = DELETE")
                _carry_over(old, db)
                db.execute("PRAGMA journal_mode = WAL")
            sync_directory(path)
        except BaseException:
            discard(path)
            raise
    put = aside(path, last_aside(path) + 1)
    os.replace(path, put)
    _put_in_place(path, put)
    return put


def finished(path: str) -> str | None:
    """Do what a cut between the last steps of `replace_damaged` left undone; a note about it."""
    new, *beside = half_made(path)
    if Path(path).exists() or not new.exists():
        return None
    if any(file.exists() for file in beside):  # not whole: a person took the damaged file away
        for file in (new, *beside):
            file.unlink(missing_ok=True)
        return None
    put = aside(path, max(1, last_aside(path)))
    _put_in_place(path, put)
    return f"the spool {path} was damaged; it lies now at {put} and a new one was begun"


def _put_in_place(path: str, put: str) -> None:
    """The last steps, when the damaged file has given up its name and the new one is whole."""
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(path + suffix, put + suffix)
    sync_directory(path)  # SQLite would write the old WAL into the new file
    os.replace(path + HALF_MADE, path)
    sync_directory(path)


def discard(path: str) -> None:
    """Delete what was begun, unless it is whole: then the damaged file has left its name to it."""
    if Path(path).exists():
        for file in half_made(path):
            with suppress(OSError):
                file.unlink()


@contextmanager
def broken(path: str) -> Iterator[Connection]:
    """A file that may be damaged, for reading all that can still be read of it."""
    with closing(connect(path)) as old:
        # The index of the WAL lies in memory then: a full disk has no room for its file, and
        # what cannot be read for that would pass for damaged.
        old.execute("PRAGMA locking_mode = EXCLUSIVE")
        teach(old)
        old.execute("PRAGMA writable_schema = ON")  # lets SQLite read a file that was cut short
        try:
            old.execute("SELECT 1 FROM sqlite_master").fetchone()  # takes the lock
        except DiskError as error:
            if no_disk(error) or busy(error):
                raise
        yield old


def _carry_over(old: Connection, db: Connection) -> None:
    """Take over what can still be read; where the epoch can be, numbers keep their meaning."""
    db.execute("BEGIN IMMEDIATE")
    carry_ledger(old, db)
    carry_records(old, db)
    db.execute("COMMIT")
