"""When machines were last switched on, off or to another mode, by us or by anybody. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agent.control.priority import Place
from agent.model import Machine, PointId, Snapshot, Value

SWITCHES: tuple[PointId, ...] = ("power_on", "mode")


class Switches:
    """Watches what every machine shows of its switches."""

    def __init__(self, machines: Mapping[str, Machine]) -> None:
        self._places = [(d, p) for d, one in machines.items() for p in SWITCHES if one.terms(p)]
        self._shown: dict[Place, Value] = {}
        self._changed: dict[Place, float] = {}

    def see(self, snapshots: Mapping[str, Snapshot], mono: float) -> None:
        """Take note of what has changed since the last look; the first look is no change."""
        for place in self._places:
            value = snapshots[place[0]].value(place[1])
            if value is None:
                continue
            if self._shown.setdefault(place, value) != value:
                self._shown[place], self._changed[place] = value, mono

    def last_mono(self, place: Place, written: float | None) -> float | None:
        """When the place last changed or was written; None for never."""
        known = [at for at in (written, self._changed.get(place)) if at is not None]
        return max(known, default=None)
