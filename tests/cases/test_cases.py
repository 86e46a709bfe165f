"""One folder for each mistake somebody could make: the file, and exactly what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli import main
from agent.config import read
from agent.errors import FileError

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/config.yaml"))


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / name)
    expected = Path("error.txt").read_text("utf-8").rstrip("\n")
    with pytest.raises(FileError) as caught:
        read("config.yaml")
    assert str(caught.value) == expected


def test_the_command_says_it_on_stderr_and_ends_with_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(HERE / CASES[0])
    for command in ("check", "run", "read"):
        assert main([command, "config.yaml"]) == 2
        said = capsys.readouterr()
        assert (said.out, said.err) == ("", Path("error.txt").read_text("utf-8"))


def test_there_are_cases() -> None:
    assert len(CASES) >= 12
