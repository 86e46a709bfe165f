"""From a file's stamps to seconds that only go forward, whatever the clock did meanwhile. Pure.

A stamp that repeats, falls back or comes from before the clock was ever set costs one poll; a step
forward is a hole in the record. Where a clock that fell back comes right again, the time between
was not longer than it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

UNSET_S = 1_704_067_200.0
"""2024-01-01: no gateway of this program was built before."""

USUAL_POLL_S = 30.0
HOLE_POLLS = 5.0


@dataclass(slots=True)
class Stamps:
    """One device's clock. `poll_s` is the usual time between two rows."""

    poll_s: float = USUAL_POLL_S
    repeated: int = 0
    fallen: int = 0
    unset: int = 0
    holes: int = 0
    longest_s: float = 0.0
    mono: float = 0.0
    _at: float | None = None
    _began: float = 0.0
    _before: float = 0.0

    def mono_of(self, at: float) -> float:
        """Monotonic seconds of a row with this stamp; 0 for the first."""
        last, self._at = self._at, at
        self.unset += at < UNSET_S
        if last is None:
            self._began = self._before = at
            return 0.0
        if at < last or (last < UNSET_S <= at):  # the clock was set: one poll after the last row
            self.fallen += at < last
            self._before, self._began = self._began, at - self.mono - self.poll_s
        hole_s = HOLE_POLLS * self.poll_s
        found = at - self._began
        if found - self.mono > hole_s and 0.0 < at - self._before - self.mono <= hole_s:
            self._began = self._before  # the clock came right again
            found = at - self._began
        if found <= self.mono:
            self.repeated += at == last
            found = self.mono + self.poll_s
        elif found - self.mono > hole_s:
            self.holes += 1
            self.longest_s = max(self.longest_s, found - self.mono)
        self.mono = found
        return found


def usual_poll_s(at: Iterable[float]) -> float:
    """The usual time between two stamps of one device."""
    steps, last = [], None
    for one in at:
        if last is not None and 0.0 < one - last < 3600.0:
            steps.append(one - last)
        last = one
    return median(steps) if steps else USUAL_POLL_S
