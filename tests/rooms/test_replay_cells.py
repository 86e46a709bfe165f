"""Cells of a table as numbers: the quick way gives what the careful one does, or stands aside."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import FileError
from agent.replay.cells import Numbers, Reader, numbers

FILE = Path("days.csv")


def read(*cells: object) -> Numbers:
    return numbers(cells, Reader(), range(2, 2 + len(cells)), "water_flow", FILE)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_are_read_to_the_last_bit(values: list[float]) -> None:
    assert read(*map(repr, values)) == values


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1", "-2", "3e2"), [1.0, -2.0, 300.0]),
        (("1.", "+2", " 3 "), [1.0, 2.0, 3.0]),  # no JSON, but numbers
        (("1", "", "null", "nan"), [1.0, None, None, None]),
        (("1e999", "2"), [None, 2.0]),
        (("on", "OFF", "true"), [1.0, 0.0, 1.0]),
        ((1.5, 2, None), [1.5, 2.0, None]),
        ((True, False), [1.0, 0.0]),
    ],
)
def test_what_stands_for_a_number_is_one(cells: tuple[object, ...], values: Numbers) -> None:
    assert read(*cells) == values


@pytest.mark.parametrize("cell", ["1,5", "[1]", "1]", "5,", '"3"', "1 2"])
def test_what_is_no_number_is_named_with_its_line(cell: str) -> None:
    with pytest.raises(FileError, match=r"days\.csv.*3.*water_flow") as caught:
        read("1", cell, "2")
    assert "is no number" in str(caught.value)


def test_commas_never_make_up_for_one_another() -> None:
    with pytest.raises(FileError):
        read("1,2", "", "3")
