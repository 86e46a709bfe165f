"""A home's day book: energy, cost, temperatures and what control did, one entry a local day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from agent.account.tariff import Bill, added

COMFORT_C = 18.0
LONGEST_STEP_S = 120.0


class Mean(Struct, frozen=True):
    """A mean over time: the sum of value times hours, and the hours."""

    sum: float = 0.0
    hours: float = 0.0

    @property
    def value(self) -> float | None:
        """The mean; None when nothing was seen."""
        return self.sum / self.hours if self.hours > 0 else None

    def __add__(self, other: Mean) -> Mean:
        return Mean(self.sum + other.sum, self.hours + other.hours)

    def with_value(self, value: float | None, hours: float) -> Mean:
        """The mean after `value` held for `hours`."""
        return self if value is None else Mean(self.sum + value * hours, self.hours + hours)


class Day(Struct, frozen=True):
    """One local day of one home. Degrees Celsius, kWh, hours, kelvin-hours below 18 degC.

    `hours_by` says who decided the water temperature for how long: `schedule`, `resident`,
    `platform`, `safety`, `park`, `as_found` (an off day of a comparison) or `machine` (nobody of
    ours).
    """

    home: str
    day: date
    bill: Bill = field(default_factory=Bill)
    room_c: Mean = field(default_factory=Mean)
    outdoor_c: Mean = field(default_factory=Mean)
    setpoint_c: Mean = field(default_factory=Mean)
    kh_below: float = 0.0
    writes: int = 0
    hours_by: Mapping[str, float] = field(default_factory=dict)

    @property
    def hours(self) -> float:
        """Hours of the day that were watched."""
        return sum(self.hours_by.values())

    def __add__(self, later: Day) -> Day:
        """The same day with what was put under it later."""
        return replace(
            self,
            bill=self.bill + later.bill,
            room_c=self.room_c + later.room_c,
            outdoor_c=self.outdoor_c + later.outdoor_c,
            setpoint_c=self.setpoint_c + later.setpoint_c,
            kh_below=self.kh_below + later.kh_below,
            writes=self.writes + later.writes,
            hours_by=added(self.hours_by, later.hours_by),
        )


class Moment(Struct, frozen=True):
    """What a sweep shows of a home: the instant (aware, local), temperatures, who decides."""

    local: datetime
    room_c: float | None
    outdoor_c: float | None
    setpoint_c: float | None
    decided_by: str


class DayBook:
    """The open days of one home; a day is closed when another begins and its energy is in.

    What was seen last holds until the next look, but for `longest_s` seconds at most.
    """

    def __init__(
        self, home: str, days: tuple[Day, ...] = (), longest_s: float = LONGEST_STEP_S
    ) -> None:
        self._home, self._longest_s = home, longest_s
        self._open = {day.day: day for day in days}
        self._last: Moment | None = None

    @property
    def open(self) -> tuple[Day, ...]:
        """The days not closed yet, oldest first; what to save."""
        return tuple(self._open[day] for day in sorted(self._open))

    def bill(self, local: datetime, bill: Bill) -> None:
        """Put energy and cost under a local day."""
        day = self._day(local.date())
        self._open[day.day] = replace(day, bill=day.bill + bill)

    def write(self, local: datetime, times: int = 1) -> None:
        """Writes of a controlled point."""
        day = self._day(local.date())
        self._open[day.day] = replace(day, writes=day.writes + times)

    def pause(self) -> None:
        """What was seen last no longer holds: the clock is in doubt."""
        self._last = None

    def see(self, moment: Moment) -> None:
        """Let what was seen last hold until now."""
        last, self._last = self._last, moment
        if last is None:
            return
        hours = min((moment.local - last.local).total_seconds(), self._longest_s) / 3600
        if hours <= 0:
            return
        day = self._day(last.local.date())
        lack = max(0.0, COMFORT_C - last.room_c) * hours if last.room_c is not None else 0.0
        self._open[day.day] = replace(
            day,
            room_c=day.room_c.with_value(last.room_c, hours),
            outdoor_c=day.outdoor_c.with_value(last.outdoor_c, hours),
            setpoint_c=day.setpoint_c.with_value(last.setpoint_c, hours),
            kh_below=day.kh_below + lack,
            hours_by=added(day.hours_by, {last.decided_by: hours}),
        )

    def close_before(self, day: date) -> tuple[Day, ...]:
        """Take out the days before yesterday: a counter that rises late still finds yesterday.

        One that rises later still (a home that draws 1 kWh in a week) opens a day anew, for what
        was not in it.
        """
        yesterday = day - timedelta(days=1)
        if not self._open or min(self._open) >= yesterday:  # nearly every sweep
            return ()
        done = [one for one in self._open if one < yesterday]
        return tuple(self._open.pop(one) for one in sorted(done))

    def _day(self, day: date) -> Day:
        found = self._open.get(day)
        if found is None:
            found = self._open[day] = Day(self._home, day)
        return found
