"""In which order serial settings and unit ids are tried: what the installed maps say, most first.

Stop bits are not searched: a receiver looks at the first stop bit only, so frames with one or two
pass either way; a recognised driver says how many it wants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from agent.drivers import Driver

Parity = Literal["none", "even", "odd"]

BAUDRATES = (9600, 19200, 4800, 38400, 2400, 115200, 57600)
PARITIES: tuple[Parity, ...] = ("none", "even", "odd")
ALL_IDS = range(1, 248)
FIRST_IDS = 12
DIAL_IDS = 32  # what switches and displays of most machines can be set to


@dataclass(frozen=True, slots=True)
class Setting:
    """How a line may speak."""

    baudrate: int
    parity: Parity
    stop_bits: int = 1

    def __str__(self) -> str:
        return f"{self.baudrate} 8{self.parity[0].upper()}{self.stop_bits}"


def order(
    drivers: Iterable[Driver], baudrate: int | None = None, parity: Parity | None = None
) -> tuple[Setting, ...]:
    """Every setting worth trying, the commonest first; what is given is not varied."""
    lines = [driver.map.line for driver in drivers]
    bauds = Counter(line.baudrate for line in lines)
    parities = Counter(line.parity for line in lines)
    total = 2 + len(lines)
    chances = {
        (speed, kind): (bauds[speed] + 2 / (1 + i)) * (parities[kind] + 2 / (1 + j)) / total
        for i, speed in enumerate(BAUDRATES if baudrate is None else (baudrate,))
        for j, kind in enumerate(PARITIES if parity is None else (parity,))
    }
    return tuple(Setting(*key) for key in sorted(chances, key=lambda key: -chances[key]))


def likely_ids(drivers: Iterable[Driver]) -> tuple[int, ...]:
    """All unit ids: those of the maps by how many have them, then 1 and upwards."""
    own = Counter[int]()
    for driver in drivers:
        ids = {driver.map.line.unit_id} | {p.unit_id for p in driver.map.points.values()}
        own.update(one for one in ids if one is not None)
    first = [one for one, _ in own.most_common()]
    return tuple(dict.fromkeys([*first, *ALL_IDS]))


def rounds(ids: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """The ids in three rounds: likely ones, those of dials and displays, all the rest."""
    first = tuple(ids[:FIRST_IDS])
    dial = tuple(one for one in ids[FIRST_IDS:] if one <= DIAL_IDS)
    rest = tuple(one for one in ids[FIRST_IDS:] if one > DIAL_IDS)
    return tuple(part for part in (first, dial, rest) if part)
