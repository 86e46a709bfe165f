"""Sealed in summer, sharper in extreme cold: the mode by date and air, and what it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.facts import ForecastKnown
from agent.faults.season import Mode, Season, SeasonSettings, in_season
from agent.model import Severity, Snapshot, Stamp
from tests.rooms.control.testpump import readings
from tests.rooms.faults.alarmlife import S1, S2, S3, condition

CHINA = ZoneInfo("Asia/Shanghai")
SUMMER = SeasonSettings(("04-15", "10-15"))
NORMAL, SEALED, COLD = Mode


def stamp(day: str, mono: float = 0.0, trusted: bool = True) -> Stamp:
    at = datetime.fromisoformat(f"2027-{day}T12:00").replace(tzinfo=CHINA)
    return Stamp(at.astimezone(UTC) + timedelta(seconds=mono), mono, trusted)


def air(outdoor_c: float | None, mono: float = 0.0) -> dict[str, Snapshot]:
    return {"hp": Snapshot("hp").with_readings(readings(outdoor_temp=outdoor_c), mono)}


def forecast(day: str, *outdoor_c: float) -> ForecastKnown:
    return ForecastKnown(stamp(day).at, outdoor_c, stamp(day))


@pytest.mark.parametrize(
    ("settings", "day", "outdoor_c", "mode"),
    [
        (SUMMER, "04-14", 20.0, NORMAL),
        (SUMMER, "04-15", 20.0, SEALED),
        (SUMMER, "07-01", None, SEALED),
        (SUMMER, "10-15", 5.0, SEALED),
        (SUMMER, "10-15", 4.9, NORMAL),
        (SUMMER, "10-16", 20.0, NORMAL),
        (SeasonSettings(("10-01", "03-31")), "01-05", 20.0, SEALED),
        (SeasonSettings(("10-01", "03-31")), "04-01", 20.0, NORMAL),
        (SeasonSettings(), "07-01", 30.0, NORMAL),
        (SUMMER, "01-05", -15.0, NORMAL),
        (SUMMER, "01-05", -15.1, COLD),
        (SeasonSettings(extreme_below_c=-20.0), "01-05", -19.0, NORMAL),
    ],
)
def test_the_mode_by_date_and_air(
    settings: SeasonSettings, day: str, outdoor_c: float | None, mode: Mode
) -> None:
    season = Season(settings, CHINA)
    assert season.look(air(outdoor_c), stamp(day)) is (mode is not NORMAL)
    assert season.mode is mode


def test_a_clock_that_is_not_believed_seals_nothing() -> None:
    season = Season(SUMMER, CHINA)
    season.look(air(20.0), stamp("07-01", trusted=False))
    assert season.mode is NORMAL


def test_a_tenth_of_a_kelvin_does_not_change_the_mode_back() -> None:
    season, said = Season(SUMMER, CHINA), list[Mode]()
    for minute, outdoor_c in enumerate([-15.1, -14.9, -13.1, -12.9]):
        mono = 60.0 * minute
        season.look(air(outdoor_c, mono), stamp("01-05", mono))
        said.append(season.mode)
    assert said == [COLD, COLD, COLD, NORMAL]
    season, said = Season(SUMMER, CHINA), []
    for minute, outdoor_c in enumerate([4.9, 5.1, 6.9, 7.1]):
        mono = 60.0 * minute
        season.look(air(outdoor_c, mono), stamp("05-05", mono))
        said.append(season.mode)
    assert said == [NORMAL, NORMAL, NORMAL, SEALED]


def test_it_is_looked_at_once_a_minute() -> None:
    season = Season(SUMMER, CHINA)
    season.look(air(0.0), stamp("01-05"))
    assert not season.look(air(-20.0, 59.0), stamp("01-05", 59.0))
    assert season.look(air(-20.0, 60.0), stamp("01-05", 60.0))


@pytest.mark.parametrize(
    ("measured_c", "ahead", "mode"),
    [
        (-8.0, [-9.0] * 6 + [-16.0], COLD),
        (-8.0, [-9.0] * 12 + [-16.0], NORMAL),
        (None, [-16.0], COLD),
        (8.0, [-16.0], NORMAL),
    ],
)
def test_a_forecast_counts_for_twelve_hours_unless_it_is_another_place(
    measured_c: float | None, ahead: list[float], mode: Mode
) -> None:
    season = Season(SUMMER, CHINA)
    season.foretold(forecast("01-05", *ahead))
    season.look(air(measured_c), stamp("01-05"))
    assert season.mode is mode


def test_what_was_measured_long_ago_is_not_known() -> None:
    season = Season(SUMMER, CHINA)
    season.look(air(-20.0, 0.0), stamp("01-05", 6 * 3600.0))
    assert season.mode is COLD
    season.look(air(-20.0, 0.0), stamp("01-05", 6 * 3600.0 + 60.0))
    assert season.mode is NORMAL


@pytest.mark.parametrize(
    ("fault", "rule", "severity", "cause"),
    [
        ("F25", "communication_lost", S2, "sealed_season"),
        ("F25", "communication_lost", S1, ""),
        ("F21", "capacity_short", S2, "sealed_season"),
        ("F22", "supply_hot", S3, "sealed_season"),
        ("F15", "sensor_absent", S2, ""),
        ("F20", "frost_danger", S1, ""),
        ("F20", "frost_danger", S2, ""),
        ("F06", "no_flow", S2, ""),
        ("F23", "overheat", S2, ""),
    ],
)
def test_what_summer_explains(fault: str, rule: str, severity: Severity, cause: str) -> None:
    found = (condition(rule=rule, fault=fault, severity=severity),)
    assert in_season(found, SEALED, heat_pump=True)[0].cause == cause
    assert in_season(found, NORMAL, heat_pump=True) is found


@pytest.mark.parametrize(
    ("fault", "heat_pump", "severity", "raise_s"),
    [
        ("F25", True, S1, 30.0),
        ("F25", False, S2, 60.0),
        ("F20", True, S2, 30.0),
        ("F15", True, S2, 60.0),
    ],
)
def test_extreme_cold_is_sharper_with_heat_pumps(
    fault: str, heat_pump: bool, severity: Severity, raise_s: float
) -> None:
    (found,) = in_season((condition(fault=fault, raise_s=60.0),), COLD, heat_pump)
    assert (found.severity, found.raise_after_s) == (severity, raise_s)
