"""What control wants of one point of one home: the schedule's value, or the park value.

Depth comes later (weather curve, room trim, tariff); its place is here: snapshots and time in, one
demand out, and the guard decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from fractions import Fraction
from math import ceil

from agent.control.schedule import WeekSchedule
from agent.model import Demand, Origin, PointId, Snapshot, Stamp, Value

STALE_ROOM_S = 1800.0
PLAUSIBLE_ROOM_C = (0.0, 40.0)


@dataclass(frozen=True, slots=True)
class HomeControl:
    """One controlled point: its schedule, its park value, and the room sensor it trusts."""

    device: str
    point: PointId
    schedule: WeekSchedule
    park: Value
    room: tuple[str, PointId] | None
    timezone: tzinfo
    stale_room_s: float = STALE_ROOM_S


def home_demand(
    home: HomeControl, snapshots: Mapping[str, Snapshot], stamp: Stamp, running_s: float
) -> Demand | None:
    """The demand of now. No schedule edge fires on a clock that is not trusted.

    `running_s` is how long the program runs: a sensor that was never read gets that long to speak.
    """
    doubt = _room_in_doubt(home, snapshots, stamp.mono, running_s)
    if doubt:
        return park_demand(home, doubt)
    if not stamp.trusted:
        return None
    value = home.schedule.value_at(stamp.at.astimezone(home.timezone))
    if value is None:
        return None
    return Demand(home.device, home.point, value, Origin.SCHEDULE, "schedule")


def park_demand(home: HomeControl, why: str) -> Demand:
    """Leave the point where the house stays warm whatever happens next."""
    return Demand(home.device, home.point, home.park, Origin.SCHEDULE, f"park: {why}", park=True)


def eased(demand: Demand, now: float | None, largest_fall_k: float, step: float) -> Demand:
    """The demand as far as it may go in one write: temperatures fall by a few kelvin at a time."""
    if now is None or isinstance(demand.value, str | bool):
        return demand
    lowest = round(now - largest_fall_k, 6)
    if demand.value >= lowest:
        return demand
    # Counted from the wanted value, which is on the grid, and exactly: 0.1 is no binary number.
    grid, wanted = Fraction(str(step)), Fraction(str(demand.value))
    value = wanted + ceil((Fraction(str(lowest)) - wanted) / grid) * grid
    return replace(demand, value=int(value) if value.denominator == 1 else float(value))


def _room_in_doubt(
    home: HomeControl, snapshots: Mapping[str, Snapshot], mono: float, running_s: float
) -> str | None:
    """Why the room temperature cannot be believed; None when it can, or none is configured."""
    if home.room is None:
        return None
    device, point = home.room
    snapshot = snapshots.get(device)
    age_s = snapshot.age_s(point, mono) if snapshot else None
    if snapshot is None or age_s is None:
        return "the room sensor was never read" if running_s > home.stale_room_s else None
    if age_s > home.stale_room_s:
        return f"the room sensor is silent for {age_s / 60:.0f} min"
    value = snapshot.number(point)
    if value is None:
        return "the room sensor has no value"
    low, high = PLAUSIBLE_ROOM_C
    return None if low <= value <= high else f"the room sensor shows {value:g} C"
