"""How much electricity a home drew and when, from a counter or from power, through restarts.

A counter of the machine or of a meter loses nothing while we are away: what it rose by is spread
evenly over the time since it last rose. Power alone is summed while we look; gaps are told. What
was summed while a known counter was silent is taken from its next rises, which hold it too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

LONGEST_STEP_S = 120.0
"""Between two readings of power further apart than this nothing is counted."""
HIGHEST_KW = 25.0
"""Above what a home's supply gives (9 kW in Beijing villages) with room for three phases."""
COARSEST_KWH = 1.0


class Drawn(Struct, frozen=True):
    """Energy drawn evenly between two instants (aware UTC)."""

    start: datetime
    end: datetime
    kwh: float


class EnergyState(Struct, frozen=True):
    """What must survive a restart: the counter, and when it last rose; energy not dated yet.

    `ahead_kwh` was counted by power already: the counter has still to rise by it.
    """

    total_kwh: float | None = None
    rose_at: datetime | None = None
    seen_at: datetime | None = None
    undated_kwh: float = 0.0
    undated_s: float = 0.0
    missed_s: float = 0.0
    refused: int = 0
    ahead_kwh: float = 0.0


class Look(Struct, frozen=True):
    """One look at a home's electricity: instants as on a stamp, and what was read."""

    at: datetime
    mono: float
    trusted: bool
    total_kwh: float | None
    power_w: float | None


class EnergyCounter:
    """Turns looks into stretches of energy; `state` is what to save."""

    def __init__(self, state: EnergyState | None = None) -> None:
        self.state = state or EnergyState()
        self._last: Look | None = None

    def look(self, look: Look) -> tuple[Drawn, ...]:
        """The energy that this look shows for the first time."""
        last, self._last = self._last, look
        if look.total_kwh is not None:
            return self._by_counter(look, look.total_kwh)
        if last is not None and last.power_w is not None and look.power_w is not None:
            return self._by_power(last, look, (last.power_w + look.power_w) / 2)
        if last is not None:
            self._miss(look.mono - last.mono)
        return ()

    def _by_counter(self, look: Look, total: float) -> tuple[Drawn, ...]:
        before = self.state
        if not look.trusted:  # the counter keeps it for us until the clock is right
            return ()
        if before.total_kwh is None or before.rose_at is None or total < before.total_kwh:
            return self._begin(look, total, int(before.total_kwh is not None))
        rose = total - before.total_kwh
        if rose == 0:
            self.state = replace(before, seen_at=look.at)
            return ()
        start = min(before.rose_at, look.at)
        hours = (look.at - start).total_seconds() / 3600
        if rose > hours * HIGHEST_KW + COARSEST_KWH:
            return self._begin(look, total, 1)
        # A coarse counter rises late: what is ahead of this rise is taken from the next.
        self.state = replace(
            before,
            total_kwh=total,
            rose_at=look.at,
            seen_at=look.at,
            undated_kwh=0.0,  # the rise holds it
            undated_s=0.0,
            ahead_kwh=max(0.0, before.ahead_kwh - rose),
        )
        new = rose - before.ahead_kwh
        return (Drawn(start, look.at, new),) if new > 0 else ()

    def _begin(self, look: Look, total: float, refused: int) -> tuple[Drawn, ...]:
        """Count from this total on; power summed before is in no rise to come."""
        before = self.state
        self.state = replace(
            before,
            total_kwh=total,
            rose_at=look.at,
            seen_at=look.at,
            undated_kwh=0.0,
            undated_s=0.0,
            refused=before.refused + refused,
            ahead_kwh=0.0,
        )
        if before.undated_kwh == 0:
            return ()
        start = look.at - timedelta(seconds=before.undated_s)
        return (Drawn(start, look.at, before.undated_kwh),)

    def _by_power(self, last: Look, look: Look, mean_w: float) -> tuple[Drawn, ...]:
        seconds = look.mono - last.mono
        if not 0 < seconds <= LONGEST_STEP_S or not 0 <= mean_w <= HIGHEST_KW * 1000:
            self._miss(seconds)
            return ()
        kwh = self.state.undated_kwh + mean_w * seconds / 3.6e6
        since_s = self.state.undated_s + seconds
        if not look.trusted:
            self.state = replace(self.state, undated_kwh=kwh, undated_s=since_s)
            return ()
        ahead = self.state.ahead_kwh + (kwh if self.state.total_kwh is not None else 0.0)
        self.state = replace(self.state, undated_kwh=0.0, undated_s=0.0, ahead_kwh=ahead)
        return (Drawn(look.at - timedelta(seconds=since_s), look.at, kwh),)

    def _miss(self, seconds: float) -> None:
        self.state = replace(self.state, missed_s=self.state.missed_s + max(0.0, seconds))
