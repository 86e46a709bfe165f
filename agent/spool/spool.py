"""The spool's file: opened, mended, or a database in memory where there is no disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from agent.errors import SpoolError
from agent.spool.carry import carry_ledger
from agent.spool.paths import HALF_MADE, size_of
from agent.spool.prepared import prepare
from agent.spool.reading import copied
from agent.spool.replace import broken, discard, finished, replace_damaged
from agent.spool.sqlite import (
    Connection,
    DatabaseError,
    DiskError,
    as_it_lies,
    busy,
    by_content,
    connect,
    in_memory,
    no_disk,
    plain_errors,
)
from agent.spool.tail import MEMORY

_T = TypeVar("_T")


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
            note = finished(path) or (
                f"the spool {path} was empty; a new one was begun" if size_of(path) == 0 else None
            )
        except OSError as error:
            return _in_memory(path, use, str(error))
        try:
            return _open(path, use, note)
        except DatabaseError as error:
            if no_disk(error) or _read_only(path):
                return _in_memory(path, use, str(error))
            if not by_content(error):
                raise
            why = str(error)
        try:
            aside = replace_damaged(path)
            note = (
                f"the spool {path} was damaged ({why}); it lies now at {aside} and a new one was"
                " begun"
            )
            return _open(path, use, note)
        except (DiskError, OSError) as error:
            if busy(error):
                raise
            return _in_memory(path, use, f"it was damaged: {why}; replacing it failed: {error}")


def _open(path: str, use: Callable[[Opened], _T], note: str | None) -> _T:
    if not Path(path).absolute().parent.is_dir():
        raise SpoolError(f"spool {path}: its directory does not exist; create it")
    db = connect(path)
    try:
        prepare(db, path)
        discard(path)  # not before the file is ours: another program may be replacing it
        return use(Opened(db, note))
    except BaseException:
        db.close()
        raise


def _read_only(path: str) -> bool:
    try:
        return bool(os.statvfs(Path(path).absolute().parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _in_memory(path: str, use: Callable[[Opened], _T], why: str) -> _T:
    """Polling and control must go on without a disk; what it still says of the past is read."""
    discard(path)
    db = in_memory()
    prepare(db, path)
    # The name is free only between the last two steps of replacing a damaged file.
    last = path if Path(path).exists() else path + HALF_MADE
    try:
        _read_copy(last, db)
    except (DiskError, OSError):
        # Without room for a copy the newest commits go unread: SQLite ignores the WAL here.
        with suppress(DiskError), closing(as_it_lies(last)) as old:
            carry_ledger(old, db)
    note = f"the spool {path} cannot be written ({why}): records are in memory only"
    return use(Opened(db, note, volatile=True))


def _read_copy(path: str, db: Connection) -> None:
    """Read the ledger with what an unclean end left in the WAL, which a disk that cannot be written
    keeps SQLite from opening where it lies. The memory file system has room when no disk has.
    """
    memory = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        copy = copied(path, Path(folder))
        if not copy.exists():
            return
        for file in Path(folder).iterdir():
            file.chmod(0o600)  # SQLite cannot lock a copy that is as read-only as the file
        with broken(str(copy)) as old:
            carry_ledger(old, db)
