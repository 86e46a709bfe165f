"""Weather: files are read strictly, and the made-up winter has the climate it claims."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from agent.errors import FileError
from simulators.weather import (
    CHINA,
    Conditions,
    Weather,
    parse_weather,
    read_weather,
    synthetic_winter,
)

HEADER = "datetime_local,t_dry_bulb_c,rh_pct,ghi_model_w_m2"
TWO_HOURS = f"{HEADER},wind_m_s\n2010-11-01 00:00,4,80,0,1.5\n2010-11-01 01:00,-2,60,100,2\n"


@pytest.fixture(scope="module")
def winter() -> Weather:
    return synthetic_winter()


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def days(weather: Weather) -> list[list[Conditions]]:
    return [list(weather.hours[at : at + 24]) for at in range(0, len(weather.hours), 24)]


def test_a_file_becomes_hours_with_straight_lines_between(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text(TWO_HOURS, "utf-8")
    weather = read_weather(path)
    assert weather.start == datetime(2010, 11, 1, tzinfo=CHINA)
    assert weather.length_s == 7200
    assert weather.at(0) == Conditions(4, 80, 0)
    assert weather.at(900) == pytest.approx((2.5, 75, 25))
    assert weather.time(900) == datetime(2010, 11, 1, 0, 15, tzinfo=CHINA)


def test_before_the_first_and_after_the_last_hour_the_weather_stands_still():
    weather = parse_weather(TWO_HOURS, "two.csv")
    assert weather.at(-5) == weather.at(0)
    assert weather.at(3600) == weather.at(7199) == weather.at(1e9) == Conditions(-2, 60, 100)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("datetime_local,t_dry_bulb_c\n", 1, "no column rh_pct, ghi_model_w_m2"),
        ("", 1, "no column"),
        (f"{HEADER}\n", 2, "no hour"),
        (f"{HEADER}\n2010-11-01 00:00,warm,80,0\n", 2, "warm"),
        (f"{HEADER}\n2010-11-01 00:00,4,,0\n", 2, "rh_pct"),
        (f"{HEADER}\n2010-11-01 00:00,4,80\n", 2, "ghi_model_w_m2"),
        (f"{HEADER}\n2010-11-01 00:00,nan,80,0\n", 2, "t_dry_bulb_c 'nan'"),
        (f"{HEADER}\n2010-11-01 00:00,4,101,0\n", 2, "from 0 to 100"),
        (f"{HEADER}\nyesterday,4,80,0\n", 2, "yesterday"),
        (f"{TWO_HOURS}2010-11-01 03:00,4,80,0,1\n", 4, "03:00 does not follow"),
        (f"{TWO_HOURS}2010-11-01 01:00,4,80,0,1\n", 4, "01:00 does not follow"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(text, line, words):
    with pytest.raises(FileError) as refused:
        parse_weather(text, "w.csv")
    (mistake,) = refused.value.mistakes
    assert (mistake.file, mistake.line) == ("w.csv", line)
    assert words in mistake.message


def test_the_made_up_winter_runs_from_november_to_march(winter):
    assert len(winter.hours) == 3624
    assert winter.start == datetime(2010, 11, 1, tzinfo=CHINA)
    last = winter.time(winter.length_s) - timedelta(hours=1)
    assert (last.month, last.day, last.hour) == (3, 31, 23)


def test_the_made_up_winter_is_as_cold_as_the_city(winter):
    outdoor = [hour.outdoor_c for hour in winter.hours]
    assert mean(outdoor) == pytest.approx(0.4, abs=0.2)
    assert -17.0 <= min(outdoor) <= -15.0
    daily = [mean([hour.outdoor_c for hour in day]) for day in days(winter)]
    degree_days = sum(max(0.0, 18.0 - of_day) for of_day in daily)
    assert 2249 <= degree_days <= 2691


def test_january_is_the_coldest_month_and_march_the_mildest(winter):
    months: dict[int, list[float]] = {}
    for index, hour in enumerate(winter.hours):
        months.setdefault(winter.time(index * 3600).month, []).append(hour.outdoor_c)
    by_cold = sorted(months, key=lambda month: mean(months[month]))
    assert by_cold[0] == 1
    assert by_cold[-1] == 3
    assert mean(months[1]) == pytest.approx(-5.0, abs=0.6)


def test_a_day_is_coldest_before_dawn_and_warmest_in_the_afternoon(winter):
    by_hour = [mean([day[hour].outdoor_c for day in days(winter)]) for hour in range(24)]
    assert by_hour.index(min(by_hour)) in (4, 5, 6, 7)
    assert by_hour.index(max(by_hour)) in (14, 15, 16)
    swing = mean(
        [max(h.outdoor_c for h in day) - min(h.outdoor_c for h in day) for day in days(winter)]
    )
    assert 8.5 < swing < 12.5  # 9.3 to 12.4 K by season and month in the measured winters


def test_cold_snaps_last_for_days(winter):
    daily = [mean([hour.outdoor_c for hour in day]) for day in days(winter)]
    falls = [index for index in range(2, 151) if daily[index] - daily[index - 2] < -5.0]
    assert 3 <= len(falls) <= 25
    fortnight = [mean(daily[at : at + 15]) for at in range(137)]
    anomaly = [daily[at + 7] - fortnight[at] for at in range(137)]
    following = sum(a * b for a, b in pairwise(anomaly))
    assert following / sum(a * a for a in anomaly) > 0.4  # tomorrow resembles today


def test_the_sun_of_each_month_is_near_its_normal(winter):
    normal = {11: 9.21, 12: 7.89, 1: 9.14, 2: 12.19, 3: 16.13}
    months: dict[int, list[float]] = {}
    for index, day in enumerate(days(winter)):
        month = winter.time(index * 86400).month
        months.setdefault(month, []).append(sum(hour.ghi_w_m2 for hour in day) * 0.0036)
    assert {month: mean(sums) for month, sums in months.items()} == pytest.approx(normal, rel=0.1)
    by_night = [hour.ghi_w_m2 for day in days(winter) for hour in (*day[:6], *day[19:])]
    assert set(by_night) == {0.0}


def test_humidity_is_possible_and_highest_at_night(winter):
    humid = [hour.humidity_pct for hour in winter.hours]
    assert min(humid) >= 12
    assert max(humid) <= 98
    assert mean(humid) == pytest.approx(46, abs=5)
    assert mean([day[4].humidity_pct for day in days(winter)]) > 50
    assert mean([day[14].humidity_pct for day in days(winter)]) < 40


def test_the_same_seed_gives_the_same_winter_and_another_seed_another():
    assert synthetic_winter(7) == synthetic_winter(7)
    assert synthetic_winter(7) != synthetic_winter(8)


def test_some_hours_are_the_same_on_every_machine(winter):
    assert winter.hours[0] == Conditions(5.4, 56.0, 0.0)
    assert winter.hours[12] == Conditions(12.0, 39.0, 474.0)
    assert winter.hours[1800] == Conditions(-9.9, 31.0, 0.0)
    assert winter.hours[-1] == Conditions(2.8, 34.0, 0.0)
