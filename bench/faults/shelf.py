"""Columns kept on disk between runs of tuning: the physics is run once, detection many times.

Only for tuning, in a folder that the run names; scored runs compute everything anew.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.faults.fleets import A_DAY, Columns
from simulators.physics import Fleet

EXACT = ("at", "mono")
NEEDED = ("_power_w", "_heat_w", "_supply_c", "_return_c", "_away")


def chunks(
    fleet: Fleet,
    days: float,
    most: int,
    before: Callable[[Fleet], None] = lambda fleet: None,
    shelf: Path | None = None,
) -> Iterator[Columns]:
    """The fleet's columns for so many days, `most` polls at a time; `before` prepares each chunk.

    With a shelf, they come from there when they are there, and the fleet is left at the end.
    """
    if shelf is not None and (shelf / "end").is_file():
        yield from _shelved(shelf)
        with (shelf / "end").open("rb") as file:
            _become(fleet, pickle.load(file))
        return
    if shelf is not None:
        shelf.mkdir(parents=True, exist_ok=True)
    left, k = round(days * A_DAY), 0
    while left > 0:
        steps = min(most, left)
        before(fleet)
        columns = fleet.run(steps)
        if shelf is not None:
            _put(shelf, k, columns)
        yield columns
        left, k = left - steps, k + 1
    if shelf is not None:
        with (shelf / "end").open("wb") as file:
            pickle.dump(fleet, file)


def place(folder: Path | None, *what: object) -> Path | None:
    """The shelf for a piece of work; take another folder when the physics has changed."""
    if folder is None:
        return None
    return folder / hashlib.sha256(repr(what).encode()).hexdigest()[:20]


def _put(shelf: Path, k: int, columns: Columns) -> None:
    small = {
        name: values if name in EXACT else values.astype(np.float32)
        for name, values in columns.items()
        if name[0] != "_" or name in NEEDED
    }
    np.savez(shelf / f"{k:05}.npz", **small)  # type: ignore[arg-type]


def _shelved(shelf: Path) -> Iterator[Columns]:
    for path in sorted(shelf.glob("*.npz")):
        with np.load(path) as kept:
            yield {name: _wide(name, kept[name]) for name in kept.files}


def _wide(name: str, values: Any) -> Any:
    """A float32 as the decimal it was made from."""
    return values if name in EXACT else np.round(values.astype(np.float64), 3)


def _become(fleet: Fleet, other: Fleet) -> None:
    for name, value in vars(other).items():
        setattr(fleet, name, value)
