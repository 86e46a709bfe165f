"""An opened file brought to this version, checked, and set to last through a power cut.

In WAL mode only `synchronous=FULL` keeps every confirmed commit through a power cut
(https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.resources import files

from agent.errors import SpoolError
from agent.spool.paths import sync_directory
from agent.spool.sqlite import Connection, DiskError, damaged, teach

SCHEMA = 2
LAST_VERSION = 9999  # what the four digits of the schema files can name
SHRINK_FROM_PAGES = 16_384


def prepare(db: Connection, path: str) -> None:
    """Ready for use; DiskError when its content cannot be right, SpoolError when it is not ours."""
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
    teach(db)
    version = version_of(db, path)
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


def version_of(db: Connection, path: str) -> int:
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
        with suppress(DiskError):  # only a convenience: a full disk may refuse it
            db.execute("VACUUM")


def used_bytes(db: Connection) -> int:
    """Bytes of the file that hold something; the others will be used again."""
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)
