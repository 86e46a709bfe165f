"""Whether a reply that came in good order can be believed: by words that never change."""

from __future__ import annotations

from collections.abc import Sequence

from agent.model import PointId, Reading

ALIKE = 5  # so many replies with the same new words, and it is another machine or another firmware


class Constants:
    """Words that never change, such as model and version: if they do, the reply was shifted.

    RTU has no transaction id, and some bridges give an old reply under the new one. From a shifted
    reply on nothing is believed until the constant words are back in their places.
    """

    __slots__ = ("_astray", "_kept", "_names", "_strange")

    def __init__(self, names: Sequence[PointId]) -> None:
        self._names = frozenset(names)
        self._kept: dict[PointId, int] = {}
        self._strange: dict[PointId, tuple[int, int]] = {}  # another word, and how often in a row
        self._astray = ""

    def doubt(self, readings: Sequence[Reading]) -> str | None:
        """Why these readings of one reply are not believed; None when they are."""
        if not self._names:
            return None
        shown = {r.point: r.raw for r in readings if r.point in self._names and r.raw is not None}
        strange = [name for name, raw in shown.items() if self._is_strange(name, raw)]
        if strange:
            name = strange[0]
            self._astray = f"{name} was {self._kept[name]} and is {shown[name]}: a shifted reply"
            return self._astray
        if shown:
            self._kept |= shown
            self._astray = ""
        return f"not believed since {self._astray}" if self._astray else None

    def forget(self) -> None:
        """The machine was away and may come back as another."""
        self._kept.clear()
        self._strange.clear()
        self._astray = ""

    def _is_strange(self, name: PointId, raw: int) -> bool:
        """Not what it was; the same new word again and again is no accident.

        Each word counts for itself: others stand in other replies, and may be as they were.
        """
        if self._kept.get(name, raw) == raw:
            self._strange.pop(name, None)
            return False
        before, times = self._strange.get(name, (raw, 0))
        times = times + 1 if raw == before else 1
        self._strange[name] = (raw, times)
        return times < ALIKE
