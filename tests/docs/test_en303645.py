"""Every provision has an answer, and none that leads nowhere: broken once each, each is noticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent.errors import FileError
from bench.provisions import EVIDENCE, ROOT, STATUS, TABLE, read, table

TEXT = (ROOT / EVIDENCE).read_text("utf-8")
ME = "tests/docs/test_en303645.py"


def broken(folder: Path, old: str, new: str) -> list[str]:
    """What is said of the evidence with one thing in it changed."""
    assert old in TEXT
    for name in ("docs", "tests", "SECURITY.md", "CONTRIBUTING.md", "packaging"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "docs").unlink()
    shutil.copytree(ROOT / "docs", folder / "docs")
    (folder / EVIDENCE).write_text(TEXT.replace(old, new, 1), "utf-8")
    try:
        read(folder)
    except FileError as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


def test_every_provision_is_there_and_its_evidence_exists() -> None:
    assert set(read().provisions) == set(STATUS)


def test_there_are_as_many_as_in_the_standard() -> None:
    status = list(STATUS.values())
    assert (len(status), status.count("M"), status.count("R")) == (78, 36, 42)
    out = [number for number, one in read().provisions.items() if one.not_applicable]
    assert len(out) == 6


def test_the_page_is_made_from_the_evidence_as_it_stands() -> None:
    assert (ROOT / TABLE).read_text("utf-8") == table(read())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  5.0-1:\n", "  5.0-9:\n", "provision 5.0-1 is missing"),
        ("  5.0-1:\n", "  5.0-9:\n", "no provision 5.0-9 of status M"),
        ("    status: M\n", "    status: R\n", "no provision 5.0-1 of status R"),
        (f"{ME}::test_every_", f"{ME}::test_no_", "there is no test tests/docs/"),
        (f"{ME}::", "tests/docs/test_gone.py::", "there is no test tests/docs/test_gone.py"),
        ("SECURITY.md#Reporting", "SECURITY.md#Praise", "there is no heading SECURITY.md#Praise"),
        ("SECURITY.md#Reporting", "GONE.md#Reporting", "there is no heading GONE.md#Reporting"),
        ("    not_applicable:", "    open:", None),
        ("    open: ", "    tests: [a]\n    open: ", "answered not at all or in two ways"),
        ("    open: ", "    why: ", "unknown key"),
    ],
)
def test_what_is_missing_or_stale_is_told(
    tmp_path: Path, old: str, new: str, said: str | None
) -> None:
    told = "\n".join(broken(tmp_path, old, new))
    assert (said or "") in told
    assert bool(told) is (said is not None)
