"""Outdoor air, humidity and sun by the hour: read from a file, or made up for a Beijing winter.

The made-up winter needs no file and is the same on every machine: it draws only uniform numbers
from Python's Mersenne Twister (documented to be reproducible) and rounds what it computes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from math import acos, cos, exp, isfinite, pi, radians, sin, tan
from pathlib import Path
from random import Random
from typing import NamedTuple

from agent.errors import FileError, Mistake

CHINA = timezone(timedelta(hours=8))
COLUMNS = ("datetime_local", "t_dry_bulb_c", "rh_pct", "ghi_model_w_m2")
_LIMITS = ((-60.0, 60.0), (0.0, 100.0), (0.0, 1400.0))


class Conditions(NamedTuple):
    """The outdoor air at one moment: degC, percent, global horizontal W/m2."""

    outdoor_c: float
    humidity_pct: float
    ghi_w_m2: float


@dataclass(frozen=True, slots=True)
class Weather:
    """Hourly weather from `start` (aware) on; linear between hours, the last hour holds on."""

    start: datetime
    hours: tuple[Conditions, ...]

    @property
    def length_s(self) -> float:
        """Seconds covered, the last hour included."""
        return len(self.hours) * 3600.0

    def at(self, elapsed_s: float) -> Conditions:
        """The weather so many seconds after the start; the first hour's before it."""
        hours, elapsed_s = self.hours, max(elapsed_s, 0.0)
        index = int(elapsed_s // 3600.0)
        if index >= len(hours) - 1:
            return hours[-1]
        part = elapsed_s % 3600.0 / 3600.0
        t0, h0, g0 = hours[index]
        t1, h1, g1 = hours[index + 1]
        now = (t0 + (t1 - t0) * part, h0 + (h1 - h0) * part, g0 + (g1 - g0) * part)
        return tuple.__new__(Conditions, now)  # a season asks 200,000 times

    def time(self, elapsed_s: float) -> datetime:
        """The aware local time so many seconds after the start."""
        return self.start + timedelta(seconds=elapsed_s)


def read_weather(path: Path) -> Weather:
    """Weather from a CSV file; see `parse_weather`. Raises OSError and FileError."""
    try:
        return parse_weather(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError:
        raise FileError([Mistake(str(path), 1, "", "is not UTF-8 text")]) from None


def parse_weather(text: str, file: str) -> Weather:
    """Hourly weather from CSV with the columns COLUMNS, times local without daylight saving.

    Other columns are ignored. Raises FileError for the first wrong place: a missing column, a value
    that is no number or impossible, an hour that does not follow the one before it.
    """
    rows = csv.DictReader(text.splitlines())
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        message = f"no column {', '.join(missing)}"
        raise FileError([Mistake(file, 1, "", message, ", ".join(COLUMNS))])
    hours: list[Conditions] = []
    start: datetime | None = None
    for row in rows:
        try:
            at, conditions = _row(row)
            if start is not None and at != start + timedelta(hours=len(hours)):
                raise ValueError(f"{at:%Y-%m-%d %H:%M} does not follow by one hour")
        except ValueError as error:
            raise FileError([Mistake(file, rows.line_num, "", str(error))]) from None
        start = start or at
        hours.append(conditions)
    if start is None:
        raise FileError([Mistake(file, 2, "", "no hour of weather")])
    return Weather(start, tuple(hours))


def _row(row: dict[str, str]) -> tuple[datetime, Conditions]:
    numbers: list[float] = []
    for name, (low, high) in zip(COLUMNS[1:], _LIMITS, strict=True):
        value = float(row[name] or "nan")
        if not isfinite(value) or not low <= value <= high:
            raise ValueError(f"{name} {row[name]!r} is not from {low:g} to {high:g}")
        numbers.append(value)
    at = datetime.fromisoformat(row[COLUMNS[0]]).replace(tzinfo=CHINA)
    return at, Conditions(*numbers)


# --- the made-up winter ---------------------------------------------------------------------

SYNTHETIC_SEED = 54511  # the station number of Beijing in the list of the WMO
SYNTHETIC_START = datetime(2010, 11, 1, tzinfo=CHINA)
SYNTHETIC_DAYS = 151
_LATITUDE = radians(39.9)
# By month: degC at its middle and mean relative humidity, near the airport's winters of 2010-2012;
# daily sun in MJ/m2 near the normals of the Chinese design code for solar water heating, +-15 %.
_MONTHS = {11: (4.2, 54.0, 9.21), 12: (-2.3, 46.0, 7.89), 1: (-5.8, 42.0, 9.14)}
_MONTHS |= {2: (-1.8, 46.0, 12.19), 3: (6.2, 40.0, 16.13)}
_MID_MONTH = ((14.5, 11), (45.0, 12), (76.0, 1), (105.5, 2), (135.0, 3))


def synthetic_winter(seed: int = SYNTHETIC_SEED) -> Weather:
    """Nov 1 to Mar 31 near Beijing, 3,624 hours: season, cold snaps, daily cycle, cloud, humidity.

    Near the city's measured winters in mean (0.4 degC), minimum (-15 to -17), heating degree days
    to 18 degC (2,249 to 2,691) and monthly sun. Other seeds give other winters of the same climate.
    """
    random = Random(seed)
    anomaly = _cold_snaps(random)
    clearness = [0.62 + 0.76 * random.random() for _ in range(SYNTHETIC_DAYS + 1)]
    return Weather(SYNTHETIC_START, tuple(_hours(anomaly, clearness)))


def _cold_snaps(random: Random) -> list[float]:
    """Kelvin above the season's normal, by the hour, with mean 0 over the winter.

    Slow drifting days (an AR(1) chain, deviation about 2.2 K), and every week or two a cold front:
    a fall of 3 to 9 K within 18 h that wears off with a time constant of 60 h.
    """
    drift, days = 0.0, [0.0]
    for _ in range(SYNTHETIC_DAYS + 1):
        drift = 0.7 * drift + 1.6 * (sum(random.random() for _ in range(12)) - 6.0)
        days.append(drift)
    snap, falling, next_front, front_ends = 0.0, 0.0, 72.0, 0
    series: list[float] = []
    for hour in range(SYNTHETIC_DAYS * 24):
        if hour >= next_front:
            falling = (3.0 + 6.0 * random.random()) / 18.0
            next_front = hour + 24.0 * (6.0 + 7.0 * random.random())
            front_ends = hour + 18
        snap *= exp(-1.0 / 60.0)
        if hour < front_ends:
            snap -= falling
        day, within = divmod(hour, 24)
        series.append(days[day] + (days[day + 1] - days[day]) * within / 24.0 + snap)
    mean = sum(series) / len(series)
    return [kelvin - mean for kelvin in series]


def _hours(anomaly: list[float], clearness: list[float]) -> Iterator[Conditions]:
    for index, kelvin in enumerate(anomaly):
        day, hour = divmod(index, 24)
        month = (SYNTHETIC_START + timedelta(days=day)).month
        clear = clearness[day] + (clearness[day + 1] - clearness[day]) * hour / 24.0
        swing = clear * (
            4.5 * cos(2 * pi * (hour - 15) / 24) + 0.9 * cos(4 * pi * (hour - 14) / 24)
        )
        humid = _MONTHS[month][1] - 2.6 * swing + 55.0 * (1.0 - clear) + 0.8 * kelvin
        sun = clearness[day] * _MONTHS[month][2] * _sun_share(day, hour) / 0.0036
        yield Conditions(
            round(_normal_c(day + hour / 24.0) + kelvin + swing, 1),
            float(round(min(98.0, max(12.0, humid)))),
            float(round(sun)),
        )


def _normal_c(day: float) -> float:
    """The season's normal on this day: straight lines between the middles of the months."""
    for (d0, m0), (d1, m1) in pairwise(_MID_MONTH):
        if day <= d1 or m1 == 3:
            t0, t1 = _MONTHS[m0][0], _MONTHS[m1][0]
            return t0 + (t1 - t0) * (day - d0) / (d1 - d0)
    raise AssertionError("the last line goes on for ever")


def _sun_share(day: int, hour: int) -> float:
    """The share of the day's sun in this hour, by Collares-Pereira and Rabl (1979)."""
    day_of_year = (305 + day - 1) % 365 + 1
    declination = radians(23.45) * sin(2 * pi * (284 + day_of_year) / 365)
    sunset = acos(-tan(_LATITUDE) * tan(declination))
    angle = radians(15.0 * (hour - 12))
    if abs(angle) >= sunset:
        return 0.0
    a = 0.409 + 0.5016 * sin(sunset - pi / 3)
    b = 0.6609 - 0.4767 * sin(sunset - pi / 3)
    beam = (cos(angle) - cos(sunset)) / (sin(sunset) - sunset * cos(sunset))
    return pi / 24 * (a + b * cos(angle)) * beam
