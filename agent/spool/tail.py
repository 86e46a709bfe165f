"""Records that wait for their commit, kept where a killed process leaves them: in a memory file.

A commit every few seconds spares the flash but would lose those seconds when the program is killed.
A file in the system's memory file system survives that, costs no flash, and is gone after a power
cut, when the spool's own promise holds. Without such a file system there is no tail.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from agent.model import Lane
from agent.spool.memory import LANE_NUMBERS, Fresh

MEMORY = Path("/dev/shm")
REWRITE_FROM_BYTES = 256 * 1024
_HEAD = struct.Struct(">IIBQqd?")  # length, checksum, lane, seq, at_ms, mono, trusted
_LANES = {number: lane for lane, number in LANE_NUMBERS.items()}


class Tail:
    """One memory file of one spool. Failing to write it is no fault: it is only the second line."""

    def __init__(self, spool_path: str, epoch: str, boot: str, folder: Path = MEMORY) -> None:
        name = sha256(os.path.abspath(spool_path).encode()).hexdigest()[:16]
        self._path = folder / f"heatpump-agent-{os.getuid()}-{name}"
        self._head = f"{epoch} {boot}\n".encode()
        self._size = 0
        self._rewrite_at = REWRITE_FROM_BYTES
        self._fd: int | None = None
        self.left_behind = self._read() if folder.is_dir() else ()
        if folder.is_dir():
            self._create()

    def add(self, record: Fresh, waiting: Callable[[], Iterable[Fresh]]) -> None:
        """Keep one more record; now and then the file is written anew with what still waits."""
        if self._fd is None:
            return
        with suppress(OSError):
            if self._size > self._rewrite_at:
                self.rewrite(waiting())
            else:
                self._size += os.write(self._fd, _packed(record))

    def rewrite(self, waiting: Iterable[Fresh]) -> None:
        """Begin again with these records."""
        if self._fd is None:
            return
        with suppress(OSError):
            os.ftruncate(self._fd, 0)
            text = self._head + b"".join(_packed(record) for record in waiting)
            self._size = os.write(self._fd, text)
            self._rewrite_at = 2 * self._size + REWRITE_FROM_BYTES

    def close(self) -> None:
        """Everything is on disk: the file goes."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            with suppress(OSError):
                self._path.unlink()

    def _create(self) -> None:
        """Ours alone: readable by nobody else, and never through a link somebody laid."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with suppress(OSError):
            self._fd = os.open(self._path, flags, 0o600)
            if os.fstat(self._fd).st_uid != os.getuid():
                os.close(self._fd)
                self._fd = None

    def _read(self) -> tuple[Fresh, ...]:
        """What an earlier run of this boot left, up to the first damaged record."""
        try:
            if self._path.is_symlink() or self._path.stat().st_uid != os.getuid():
                return ()
            data = self._path.read_bytes()
        except OSError:
            return ()
        return _unpacked(data[len(self._head) :]) if data.startswith(self._head) else ()


def _packed(record: Fresh) -> bytes:
    number = LANE_NUMBERS[record.lane]
    fields = (number, record.seq, record.at_ms, record.mono, record.trusted)
    return _HEAD.pack(len(record.body), crc32(record.body), *fields) + record.body


def _unpacked(data: bytes) -> tuple[Fresh, ...]:
    found: list[Fresh] = []
    at = 0
    while at + _HEAD.size <= len(data):
        length, checksum, number, seq, at_ms, mono, trusted = _HEAD.unpack_from(data, at)
        body = data[at + _HEAD.size : at + _HEAD.size + length]
        lane: Lane | None = _LANES.get(number)
        if lane is None or len(body) < length or crc32(body) != checksum:
            break
        found.append(Fresh(lane, seq, at_ms, mono, trusted, body))
        at += _HEAD.size + length
    return tuple(found)
