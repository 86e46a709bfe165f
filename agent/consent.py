"""Whether the household lets its readings leave the house, and since when: one file of lines.

Each line is one decision, never changed afterwards; the last one holds. It lies beside the durable
buffer, so that a running gateway and the command line see the same.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from agent.errors import FileError, Mistake
from agent.owner import as_the_folder

NAME = "consent.jsonl"


@dataclass(frozen=True, slots=True)
class Decision:
    """Given or withdrawn, when (UTC), and by whom in a role: `resident`, `installer`."""

    given: bool
    at: datetime
    by: str


def place(spool_path: str) -> Path:
    """Where the decisions of a gateway with this buffer lie."""
    return Path(spool_path).with_name(NAME)


def decisions(path: Path) -> tuple[Decision, ...]:
    """All decisions, oldest first; none where nobody has decided. Raises FileError."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError([Mistake(str(path), 1, "", f"cannot be read: {error}")]) from None
    found = list[Decision]()
    for number, line in enumerate(lines, 1):
        try:
            found.append(msgspec.json.decode(line, type=Decision))
        except (msgspec.DecodeError, RecursionError) as error:
            raise FileError([Mistake(str(path), number, "", f"no decision: {error}")]) from None
    return tuple(found)


def decide(path: Path, given: bool, by: str) -> Decision:
    """Write one decision down, durably. Raises FileError when it does not hold."""
    made = Decision(given, datetime.now(UTC).replace(microsecond=0), by)
    line = json.dumps({"given": given, "at": made.at.isoformat(), "by": by}) + "\n"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            as_the_folder(path)
            os.ftruncate(handle, _whole(path))
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise FileError([Mistake(str(path), 1, "", f"cannot be written: {error}")]) from None
    decisions(path)  # a decision after a line that nobody can read would not hold
    return made


def _whole(path: Path) -> int:
    """The bytes up to the end of the last whole line: a power cut may have torn the next one."""
    return path.read_bytes().rfind(b"\n") + 1


class Consent:
    """What the household has decided, looked up again when the file changes.

    `otherwise` holds where nobody has decided. A file that cannot be read counts as withdrawn.
    """

    def __init__(self, path: Path, otherwise: bool) -> None:
        self._path, self._otherwise = path, otherwise
        self._seen: tuple[int, int] | None = None
        self.given = self._now(self._print())

    def changed(self) -> bool:
        """Look once more; whether it is another answer than before."""
        seen, before = self._print(), self.given
        if seen != self._seen:
            self.given = self._now(seen)
        return self.given != before

    def _now(self, seen: tuple[int, int] | None) -> bool:
        self._seen = seen
        try:
            found = decisions(self._path)
        except FileError:
            return False
        return found[-1].given if found else self._otherwise

    def _print(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
