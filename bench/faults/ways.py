"""Ways of seeing the same unit: with points missing, at slower polls, on a disturbed line.

Each turns the columns of one unit, (steps, points), into what a gateway would have read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

PRESSURES = ("high_pressure", "low_pressure")
FLOW = ("water_flow", "heat_energy_total")
POWER = ("active_power", "input_current", "energy_total")
NOT_WILD = frozenset({"mode_active", "fault_code"})

LOWEST_C, HIGHEST_C = -60.0, 160.0
LOST_SHARE, WILD_SHARE, JITTER_S = 0.05, 0.01, 15.0
WILD_VALUES = np.array([-3276.8, -50.0, 0.0, 85.0, 150.0, 3276.7, 6553.5])


@dataclass(frozen=True, slots=True)
class Way:
    """`without` points, every `nth` poll, and with or without disturbance."""

    name: str
    without: tuple[str, ...] = ()
    nth: int = 1
    lost: float = 0.0
    wild: float = 0.0
    jitter_s: float = 0.0


FULL = Way("full")
DISTURBED = Way("disturbed", lost=LOST_SHARE, wild=WILD_SHARE, jitter_s=JITTER_S)
ABLATIONS = (
    Way("no pressures", without=PRESSURES),
    Way("no flow meter", without=FLOW),
    Way("no power meter", without=POWER),
    Way("60 s polls", nth=2),
)
WAYS: Mapping[str, Way] = {way.name: way for way in (FULL, DISTURBED, *ABLATIONS)}


@dataclass(frozen=True, slots=True)
class Polls:
    """What was read: true seconds, stamps, and a row of values a poll (nan: none)."""

    mono: Array
    at: Array
    rows: Array


def names_of(columns: Mapping[str, object], way: Way) -> tuple[str, ...]:
    """The points this way shows, in order."""
    return tuple(
        name
        for name in columns
        if name[0] != "_" and name not in ("at", "mono") and name not in way.without
    )


def decoded(rows: Array, names: Sequence[str]) -> Array:
    """As a driver's map decodes: a temperature no probe can show is the code of an absent one."""
    probes = [i for i, name in enumerate(names) if name.endswith("_temp")]
    found = rows[:, probes]
    impossible = (found < LOWEST_C) | (found > HIGHEST_C)
    if impossible.any():
        rows[:, probes] = np.where(impossible, np.nan, found)
    return rows


def seen(
    columns: Mapping[str, Array], unit: int, names: Sequence[str], way: Way, chance_of: int
) -> Polls:
    """One unit's polls as this way shows them; `chance_of` seeds the disturbance of a unit."""
    step = slice(None, None, way.nth)
    mono, at = columns["mono"][step, unit], columns["at"][step, unit]
    rows = np.stack([columns[name][step, unit] for name in names], axis=1)
    if "_away" in columns:  # the gateway itself stood still: nobody polled
        there = columns["_away"][step, unit] < 0.5
        mono, at, rows = mono[there], at[there], rows[there]
    rows = decoded(rows, names)
    if not (way.lost or way.wild or way.jitter_s):
        return Polls(mono, at, rows)
    if not len(mono):
        return Polls(mono, at, rows)
    chance = np.random.default_rng((chance_of, int(mono[0])))
    late = np.clip(chance.uniform(-1.0, 1.0, len(mono)), -0.99, 0.99) * way.jitter_s
    may = np.array([name not in NOT_WILD for name in names])
    wild = (chance.random(rows.shape) < way.wild) & may & ~np.isnan(rows)
    rows = np.where(wild, chance.choice(WILD_VALUES, rows.shape), rows)
    rows[chance.random(len(mono)) < way.lost] = np.nan
    return Polls(mono + late, at + late, decoded(rows, names))
