"""The files of a buffer beside each other: their names, and that a new name lasts."""

from __future__ import annotations

import os
from pathlib import Path

HALF_MADE = ".new"
"""Added to the name of the file that takes a damaged one's place, until it is whole."""


def size_of(path: str) -> int | None:
    """Bytes of a file; None when there is none."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return None


def sync_directory(path: str) -> None:
    """A new name survives a power cut once its directory is on disk."""
    handle = os.open(Path(path).absolute().parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def half_made(path: str) -> tuple[Path, ...]:
    """All files of a replacement that was begun; few of them exist at any time."""
    return tuple(Path(path + HALF_MADE + suffix) for suffix in ("", "-journal", "-wal", "-shm"))


def aside(path: str, number: int) -> str:
    """Where the damaged file of this number lies."""
    return f"{path}.corrupt-{number}"


def last_aside(path: str) -> int:
    """The number of the newest damaged file; 0 for none."""
    number = 0
    while Path(aside(path, number + 1)).exists():
        number += 1
    return number
