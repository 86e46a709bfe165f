"""`savings` reads the account of a running gateway: two simulated months, one controlled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import pi, sin
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agent.account.books import Books
from agent.cli.main import main
from agent.clock import Clock
from agent.config.tariff import read_tariff
from agent.facts import Save
from agent.homes import Home
from agent.model import Quality, Reading, Snapshot, Stamp
from agent.spool import Spool, SpoolSettings

START = datetime(2026, 11, 1, 16, 0, tzinfo=UTC)  # midnight in China
LOOK_S = 120.0
DAYS = 30
SAVED = 0.2
CONFIG = """\
gateway: gw-1
platform: {broker: "mqtt://127.0.0.1:1883"}
lines:
  - {name: bus1, port: /dev/null, devices: [{name: hp, driver: haier_atw_r290, unit_id: 1}]}
homes:
  - {name: east, heat_pump: hp}
account: {tariff: beijing_rural}
"""


def picture(day: float, controlled: bool, mono: float) -> Snapshot:
    """A home that draws 90 W for each kelvin below 20, a fifth less once it is controlled."""
    outdoor = round(8 * sin(day * 2 * pi / 15) - 3 + 3 * sin(day * 2 * pi), 1)
    watts = 90 * (20 - outdoor) * (1 - SAVED if controlled else 1.0)
    shows = {"active_power": watts, "indoor_temp": 19.0, "outdoor_temp": outdoor}
    shows["water_setpoint"] = 40.0 if controlled else 45.0
    readings = tuple(Reading(point, value, Quality.GOOD) for point, value in shows.items())
    return Snapshot("hp").with_readings(readings, mono)


def lived() -> Iterator[Save]:
    """What a gateway saves in two months: as found first, then under control."""
    books = Books((Home("east", "hp"),), ZoneInfo("Asia/Shanghai"), read_tariff("beijing_rural"))
    for n in range(round((2 * DAYS + 0.4) * 86400 / LOOK_S)):
        mono = n * LOOK_S
        day = mono / 86400
        controlled = day >= DAYS
        stamp = Stamp(START + timedelta(seconds=mono), mono)
        decided_by = "schedule" if controlled else "machine"
        for effect in books.sweep(picture(day, controlled, mono), decided_by, stamp):
            if isinstance(effect, Save):
                yield effect


async def fill(path: Path) -> Spool:
    """A buffer with that account in it, still open as by a gateway that runs."""
    spool = await Spool.open(SpoolSettings(str(path)), "boot", Clock().stamp)
    newest = {effect.key: effect.value for effect in lived()}
    for key, value in newest.items():
        await spool.save_state(key, msgspec.json.encode(value))
    return spool


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG + f"spool: {{path: {tmp_path}/spool.db}}\n", encoding="utf-8")
    return path


async def test_months_season_money_coal_and_both_baselines(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spool = await fill(tmp_path / "spool.db")
    try:
        assert main(["savings", str(config)]) == 0
        text = capsys.readouterr().out
        assert main(["savings", str(config), "--json"]) == 0
    finally:
        await spool.close()
    spans: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["east"]
    assert [span["name"] for span in spans] == ["2026-11", "2026-12", "2027-01", "season"]
    assert spans[-1]["days"] == 2 * DAYS + 1, "the open day is in it"
    found = spans[-1]["judged"]["as_found"]
    assert found["low_kwh"] <= found["kwh"] <= found["high_kwh"]
    assert found["share"] == pytest.approx(SAVED, abs=0.02)
    assert found["coal_kg"] == pytest.approx(found["kwh"] * 0.3015)
    for words in ("home as found", "equal room temperature", "to the household", "public purse",
                  "kg coal/kWh", "kg CO2/kWh", "Beijing rural heating"):  # fmt: skip
        assert words in text


async def test_a_gateway_that_has_no_day_yet_says_so(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spool = await Spool.open(SpoolSettings(str(tmp_path / "spool.db")), "boot", Clock().stamp)
    await spool.close()
    assert main(["savings", str(config)]) == 1
    assert capsys.readouterr().out == "east: no day is kept yet\n"


def test_no_buffer_is_a_missing_resource(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["savings", str(config)]) == 3
    assert "there is no such file" in capsys.readouterr().err
