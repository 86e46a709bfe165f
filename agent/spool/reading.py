"""A spool's file as other programs read it, also while a gateway holds it: a copy that is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.errors import SpoolError
from agent.files import is_there
from agent.spool.memory import FOR_LIFE, chain, chain_start
from agent.spool.prepared import SCHEMA, version_of
from agent.spool.sqlite import Connection, connect, plain_errors

COPY_TRIES = 5


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
    try:
        if not is_there(Path(path)):
            why = "there is no such file: the gateway has not run yet, or another is meant"
            raise SpoolError(f"spool {path}: {why}")
    except OSError as error:
        raise SpoolError(f"spool {path}: cannot be looked at: {error.strerror}") from None
    with tempfile.TemporaryDirectory() as folder, plain_errors(path):
        copy = copied(path, Path(folder))
        with closing(connect(copy)) as db:
            if version_of(db, path) < SCHEMA:
                raise SpoolError(f"spool {path}: an older version wrote it; run this version once")
            yield db


def copied(path: str, folder: Path) -> Path:
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
