"""A weekly schedule: which value holds at which local time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from agent.model import Value

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` on these days (0 is Monday) the value holds, until the next period begins."""

    days: frozenset[int]
    start: time
    value: Value


@dataclass(frozen=True, slots=True)
class WeekSchedule:
    """Periods of a week; a value holds over midnight until another period begins."""

    periods: tuple[Period, ...]

    def value_at(self, local: datetime) -> Value | None:
        """The value in force at a local time; None when the schedule is empty."""
        if len(self.periods) == 1:  # nothing ever takes its place
            return self.periods[0].value if self.periods[0].days else None
        today, now = local.weekday(), local.time()
        for days_back in range(8):
            day = (today - days_back) % 7
            begun: Period | None = None
            for period in self.periods:
                if day in period.days and (days_back > 0 or period.start <= now):
                    begun = period if begun is None or period.start > begun.start else begun
            if begun is not None:
                return begun.value
        return None
