"""The page about data knows everything that leaves, in both languages, and names real commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agent.account import books
from agent.cli.tree import parser
from agent.model import POINTS
from agent.reference import asyncapi

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security/data.md").read_text("utf-8")
PARTS = dict(zip(("zh", "en"), PAGE.split("\n## English\n"), strict=True))


def rows(text: str) -> list[list[str]]:
    """The rows of the table, without heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


@pytest.mark.parametrize("language", PARTS)
def test_everything_that_leaves_has_a_purpose_a_reader_and_an_end(language: str) -> None:
    document: Any = asyncapi()
    sent = {
        channel["address"].partition("}/")[2]
        for name, channel in document["channels"].items()
        if document["operations"][name]["action"] == "send"
    }
    table = rows(PARTS[language])
    named = {topic for row in table for topic in re.findall(r"`(up/\w+)`", row[0])}
    assert named == sent
    assert all(len(row) == 4 and all(row) for row in table)


def test_both_languages_have_the_same_rows() -> None:
    assert len(rows(PARTS["zh"])) == len(rows(PARTS["en"]))


def test_every_sensor_is_listed_in_both_languages() -> None:
    listed = (ROOT / "docs/reference/points.md").read_text("utf-8")
    for point in POINTS.values():
        assert f"| `{point.id}` | {point.unit.value} | {point.en} | {point.zh} |" in listed
    assert all("../reference/points.md" in part for part in PARTS.values())


def test_days_are_kept_as_long_as_the_page_says() -> None:
    assert all(f"{books.DAYS_KEPT}" in part for part in PARTS.values())


@pytest.mark.parametrize("words", re.findall(r"heatpump-agent (consent \w+|reset)", PAGE))
def test_the_commands_of_the_page_exist(words: str) -> None:
    config = ["gateway.yaml"]
    assert parser().parse_args([*words.split(), *config])
