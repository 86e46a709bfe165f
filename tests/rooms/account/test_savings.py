"""Savings against days whose truth is known: value, interval, and when there is no figure."""

from __future__ import annotations

from datetime import date, timedelta
from math import sin
from random import Random

import pytest
from msgspec.structs import replace

from agent.account.days import Day, Mean
from agent.account.fit import fit, student_975
from agent.account.savings import Saved, Unknown, judge, kind_of, off_day
from agent.account.tariff import Bill

FIRST = date(2025, 11, 1)


def day(n: int, who: str, outdoor_c: float, room_c: float, kwh: float) -> Day:
    return Day(
        "h",
        FIRST + timedelta(days=n),
        Bill(kwh),
        Mean(room_c * 24, 24.0),
        Mean(outdoor_c * 24, 24.0),
        Mean(),
        0.0,
        0,
        {who: 24.0},
    )


def winter(
    random: Random, controlled: bool, first: int, days: int, noise: float = 2.0
) -> list[Day]:
    """A home that needs 2.6 kWh a day and kelvin; control lowers its room by 2 K, no more."""
    found = []
    for n in range(first, first + days):
        outdoor = 2 - 9 * sin(n / 24) + random.gauss(0, 3)
        room = 18.0 if controlled else 20.0
        kwh = 5 + 2.6 * (room - outdoor) + random.gauss(0, 2)
        found.append(day(n, "schedule" if controlled else "machine", outdoor, room, kwh))
    return found


def test_both_baselines_find_the_truth() -> None:
    random = Random(3)
    days = winter(random, False, 0, 60) + winter(random, True, 60, 60)
    found = judge(days, "before_after")
    assert isinstance(found.as_found, Saved)
    assert isinstance(found.equal_room, Saved)
    truth = 60 * 2.6 * 2
    assert found.as_found.low_kwh < truth < found.as_found.high_kwh
    assert found.as_found.kwh == pytest.approx(truth, rel=0.2)
    # Beside a thermostat this control saves nothing, and the account says so.
    assert found.equal_room.low_kwh < 0 < found.equal_room.high_kwh
    assert found.room_change_k == pytest.approx(-2.0, abs=0.1)


@pytest.mark.parametrize("method", ["before_after", "alternate"])
def test_the_interval_holds_the_truth_as_often_as_it_says(method: str) -> None:
    truth, held, runs = 0.0, 0, 300
    for seed in range(runs):
        random = Random(seed)
        if method == "alternate":
            days = [
                winter(random, not off_day("h", FIRST + timedelta(days=n)), n, 1)[0]
                for n in range(80)
            ]
            truth = 2.6 * 2 * sum(kind_of(one) == "control" for one in days)
        else:
            days = winter(random, False, 0, 40) + winter(random, True, 40, 40)
            truth = 40 * 2.6 * 2
        saved = judge(days, method).as_found  # type: ignore[arg-type]
        assert isinstance(saved, Saved)
        held += saved.low_kwh <= truth <= saved.high_kwh
    assert held / runs >= 0.92


def test_too_few_or_too_similar_baseline_days_give_no_figure() -> None:
    random = Random(1)
    few = judge(winter(random, False, 0, 20) + winter(random, True, 20, 30), "before_after")
    assert few.as_found == Unknown("20 of 21 baseline days")
    alike = [day(n, "machine", 3.0 + n % 2, 20.0, 40.0) for n in range(30)]
    found = judge(alike + winter(random, True, 30, 30), "before_after")
    assert isinstance(found.as_found, Unknown)
    assert "of 10 K outdoors" in found.as_found.why
    nothing = judge(winter(random, False, 0, 40), "before_after")
    assert nothing.as_found == Unknown("no day with control yet")


def test_days_that_cannot_be_judged_are_counted_by_reason() -> None:
    random = Random(2)
    days = winter(random, False, 0, 40) + winter(random, True, 40, 10)
    odd = [
        replace(days[45], hours_by={"schedule": 9.0}),
        replace(days[46], room_c=Mean()),
        replace(days[47], bill=Bill()),
        replace(days[48], hours_by={"schedule": 12.0, "machine": 12.0}),
    ]
    found = judge(days[:45] + odd, "before_after")
    assert found.days == 5
    assert found.left_out == {
        "watched for too short a time": 1,
        "without room or outdoor temperature": 1,
        "without energy": 1,
        "partly controlled": 1,
    }


def test_the_lot_is_fair_repeatable_and_one_of_each_pair() -> None:
    drawn = [off_day("home", date.fromordinal(n)) for n in range(738_000, 740_000)]
    assert drawn == [off_day("home", date.fromordinal(n)) for n in range(738_000, 740_000)]
    pairs = zip(drawn[::2], drawn[1::2], strict=True)
    assert all(a != b for a, b in pairs)
    assert 0.45 < sum(drawn[::2]) / 1000 < 0.55
    assert drawn != [off_day("other", date.fromordinal(n)) for n in range(738_000, 740_000)]


@pytest.mark.parametrize(("free", "point"), [(3, 3.182), (10, 2.228), (30, 2.042), (1000, 1.962)])
def test_student_points(free: int, point: float) -> None:
    assert student_975(free) == pytest.approx(point, rel=0.01)


def test_rows_that_do_not_determine_a_model_give_none() -> None:
    assert fit([(1.0, 2.0)] * 10, [float(n) for n in range(10)]) is None
    assert fit([(1.0, 1.0), (1.0, 2.0)], [1.0, 2.0]) is None
    assert fit([], []) is None


def test_days_alike_in_what_the_model_leaves_out_widen_the_interval() -> None:
    rows = [(1.0, float(n % 7)) for n in range(60)]
    quick = fit(rows, [n % 7 + (-1) ** n for n in range(60)])
    slow = fit(rows, [n % 7 + (-1) ** (n // 10) for n in range(60)])
    assert quick is not None
    assert slow is not None
    assert quick.discount == 1.0
    assert slow.discount > 3.0
