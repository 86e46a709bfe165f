"""Whether a file is there, and why it cannot be used, in words for people.

`Path.is_file` does for neither: of a folder that may not be looked into, or a name that is too
long, some versions of Python raise OSError, and others take the file for absent.
"""

from __future__ import annotations

import stat
from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether this is a file. Raises OSError where nobody can tell."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last by a NUL in the name
        return False


def lack_of(folder: Path, name: str, kind: str = "file") -> str | None:
    """Why a file that somebody named cannot be used, in words; None where it is there."""
    try:
        return None if is_there(folder / name) else f"there is no {kind} {name}"
    except OSError as error:
        return f"{folder / name} cannot be looked at: {error.strerror}"


def in_words(error: OSError) -> str:
    """The file, where the system names one, and why it cannot be used."""
    why = error.strerror or str(error) or type(error).__name__
    return why if error.filename is None else f"{error.filename}: {why}"
