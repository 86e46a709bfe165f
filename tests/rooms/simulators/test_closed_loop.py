"""The closed loop: the unchanged core over any plant, its table, and the cases of a winter."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from agent.config import read
from agent.model import PointId, Value
from bench.season_safety import CASES, PATHS, Scene, snap_s
from simulators.closed_loop import COLUMNS, CONFIG, ClosedLoop, main, run
from simulators.plants import Blind, Fixed
from simulators.weather import Weather, synthetic_winter

WEATHER = synthetic_winter()


class Kettle:
    """A plant of somebody else: one store of heat, no pump, no weather of its own."""

    def __init__(self, weather: Weather) -> None:
        self.weather, self.room_c, self.elapsed_s = weather, 18.0, 0.0

    def step(self, seconds: float, inputs: Mapping[PointId, Value]) -> Mapping[PointId, Value]:
        water = float(inputs.get("water_setpoint", 45.0))
        outdoor = self.weather.at(self.elapsed_s).outdoor_c
        heat = 250.0 * (water - self.room_c) - 260.0 * (self.room_c - outdoor)
        self.room_c += heat * seconds / 30e6
        self.elapsed_s += seconds
        return {
            "indoor_temp": self.room_c,
            "outdoor_temp": outdoor,
            "water_setpoint": water,
            "water_supply_temp": water,
            "active_power": 1500.0,
            "power_on": True,
        }


def loop(plant: object) -> ClosedLoop:
    return ClosedLoop(read(CONFIG), plant, WEATHER)  # type: ignore[arg-type]


def test_ten_days_of_the_reference_home_stay_warm_within_the_budget() -> None:
    account = run(loop(Fixed(WEATHER)), 10 * 86400.0)
    assert account.hours == pytest.approx(7 * 24)
    assert account.kh_below < 2.0
    assert 17.9 < account.mean_room_c < 19.0
    assert account.writes_per_day <= 12.6
    assert account.most_writes_a_day <= 24
    assert account.starts_per_hour <= 3


def test_a_plant_of_somebody_else_is_tended() -> None:
    account = run(loop(Kettle(WEATHER)), 12 * 86400.0)
    assert 17.5 < account.mean_room_c < 19.5


def test_a_home_without_a_room_sensor_is_heated_by_the_curve() -> None:
    blind = loop(Blind(Fixed(WEATHER)))
    rows = [blind.step() for _ in range(144)]
    assert "indoor_temp" not in blind.shown
    assert rows[-1].setpoint_c > 30.0


def test_what_was_learned_survives_a_restart_and_a_stop_parks() -> None:
    one = loop(Fixed(WEATHER))
    for _ in range(3 * 144):
        one.step()
    one.restart()
    one.step()
    one.stop()
    assert one.told["water_setpoint"] == 48
    learned = one.saved["learned"]
    assert isinstance(learned, dict)
    assert learned["hp.water_setpoint"].age_s > 2 * 86400.0


def test_the_table_has_a_row_every_ten_minutes_in_canonical_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "season.csv"
    assert main(["--days", "4", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hours"] == 24
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 4 * 144
    first, second = (datetime.fromisoformat(row["at"]) for row in rows[:2])
    assert (second - first).total_seconds() == 600
    assert first.utcoffset() is not None


@pytest.mark.parametrize(
    "wrong",
    [
        ["--plant", "nowhere:Plant"],
        ["--plant", "simulators.plants:Nothing"],
        ["--weather", "none.csv"],
        ["--config", "none.yaml"],
    ],
)
def test_what_cannot_be_used_is_told(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(wrong) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("days", ["0", "-1", "nan", "many"])
def test_days_that_are_none_are_refused(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--days={days}"])
    assert ended.value.code == 2
    assert "allowed: above 0" in capsys.readouterr().err


def test_weather_in_another_encoding_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "latin.csv"
    wrong.write_bytes(b"\xe9")
    assert main(["--days", "1", "--weather", str(wrong)]) == 2
    assert f"{wrong}:1: is not UTF-8 text" in capsys.readouterr().err


def test_what_a_plant_does_not_show_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--plant", f"{__name__}:Kettle", "--days", "0.1", "--json"]) == 0
    told = capsys.readouterr().out
    assert "NaN" not in told
    assert json.loads(told)["starts_per_hour"] is None


@pytest.mark.parametrize("name", CASES)
def test_the_table_of_cases(name: str) -> None:
    assert CASES[name](Scene().hours(4))


@pytest.mark.parametrize("path", [name for name in PATHS if "for good" not in name])
def test_a_gateway_that_dies_leaves_the_house_warm(path: str) -> None:
    snap = replace(WEATHER, hours=WEATHER.hours[int(snap_s(WEATHER) // 3600) - 96 :])
    one = ClosedLoop(read(CONFIG), Fixed(snap), snap)
    for _ in range(96 * 6):
        one.step()
    PATHS[path](one)
    assert min(one.step().room_c for _ in range(72 * 6)) >= 17.5
