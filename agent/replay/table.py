"""A CSV or JSONL of timed point values, a block of rows at a time, by column.

A column is what its cells say, in the order of the rows: texts in a CSV, JSON values in a JSONL.
What cannot be understood raises FileError with file, line and column.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BufferedReader, TextIOWrapper
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import cast

import msgspec

from agent.errors import FileError, Mistake

TIME_COLUMNS = ("at", "time", "timestamp")
DEVICE_COLUMN, CLOCK_COLUMN = "device", "mono"
TIMES = "ISO 8601, or seconds since 1970"
LAST_S = 4.1e9
"""Epoch seconds of the year 2100: what is later are milliseconds."""
ROWS = 4096
"""Rows of a block: a day and a half of 30 s polls, some megabytes."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows. `lines` are their line numbers, `at` epoch seconds by the file's clock.

    `mono` is there when the file has monotonic seconds, `devices` when it names them. `cells` holds
    the columns of points, each as long as the block. `share` of the file has been read.
    """

    lines: Sequence[int]
    at: Sequence[float]
    mono: Sequence[float] | None
    devices: Sequence[str] | None
    cells: Mapping[str, Sequence[object]]
    share: float = 0.0


def opened(path: Path) -> str:
    """The first line with text. Raises FileError when the file cannot be read."""
    with _reading(path) as file:
        return next((line for line in file if line.strip()), "")


def whole(path: Path) -> str:
    """All of its text. Raises FileError when the file cannot be read."""
    with _reading(path) as file:
        return file.read()


def blocks(path: Path) -> Iterator[Block]:
    """The rows of a file. Raises FileError when it cannot be read or understood."""
    kind = _jsonl if opened(path).startswith("{") else _csv
    with _reading(path) as file:
        size = max(path.stat().st_size, 1)
        for block in kind(file, path):
            yield replace(block, share=cast("BufferedReader", file.buffer).tell() / size)


@contextmanager
def _reading(path: Path) -> Iterator[TextIOWrapper]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as error:
        raise wrong(path, 1, "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise wrong(path, 1, "", "is not UTF-8 text") from None


def wrong(path: Path, line: int, column: str, message: str, allowed: str = "") -> FileError:
    """What is said of a place in a file that cannot be used."""
    return FileError([Mistake(str(path), line, column, message, allowed)])


def _timeless(path: Path, line: int) -> FileError:
    return wrong(path, line, "", "has no time", ", ".join(TIME_COLUMNS))


def _csv(file: TextIOWrapper, path: Path) -> Iterator[Block]:
    reader = csv.reader(file)
    try:
        head = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise wrong(path, 1, "", f"not CSV: {error}") from None
    if not head:
        raise wrong(path, 1, "", "is empty")
    if not set(head) & set(TIME_COLUMNS):
        raise _timeless(path, 1)
    twice = next((name for name in head if head.count(name) > 1), None)
    if twice is not None:
        raise wrong(path, 1, twice, "two columns have this name")
    while True:
        began = reader.line_num + 1
        try:
            rows = list(islice(reader, ROWS))
        except csv.Error as error:
            raise wrong(path, reader.line_num, "", f"not CSV: {error}") from None
        if not rows:
            return
        lines: Sequence[int] = range(began, began + len(rows))
        if not all(rows):  # blank lines
            lines = [line for line, row in zip(lines, rows, strict=True) if row]
            rows = [row for row in rows if row]
        if rows:
            yield _block(head, _columns(rows, lines, head, path), lines, path)


def _columns(
    rows: list[list[str]], lines: Sequence[int], head: Sequence[str], path: Path
) -> list[tuple[str, ...]]:
    try:
        columns = list(zip(*rows, strict=True))
    except ValueError:
        columns = []
    if len(columns) == len(head):
        return columns
    whole = [_whole(row, line, head, path) for row, line in zip(rows, lines, strict=True)]
    return list(zip(*whole, strict=True))


def _whole(row: list[str], line: int, head: Sequence[str], path: Path) -> list[str]:
    """A row cut short, as the last of a file after a power cut, lacks its last cells."""
    if len(row) > len(head):
        raise wrong(path, line, "", f"has {len(row)} cells, the head {len(head)}")
    return [*row, *([""] * (len(head) - len(row)))]


def _jsonl(file: TextIOWrapper, path: Path) -> Iterator[Block]:
    """A point that a row does not name is as it was; one that is null has no value."""
    decode = msgspec.json.Decoder().decode
    newest: dict[object, dict[str, object]] = {}
    line = 0
    while True:
        rows: list[dict[str, object]] = []
        lines: list[int] = []
        began = line
        for text in islice(file, ROWS):
            line += 1
            if text.strip():
                row = _row(text, line, path, decode)
                device = row.get(DEVICE_COLUMN)
                newest[device] = {**newest.get(device, {}), **row}
                rows.append(newest[device])
                lines.append(line)
        if rows:
            head = list(dict.fromkeys(name for row in rows for name in row))
            columns = [[row.get(name, "") for row in rows] for name in head]
            yield _block(head, columns, lines, path)
        if line - began < ROWS:
            return


def _row(text: str, line: int, path: Path, decode: Callable[[str], object]) -> dict[str, object]:
    try:
        row = decode(text)
    except msgspec.DecodeError:
        row = _loosely(text, line, path)
    values = row.get("values", {}) if isinstance(row, dict) else None
    if not isinstance(row, dict) or not isinstance(values, dict):
        raise wrong(path, line, "", "is no row", "{at, device, values}")
    return {**{key: value for key, value in row.items() if key != "values"}, **values}


def _loosely(text: str, line: int, path: Path) -> object:
    """JSON as Python writes it, which knows NaN."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise wrong(path, line, "", f"not JSON: {error.msg}") from None


def _block(
    head: Sequence[str], columns: Sequence[Sequence[object]], lines: Sequence[int], path: Path
) -> Block:
    found = dict(zip(head, columns, strict=True))
    times = next((name for name in TIME_COLUMNS if name in found), None)
    if times is None:
        raise _timeless(path, lines[0])
    at = _each(_instant, found.pop(times), lines, times, path)
    mono = found.pop(CLOCK_COLUMN, None)
    devices = found.pop(DEVICE_COLUMN, None)
    return Block(
        lines,
        at,
        None if mono is None else _each(_seconds, mono, lines, CLOCK_COLUMN, path),
        None if devices is None else [str(name or "") for name in devices],
        found,
    )


def _each(
    read: Callable[[object], float],
    cells: Sequence[object],
    lines: Sequence[int],
    name: str,
    path: Path,
) -> list[float]:
    try:
        return [read(cell) for cell in cells]
    except ValueError:
        for cell, line in zip(cells, lines, strict=True):
            _proven(read, cell, line, name, path)
        raise


def _proven(
    read: Callable[[object], float], cell: object, line: int, name: str, path: Path
) -> None:
    try:
        read(cell)
    except ValueError as error:
        if cell in ("", None):
            raise _timeless(path, line) from None
        raise wrong(path, line, name, f"{cell!r} is no time", str(error)) from None


def _instant(cell: object) -> float:
    if isinstance(cell, int | float):
        return _epoch(cell)
    text = str(cell)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return _epoch(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _epoch(cell: float | str) -> float:
    try:
        found = float(cell)
    except ValueError:
        found = float("nan")
    if not -LAST_S < found < LAST_S:  # nan neither
        raise ValueError(TIMES)
    return found


def _seconds(cell: object) -> float:
    try:
        found = float(str(cell))
    except ValueError:
        found = float("nan")
    if not isfinite(found):
        raise ValueError("seconds")
    return found
