"""What is out of service: a device, or one rule of it, while somebody works on it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import inf

from agent.faults.rights import LONGEST_S, protected
from agent.faults.watch import mono_of
from agent.model import Stamp

ALL = "all"


@dataclass(frozen=True, slots=True)
class OutOfService:
    """Alarms of `rule`, or `all`, of a device are nobody's business until then; by whom and why."""

    device: str
    rule: str
    by: str
    why: str
    until: datetime


class Service:
    """The list of it, with the second at which each ends."""

    def __init__(self, restored: Iterable[OutOfService] = ()) -> None:
        self._out = {(one.device, one.rule): one for one in restored}
        self._ends: dict[tuple[str, str], float] = {}

    @property
    def listed(self) -> tuple[OutOfService, ...]:
        """All that is out of service now."""
        return tuple(self._out.values())

    def put(self, found: OutOfService, mono: float) -> None:
        """Out of service until that second."""
        self._out[found.device, found.rule] = found
        self._ends[found.device, found.rule] = mono

    def drop(self, device: str, rule: str) -> bool:
        """Back in service; False when it never was out."""
        self._ends.pop((device, rule), None)
        return self._out.pop((device, rule), None) is not None

    @property
    def unplaced(self) -> bool:
        """Whether ends of before a restart wait for a clock that is believed."""
        return len(self._ends) < len(self._out)

    def place(self, stamp: Stamp) -> None:
        """Bring ends of before a restart on the scale of now; `stamp` must be believed."""
        for place, found in self._out.items():
            if place not in self._ends:
                self._ends[place] = mono_of(found.until, stamp, LONGEST_S)

    def covers(self, device: str, rule: str, fault: str) -> bool:
        """Whether an alarm of this rule is out of service; what protects the house never is."""
        if not self._out or protected(rule, fault):
            return False
        return (device, rule) in self._out or (device, ALL) in self._out

    def expired(self, device: str, stamp: Stamp) -> Iterator[OutOfService]:
        """What is back in service since now, taken off the list."""
        for place, found in [(p, one) for p, one in self._out.items() if p[0] == device]:
            if stamp.mono >= self._ends.get(place, inf):
                self.drop(*place)
                yield found

    def due(self, device: str) -> float:
        """The second at which the next of a device is back."""
        ends = [one for place, one in self._ends.items() if place[0] == device]
        return min(ends, default=inf)
