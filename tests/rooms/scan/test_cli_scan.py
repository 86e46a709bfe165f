"""`scan` and `doctor` as commands, over a pty with a pair behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from agent import config
from agent.cli import main
from agent.drivers import driver
from simulators.adapter import PtyAdapter
from simulators.uart import Serial
from simulators.variant import BusUnit, Variant, machine
from simulators.weather import synthetic_winter
from simulators.wiring import Pair

QUICK = ["--baudrate", "115200", "--parity", "none", "--ids", "2-4"]


def made(unit_id: int, name: str) -> BusUnit:
    unit = machine(driver(name).map, unit_id, synthetic_winter(), Random(unit_id))
    assert isinstance(unit.registers, Variant)
    unit.registers.lacking, unit.registers.generous = frozenset(), False
    unit.serial, unit.delay_s = Serial(115200), 0.01
    return unit


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Path]:
    with PtyAdapter(Pair([made(3, "midea_mthermal_r32")]), tmp_path / "port") as adapter:
        yield adapter.path


@pytest.fixture
def port_with_meter(tmp_path: Path) -> Iterator[Path]:
    both = [made(3, "midea_mthermal_r32"), made(4, "eastron_sdm120")]
    with PtyAdapter(Pair(both), tmp_path / "port") as adapter:
        yield adapter.path


def test_scan_writes_what_was_compared(
    port: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", str(port), *QUICK, "--json"]) == 0
    (unit,) = json.loads(capsys.readouterr().out)["units"]
    assert (unit["unit_id"], unit["driver"]) == (3, "midea_mthermal_r32")
    supply = unit["values"]["water_supply_temp"]
    file = tmp_path / "home.yaml"
    wrong = ["--write", str(file), "--seen", f"3.water_supply_temp={supply + 10}"]
    assert main(["scan", str(port), *QUICK, *wrong]) == 1
    assert not file.exists()
    said = capsys.readouterr().err
    assert f"reads {supply}, the display shows {supply + 10:g}" in said
    other = ["--write", str(file), "--seen", "3.room=20", "--seen", "9.water_supply_temp=20"]
    assert main(["scan", str(port), *QUICK, *other]) == 1
    said = capsys.readouterr().err
    assert "--seen 3.room: unit 3 gave water_supply_temp" in said
    assert "--seen 9.water_supply_temp: unit 9 gave nothing" in said
    right = ["--write", str(file), "--seen", f"3.water_supply_temp={supply + 0.4}"]
    assert main(["scan", str(port), *QUICK, *right]) == 0
    assert "compared with its display" in file.read_text("utf-8")
    assert main(["check", str(file)]) == 0


def test_scan_writes_names_and_roles_as_the_page_does(
    port_with_meter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "home.yaml"
    scan = ["scan", str(port_with_meter), *QUICK, "--yes", "--write", str(file)]
    assert main([*scan, "--name", "3=east", "--name", "4=meter1", "--serves", "4=3"]) == 0
    (home,) = config.read(file).core.homes
    assert home.heat_pump == "east"
    assert {one.device for one in home.supplies} == {"meter1"}
    kept = file.read_text("utf-8")
    capsys.readouterr()
    assert main([*scan, "--leave-out", "4"]) == 2
    said = capsys.readouterr()
    assert "is a configuration already" in said.err
    assert (said.out, file.read_text("utf-8")) == ("", kept)
    file.unlink()
    assert main([*scan, "--leave-out", "4"]) == 0
    (line,) = config.read(file).lines
    assert [one.name for one in line.devices] == ["unit3"]
    file.unlink()
    for wrong in (
        ["--name", "9=west"],
        ["--serves", "3=4"],
        ["--serves", "4=9"],
        ["--driver", "3=eastron_sdm120"],
    ):
        assert main([*scan, *wrong]) == 2


def test_doctor_finds_a_healthy_line_well(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["doctor", str(port), "--baudrate", "115200", "--ids", "3"]
    assert main(asked) == 0
    assert "一切正常" in capsys.readouterr().out


def test_doctor_says_when_there_is_no_such_port(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "/dev/there-is-none", "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["/dev/there-is-none"]
    assert found["fault"] == "wrong_port"


@pytest.mark.parametrize("ids", ["0", "1-300", "a", "5-2", "1-999999999999"])
def test_ids_that_are_none(ids: str) -> None:
    with pytest.raises(SystemExit):
        main(["scan", "/dev/x", "--ids", ids])


def test_the_doctor_takes_a_misspelt_configuration_for_no_port(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", str(tmp_path / "hoem.yaml")]) == 2
    assert "hoem.yaml:1: cannot be read" in capsys.readouterr().err
