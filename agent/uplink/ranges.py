"""Numbers as ranges: what of a lane has ever left. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Ranges:
    """A set of whole numbers, kept as the fewest [first, last] pairs, ascending."""

    pairs: list[tuple[int, int]] = field(default_factory=list)

    def add(self, first: int, last: int) -> None:
        """Take in `first`..`last`, both included."""
        apart = [pair for pair in self.pairs if pair[1] < first - 1 or pair[0] > last + 1]
        near = [pair for pair in self.pairs if pair not in apart]
        ends = [number for pair in (*near, (first, last)) for number in pair]
        self.pairs = sorted([*apart, (min(ends), max(ends))])

    def within(self, first: int, last: int) -> list[tuple[int, int]]:
        """The parts of `first`..`last` that are in the set."""
        cut = [(max(first, a), min(last, b)) for a, b in self.pairs]
        return [(a, b) for a, b in cut if a <= b]

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and any(a <= number <= b for a, b in self.pairs)
