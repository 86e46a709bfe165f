"""Homes: which device supplies which point, and the complete picture of a home's heat pump. Pure.

Many heat pumps know neither the room's temperature nor their own electricity. A sensor or a meter
on the same wire does; a home says so, and everybody who looks at its heat pump then sees the point
as if the machine had it, as old and as doubtful as it is where it was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from agent.model import Machine, PointId, Quality, Reading, Snapshot

BASIC_SET: tuple[PointId, ...] = ("indoor_temp", "water_supply_temp", "water_return_temp")
"""With the fault alarm the basic set of T/CECA-G 0013-2017, which every home should deliver."""


@dataclass(frozen=True, slots=True)
class Supply:
    """`point` of a home is what `device` measures as `source`."""

    point: PointId
    device: str
    source: PointId


@dataclass(frozen=True, slots=True)
class Home:
    """A home: its heat pump, and the points that are supplied to it. A point not named here is the
    heat pump's own.
    """

    name: str
    heat_pump: str
    supplies: tuple[Supply, ...] = ()

    def supply(self, point: PointId) -> Supply | None:
        """Who supplies this point; None when the heat pump has to."""
        return next((one for one in self.supplies if one.point == point), None)


def lacks(machine: Machine, home: Home | None) -> tuple[str, ...]:
    """What of the basic set neither the heat pump has nor anybody supplies to its home."""
    missing = [
        point
        for point in BASIC_SET
        if not machine.has(point) and (home is None or home.supply(point) is None)
    ]
    return (*missing,) if machine.tells_faults else (*missing, "fault_alarm")


def complete(
    own: Snapshot,
    supplies: Iterable[Supply],
    snapshots: Mapping[str, Snapshot],
    stale_s: Mapping[str, Mapping[PointId, float]],
    mono: float,
) -> Snapshot:
    """The picture of a heat pump with its supplied points, each with the time it was measured at.

    A supplied point hides the machine's own of that name, also while it was never read: two
    thermometers must not take turns. Older than `stale_s` of its device it is stale.
    """
    readings, then = dict(own.readings), dict(own.mono)
    for supply in supplies:
        there = snapshots[supply.device]
        reading = there.readings.get(supply.source)
        if reading is None:
            readings.pop(supply.point, None)
            then.pop(supply.point, None)
            continue
        old = mono - there.mono[supply.source] > stale_s[supply.device][supply.source]
        if old:
            reading = Reading(supply.point, None, Quality.STALE, reading.raw)
        elif supply.source != supply.point:
            reading = replace(reading, point=supply.point)
        readings[supply.point] = reading
        then[supply.point] = there.mono[supply.source]
    return Snapshot(own.device, readings, then)
