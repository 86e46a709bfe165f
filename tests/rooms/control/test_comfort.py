"""Which room temperature is wanted: plan, holidays, away, no setback, cheap hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from agent.control import Away, Comfort, Daily, Period, Valley, WeekSchedule
from agent.control.learned import Settled

CHINA = ZoneInfo("Asia/Shanghai")
WEEKDAYS, WEEKEND = frozenset(range(5)), frozenset({5, 6})
PLAN = WeekSchedule(
    (
        Period(WEEKDAYS, time(6), 18.0),
        Period(WEEKDAYS, time(22), 17.0),
        Period(WEEKEND, time(8), 19.0),
        Period(WEEKEND, time(23), 18.0),
    )
)
HOME = Comfort(
    PLAN,
    holidays=frozenset({date(2026, 1, 14)}),
    away=(Away(date(2026, 1, 20), date(2026, 1, 22), 12.0),),
)
NIGHT = Valley(date.min, (Daily(time(20), time(8)),))
BILL = replace(HOME, mode="bill", valleys=(NIGHT,))
LONG = replace(BILL, valleys=(Valley(date.min, (Daily(time(18), time(8)),)),))
DEAR = replace(BILL, valleys=(replace(NIGHT, share=0.614),))
NEXT = replace(BILL, valleys=(NIGHT, Valley(date(2026, 1, 14), (Daily(time(23), time(7)),))))
SHY = replace(HOME, protected=True)


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=CHINA)  # type: ignore[arg-type, misc]


CASES: tuple[tuple[str, Comfort, datetime | None, float], ...] = (
    ("a Tuesday at noon", HOME, at(2026, 1, 13, 12), 18.0),
    ("a Tuesday at night", HOME, at(2026, 1, 13, 23), 17.0),
    ("a Sunday at noon", HOME, at(2026, 1, 18, 12), 19.0),
    ("a holiday is a Sunday", HOME, at(2026, 1, 14, 12), 19.0),
    ("away, but never under the floor", HOME, at(2026, 1, 21, 12), 16.0),
    ("back from away", HOME, at(2026, 1, 23, 12), 18.0),
    ("no clock: the warmest of the plan", HOME, None, 19.0),
    ("protected: no setback at night", SHY, at(2026, 1, 13, 23), 19.0),
    ("protected: not even away", SHY, at(2026, 1, 21, 12), 19.0),
    ("an empty plan", Comfort(WeekSchedule(())), at(2026, 1, 13, 12), 18.0),
    ("bill: heat is stored before the valley ends", BILL, at(2026, 1, 13, 4), 18.5),
    ("bill: and from its beginning", BILL, at(2026, 1, 13, 20), 19.5),
    ("bill: twelve hours of a long valley", LONG, at(2026, 1, 13, 19), 18.0),
    ("bill: the valley is cheap enough", replace(BILL, valleys=(replace(NIGHT, share=0.205),)),
     at(2026, 1, 13, 4), 18.5),
    ("bill: the valley is too dear, so as in energy", DEAR, at(2026, 1, 13, 4), 17.0),
    ("bill: the new prices do not hold yet", NEXT, at(2026, 1, 13, 20), 19.5),
    ("bill: and now they do", NEXT, at(2026, 1, 15, 20), 18.0),
    ("bill: not by day", BILL, at(2026, 1, 13, 12), 18.0),
    ("bill: nobody stores heat while away", BILL, at(2026, 1, 21, 4), 16.0),
    ("energy: cheap hours are like others", replace(BILL, mode="energy"),
     at(2026, 1, 13, 4), 17.0),
    ("bill: never more than 1.5 K", replace(BILL, preheat_k=5.0), at(2026, 1, 13, 4), 18.5),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_what_is_wanted(case: tuple[str, Comfort, datetime | None, float]) -> None:
    _, comfort, local, wanted = case
    assert comfort.wanted(local)[0] == wanted


@pytest.mark.parametrize(
    ("start", "end", "now", "left_h"),
    [
        (time(20), time(8), time(23), 9.0),
        (time(20), time(8), time(7), 1.0),
        (time(20), time(8), time(8), None),
        (time(20), time(8), time(20), 12.0),
        (time(9), time(17), time(12), 5.0),
        (time(9), time(17), time(18), None),
    ],
)
def test_hours_of_a_day_may_cross_midnight(
    start: time, end: time, now: time, left_h: float | None
) -> None:
    left_s = Daily(start, end).left_s(datetime.combine(date(2026, 1, 13), now, CHINA))
    assert left_s == (left_h * 3600 if left_h is not None else None)


def test_a_valley_that_is_too_dear_is_told() -> None:
    assert "not pay" in DEAR.wanted(at(2026, 1, 13, 4))[1]


FLAT = Comfort(WeekSchedule((Period(frozenset(range(7)), time(0), 18.0),)))
SETTLED: tuple[tuple[str, Comfort, datetime | None, tuple[float, float, float] | None], ...] = (
    ("a flat plan", FLAT, at(2026, 1, 13, 12), None),
    ("no clock", HOME, None, None),
    ("warmer for an hour: it need not be so yet", HOME, at(2026, 1, 13, 7), (17.0, 18.0, 18.0)),
    ("stored heat is still in the walls", BILL, at(2026, 1, 13, 9), (17.0, 18.0, 19.5)),
    ("stored heat is gone", BILL, at(2026, 1, 13, 15), (18.0, 18.0, 18.0)),
    ("storing is no duty", BILL, at(2026, 1, 13, 20), (18.0, 18.0, 19.5)),
    ("nothing is stored", DEAR, at(2026, 1, 13, 15), (18.0, 18.0, 18.0)),
)


@pytest.mark.parametrize("case", SETTLED, ids=lambda case: case[0])
def test_what_a_home_that_follows_its_plan_may_show(
    case: tuple[str, Comfort, datetime | None, tuple[float, float, float] | None],
) -> None:
    _, comfort, local, room_c = case
    assert comfort.settled(local) == (room_c and Settled(*room_c))
