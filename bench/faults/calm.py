"""Device-months of healthy units with everything that must stay silent, seen in several ways."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.faults.fleets import A_DAY, STEP_S, settings
from bench.faults.negatives import EVERY, Calendars
from bench.faults.outcome import MONTH_DAYS, Case, Healthy
from bench.faults.shelf import chunks, place
from bench.faults.stages import Found, airs, span, wild
from bench.faults.telling import done
from bench.faults.watch import Watch
from bench.faults.ways import WAYS, seen
from simulators.physics import Fleet, draw_units

KINDS = ("winter", "winter", "frost", "winter", "cold", "winter", "mild", "frost")
"""The weathers of healthy units, in turn."""


@dataclass(frozen=True, slots=True)
class Calm:
    """`n` units for `days`; of `ways` each names a way of seeing, and every which unit it sees."""

    n: int
    days: float
    seed: int
    ways: tuple[tuple[str, int], ...] = (("full", 1),)
    folder: Path | None = None

    @property
    def months(self) -> float:
        """Device-months of seeing, every way counted."""
        watches = sum(-(-self.n // each) for _, each in self.ways)
        return watches * self.days / MONTH_DAYS


def run_calm(work: Calm) -> Found:
    """Healthy days of these units."""
    kinds = [KINDS[i % len(KINDS)] for i in range(work.n)]
    fleet = Fleet(draw_units(work.n, work.seed), airs(kinds, work.days + 0.1, work.seed), work.seed)
    calendars = Calendars(kinds, work.days, work.seed)
    watches: dict[tuple[int, str], Watch] = {}
    shelf = place(work.folder, work.n, work.days, work.seed)
    for columns in chunks(fleet, work.days, EVERY, calendars.enter, shelf):
        calendars.mark(columns)
        if not watches:
            for way, each in work.ways:
                known = settings(fleet.units, columns, WAYS[way])
                watches |= {(i, way): Watch(known[i]) for i in range(0, work.n, each)}
        swapped = calendars.swapped(round(float(columns["mono"][0, 0]) / STEP_S))
        for (i, way), watch in watches.items():
            if i in swapped:
                watch.swap()
            names = watch.setting.names
            watch.feed(seen(columns, i, names, WAYS[way], wild(work.seed, i)))
        done(work.months * len(columns["mono"]) / (work.days * A_DAY))
    spans: list[Healthy] = [
        span(watch, Case("", "", kinds[i], i, way, work.seed), work.days, calendars.told(i))
        for (i, way), watch in watches.items()
    ]
    return Found((), tuple(spans))
