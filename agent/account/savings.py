"""What control saved a home, always with an interval and against two named baselines.

- *as found*: the home as it was run before, at the room temperature it had then;
- *equal room*: the same home with its old control but the room temperature it has now, which is
  what a plain room thermostat would have given. Most of a first saving is less overheating; this
  second figure is what remains beside a thermostat.

Two ways to know: days before control against days with it (IPMVP option C in small, at least
21 days that span 10 K outdoors), or days on and off drawn by lot within one winter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from agent.account.days import Day
from agent.account.fit import Vector, fit
from agent.account.tariff import Bill

BASE_C = 20.0
LEAST_DAYS, LEAST_SPAN_K = 21, 10.0
LEAST_HOURS = 22.0
OURS_HOURS = 18.0
NOT_OURS = ("machine", "as_found")

Method = Literal["before_after", "alternate"]
Against = Literal["as_found", "equal_room"]


@dataclass(frozen=True, slots=True)
class Factors:
    """What a kWh saved at the meter stands for: kg of standard coal and kg of CO2."""

    coal_kg_per_kwh: float = 0.3015
    coal_source: str = "supply coal rate of China's thermal stations 2022, National Energy Board"
    co2_kg_per_kwh: float = 0.6776
    co2_source: str = "grid factor of North China 2022, Ministry of Ecology and Environment"


@dataclass(frozen=True, slots=True)
class Unknown:
    """No figure yet, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Saved:
    """kWh saved over the judged days with its 95 % interval, and what the baseline would draw."""

    against: Against
    kwh: float
    low_kwh: float
    high_kwh: float
    baseline_kwh: float

    @property
    def share(self) -> float:
        """The saving as a share of the baseline."""
        return self.kwh / self.baseline_kwh if self.baseline_kwh else 0.0


@dataclass(frozen=True, slots=True)
class Judged:
    """The savings over some days: both baselines, or why one is not known.

    `bill` is what they drew and cost. `room_change_k` is the judged days' mean room temperature
    less what it was as found in the same weather. `left_out` counts days that could not be judged,
    by reason.
    """

    days: int
    bill: Bill
    as_found: Saved | Unknown
    equal_room: Saved | Unknown
    room_change_k: float | None
    left_out: dict[str, int]


def off_day(home: str, day: date) -> bool:
    """Whether the lot makes this an off day: one of each pair of days, not to be foreseen.

    A draw a pair keeps the two groups equal in size and in season; the digest makes the same draw
    again after a restart.
    """
    pair, second = divmod(day.toordinal(), 2)
    drawn = hashlib.sha256(f"{home} {pair}".encode()).digest()[0] & 1
    return bool(drawn) == bool(second)


def kind_of(day: Day) -> str:
    """`baseline` or `control`, or the reason for which the day counts as neither."""
    if day.hours < LEAST_HOURS:
        return "watched for too short a time"
    if day.room_c.value is None or day.outdoor_c.value is None:
        return "without room or outdoor temperature"
    if day.bill.kwh <= 0:
        return "without energy"
    not_ours = sum(day.hours_by.get(who, 0.0) for who in NOT_OURS)
    if not_ours >= LEAST_HOURS:
        return "baseline"
    return "control" if day.hours - not_ours >= OURS_HOURS else "partly controlled"


def judge(days: Sequence[Day], method: Method, over: Sequence[Day] | None = None) -> Judged:
    """The savings of the control days among `over` (all days when None), by what `days` show."""
    left_out: dict[str, int] = {}
    for day in over if over is not None else days:
        kind = kind_of(day)
        if kind not in ("baseline", "control"):
            left_out[kind] = left_out.get(kind, 0) + 1
    base = [day for day in days if kind_of(day) == "baseline"]
    every = [day for day in days if kind_of(day) == "control"]
    judged = [day for day in (over if over is not None else days) if kind_of(day) == "control"]
    bill = sum((day.bill for day in judged), Bill())
    why = _too_little(base, judged)
    if why is not None:
        return Judged(len(judged), bill, Unknown(why), Unknown(why), None, left_out)
    found = _saved("as_found", _by_weather, base, every, judged, method)
    equal = _saved("equal_room", _by_difference, base, every, judged, method)
    return Judged(len(judged), bill, found, equal, _room_change(base, judged), left_out)


def _too_little(base: Sequence[Day], judged: Sequence[Day]) -> str | None:
    if not judged:
        return "no day with control yet"
    if len(base) < LEAST_DAYS:
        return f"{len(base)} of {LEAST_DAYS} baseline days"
    outdoors = [_outdoor(day) for day in base]
    span = max(outdoors) - min(outdoors)
    if span < LEAST_SPAN_K:
        return f"the baseline days span {span:.1f} of {LEAST_SPAN_K:g} K outdoors"
    return None


def _saved(
    against: Against,
    row_of: Callable[[Day], Vector],
    base: Sequence[Day],
    every: Sequence[Day],
    judged: Sequence[Day],
    method: Method,
) -> Saved | Unknown:
    kwh = sum(day.bill.kwh for day in judged)
    if method == "alternate":
        # One model for both kinds of days; what an on-day adds to it is, but for the sign, saved.
        rows = [(*row_of(day), 0.0) for day in base] + [(*row_of(day), 1.0) for day in every]
        model = fit(rows, [day.bill.kwh for day in (*base, *every)])
        if model is None:
            return Unknown("the days do not differ enough")
        more, half = model.effect(len(rows[0]) - 1, len(judged))
        return Saved(against, -more, -more - half, -more + half, kwh - more)
    model = fit([row_of(day) for day in base], [day.bill.kwh for day in base])
    if model is None:
        return Unknown("the baseline days do not differ enough")
    would, half = model.sum_of([row_of(day) for day in judged])
    return Saved(against, would - kwh, would - kwh - half, would - kwh + half, would)


def _outdoor(day: Day) -> float:
    assert day.outdoor_c.value is not None
    return day.outdoor_c.value


def _room(day: Day) -> float:
    assert day.room_c.value is not None
    return day.room_c.value


def _by_weather(day: Day) -> Vector:
    return (1.0, max(0.0, BASE_C - _outdoor(day)))


def _by_difference(day: Day) -> Vector:
    return (1.0, _room(day) - _outdoor(day))


def _room_change(base: Sequence[Day], judged: Sequence[Day]) -> float | None:
    room = fit([_by_weather(day) for day in base], [_room(day) for day in base])
    if room is None:
        return None
    then, _ = room.sum_of([_by_weather(day) for day in judged])
    return (sum(_room(day) for day in judged) - then) / len(judged)
