"""The tables of control and of park values tell of the code as it is: each row has its test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.control import RANK, guard
from agent.model import Origin

ROOT = Path(__file__).parents[2]
PAGES = ("control.md", "park-values.md")
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def rows(page: str) -> list[str]:
    """The rows of the tables of a page, without heads."""
    lines = (ROOT / "docs/explanations" / page).read_text("utf-8").splitlines()
    found = [line for line in lines if line.startswith("| ")]
    return [line for line in found if not line.endswith("| test |")]


@pytest.mark.parametrize("page", PAGES)
def test_every_row_names_a_test_that_exists(page: str) -> None:
    assert len(rows(page)) > 10
    for row in rows(page):
        named = TEST.findall(row)
        assert named, row
        for file, test in named:
            path = ROOT / "tests/rooms" / file
            path = path if path.is_file() else ROOT / "tests" / file
            assert re.search(rf"^(async )?def {test}\(", path.read_text("utf-8"), re.MULTILINE), row


def test_every_check_of_the_guard_is_a_row_in_its_order() -> None:
    checks = [check.__name__.removeprefix("_") for check in guard._CHECKS]
    named = [row.split("|")[1].strip().strip("`") for row in rows("control.md")]
    assert [name for name in named if name in checks] == checks
    docstring = guard.__doc__ or ""
    assert all(re.search(rf"^\| {name}", docstring, re.MULTILINE) for name in checks)


def test_the_ranks_are_those_of_the_code() -> None:
    ranks = [
        int(rank) for rank in re.findall(r"^\| rank (\d)", "\n".join(rows("control.md")), re.M)
    ]
    assert ranks == [1, 1, 2, 3, 4]
    order = [Origin.SAFETY, Origin.RESIDENT, Origin.PLATFORM, Origin.SCHEDULE]
    assert sorted(RANK, key=lambda origin: RANK[origin]) == order
