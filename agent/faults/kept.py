"""What a detector wrote last of what seldom changes, so that it is not built again. Pure."""

from __future__ import annotations

from collections.abc import Collection

from agent.faults.history import History, whole
from agent.faults.own import Own, Saved
from agent.faults.sample import FIELDS
from agent.model import PointId

Mark = tuple[object, ...]


def short(value: float) -> float:
    """Seven digits, which are what a number needs; most are counts and have fewer."""
    if value % 1.0 == 0.0 and abs(value) < 1e7:
        return int(value)
    return whole(float(f"{value:.7g}"))


class Kept:
    """Parts of one detector's state in the form in which they are saved."""

    __slots__ = ("_bits", "_count", "_mark", "_own")

    def __init__(self) -> None:
        self._mark: list[Mark] = []
        self._own: Saved = {}
        self._count = self._bits = 0

    def own(self, own: Own, day: float) -> Saved:
        """The machine's own history; `day` is when the running day of the detector began."""
        mark = [(day,), *map(_mark, own.parts.values())]
        if mark != self._mark:
            self._mark, self._own = mark, own.save()
        return self._own

    def points(self, seen_good: Collection[PointId]) -> int:
        """One bit for each of these points; a point that was good once stays so."""
        if len(seen_good) != self._count:
            self._count = len(seen_good)
            self._bits = sum(1 << i for i, one in enumerate(FIELDS) if one in seen_good)
        return self._bits


def _mark(part: History) -> Mark:
    """Differs from before when the history does: within a day it only counts upwards."""
    judged = [track.count for track in part.tracks.values()]
    return (part.names, part.began, part.stretches, *judged)
