"""`driver simulate --tcp`, read and recorded by the other commands, and checked by its trace."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.main import main

NAME = "samsung_ehs_mimb19n"


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "simulated.yaml"
    asked = ["driver", "simulate", NAME, "--tcp", "0", "--config", str(file), "--json"]
    program = [sys.executable, "-m", "agent.cli", *asked]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            ready = json.loads(running.stdout.readline())
            assert ready["ready"] == NAME
            assert ready["port"].startswith("tcp://127.0.0.1:")
            yield file
        finally:
            running.terminate()


@pytest.mark.parametrize("port", ["65536", "-1", "any"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["driver", "simulate", NAME, f"--tcp={port}"])
    assert ended.value.code == 2
    assert "allowed: 0 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("unit", ["0", "248", "-1", "one"])
def test_a_unit_id_that_is_none_is_refused(unit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["driver", "simulate", NAME, "--tcp", "0", "--seconds", "1", f"--unit-id={unit}"])
    assert ended.value.code == 2
    assert "allowed: 1 to 247" in capsys.readouterr().err


def test_the_file_that_cannot_be_written_is_named_and_not_the_port(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "nowhere" / "c.yaml"
    simulate = ["driver", "simulate", NAME, "--tcp", "0", "--seconds", "1"]
    assert main([*simulate, "--config", str(file)]) == 2
    assert f"{file}:1: cannot be written: No such file" in capsys.readouterr().err


def test_a_simulated_machine_is_read_recorded_and_its_trace_checked(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", str(config), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["devices"]["hp1"]
    assert shown["water_supply_temp"]["quality"] == "good"

    trace, golden = tmp_path / "trace.jsonl", tmp_path / "golden.json"
    assert main(["record", str(config), str(trace), "--seconds", "3"]) == 0
    check = ["driver", "check", NAME, "--trace", str(trace), "--keep-golden"]
    assert main([*check, str(tmp_path / "nowhere" / "g.json")]) == 2
    assert "g.json:1: cannot be written" in capsys.readouterr().err
    traced = ["driver", "check", NAME, "--trace", str(trace), "--json"]
    assert main([*traced, "--keep-golden", str(golden)]) == 0
    kept = json.loads(golden.read_text("utf-8"))
    assert "water_supply_temp" in kept
    capsys.readouterr()

    assert main([*traced, "--golden", str(golden)]) == 0
    kept["water_supply_temp"] = str(float(str(kept["water_supply_temp"])) + 10)
    golden.write_text(json.dumps(kept), "utf-8")
    assert main([*traced, "--golden", str(golden)]) == 1
    assert "water_supply_temp" in capsys.readouterr().out


def test_a_trace_that_is_none_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text('{"at": 1}\n', "utf-8")
    assert main(["driver", "check", NAME, "--trace", str(trace)]) == 2
    assert "trace.jsonl:1" in capsys.readouterr().err
