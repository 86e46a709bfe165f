"""The spool's file: opened, checked, brought to this version, mended. The only door to SQLite.

In WAL mode only `synchronous=FULL` keeps every confirmed commit through a power cut
(https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from agent.errors import SpoolError
from agent.spool.carry import carry_ledger, carry_records
from agent.spool.chunks import pack_one
from agent.spool.memory import FOR_LIFE, chain, chain_start
from agent.spool.tail import MEMORY

SCHEMA = 2
LAST_VERSION = 9999  # what the four digits of the schema files can name
SHRINK_FROM_PAGES = 16_384
COPY_TRIES = 5
HALF_MADE = ".new"
"""Added to the name of the file that takes a damaged one's place, until it is whole."""

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
_NO_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
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


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened file, or a database in memory; and what there is to say about that."""

    db: Connection
    note: str | None = None
    volatile: bool = False


def open_file(path: str, use: Callable[[Opened], _T]) -> _T:
    """What `use` makes of the opened file. What can be read of a damaged one is carried over to a
    new one, and it is moved aside; where the disk cannot be written, a database in memory takes
    its place, and a damaged file stays where it is until a start that can replace it.

    SpoolError when the file can be neither opened nor created for a reason a person must remove.
    """
    with plain_errors(path):
        try:
            note = _finished(path) or (
                f"the spool {path} was empty; a new one was begun" if size_of(path) == 0 else None
            )
        except OSError as error:
            return _in_memory(path, use, str(error))
        try:
            return _open(path, use, note)
        except sqlite3.DatabaseError as error:
            if _code(error) in _NO_DISK or _read_only(path):
                return _in_memory(path, use, str(error))
            if _code(error) not in _DAMAGED:
                raise
            why = str(error)
        try:
            aside = _replace(path)
            note = (
                f"the spool {path} was damaged ({why}); it lies now at {aside} and a new one was"
                " begun"
            )
            return _open(path, use, note)
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.Error) and _code(error) == sqlite3.SQLITE_BUSY:
                raise
            return _in_memory(path, use, f"it was damaged: {why}; replacing it failed: {error}")


def _read_only(path: str) -> bool:
    try:
        return bool(os.statvfs(Path(path).absolute().parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _in_memory(path: str, use: Callable[[Opened], _T], why: str) -> _T:
    """Polling and control must go on without a disk; what it still says of the past is read."""
    _discard(path)
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _prepare(db, path)
    # The name is free only between the last two steps of replacing a damaged file.
    last = path if Path(path).exists() else path + HALF_MADE
    try:
        _read_copy(last, db)
    except (sqlite3.Error, OSError):
        # Without room for a copy the newest commits go unread: SQLite ignores the WAL here.
        uri = f"{Path(last).absolute().as_uri()}?immutable=1"
        with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as old:
            carry_ledger(old, db)
    note = f"the spool {path} cannot be written ({why}): records are in memory only"
    return use(Opened(db, note, volatile=True))


def _read_copy(path: str, db: Connection) -> None:
    """Read the ledger with what an unclean end left in the WAL, which a disk that cannot be written
    keeps SQLite from opening where it lies. The memory file system has room when no disk has.
    """
    memory = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        copy = _copied(path, Path(folder))
        if not copy.exists():
            return
        for file in Path(folder).iterdir():
            file.chmod(0o600)  # SQLite cannot lock a copy that is as read-only as the file
        with _broken(str(copy)) as old:
            carry_ledger(old, db)


def damaged(why: str) -> Exception:
    """The exception by which `use` says that the content of the file cannot be right."""
    return sqlite3.DatabaseError(why)


@dataclass(frozen=True, slots=True)
class Journal:
    """What a check of the audit journal found: how many rows, and the first that does not fit.

    `hash` is that of the last row; `why` is None when every row is as it was written.
    """

    rows: int
    broken: int | None
    why: str | None
    hash: str


def verify_journal(path: str, head: tuple[int, str] | None = None) -> Journal:
    """Check the audit journal of a spool no program has open; SpoolError when it cannot be read.

    A changed, inserted, moved or missing row breaks the chain; rows cut off the end do not fit the
    head in the file, nor `head`, the row and hash that the platform was told.
    """
    with reading(path) as db:
        link, count, links = chain_origin(db), 0, dict[int, str]()
        for number, at, kind, detail, hash_ in db.execute("SELECT * FROM journal ORDER BY number"):
            count += 1
            link = chain(link, at, kind, detail)
            if number != count:
                return Journal(count, number, f"row {count} is missing", link.hex())
            if hash_ != link:
                return Journal(count, number, f"row {number} is not as it was written", link.hex())
            if head and number == head[0]:
                links[number] = link.hex()
        known = db.execute("SELECT number, hash FROM head").fetchone()
    kept = [(int(known[0]), bytes(known[1]).hex())] if known else []
    links[count] = link.hex()
    for number, hash_ in [*kept, *([head] if head else [])]:
        if number > count:
            return Journal(
                count, count + 1, f"rows {count + 1} to {number} are cut off", link.hex()
            )
        if links.get(number) != hash_:
            return Journal(count, number, f"row {number} has another hash than told", link.hex())
    return Journal(count, None, None, link.hex())


def journal_rows(path: str, last: int) -> tuple[tuple[int, str, str, bytes], ...]:
    """The `last` newest rows of the journal, oldest first: number, instant, kind, detail (JSON)."""
    query = "SELECT number, at, kind, detail FROM journal ORDER BY number DESC LIMIT ?"
    with reading(path) as db:
        return tuple(reversed(db.execute(query, (last,)).fetchall()))


def write_counts(path: str) -> tuple[tuple[str, str, str, int], ...]:
    """Device, point, day and number of writes in a spool; the day of those for life is empty."""
    query = "SELECT device, point, day, n FROM writes ORDER BY device, point, day"
    with reading(path) as db:
        return tuple(
            (device, point, "" if day == FOR_LIFE else day, n)
            for device, point, day, n in db.execute(query)
        )


def saved_state(path: str, key: str) -> bytes | None:
    """The value last saved under a key, also while a program has the file; None for none."""
    with reading(path) as db:
        row = db.execute("SELECT value FROM state WHERE name = ?", (key,)).fetchone()
    return None if row is None else bytes(row[0])


@contextmanager
def reading(path: str) -> Iterator[Connection]:
    """The file of this version, for reading only; a copy of it while a program holds it."""
    if not Path(path).is_file():
        raise SpoolError(f"spool {path}: there is no such file; name the configuration or a file")
    with tempfile.TemporaryDirectory() as folder, plain_errors(path):
        copy = _copied(path, Path(folder))
        with closing(sqlite3.connect(copy)) as db:
            if _version(db, path) < SCHEMA:
                raise SpoolError(f"spool {path}: an older version wrote it; run this version once")
            yield db


def _copied(path: str, folder: Path) -> Path:
    """A copy that is whole: the file itself changes only when the WAL is carried into it."""
    for _ in range(COPY_TRIES):
        before = _shape(path)
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(path + suffix, folder / f"copy{suffix}")
        if _shape(path) == before:
            break
        (folder / "copy-wal").unlink(missing_ok=True)
    return folder / "copy"


def _shape(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


def chain_origin(db: Connection) -> bytes:
    """What the hash of the journal's first row is built on."""
    (origin,) = db.execute("SELECT value FROM meta WHERE name = 'chain'").fetchone() or ("",)
    return chain_start(origin)


def used_bytes(db: Connection) -> int:
    """Bytes of the file that hold something; the others will be used again."""
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def _open(path: str, use: Callable[[Opened], _T], note: str | None) -> _T:
    if not Path(path).absolute().parent.is_dir():
        raise SpoolError(f"spool {path}: its directory does not exist; create it")
    db = sqlite3.connect(path, timeout=1.0, isolation_level=None)
    try:
        _prepare(db, path)
        _discard(path)  # not before the file is ours: another program may be replacing it
        return use(Opened(db, note))
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
    _teach(db)
    version = _version(db, path)
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise damaged(str(verdict))
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    rows = "chunks" if version == SCHEMA else "records" if version else None
    if rows and db.execute(f"SELECT 1 FROM {rows} WHERE crc32(body) <> crc LIMIT 1").fetchone():
        raise damaged("a record is not as it was written")
    if version < SCHEMA:
        _migrate(db, version)
        with suppress(OSError):
            sync_directory(path)
    _shrink(db)


def _version(db: Connection, path: str) -> int:
    """The schema version of the file, 0 for a new one; SpoolError when it is not ours to touch."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if not 0 <= version <= LAST_VERSION or (version == 0 and {"records", "chunks"} & tables):
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


def _replace(path: str) -> str:
    """Put a new file with all that can still be read in the place of a damaged one; where that lies
    now. Until the new one is whole and on disk the damaged one keeps its name: whatever ends this
    early, the next start finds it and tries again.
    """
    new = path + HALF_MADE
    with _broken(path) as old:
        try:
            _discard(path)
            with closing(sqlite3.connect(new, timeout=1.0, isolation_level=None)) as db:
                _prepare(db, new)
                # A WAL would need the room of all records once more until it is carried in.
                db.execute("PRAGMA journal_mode = DELETE")
                _carry_over(old, db)
                db.execute("PRAGMA journal_mode = WAL")
            sync_directory(path)
        except BaseException:
            _discard(path)
            raise
    aside = _aside(path, _last_aside(path) + 1)
    os.replace(path, aside)
    _put_in_place(path, aside)
    return aside


def _finished(path: str) -> str | None:
    """Do what a cut between the last steps of `_replace` left undone; a note about it."""
    new, *beside = half_made(path)
    if Path(path).exists() or not new.exists():
        return None
    if any(file.exists() for file in beside):  # not whole: a person took the damaged file away
        for file in (new, *beside):
            file.unlink(missing_ok=True)
        return None
    aside = _aside(path, max(1, _last_aside(path)))
    _put_in_place(path, aside)
    return f"the spool {path} was damaged; it lies now at {aside} and a new one was begun"


def _put_in_place(path: str, aside: str) -> None:
    """The last steps, when the damaged file has given up its name and the new one is whole."""
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(path + suffix, aside + suffix)
    sync_directory(path)  # SQLite would write the old WAL into the new file
    os.replace(path + HALF_MADE, path)
    sync_directory(path)


def _last_aside(path: str) -> int:
    number = 0
    while Path(_aside(path, number + 1)).exists():
        number += 1
    return number


def _aside(path: str, number: int) -> str:
    return f"{path}.corrupt-{number}"


def half_made(path: str) -> tuple[Path, ...]:
    """All files of a replacement that was begun; few of them exist at any time."""
    return tuple(Path(path + HALF_MADE + suffix) for suffix in ("", "-journal", "-wal", "-shm"))


def _discard(path: str) -> None:
    """Delete what was begun, unless it is whole: then the damaged file has left its name to it."""
    if Path(path).exists():
        for file in half_made(path):
            with suppress(OSError):
                file.unlink()


@contextmanager
def _broken(path: str) -> Iterator[Connection]:
    """A file that may be damaged, for reading all that can still be read of it."""
    with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as old:
        # The index of the WAL lies in memory then: a full disk has no room for its file, and
        # what cannot be read for that would pass for damaged.
        old.execute("PRAGMA locking_mode = EXCLUSIVE")
        _teach(old)
        old.execute("PRAGMA writable_schema = ON")  # lets SQLite read a file that was cut short
        try:
            old.execute("SELECT 1 FROM sqlite_master").fetchone()  # takes the lock
        except sqlite3.Error as error:
            if _code(error) in (*_NO_DISK, sqlite3.SQLITE_BUSY):
                raise
        yield old


def _carry_over(old: Connection, db: Connection) -> None:
    """Take over what can still be read; where the epoch can be, numbers keep their meaning."""
    db.execute("BEGIN IMMEDIATE")
    carry_ledger(old, db)
    carry_records(old, db)
    db.execute("COMMIT")


def _teach(db: Connection) -> None:
    """The functions that the SQL of this room uses."""
    db.create_function("crc32", 1, zlib.crc32, deterministic=True)
    db.create_function("pack", 5, pack_one, deterministic=True)


def held(path: str) -> None:
    """Raises sqlite3.OperationalError when a program holds the file; a damaged one nobody holds."""
    with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as db:
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return
        db.execute("ROLLBACK")


def sync_directory(path: str) -> None:
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
