"""Records that wait for their commit, kept where a killed process leaves them: in a memory file.

A commit every few seconds spares the flash but would lose those seconds when the program is killed.
A file in the system's memory file system survives that, costs no flash, and is gone after a power
cut, when the spool's own promise holds. Without such a file system there is no tail.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from agent.records import Lane
from agent.spool.memory import LANE_NUMBERS, LANES, LAST_SEQ, Fresh, Pending

MEMORY = Path("/dev/shm")
REWRITE_FROM_BYTES = 256 * 1024
_HEAD = struct.Struct(">IIBQqd?")  # length, checksum, lane, seq, at_ms, mono, trusted
_NEXT, _GONE = 0x40, 0x80
"""Added to the lane's number: the lane goes on at seq; the platform has seq up to the body's."""
_LAST = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Left:
    """What a killed run of this boot left: where its lanes go on, and what waited for a commit.

    `epoch` is that of the file it wrote to; numbers mean something under it only.
    """

    epoch: str
    next_seq: Mapping[Lane, int]
    records: tuple[Fresh, ...]


class Tail:
    """One memory file of one spool. Failing to write it is no fault: it is only the second line.

    `left_behind` is None when no run of this boot and epoch left anything: then numbers may have
    been given of which nobody here knows. `stranded` is what the platform does not have of the
    newest records of a file that is no more; without its notices, which speak of its numbers.
    """

    def __init__(self, spool_path: str, epoch: str, boot: str, folder: Path = MEMORY) -> None:
        self._path, self._head = place(spool_path, folder), f"{epoch} {boot}\n".encode()
        self._size = 0
        self._rewrite_at = REWRITE_FROM_BYTES
        self._missed = 0  # records since it could not be written
        self._fd: int | None = None
        left = left_by(spool_path, boot, folder)
        ours = left is not None and left.epoch == epoch
        self.left_behind = left if ours else None
        self.stranded = () if left is None or ours else tuple(filter(_told_anew, left.records))
        if folder.is_dir():
            self._create()

    def keep(self, pending: Pending, record: Fresh) -> None:
        """Keep one more record; now and then the file is written anew with what still waits."""
        if self._missed:
            self._missed += 1
            if self._missed.bit_count() == 1:  # after 2, 4, 8 ... records: all of them each time
                self.rewrite(pending)
        elif self._size > self._rewrite_at:
            self.rewrite(pending)
        else:
            self._write(_packed(record))

    def forget(self, lane: Lane, first: int, last: int) -> None:
        """The platform has these numbers."""
        first, last = max(first, 0), min(max(last, 0), LAST_SEQ)
        if first <= last and not self._missed:
            number = LANE_NUMBERS[lane] | _GONE
            self._write(_entry(_LAST.pack(last), number, first, 0, 0.0, False))

    def rewrite(self, pending: Pending) -> None:
        """Begin again with what is pending now."""
        if self._fd is None:
            return
        self._empty()
        marks = (
            _entry(b"", LANE_NUMBERS[lane] | _NEXT, seq, 0, 0.0, False)
            for lane, seq in pending.next_seq.items()
        )
        if self._write(self._head + b"".join((*marks, *map(_packed, pending.held())))):
            self._missed, self._rewrite_at = 0, 2 * self._size + REWRITE_FROM_BYTES

    def _write(self, text: bytes) -> bool:
        """Whether it stands there, whole. Else all goes: a file that lacks numbers would have them
        given twice, without one the next start leaves some out, as after a power cut.
        """
        if self._fd is None:
            return False
        written = 0
        with suppress(OSError):
            written = os.write(self._fd, text)
        if written == len(text):
            self._size += written
            return True
        self._empty()
        self._missed = max(self._missed, 1)
        return False

    def _empty(self) -> None:
        assert self._fd is not None
        self._size = 0
        with suppress(OSError):
            os.ftruncate(self._fd, 0)

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


def left_by(spool_path: str, boot: str, folder: Path = MEMORY) -> Left | None:
    """What an earlier run of this boot left, up to the first damaged record."""
    path = place(spool_path, folder)
    try:
        if path.is_symlink() or path.stat().st_uid != os.getuid():
            return None
        head, _, data = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    epoch, _, of_boot = head.decode("ascii", "replace").partition(" ")
    return _unpacked(epoch, data) if of_boot == boot else None


def place(spool_path: str, folder: Path = MEMORY) -> Path:
    """Where the memory file of a spool lies."""
    name = sha256(os.path.abspath(spool_path).encode()).hexdigest()[:16]
    return folder / f"heatpump-agent-{os.getuid()}-{name}"


def _told_anew(one: Fresh) -> bool:
    return one.lane is not Lane.NOTICE


def _packed(one: Fresh) -> bytes:
    return _entry(one.body, LANE_NUMBERS[one.lane], one.seq, one.at_ms, one.mono, one.trusted)


def _entry(body: bytes, number: int, seq: int, at_ms: int, mono: float, trusted: bool) -> bytes:
    return _HEAD.pack(len(body), crc32(body), number, seq, at_ms, mono, trusted) + body


def _unpacked(epoch: str, data: bytes) -> Left:
    found: dict[tuple[Lane, int], Fresh] = {}
    next_seq: dict[Lane, int] = {}
    at = 0
    while at + _HEAD.size <= len(data):
        length, checksum, number, seq, at_ms, mono, trusted = _HEAD.unpack_from(data, at)
        body = data[at + _HEAD.size : at + _HEAD.size + length]
        lane: Lane | None = LANES.get(number & ~(_NEXT | _GONE))
        if lane is None or len(body) < length or crc32(body) != checksum:
            break
        if number & _NEXT:
            next_seq[lane] = seq
        elif number & _GONE:
            (last,) = _LAST.unpack(body)
            found = {key: one for key, one in found.items() if not _within(key, lane, seq, last)}
        else:
            found[lane, seq] = Fresh(lane, seq, at_ms, mono, trusted, body)
            next_seq[lane] = max(next_seq.get(lane, 0), seq + 1)
        at += _HEAD.size + length
    return Left(epoch, next_seq, tuple(found.values()))


def _within(key: tuple[Lane, int], lane: Lane, first: int, last: int) -> bool:
    return key[0] is lane and first <= key[1] <= last
