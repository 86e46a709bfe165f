"""The simulated unit as detection knows it: its points, its nameplate, what its codes mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.model import (
    POINTS,
    Demand,
    DeviceKind,
    Point,
    PointId,
    PointValue,
    Snapshot,
    Value,
    VendorFault,
    WriteTerms,
)

DEVICE = "hp"


@dataclass(frozen=True, slots=True)
class WatchedUnit:
    """A machine that is only watched: nothing of it can be written."""

    points: frozenset[PointId]
    name: str = DEVICE
    kind: DeviceKind = "heat_pump"
    monitor_only: bool = True
    tells_faults: bool = True

    def has(self, point: PointId) -> bool:
        return point in self.points

    def label(self, point: PointId) -> Point:
        return POINTS[point]

    def terms(self, point: PointId) -> WriteTerms | None:
        return None

    def unfit(self, point: PointId, value: Value) -> str | None:
        return "nothing of it can be written"

    def highest(self, point: PointId) -> float | None:
        return None

    def steps(self, demand: Demand, snapshot: Snapshot) -> tuple[PointValue, ...]:
        return ()

    def vendor_faults(self, snapshot: Snapshot) -> tuple[VendorFault, ...]:
        return ()


def vendor(
    codes: Iterable[tuple[str, int]], status: Iterable[int]
) -> Callable[[int], tuple[VendorFault, ...]]:
    """What a code means: a fault of the vendor's table, or a status, which is none."""
    names, quiet = {number: name for name, number in codes}, frozenset(status)

    def faults(code: int) -> tuple[VendorFault, ...]:
        if code in quiet:
            return ()
        name = names.get(code, f"code {code}")
        return (VendorFault(str(code), name, name, code, code in names),)

    return faults
