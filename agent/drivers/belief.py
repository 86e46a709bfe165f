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

    __slots__ = ("_alike", "_astray", "_kept", "_names", "_strange")

    def __init__(self, names: Sequence[PointId]) -> None:
        self._names = frozenset(names)
        self._kept: dict[PointId, int] = {}
        self._strange: dict[PointId, int] = {}
        self._alike = 0
        self._astray = ""

    def doubt(self, readings: Sequence[Reading]) -> str | None:
        """Why these readings of one reply are not believed; None when they are."""
        if not self._names:
            return None
        shown = {r.point: r.raw for r in readings if r.point in self._names and r.raw is not None}
        changed = {name: raw for name, raw in shown.items() if self._kept.get(name, raw) != raw}
        if changed and not self._is_settled(changed):
            name, raw = next(iter(changed.items()))
            self._astray = f"{name} was {self._kept[name]} and is {raw}: a shifted reply"
            return self._astray
        if shown:
            self._kept |= shown
            self._astray, self._alike = "", 0
        return f"not believed since {self._astray}" if self._astray else None

    def forget(self) -> None:
        """The machine was away and may come back as another."""
        self._kept.clear()
        self._strange.clear()
        self._astray, self._alike = "", 0

    def _is_settled(self, changed: dict[PointId, int]) -> bool:
        """The same new words again and again are no accident."""
        self._alike = self._alike + 1 if changed == self._strange else 1
        self._strange = changed
        return self._alike >= ALIKE
