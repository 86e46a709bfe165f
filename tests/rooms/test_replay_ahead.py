"""A table that another process reads: the same rows, the same mistakes, and nobody left behind."""

from __future__ import annotations

from multiprocessing import active_children
from pathlib import Path

import pytest

from agent.errors import FileError
from agent.replay.ahead import by_another
from agent.replay.cells import Reader, numbers
from agent.replay.table import ROWS, Block, blocks

HEAD = "at,outdoor_temp,mode_active,fault_code"


def table(folder: Path, rows: int, last: str = "") -> Path:
    path = folder / "recorded.csv"
    lines = [
        f"2026-01-14T00:00:00.{k % 1000:03},{k / 7},heating,{k % 3 or ''}" for k in range(rows)
    ]
    path.write_text("\n".join([HEAD, *lines, last]), "utf-8")
    return path


def columns(found: Block, path: Path) -> dict[str, list[float | None]]:
    readers = {name: Reader(lambda word: float(len(word))) for name in found.cells}
    return {
        name: numbers(cells, readers[name], found.lines, name, path)
        for name, cells in found.cells.items()
    }


def test_what_is_read_ahead_is_what_is_in_the_table(tmp_path: Path) -> None:
    path = table(tmp_path, 2 * ROWS + 5)
    ahead, here = list(by_another(path)), list(blocks(path))
    assert len(ahead) == len(here) == 3
    for one, other in zip(ahead, here, strict=True):
        assert (one.lines, one.at, one.share) == (other.lines, other.at, other.share)
        assert columns(one, path) == columns(other, path)
    assert not active_children()


def test_a_mistake_says_the_same_wherever_it_is_read(tmp_path: Path) -> None:
    path = table(tmp_path, ROWS + 5, "yesterday,1,2,3")
    said = []
    for read in (by_another, blocks):
        with pytest.raises(FileError) as told:
            list(read(path))
        said.append(told.value.mistakes)
    assert said[0] == said[1]
    assert said[0][0].line == ROWS + 7


def test_who_stops_early_leaves_no_process(tmp_path: Path) -> None:
    reading = by_another(table(tmp_path, 3 * ROWS))
    next(reading)
    assert len(active_children()) == 1
    reading.close()  # type: ignore[attr-defined]
    assert not active_children()


def test_a_reader_that_is_killed_is_no_end_of_the_file(tmp_path: Path) -> None:
    reading = by_another(table(tmp_path, 6 * ROWS))
    next(reading)
    active_children()[0].kill()
    with pytest.raises(FileError, match="reader was ended"):
        list(reading)
