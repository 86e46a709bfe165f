"""Which room temperature is wanted at which local time, and why. Pure; knows no pump."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from agent.control.learned import Settled
from agent.control.schedule import WeekSchedule

LARGEST_PREHEAT_K = 1.5
SETTLES_H = 4  # a room follows a step of its plan within so many hours
PREHEAT_S = 12 * 3600.0  # masonry takes up heat for so long; five hours of it stored far less
# A kilowatt-hour more in the valley saved 0.24 to 0.57 of one by day, homes and units of every kind
# simulated. Where the valley costs a larger share of the day's price, some home would pay more.
STORED_IS_WORTH = 0.22
DEFAULT_ROOM_C = 18.0
# A floor is designed for 35 to 45 degC of water (JGJ 142); more cracks the screed and burns feet.
HIGHEST_FLOOR_C = 40.0
FLOOR_PARK_C = 35.0


@dataclass(frozen=True, slots=True)
class Daily:
    """A piece of every day in local time; one that ends before it begins crosses midnight."""

    start: time
    end: time

    def left_s(self, local: datetime) -> float | None:
        """Seconds until it ends; None outside it."""
        now = _second(local.time())
        begins, ends = _second(self.start), _second(self.end)
        if (now - begins) % 86400 >= (ends - begins) % 86400:
            return None
        return float((ends - now) % 86400)


@dataclass(frozen=True, slots=True)
class Valley:
    """The hours of cheap electricity from a day on, and what it costs in them as a share of what it
    costs else; None where nobody knows.
    """

    first_day: date
    hours: tuple[Daily, ...]
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Away:
    """Nobody is at home from the first to the last day, both included."""

    first: date
    last: date
    room_c: float


@dataclass(frozen=True, slots=True)
class Comfort:
    """What the household wants of its rooms.

    `rooms` holds room temperatures in degC; on `holidays` Sunday's plan holds. `protected` is for
    homes with elderly people or small children: the highest temperature of the plan holds always.
    `wish_c` is what the household wants for some hours instead, `lately_c` what it wanted before.
    With `outlast` and a forecast the water is always warm enough for three days without a gateway.
    `valleys`, oldest first, matter in mode `bill` only; the last one that has begun holds.
    """

    rooms: WeekSchedule
    holidays: frozenset[date] = frozenset()
    away: tuple[Away, ...] = ()
    mode: Literal["energy", "bill"] = "energy"
    valleys: tuple[Valley, ...] = ()
    preheat_k: float = LARGEST_PREHEAT_K
    protected: bool = False
    emitter: Literal["radiators", "floor"] = "radiators"
    outlast: bool = False
    floor_c: float = 16.0
    wish_c: float | None = None
    lately_c: float | None = None

    def wanted(self, local: datetime | None) -> tuple[float, str]:
        """The room temperature wanted now, and why; `local` is None when no clock is trusted."""
        if self.wish_c is not None:
            return max(self.wish_c, self.floor_c), "the household's wish"
        if local is None:
            return self.warmest_c, "flat: the clock is not trusted"
        if self.protected:
            return self.warmest_c + self._preheat_k(local), "protected: no setback"
        for away in self.away:
            if away.first <= local.date() <= away.last:
                return max(away.room_c, self.floor_c), "away"
        planned = self.rooms.value_at(self._as_planned(local))
        room_c = DEFAULT_ROOM_C if planned is None else float(planned)
        stores = self.mode == "energy" or self._stores_by(local.date()) is not None
        why = "plan" if stores else "plan: storing heat would not pay"
        return room_c + self._preheat_k(local), why

    def settled(self, local: datetime | None) -> Settled | None:
        """What a room that follows the plan may be now.

        None where that is just what is wanted, and without a trusted clock.
        """
        wished = [c for c in (self.wish_c, self.lately_c) if c is not None]
        if local is None:
            return None
        stores = self._stores_by(local.date()) is not None
        if not (wished or stores or self.away or len(self.rooms.periods) > 1):
            return None
        hours = [local - timedelta(hours=back) for back in range(SETTLES_H + 1)]
        plan = self.unwished
        wanted = [plan.wanted(hour)[0] for hour in hours]
        planned = [c - self._preheat_k(hour) for c, hour in zip(wanted, hours, strict=True)]
        now_c = planned[0] if self.wish_c is None else self.wanted(local)[0]
        return Settled(min(planned + wished), now_c, max(wanted + wished))

    @property
    def unwished(self) -> Comfort:
        """What the plan says by itself, without the household's wish of some hours."""
        return replace(self, wish_c=None, lately_c=None)

    @property
    def warmest_c(self) -> float:
        """The highest temperature of the plan."""
        values = [float(period.value) for period in self.rooms.periods]
        return max(values, default=DEFAULT_ROOM_C)

    def _as_planned(self, local: datetime) -> datetime:
        """On a holiday, the same time of the Sunday before."""
        if local.date() not in self.holidays:
            return local
        return local - timedelta(days=local.weekday() + 1)

    def _stores_by(self, day: date) -> Valley | None:
        """By which valley heat is stored ahead: it was asked for, and pays at this day's prices."""
        if self.mode != "bill":
            return None
        begun = [one for one in self.valleys if one.first_day <= day]
        now = begun[-1] if begun else None
        dear = now is not None and now.share is not None and now.share > STORED_IS_WORTH
        return None if dear else now

    def _preheat_k(self, local: datetime) -> float:
        """Heat stored while electricity is cheap: in the last hours of a valley period."""
        valley = self._stores_by(local.date())
        if valley is None:
            return 0.0
        left = [one.left_s(local) for one in valley.hours]
        soon = any(seconds is not None and seconds <= PREHEAT_S for seconds in left)
        return min(self.preheat_k, LARGEST_PREHEAT_K) if soon else 0.0


def _second(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second
