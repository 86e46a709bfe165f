"""A value changed at the machine itself is a resident's wish: noticed here, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent.control.home import HomeControl
from agent.model import Demand, Origin, PointId, Stamp, Value

HOLD_S = 4 * 3600.0  # a resident's or the platform's wish stands so long unless it says otherwise
LONGEST_S = 24 * 3600.0
QUARTER = timedelta(minutes=15)


class Panel:
    """Remembers what each point was last seen or written to be."""

    def __init__(self) -> None:
        self._expected: dict[tuple[str, PointId], Value] = {}

    def expect(self, device: str, point: PointId, value: Value | None) -> None:
        """We have written this; None when nobody knows what the machine has now."""
        if value is None:
            self._expected.pop((device, point), None)
        else:
            self._expected[device, point] = value

    def wish(self, home: HomeControl, shown: Value | None, stamp: Stamp) -> Demand | None:
        """The resident's wish when the machine shows what we have not written; else None.

        What is shown first, after a start or a failed write, is nobody's wish.
        """
        place = (home.device, home.point)
        if shown is None:
            return None
        before = self._expected.setdefault(place, shown)
        if before == shown:
            return None
        self._expected[place] = shown
        until = stamp.mono + hold_s(home, stamp)
        return Demand(*place, shown, Origin.RESIDENT, "changed at the machine", until)


def hold_s(home: HomeControl, stamp: Stamp) -> float:
    """How long a change at the machine stands: to the next period, and four hours at least."""
    if not stamp.trusted:
        return HOLD_S
    local = stamp.at.astimezone(home.timezone)
    now, at = _planned(home, local), local
    while at - local < timedelta(seconds=LONGEST_S):
        at += QUARTER
        if _planned(home, at) != now:
            return max(HOLD_S, (at - local).total_seconds())
    return HOLD_S


def _planned(home: HomeControl, local: datetime) -> Value | None:
    if home.comfort is not None:
        return home.comfort.unwished.wanted(local)[0]
    return home.schedule.value_at(local)
