"""How full the buffer of a running gateway is, as another program can see it: file and tail."""

from __future__ import annotations

from dataclasses import dataclass

from agent.records import Lane
from agent.spool.memory import LANE_NUMBERS, SEQ_BITS, to_text
from agent.spool.paths import size_of
from agent.spool.reading import reading
from agent.spool.sqlite import Connection
from agent.spool.tail import Left, left_by

_COUNTED = f"SELECT sum(count), min(at_ms) FROM chunks WHERE key >> {SEQ_BITS} = ?"
_LANE = "SELECT next_seq, lost, thinned FROM lanes WHERE number = ?"


@dataclass(frozen=True, slots=True)
class LaneGlance:
    """What waits in one lane for the platform's word, and what became of readings without room.

    `oldest_at` is UTC in ISO 8601, None where nothing waits.
    """

    lane: Lane
    on_disk: int
    in_memory: int
    oldest_at: str | None
    lost: int
    thinned: int


@dataclass(frozen=True, slots=True)
class Glance:
    """The lanes, and the bytes of the file with its log."""

    lanes: tuple[LaneGlance, ...]
    file_bytes: int


def glance(path: str, boot: str) -> Glance:
    """Look at the buffer of this machine's boot; SpoolError when the file cannot be read.

    As of the last commit: what the platform acknowledged since then is still counted on disk.
    """
    sizes = (size_of(path), size_of(f"{path}-wal"))
    with reading(path) as db:
        (epoch,) = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone() or ("",)
        left = left_by(path, boot)
        ours = left if left is not None and left.epoch == epoch else None
        lanes = tuple(_lane(db, lane, ours) for lane in LANE_NUMBERS)
    return Glance(lanes, sum(size for size in sizes if size is not None))


def _lane(db: Connection, lane: Lane, left: Left | None) -> LaneGlance:
    number = LANE_NUMBERS[lane]
    following, lost, thinned = db.execute(_LANE, (number,)).fetchone()
    count, first_ms = db.execute(_COUNTED, (number,)).fetchone()
    records = left.records if left is not None else ()
    held = [one.at_ms for one in records if one.lane is lane and one.seq >= following]
    oldest = min((ms for ms in (first_ms, *held) if ms is not None), default=None)
    told = None if oldest is None else to_text(oldest)
    return LaneGlance(lane, count or 0, len(held), told, lost, thinned)
