"""Tables for terminals: columns that align, also where a name is Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import east_asian_width


def width(text: str) -> int:
    """Cells a text takes on a terminal; a wide character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under heads; numbers to the right, the rest to the left."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max([width(head), *(width(row[i]) for row in cells)]) for i, head in enumerate(heads)]
    right = [bool(rows) and all(_is_number(row[i]) for row in cells) for i in range(len(heads))]
    lines = [_line(list(heads), widths, right), "  ".join("-" * w for w in widths)]
    lines += [_line(row, widths, right) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    parts: list[str] = []
    for cell, size, to_right in zip(cells, widths, right, strict=True):
        blanks = " " * (size - width(cell))
        parts.append(blanks + cell if to_right else cell + blanks)
    return "  ".join(parts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == ""
    return True
