"""What has been written: how often each point and day, when last, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from agent.control.priority import Place
from agent.control.refresh import counted_as
from agent.facts import Count
from agent.model import PointId, Stamp, Value


class Written:
    """Counts writes by (device, point, local day); the budget is held against them.

    `last_mono` and `value` are of the last write of each point, `refreshed` is when a word that
    lapses was last made to stand for another period.
    """

    __slots__ = ("_timezone", "_writes", "last_mono", "refreshed", "value")

    def __init__(
        self,
        timezone: tzinfo,
        writes: Mapping[tuple[str, str, str], int],
        last_mono: Mapping[Place, float],
    ) -> None:
        self._timezone, self._writes = timezone, dict(writes)
        self.last_mono, self.refreshed = dict(last_mono), dict(last_mono)
        self.value: dict[Place, Value] = {}

    def count(self, device: str, point: PointId, stamp: Stamp, refresh: bool = False) -> Count:
        """One more; the effect makes it durable."""
        counted = counted_as(point, refresh)
        self._writes[device, counted, self._day(stamp)] = self.today(device, counted, stamp) + 1
        return Count(device, counted, stamp, interval=not refresh)

    def today(self, device: str, point: PointId, stamp: Stamp) -> int:
        """How often this point was written on this local day."""
        return self._writes.get((device, point, self._day(stamp)), 0)

    def _day(self, stamp: Stamp) -> str:
        return stamp.day_in(self._timezone)
