"""What the household has chosen for its home: warmer for some hours, a week plan, a mode. Pure.

Orders of the household name a heat pump and no point of it. They are kept over a restart and stand
in place of what the installer's file says, until the household takes them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Literal

import msgspec

from agent.control.comfort import SETTLES_H, Away, Comfort
from agent.control.commands import asked, ended, result_of
from agent.control.guard import HEATING_WATER, LOWEST_WATER_C
from agent.control.home import HomeControl
from agent.control.override import HOLD_S, LONGEST_S, hold_s
from agent.control.priority import Standing
from agent.control.schedule import DAYS, Period, WeekSchedule
from agent.facts import Effect, Save
from agent.model import Command, Demand, Machine, Origin, Outcome, Stamp

WANTED, AS_PLANNED, PLAN, MODE = "wanted", "as_planned", "week_plan", "household_mode"
HOUSEHOLD_ORDERS = frozenset({WANTED, AS_PLANNED, PLAN, MODE})
"""Points of no machine: a command of one of these is an order of the household."""
MAY_CHOOSE = ("resident", "service")
KEPT = "household"

ROOM_C = (16.0, 28.0)  # below, `Comfort.floor_c` would hold
AWAY_C = 16.0
LONGEST_AWAY = timedelta(days=60)
MOST_STEPS = 42
_WORDS = {"every": range(7), "weekdays": range(5), "weekend": (5, 6)}


Mode = Literal["", "plan", "steady", "away"]


class Chosen(msgspec.Struct, frozen=True):
    """One home's choices. `wanted` holds until `until` (UTC); `steps` of the plan are days (0 is
    Monday), minute of the day and degrees.
    """

    wanted: float | None = None
    until: datetime | None = None
    steps: tuple[tuple[tuple[int, ...], int, float], ...] = ()
    mode: Mode = ""
    away_until: date | None = None


class Household:
    """The choices of every controlled home; `kept` is what was chosen before a restart."""

    def __init__(
        self,
        homes: tuple[HomeControl, ...],
        machines: Mapping[str, Machine],
        standing: Standing,
        kept: Mapping[str, Chosen] | None = None,
    ) -> None:
        self._homes = {home.device: home for home in homes if home.point in HEATING_WATER}
        self._machines, self._standing = machines, standing
        self._chosen = {d: one for d, one in (kept or {}).items() if d in self._homes}
        self._ends: dict[str, float] = {}
        self._at_latest: dict[str, float] = {}
        self._ran_out = False
        self._lately: dict[str, tuple[float, float]] = {}

    def chosen(self, device: str) -> Chosen:
        """What this home has chosen."""
        return self._chosen.get(device, Chosen())

    def mode(self, device: str, stamp: Stamp) -> Mode:
        """The mode chosen and not over; empty where the installer's file decides."""
        chosen = self.chosen(device)
        if chosen.away_until is None or not stamp.trusted:
            return chosen.mode
        today = stamp.at.astimezone(self._homes[device].timezone).date()
        return chosen.mode if today <= chosen.away_until else ""

    def wish(self, device: str, stamp: Stamp) -> tuple[float, float] | None:
        """The degrees chosen for some hours, and the monotonic second of their end."""
        chosen = self._chosen.get(device)
        if chosen is None or chosen.wanted is None or chosen.until is None:
            return None
        end = self._end(device, chosen.until, stamp)
        if stamp.mono >= end:
            self._over(device, chosen.wanted, stamp)
            self._ran_out = True
            return None
        return chosen.wanted, end

    def _end(self, device: str, until: datetime, stamp: Stamp) -> float:
        """The monotonic second of its end. Of a wish from before a restart nobody knows it before
        the clock is believed; until then it stands, for a day at most.
        """
        if device in self._ends:
            return self._ends[device]
        if not stamp.trusted:
            return self._at_latest.setdefault(device, stamp.mono + LONGEST_S)
        left_s = (until - stamp.at).total_seconds()
        self._ends[device] = stamp.mono + min(left_s, LONGEST_S)
        return self._ends[device]

    def save(self) -> Iterator[Save]:
        """The choices, when a wish has run out by itself: no restart shall bring it back."""
        if self._ran_out:
            self._ran_out = False
            yield self._save()

    def tended(self, home: HomeControl, stamp: Stamp) -> HomeControl:
        """The home with what the household has chosen in place of the installer's."""
        chosen = self._chosen.get(home.device)
        if chosen is None or self._homes.get(home.device) is not home:
            return home
        schedule = WeekSchedule(
            tuple(
                Period(frozenset(days), time(minute // 60, minute % 60), value)
                for days, minute, value in chosen.steps
            )
        )
        if home.comfort is None:
            return replace(home, schedule=schedule) if chosen.steps else home
        return replace(home, comfort=self._comfort(home.comfort, home, chosen, schedule, stamp))

    def _comfort(
        self,
        comfort: Comfort,
        home: HomeControl,
        chosen: Chosen,
        schedule: WeekSchedule,
        stamp: Stamp,
    ) -> Comfort:
        wish = self.wish(home.device, stamp)
        lately_c, until = self._lately.get(home.device, (0.0, 0.0))
        mode, away = self.mode(home.device, stamp), comfort.away
        if mode == "away" and chosen.away_until is not None:
            away = (Away(date.min, chosen.away_until, AWAY_C), *away)
        return replace(
            comfort,
            rooms=schedule if chosen.steps else comfort.rooms,
            protected=comfort.protected if not mode else mode == "steady",
            away=away,
            wish_c=wish[0] if wish is not None else None,
            lately_c=lately_c if stamp.mono < until else None,
        )

    def stand(self, home: HomeControl, stamp: Stamp) -> None:
        """Let the wish stand where the household turns the water itself: no rule finds it here."""
        wish = self.wish(home.device, stamp) if home.comfort is None else None
        if wish is not None and self._homes.get(home.device) is home:
            value, until = wish
            why = "wished by the household"
            self._standing.put(Demand(home.device, home.point, value, Origin.RESIDENT, why, until))

    def cancel(self, device: str, stamp: Stamp) -> Iterator[Effect]:
        """Somebody has turned the machine's own panel since: that is the newer wish."""
        chosen = self._chosen.get(device)
        if chosen is not None and chosen.wanted is not None:
            self._over(device, chosen.wanted, stamp)
            yield self._save()

    # --- orders -----------------------------------------------------------------------------

    def order(self, command: Command, stamp: Stamp) -> Iterator[Effect]:
        """Carry out one of the `HOUSEHOLD_ORDERS`; its result comes at once."""
        yield asked(command, stamp)
        home = self._homes.get(command.device)
        try:
            if command.role not in MAY_CHOOSE:
                raise ValueError(f"a {command.role} chooses nothing for the household")
            if home is None:
                known = ", ".join(self._homes) or "none"
                raise ValueError(f"{command.device} is no controlled heat pump; there are {known}")
            done = self._ordered(home, command, stamp)
        except ValueError as error:
            yield from ended(result_of(command, Outcome.REFUSED, str(error)), stamp)
            return
        yield self._save()
        yield from ended(result_of(command, Outcome.VERIFIED, done), stamp)

    def _ordered(self, home: HomeControl, command: Command, stamp: Stamp) -> str:
        if command.point == WANTED:
            return self._wanted(home, command, stamp)
        before = self.chosen(home.device)
        if command.point == AS_PLANNED:
            self._standing.drop(home.device, home.point, Origin.RESIDENT)
            if before.wanted is not None:
                self._over(home.device, before.wanted, stamp)
            return "the plan holds again"
        if command.point == PLAN:
            steps = _steps(command.value, self._bounds(home))
            for _, _, value in steps:
                self._fits(home, value)
            self._chosen[home.device] = msgspec.structs.replace(before, steps=steps)
            return f"{len(steps)} steps a week" if steps else "the installer's plan holds again"
        if home.comfort is None:
            raise ValueError("this home has no room plan, so it has no modes")
        mode, until = _mode(command.value, stamp, home)
        self._chosen[home.device] = msgspec.structs.replace(before, mode=mode, away_until=until)
        return mode

    def _wanted(self, home: HomeControl, command: Command, stamp: Stamp) -> str:
        value = command.value
        if isinstance(value, str | bool):
            raise ValueError(f"{command.point} is a number of degrees, not {value!r}")
        _within(float(value), self._bounds(home))
        self._fits(home, float(value))
        asked_s = command.hold_s if command.hold_s is not None else 0.0
        planned_s = hold_s(self.tended(home, stamp), stamp)
        for_s = min(LONGEST_S, max(HOLD_S, asked_s or planned_s))
        until = stamp.at + timedelta(seconds=for_s)
        self._standing.drop(home.device, home.point, Origin.RESIDENT)
        before = self.chosen(home.device)
        chosen = msgspec.structs.replace(before, wanted=float(value), until=until)
        self._chosen[home.device], self._ends[home.device] = chosen, stamp.mono + for_s
        return f"{value:g} C until {until.astimezone(home.timezone):%H:%M}"

    def _fits(self, home: HomeControl, value: float) -> None:
        if home.comfort is None:
            why = self._machines[home.device].unfit(home.point, value)
            if why is not None:
                raise ValueError(why)

    def _bounds(self, home: HomeControl) -> tuple[float, float]:
        if home.comfort is not None:
            return ROOM_C
        highest = self._machines[home.device].highest(home.point)
        bounds = [c for c in (highest, home.highest_c) if c is not None]
        return LOWEST_WATER_C, min(bounds, default=55.0)

    def turns(self, home: HomeControl, device: str) -> bool:
        """Whether this is the controlled point of that device which the household turns."""
        return self._homes.get(device) is home

    def bounds(self, device: str) -> tuple[float, float]:
        """The lowest and the highest that may be chosen for this home."""
        return self._bounds(self._homes[device])

    def _over(self, device: str, wanted: float, stamp: Stamp) -> None:
        before = self.chosen(device)
        self._chosen[device] = msgspec.structs.replace(before, wanted=None, until=None)
        self._ends.pop(device, None)
        self._at_latest.pop(device, None)
        self._standing.drop(device, self._homes[device].point, Origin.RESIDENT)
        self._lately[device] = (wanted, stamp.mono + SETTLES_H * 3600.0)

    def _save(self) -> Save:
        return Save(KEPT, dict(self._chosen))


def _within(value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise ValueError(f"{value:g} C is not allowed here; allowed: {low:g} to {high:g}")


def _steps(
    value: object, bounds: tuple[float, float]
) -> tuple[tuple[tuple[int, ...], int, float], ...]:
    """`weekdays 06:00 20; weekend 07:30 21` as steps. Raises ValueError for what is no plan."""
    if not isinstance(value, str):
        raise ValueError("a plan is text such as 'weekdays 06:00 20; weekend 07:30 21'")
    lines = [line for line in value.split(";") if line.strip()]
    if len(lines) > MOST_STEPS:
        raise ValueError(f"{len(lines)} steps are too many; allowed: {MOST_STEPS}")
    return tuple(_step(line.split(), bounds) for line in lines)


def _step(words: list[str], bounds: tuple[float, float]) -> tuple[tuple[int, ...], int, float]:
    if len(words) < 3:
        raise ValueError("a step of the plan is days, a time and degrees: 'mon tue 06:00 20'")
    *names, clock, degrees = words
    days: set[int] = set()
    for name in names:
        known = _WORDS.get(name, (DAYS.index(name),) if name in DAYS else None)
        if known is None:
            raise ValueError(f"{name!r} is no day; allowed: {', '.join((*DAYS, *_WORDS))}")
        days |= set(known)
    try:
        at, wanted = datetime.strptime(clock, "%H:%M"), float(degrees)  # noqa: DTZ007 - no date
    except ValueError:
        raise ValueError(f"{clock} {degrees} is no time and degrees, such as 06:00 20") from None
    _within(wanted, bounds)
    return tuple(sorted(days)), at.hour * 60 + at.minute, wanted


def _mode(
    value: object, stamp: Stamp, home: HomeControl
) -> tuple[Literal["plan", "steady", "away"], date | None]:
    words = value.split() if isinstance(value, str) else []
    if words == ["plan"]:
        return "plan", None
    if words == ["steady"]:
        return "steady", None
    if len(words) == 2 and words[0] == "away":
        if not stamp.trusted:
            raise ValueError("the clock is not set, so nobody knows when you come back")
        today = stamp.at.astimezone(home.timezone).date()
        try:
            last = date.fromisoformat(words[1])
        except ValueError:
            raise ValueError(f"{words[1]!r} is no date such as 2027-02-12") from None
        if not today <= last <= today + LONGEST_AWAY:
            raise ValueError(f"the last day away is from {today} to {today + LONGEST_AWAY}")
        return "away", last
    raise ValueError(f"{value!r} is no mode; allowed: plan, steady, away 2027-02-12")
