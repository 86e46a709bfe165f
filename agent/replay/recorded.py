"""A machine of which only recorded values are known: it has the columns of its file."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class RecordedMachine:
    """Nothing of it can be written, and its own codes are told with each row."""

    points: frozenset[PointId]
    name: str = "device"
    kind: DeviceKind = "heat_pump"
    monitor_only: bool = True

    @property
    def tells_faults(self) -> bool:
        return "fault_code" in self.points

    def has(self, point: PointId) -> bool:
        """Whether the file has a column with values of it."""
        return point in self.points

    def label(self, point: PointId) -> Point:
        """The name and unit of the point."""
        return POINTS[point]

    def terms(self, point: PointId) -> WriteTerms | None:
        """None: nothing is written into the past."""
        return None

    def unfit(self, point: PointId, value: Value) -> str | None:
        """Why no value can be said to it."""
        return "nothing is written into the past"

    def highest(self, point: PointId) -> float | None:
        """None: nobody knows."""
        return None

    def steps(self, demand: Demand, snapshot: Snapshot) -> tuple[PointValue, ...]:
        """Nothing."""
        return ()

    def vendor_faults(self, snapshot: Snapshot) -> tuple[VendorFault, ...]:
        """Nothing: codes are told with each row."""
        return ()
