"""What healthy units live through and what must stay silent: fog, sun, guests, cuts, summer.

Every unit gets its own calendar of events, played by the physics. Hot water, legionella runs and
the backup heater in deep cold are part of every unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.faults.fleets import A_DAY, STEP_S, Columns
from bench.faults.outcome import MONTH_DAYS
from simulators.physics import SCENARIOS, Fleet, Injection

EVERY = 240
"""Polls between two moments at which an event may begin or end: two hours."""
PER_DAY = A_DAY // EVERY
REPLACED = ("coil_temp", "water_supply_temp", "water_return_temp", "discharge_temp")
SWAP, OFF = "driver_swap", "power_cut"
"""The gateway hangs on the same mains and polls nothing either."""


@dataclass(frozen=True, slots=True)
class Event:
    """From `begin`, in polls, for so many polls, at `value` times its usual strength."""

    name: str
    value: float
    begin: int
    polls: int
    form: str = ""

    def injection(self) -> Injection:
        strength = SCENARIOS[self.name] * self.value
        return Injection(self.name, strength, 0.0, self.form, self.polls * STEP_S)


def calendar(days: float, kind: str, chance: np.random.Generator) -> list[Event]:
    """The events of one unit in a weather; it stands still before its start where it is mild."""
    slots = int(days * PER_DAY)
    events: list[Event] = []

    def some(name: str, per_month: float, low: float, high: float, hours: float) -> None:
        for _ in range(chance.poisson(per_month * days / MONTH_DAYS)):
            begin = int(chance.integers(slots)) * EVERY
            polls = max(1, round(chance.uniform(0.3, 1.0) * hours / 2.0)) * EVERY
            events.append(Event(name, chance.uniform(low, high), begin, polls))

    if kind != "mild":
        some("fog", 2.0, 0.5, 1.0, 24.0)
    some("sun", 2.0, 0.4, 1.2, 120.0)
    some("windows", 2.0, 0.5, 1.0, 72.0)
    some("steps", 1.0, 0.5, 1.3, 96.0)
    some("setback", 1.0, 0.5, 1.0, 240.0)
    some(OFF, 0.5, 1.0, 1.0, 6.0)
    some("exercise", 1.0, 1.0, 1.0, 72.0)
    if kind == "mild" and chance.uniform() < 0.6:
        events.append(Event("summer", 1.0, 0, int(chance.integers(2, 9)) * A_DAY))
    for name, share in ((SWAP, 0.1), ("sensor_replaced", 0.15)):
        if chance.uniform() < share:
            begin = int(chance.integers(slots // 2, slots)) * EVERY
            form = str(chance.choice(REPLACED)) if name == "sensor_replaced" else ""
            sign = float(chance.choice((-1.0, 1.0)))
            events.append(Event(name, sign, begin, round(days * A_DAY), form))
    return events


class Calendars:
    """The events of a whole fleet, injected as time comes."""

    def __init__(self, kinds: Sequence[str], days: float, seed: int) -> None:
        """One calendar for each unit; `kinds` are their weathers."""
        self.events = [
            calendar(days, kind, np.random.default_rng((seed, 41, i)))
            for i, kind in enumerate(kinds)
        ]

    def enter(self, fleet: Fleet) -> None:
        """Let begin what begins at the fleet's step."""
        now = fleet.step
        fleet.inject([[one.injection() for one in own if one.begin == now] for own in self.events])

    def _now(self, step: int) -> Iterator[tuple[int, Event]]:
        for i, events in enumerate(self.events):
            for event in events:
                if event.begin <= step < event.begin + event.polls:
                    yield i, event

    def mark(self, columns: Columns) -> None:
        """Mark in `_away` the units whose gateway stood still in this chunk."""
        step = round(float(columns["mono"][0, 0]) / STEP_S)
        away = columns.setdefault("_away", np.zeros_like(columns["mono"]))
        for i, event in self._now(step):
            if event.name == OFF:
                away[:, i] = 1.0

    def swapped(self, step: int) -> frozenset[int]:
        """Units that another driver reads from this step on."""
        return frozenset(
            i
            for i, events in enumerate(self.events)
            if any(one.name == SWAP and one.begin == step for one in events)
        )

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
