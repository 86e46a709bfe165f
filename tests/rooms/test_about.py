"""`about`: the model's name, and a promise with a day that the documents repeat."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from agent import __version__
from agent.cli import main
from agent.cli.about import hardware, supported
from agent.support import MODEL, SUPPORTED_UNTIL

ROOT = Path(__file__).parents[2]


def test_it_names_model_version_and_the_end_of_support(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["about", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["model"] == MODEL
    assert said["version"] == __version__
    assert said["supported_until"] == SUPPORTED_UNTIL.isoformat()
    assert said["hardware"]
    assert main(["about"]) == 0
    text = capsys.readouterr().out
    assert MODEL in text
    assert str(SUPPORTED_UNTIL) in text


def test_support_ends_with_its_day() -> None:
    assert supported(SUPPORTED_UNTIL)
    assert not supported(SUPPORTED_UNTIL + timedelta(days=1))


def test_the_board_says_its_own_name(tmp_path: Path) -> None:
    board, empty = tmp_path / "model", tmp_path / "empty"
    board.write_bytes(b"A Board 4 Rev 1.2\0")
    empty.write_bytes(b"\0")
    assert hardware((tmp_path / "none", empty, board)) == "A Board 4 Rev 1.2"
    assert hardware((empty,))


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/security/updates.md"])
def test_the_pages_promise_the_same_day(page: str) -> None:
    assert str(SUPPORTED_UNTIL) in (ROOT / page).read_text("utf-8")
