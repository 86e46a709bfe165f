"""A large table is read by a process of its own, so that its rows are there when they are judged.

To read and to judge take a quarter and three quarters of a replay; a Raspberry Pi has four cores.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from os import sched_getaffinity
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import FileError
from agent.replay.cells import plain
from agent.replay.table import Block, blocks, wrong

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LEAST_BYTES = 2_000_000  # of less, all is read before a second process has begun


def is_read_ahead(path: Path) -> bool:
    """Whether this file is large, and there is a core for another process."""
    return path.stat().st_size >= LEAST_BYTES and len(sched_getaffinity(0)) > 1


def read_ahead(path: Path) -> Iterator[Block]:
    """As `blocks`; by another process where that pays."""
    return by_another(path) if is_read_ahead(path) else blocks(path)


def by_another(path: Path) -> Iterator[Block]:
    """As `blocks`, by another process."""
    from multiprocessing import get_context  # noqa: PLC0415  a hundredth of a second

    fork = get_context("fork")
    receives, sends = fork.Pipe(duplex=False)
    reader = fork.Process(target=_read, args=(path, sends), daemon=True)
    reader.start()
    sends.close()
    try:
        with closing(receives):
            yield from _received(receives, path)
    finally:
        reader.terminate()
        reader.join()


def _received(receives: Connection, path: Path) -> Iterator[Block]:
    while True:
        try:
            found = receives.recv()
        except (EOFError, OSError):  # between two blocks, or within one
            raise wrong(path, 1, "", "could not be read to its end: the reader was ended") from None
        if found is None:
            return
        if not isinstance(found, Block):
            raise FileError(found)
        yield found


def _read(path: Path, sends: Connection) -> None:
    """What the other process does. Columns of numbers go as such: texts are slow to send."""
    with suppress(BrokenPipeError), closing(sends):  # nobody wants the rest
        try:
            for block in blocks(path):
                cells = {name: _packed(column) for name, column in block.cells.items()}
                sends.send(replace(block, cells=cells))
            sends.send(None)
        except FileError as error:
            sends.send(list(error.mistakes))


def _packed(cells: Sequence[object]) -> Sequence[object]:
    found = plain(cells)
    return cells if found is None else array("d", found)
