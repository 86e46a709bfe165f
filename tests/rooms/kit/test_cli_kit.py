"""`driver check`, `new` and `doc` as people and programs call them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.drivers.registry import installed

LIST = "number,name,type,scale,unit,access,remark\n30101,outlet water,INT16,0.1,degC,R,\n"


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "samsung.yaml"
    path.write_text(installed("samsung_ehs_mimb19n")[1], "utf-8")
    return path


def test_check_for_programs(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["driver", "check", str(good), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (one,) = report["maps"]
    assert report["ok"] is one["ok"] is True
    assert one["map"] == "samsung_ehs_mimb19n"
    assert len(one["sha256"]) == 64


def test_an_error_gives_1_a_warning_only_when_asked(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = good.read_text("utf-8")
    good.write_text(text.replace("grade: draft", "grade: field"), "utf-8")
    assert main(["driver", "check", str(good)]) == 0
    assert "none was given" in capsys.readouterr().out
    assert main(["driver", "check", str(good), "--strict"]) == 1
    good.write_text(text.replace("source:", "sauce:"), "utf-8")
    assert main(["driver", "check", str(good)]) == 1


@pytest.mark.parametrize("what", ["nobody", "missing.yaml"])
def test_a_wrong_argument_gives_2(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["driver", "check", what]) == 2
    assert what in capsys.readouterr().err


def test_a_package_that_does_not_offer_its_map_is_told(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (good.parent / "pyproject.toml").write_text('[project]\nname = "x"\n', "utf-8")
    assert main(["driver", "check", str(good.parent)]) == 1
    told = capsys.readouterr().out
    assert "offers no driver samsung_ehs_mimb19n" in told
    assert "samsung.yaml would not be installed" in told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[project]\nentry-points = "x"\n', "`$.project.entry-points`"),
        ('[tool]\nsetuptools = "y"\n', "`$.tool.setuptools`"),
        ("[tool.setuptools.package-data]\nx = [1]\n", "`$.tool.setuptools.package-data"),
        ("project = \n", "not TOML"),
    ],
)
def test_a_project_file_that_cannot_be_used_is_told(
    text: str, why: str, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (good.parent / "pyproject.toml").write_text(text, "utf-8")
    assert main(["driver", "check", str(good.parent)]) == 2
    told = capsys.readouterr().err
    assert str(good.parent / "pyproject.toml") in told
    assert why in told


def test_a_folder_is_no_map_and_a_link_to_nothing_is_told(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (good.parent / "folder.yaml").mkdir()
    assert main(["driver", "check", str(good.parent)]) == 0
    (good.parent / "link.yaml").symlink_to(good.parent / "nothing")
    assert main(["driver", "check", str(good.parent)]) == 2
    assert f"{good.parent / 'link.yaml'}:1: cannot be read" in capsys.readouterr().err


def test_a_golden_reading_that_is_not_met(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump, golden, kept = (tmp_path / name for name in ("dump.txt", "golden.txt", "kept.json"))
    dump.write_text("holding: {50: [7, 116], 65: [365, 412]}\n", "utf-8")
    golden.write_text("water_supply_temp: 41.2\nwater_return_temp: 35\n", "utf-8")
    arguments = ["driver", "check", str(good), "--trace", str(dump), "--golden", str(golden)]
    assert main([*arguments, "--keep-golden", str(kept)]) == 1
    told = capsys.readouterr().out
    assert "decodes to 36.5, the display showed 35 degC" in told
    assert "water_supply_temp  golden" not in told
    assert json.loads(kept.read_text("utf-8"))["water_supply_temp"] == 41.2


def test_new_asks_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ["acme_one", "Acme", "One", "Acme: sheet of 2024", LIST.splitlines()[1], ""]
    monkeypatch.setattr("sys.stdin", Terminal("\n".join(answers) + "\n"))
    monkeypatch.chdir(tmp_path)
    assert main(["driver", "new"]) == 0
    text = (tmp_path / "heatpump-acme/heatpump_acme/acme_one.yaml").read_text("utf-8")
    assert "water_supply_temp: {table: input, at: 100, type: s16, scale: 0.1" in text
    assert "1 points, 1 of them under canonical names" in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "code"), [(5, 0), (2, 1)], ids=["the list", "the questions"])
def test_ctrl_d_ends_the_list_and_before_it_everything(
    typed: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["acme_one", "Acme", "One", "Acme: sheet of 2024", LIST.splitlines()[1]]
    monkeypatch.setattr("sys.stdin", Terminal("\n".join(answers[:typed]) + "\n"))
    monkeypatch.chdir(tmp_path)
    assert main(["driver", "new"]) == code
    assert (tmp_path / "heatpump-acme").exists() is (code == 0)


def test_new_without_a_terminal_says_what_it_needs_and_spares_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.chdir(tmp_path)
    assert main(["driver", "new", "acme_one", "--brand", "Acme"]) == 2
    assert "--model, --source, --csv" in capsys.readouterr().err
    (tmp_path / "list.csv").write_text(LIST, "utf-8")
    full = ["driver", "new", "acme_one", "--brand", "Acme", "--model", "One"]
    full += ["--source", "Acme: sheet of 2024", "--csv", "list.csv"]
    assert main(full) == 0
    assert main(full) == 2
    assert "exists; nothing was written" in capsys.readouterr().err


def test_the_page_names_points_writes_and_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["driver", "doc", "kolant_greenbro"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("# kolant_greenbro\n")
    assert "| `water_setpoint` | 20 | 60 | 1 | 45 | 12 |" in page
    assert "| 1 | Er01 | supply phases in wrong order | 电源相序错误 | fault |" in page


def test_the_page_tells_offsets_and_the_order_of_two_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = "map: acme\napi: 1\ncovers: [{brand: Acme, model: One}]\nsource: [sheet]\n"
    points = (
        "grade: draft\npoints:\n"
        "  discharge_temp: {at: 4, offset: -40}\n"
        "  coil_temp: {at: 5, scale: 0.5, offset: 10}\n"
        "  energy_total: {at: 6, type: u32, scale: 0.1, words: low-first}\n"
        "  pump_on: {table: discrete, at: 0}\n"
    )
    (tmp_path / "acme.yaml").write_text(heads + points, "utf-8")
    assert main(["driver", "doc", str(tmp_path / "acme.yaml")]) == 0
    said = capsys.readouterr().out
    for row in (
        "holding 4 | u16 | - 40 |",
        "holding 5 | u16 | 1/2 + 10 |",
        "holding 6 + 7 | u32, low-first | 1/10 |",
        "discrete 0 | bit |",
    ):
        assert row in said


@pytest.mark.parametrize("option", ["--golden", "--keep-golden"])
def test_readings_of_a_display_need_a_trace(
    option: str, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["driver", "check", str(good), option, "display.yaml"]) == 2
    assert f"{option} needs the recorded words too: --trace FILE" in capsys.readouterr().err
