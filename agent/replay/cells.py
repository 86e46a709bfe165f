"""Cells of a table as numbers: quickly where all are numbers, carefully where they are not."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path

import msgspec

from agent.replay.table import wrong

NOTHING = ("", "null", "none", "nan", "na", "n/a")
TRUTH = {"true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0, "yes": 1.0, "no": 0.0}

Numbers = list[float | None]
_ROW = msgspec.json.Decoder(list[float]).decode


class Reader(dict[object, float | None]):
    """What each different cell of one column stands for, worked out once.

    `word` gives a number to a text that is none, or None when it may not stand there.
    """

    def __init__(self, word: Callable[[str], float | None] = lambda text: None) -> None:
        super().__init__()
        self._word = word

    def __missing__(self, cell: object) -> float | None:
        text = str(cell).strip()
        found = self._read(text)
        if len(self) < 65536:
            self[cell] = found
        return found

    def _read(self, text: str) -> float | None:
        low = text.lower()
        if low in NOTHING:
            return None
        if low in TRUTH:
            return TRUTH[low]
        try:
            number = float(text)
        except ValueError:
            number = _else(self._word(text), text)
        return number if isfinite(number) else None


def _else(found: float | None, text: str) -> float:
    if found is None:
        raise ValueError(text)
    return found


def plain(cells: Sequence[object]) -> list[float] | None:
    """The cells of a column in which all are finite numbers, else None.

    A decoder of JSON reads a column of texts six times as fast as `float` does cell by cell; what
    it does not take `float` may, such as "1." or a number with a plus.
    """
    try:
        found = _ROW("[" + ",".join(cells) + "]")  # type: ignore[arg-type]
    except (msgspec.DecodeError, TypeError):
        found = []
    if len(found) != len(cells):  # a comma within a cell makes two of it
        try:
            found = list(map(float, cells))  # type: ignore[arg-type]
        except (ValueError, TypeError):
            return None
    return found if found and isfinite(sum(found)) else None


def numbers(
    cells: Sequence[object], reader: Reader, lines: Sequence[int], name: str, path: Path
) -> Numbers:
    """The cells as floats, None where there is no value. Raises FileError with line and column."""
    if isinstance(cells, array):  # of a reader that went ahead
        return cells.tolist()
    known = plain(cells)
    if known is not None:
        return known  # type: ignore[return-value]
    try:
        return list(map(reader.__getitem__, cells))
    except (ValueError, TypeError):  # no number; a list or an object
        pass
    for cell, line in zip(cells, lines, strict=True):
        try:
            reader[cell]
        except (ValueError, TypeError):
            raise wrong(path, line, name, f"{cell!r} is no number") from None
    raise AssertionError("a cell could not be read, and then it could")
