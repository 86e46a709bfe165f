"""What healthy units live through and what must stay silent: fog, sun, guests, cuts, summer.

Every unit gets its own calendar of events; an event sets one field of the physics' condition while
it lasts. Hot water, legionella runs and the backup heater in deep cold are part of every unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.faults.fleets import A_DAY, STEP_S, Columns
from simulators.physics import Fleet

EVERY = 240
"""Polls between two moments at which an event may begin or end: two hours."""
PER_DAY = A_DAY // EVERY
OFF = "power cut"
"""The gateway hangs on the same mains and polls nothing either."""


@dataclass(frozen=True, slots=True)
class Event:
    """From `begin` to `end`, in polls, a field of the condition has another value."""

    name: str
    field: str
    value: float
    begin: int
    end: int


def calendar(days: float, mild: bool, chance: np.random.Generator) -> list[Event]:
    """The events of one unit; only in a mild place does a unit stand still before its start."""
    slots = int(days * PER_DAY)

    def some(
        name: str, field: str, per_month: float, low: float, high: float, hours: float
    ) -> None:
        for _ in range(chance.poisson(per_month * days / 30.4)):
            begin = int(chance.integers(slots)) * EVERY
            long = max(1, round(chance.uniform(0.3, 1.0) * hours / 2.0)) * EVERY
            events.append(Event(name, field, chance.uniform(low, high), begin, begin + long))

    events: list[Event] = []
    some("freezing fog", "fog", 2.0, 0.5, 1.0, 24.0)
    some("sun on the outdoor sensor", "sun_k", 4.0, 3.0, 8.0, 6.0)
    some("windows open", "windows", 3.0, 0.5, 1.0, 24.0)
    some("setpoint steps", "steps_k", 2.0, 2.0, 4.0, 96.0)
    some("night set-back", "setback_k", 1.0, 3.0, 5.0, 240.0)
    some(OFF, "mains_lost", 0.7, 1.0, 1.0, 8.0)
    some("pump exercise", "exercise", 2.0, 1.0, 1.0, 24.0)
    if mild and chance.uniform() < 0.6:
        until = int(chance.integers(2, 9)) * A_DAY
        events.append(Event("first start after summer", "idle_season", 1.0, 0, until))
    if chance.uniform() < 0.25:
        events.append(Event("whole degrees only", "coarse", 1.0, 0, round(days * A_DAY)))
    return events


class Calendars:
    """The events of a whole fleet, entered into its condition as time comes."""

    def __init__(self, kinds: Sequence[str], days: float, seed: int) -> None:
        """One calendar for each unit; `kinds` are their weathers."""
        self.events = [
            calendar(days, kind == "mild", np.random.default_rng((seed, 41, i)))
            for i, kind in enumerate(kinds)
        ]

    def enter(self, fleet: Fleet) -> None:
        """Set the condition of every unit to what holds at the fleet's step."""
        names = {event.field for events in self.events for event in events}
        values = {name: np.zeros(len(self.events)) for name in names}
        for i, event in self._now(fleet.step):
            values[event.field][i] = event.value
        for name, value in values.items():
            getattr(fleet.condition, name)[:] = value

    def _now(self, step: int) -> Iterator[tuple[int, Event]]:
        for i, events in enumerate(self.events):
            for event in events:
                if event.begin <= step < event.end:
                    yield i, event

    def mark(self, columns: Columns) -> None:
        """Mark in `_away` the units whose gateway stood still in this chunk."""
        step = round(float(columns["mono"][0, 0]) / STEP_S)
        away = columns.setdefault("_away", np.zeros_like(columns["mono"]))
        for i, event in self._now(step):
            if event.name == OFF:
                away[:, i] = 1.0

    def told(self, i: int) -> tuple[tuple[float, str], ...]:
        """Beginnings and names of a unit's events, true seconds."""
        return tuple((event.begin * 30.0, event.name) for event in self.events[i])


def beside(events: Sequence[tuple[float, str]], at_s: float) -> str:
    """The event that began last before an instant, with the hours since."""
    before = [(begin, name) for begin, name in events if begin <= at_s]
    if not before:
        return ""
    begin, name = max(before)
    return f"{name} {(at_s - begin) / 3600.0:.0f} h before"
