"""The spool's file: opened, checked, brought to this version, mended. The only door to SQLite.

In WAL mode only `synchronous=FULL` keeps every confirmed commit through a power cut
(https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from agent.errors import SpoolError
from agent.spool.memory import LANE_NUMBERS, LAST_SEQ, SEQ_BITS, chain, chain_start

SCHEMA = 1
LAST_VERSION = 9999  # what the four digits of the schema files can name
SHRINK_FROM_PAGES = 16_384

Connection = sqlite3.Connection
DiskError = sqlite3.Error

_T = TypeVar("_T")

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
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; CORRUPT where there is none, as for text that is not UTF-8."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF


@contextmanager
def plain_errors(path: str) -> Iterator[None]:
    """Inside, whatever SQLite raises becomes a SpoolError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        plain = _PLAIN.get(_code(error), "SQLite refuses")
        raise SpoolError(f"spool {path}: {plain} ({error})") from error


def open_file(path: str, use: Callable[[Connection], _T]) -> tuple[_T, str | None]:
    """What `use` makes of the opened file, and a note when a damaged one had to be replaced.

    SpoolError when the file can be neither opened nor created.
    """
    with plain_errors(path):
        try:
            empty = size_of(path) == 0
            used = _open(path, use, None)
            return used, f"the spool {path} was empty; a new one was begun" if empty else None
        except sqlite3.DatabaseError as error:
            if _code(error) not in _DAMAGED:
                raise
            why = str(error)
        aside = _move_aside(path)
        note = (
            f"the spool {path} was damaged ({why}); it lies now at {aside} and a new one was begun"
        )
        return _open(path, use, aside), note


def damaged(why: str) -> Exception:
    """The exception by which `use` says that the content of the file cannot be right."""
    return sqlite3.DatabaseError(why)


def verify_journal(path: str) -> tuple[int, int | None]:
    """Rows in the audit journal of a spool no program has open, and the first broken one or None.

    A changed, inserted or missing row breaks the chain; rows cut off the end do not show.
    """
    uri = f"{Path(path).absolute().as_uri()}?mode=ro"
    with plain_errors(path), closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as db:
        (epoch,) = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone() or ("",)
        link = chain_start(epoch)
        count, broken = 0, None
        for number, at, kind, detail, hash_ in db.execute("SELECT * FROM journal ORDER BY number"):
            count += 1
            link = chain(link, at, kind, detail)
            if broken is None and (number != count or hash_ != link):
                broken = number
        return count, broken


def _open(path: str, use: Callable[[Connection], _T], broken: str | None) -> _T:
    if not Path(path).absolute().parent.is_dir():
        raise SpoolError(f"spool {path}: its directory does not exist; create it")
    db = sqlite3.connect(path, timeout=1.0, isolation_level=None)
    try:
        _prepare(db, path)
        if broken:
            _carry_over(db, broken)
        return use(db)
    except BaseException:
        db.close()
        raise


def _prepare(db: Connection, path: str) -> None:
    # Small pages: a commit of ten 200-byte records touches about five of them, and with 1 KiB that
    # wrote 1.4 KB a record to an ext4 card image, with 4 KiB 1.7 KB (2.1 and 3.5 at 700 bytes).
    # The WAL stays at SQLite's 1000 pages: overwriting in place spares the file system's journal.
    # Exclusive locking keeps the WAL's index in memory instead of in a file that wears the card,
    # and a second program off the file.
    for pragma in (
        "page_size = 1024",
        "locking_mode = EXCLUSIVE",
        "cache_size = -512",
        "temp_store = MEMORY",
    ):
        db.execute(f"PRAGMA {pragma}")
    db.create_function("crc32", 1, zlib.crc32, deterministic=True)
    version = _version(db, path)
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise damaged(str(verdict))
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    if version < SCHEMA:
        _migrate(db, version)
        _sync_directory(path)
    if db.execute("SELECT 1 FROM records WHERE crc32(body) <> crc LIMIT 1").fetchone():
        raise damaged("a record is not as it was written")
    _shrink(db)


def _version(db: Connection, path: str) -> int:
    """The schema version of the file, 0 for a new one; SpoolError when it is not ours to touch."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if not 0 <= version <= LAST_VERSION or (version == 0 and "records" in tables):
        raise damaged(f"schema version {version}")
    if version > SCHEMA:
        raise SpoolError(
            f"spool {path}: a newer version of this program wrote it (schema {version}, this one"
            f" knows {SCHEMA}); install that version again, or move the file away"
        )
    if version == 0 and tables:
        raise SpoolError(f"spool {path}: this is a database of another program; name another file")
    return int(version)


def _migrate(db: Connection, version: int) -> None:
    for step in range(version + 1, SCHEMA + 1):
        script = (files("agent.spool") / "schema" / f"{step:04d}.sql").read_text("utf-8")
        db.executescript(f"BEGIN IMMEDIATE;\n{script}")
        if step == 1:
            db.execute("INSERT INTO meta VALUES ('epoch', ?)", (os.urandom(8).hex(),))
        db.execute("COMMIT")


def _shrink(db: Connection) -> None:
    """Give room back after a long outage, when nearly nothing is left in a big file."""
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    if free > SHRINK_FROM_PAGES and free * 4 > pages * 3:
        with suppress(sqlite3.Error):  # only a convenience: a full disk may refuse it
            db.execute("VACUUM")


def _move_aside(path: str) -> str:
    number = 1
    while Path(f"{path}.corrupt-{number}").exists():
        number += 1
    aside = f"{path}.corrupt-{number}"
    for suffix in ("-wal", ""):
        with suppress(FileNotFoundError):
            os.replace(path + suffix, aside + suffix)
    _sync_directory(path)
    return aside


def _carry_over(db: Connection, broken: str) -> None:
    """Take what can still be read: write counters, command ids, and the records, numbered anew.

    The platform may get some records a second time, under the new epoch: better than none.
    """
    db.execute("BEGIN IMMEDIATE")
    with closing(sqlite3.connect(broken, isolation_level=None)) as old:
        old.create_function("crc32", 1, zlib.crc32, deterministic=True)
        old.execute("PRAGMA writable_schema = ON")  # lets SQLite read a file that was cut short
        for table, columns in (("writes", 4), ("commands", 4), ("boots", 2)):
            into = f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"
            with suppress(sqlite3.Error):  # a table ends where it is damaged
                for row in old.execute(f"SELECT * FROM {table}"):
                    db.execute(into, row)
        for lane in LANE_NUMBERS.values():
            _carry_lane(old, db, lane)
    db.execute("DELETE FROM records WHERE boot NOT IN (SELECT number FROM boots)")
    db.execute("COMMIT")


def _carry_lane(old: Connection, new: Connection, lane: int) -> None:
    """Copy a lane; past a damaged place the search goes on with growing steps."""
    low, end, step = lane << SEQ_BITS, lane << SEQ_BITS | LAST_SEQ, 1
    (seq,) = new.execute("SELECT next_seq FROM lanes WHERE number = ?", (lane,)).fetchone()
    while low <= end:
        query = "SELECT * FROM records WHERE key BETWEEN ? AND ? AND crc32(body) = crc ORDER BY key"
        try:
            for key, *rest in old.execute(query, (low, end)):
                values = (lane << SEQ_BITS | seq, *rest)
                new.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", values)
                low, step, seq = key + 1, 1, seq + 1
            break
        except sqlite3.Error:
            low, step = low + step, step * 2
    new.execute("UPDATE lanes SET next_seq = ? WHERE number = ?", (seq, lane))


def _sync_directory(path: str) -> None:
    """A new name survives a power cut once its directory is on disk."""
    handle = os.open(Path(path).absolute().parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def size_of(path: str) -> int | None:
    """Bytes of a file; None when there is none."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return None
