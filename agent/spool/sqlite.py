"""The only door to SQLite: connections, and what its refusals mean."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agent.errors import SpoolError
from agent.spool.chunks import pack_one

Connection = sqlite3.Connection
DiskError = sqlite3.Error
DatabaseError = sqlite3.DatabaseError  # the file's, not of a wrong use of the library

_PLAIN = {
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_IOERR: "the disk does not read or write; it may be full or failing",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened or created; check the rights in its directory",
    sqlite3.SQLITE_READONLY: "it may not be written; check its rights and the mount",
    sqlite3.SQLITE_PERM: "it may not be opened; check its rights",
    sqlite3.SQLITE_BUSY: "another program is using it; stop that first",
    sqlite3.SQLITE_CORRUPT: "it is damaged; a restart moves it aside and begins a new one",
    sqlite3.SQLITE_NOTADB: "it is damaged; a restart moves it aside and begins a new one",
}

# What the content of a file can cause; everything else is the disk's or another program's doing.
_NO_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
# By these a table refuses a row that does not fit it; by all others the disk refuses.
_REFUSED = (
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_TOOBIG,
)


def connect(path: str | Path) -> Connection:
    """A file, created where there is none; another program may hold it for a second."""
    return sqlite3.connect(path, timeout=1.0, isolation_level=None)


def in_memory() -> Connection:
    """A database that is gone with the program."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def as_it_lies(path: str) -> Connection:
    """A file that nobody changes, for reading only: without its WAL and without any lock."""
    return sqlite3.connect(f"{Path(path).absolute().as_uri()}?immutable=1", uri=True)


def teach(db: Connection) -> None:
    """The functions that the SQL of this room uses."""
    db.create_function("crc32", 1, zlib.crc32, deterministic=True)
    db.create_function("pack", 5, pack_one, deterministic=True)


@contextmanager
def plain_errors(path: str) -> Iterator[None]:
    """Inside, whatever SQLite raises becomes a SpoolError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        plain = _PLAIN.get(_code(error), "SQLite refuses")
        raise SpoolError(f"spool {path}: {plain} ({error})") from error


def damaged(why: str) -> Exception:
    """The exception by which `use` says that the content of the file cannot be right."""
    return sqlite3.DatabaseError(why)


def no_disk(error: Exception) -> bool:
    """Whether the disk does not take what is written, or give what is read."""
    return isinstance(error, DiskError) and _code(error) in _NO_DISK


def by_content(error: DiskError) -> bool:
    """Whether the content of the file may be why."""
    return _code(error) in _DAMAGED


def busy(error: Exception) -> bool:
    """Whether another program holds the file."""
    return isinstance(error, DiskError) and _code(error) == sqlite3.SQLITE_BUSY


def misfit(error: DiskError) -> bool:
    """Whether a row does not fit its table, as a damaged one may not: no fault of the disk."""
    return _code(error, sqlite3.SQLITE_ERROR) in _REFUSED


def held(path: str) -> None:
    """Raises sqlite3.OperationalError when a program holds the file; a damaged one nobody holds."""
    with closing(connect(path)) as db:
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return
        db.execute("ROLLBACK")


def _code(error: DiskError, otherwise: int = sqlite3.SQLITE_CORRUPT) -> int:
    """SQLite's primary result code; where there is none, as for text that is not UTF-8, this."""
    return int(getattr(error, "sqlite_errorcode", otherwise)) & 0xFF
