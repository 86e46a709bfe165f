"""Making room: old readings become coarser, step by step, and nothing else is touched.

The level that takes most of the room gives first, its oldest readings first. So a full file holds
about as many bytes of whole readings as of minutes, of quarters of an hour, of hours: the last days
as they were, the last years as a curve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from agent.records import Lane, Notice, NoticeKind
from agent.spool.lanes import Lanes
from agent.spool.memory import LANE_NUMBERS, LAST_SEQ, Fresh, key_of
from agent.spool.sqlite import Connection

STEPS_S = (0, 60, 900, 3600, 86_400)
ROWS = 256
"""Chunks folded in one go."""

Fold = Callable[[Sequence[bytes]], Sequence[tuple[int, bytes]]]
"""Bodies of one step, ascending -> which of them stay, by index, and what each is now."""

_TELEMETRY = (key_of(Lane.TELEMETRY, 0), key_of(Lane.TELEMETRY, LAST_SEQ))


def keep_last(bodies: Sequence[bytes]) -> Sequence[tuple[int, bytes]]:
    """The simplest fold: the last record of a step stands for it."""
    return ((len(bodies) - 1, bodies[-1]),)


def thin(db: Connection, lanes: Lanes, fold: Fold) -> Notice | None:
    """Fold the oldest readings of the heaviest level once; None when all are as coarse as can be.

    Works inside an open transaction. The numbers of the records that stay do not change.
    """
    level = _heaviest(db)
    if level is None:
        return None
    step_s = STEPS_S[STEPS_S.index(level) + 1]
    rows = db.execute(
        "SELECT key, boot, body FROM chunks WHERE key BETWEEN ? AND ? AND step_s = ?"
        " ORDER BY key LIMIT ?",
        (*_TELEMETRY, level, ROWS),
    ).fetchall()
    before = kept = 0
    first, last = LAST_SEQ, 0
    lanes.delete(key for key, _, _ in rows)
    for boot, several in groupby(rows, key=lambda row: row[1]):
        records = [one for key, _, body in several for one in lanes.records_of(key, body=body)]
        if not records:
            continue
        coarse = tuple(_coarser(records, step_s, fold))
        lanes.insert(coarse, boot, step_s)
        before, kept = before + len(records), kept + len(coarse)
        first, last = min(first, records[0].seq), max(last, records[-1].seq)
    lanes.forget_parts(key for key, _, _ in rows)
    gone = before - kept
    db.execute(
        "UPDATE lanes SET thinned = thinned + ? WHERE number = ?",
        (gone, LANE_NUMBERS[Lane.TELEMETRY]),
    )
    return Notice(NoticeKind.THINNED, Lane.TELEMETRY, first, last, gone, step_s)


def _heaviest(db: Connection) -> int | None:
    query = "SELECT step_s, sum(length(body)) FROM chunks WHERE key BETWEEN ? AND ? GROUP BY step_s"
    sizes: dict[int, int] = dict(db.execute(query, _TELEMETRY).fetchall())
    sizes.pop(STEPS_S[-1], None)
    return max(sizes, key=lambda step_s: (sizes[step_s], -step_s), default=None)


def _coarser(records: Sequence[Fresh], step_s: int, fold: Fold) -> Iterator[Fresh]:
    """Neighbours of one step together; a clock that jumped makes more steps, never fewer."""
    for _, several in groupby(records, key=lambda one: one.at_ms // (1000 * step_s)):
        step = tuple(several)
        for index, body in fold([one.body for one in step]):
            yield replace(step[index], body=body)
