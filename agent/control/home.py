"""What control wants of one point of one home: by comfort, by schedule, or the park value.

Snapshots and time in, one demand out, and the guard decides. The cases stand in the table of
`docs/explanations/park-values.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from fractions import Fraction
from math import ceil

from agent.control.comfort import Comfort
from agent.control.heating import Heating, Hourly, Reach, decided, due, floor_c, ideal_c, seen
from agent.control.learned import Seen, fresh
from agent.control.schedule import WeekSchedule
from agent.model import Demand, Origin, PointId, Snapshot, Stamp, Value

STALE_ROOM_S = 1800.0
PLAUSIBLE_ROOM_C = (0.0, 40.0)
OLD_OUTDOOR_S = 7200.0


@dataclass(frozen=True, slots=True)
class HomeControl:
    """One controlled point: its park value, the room sensor it trusts, and what decides its value.

    With `comfort` the point is a heating water setpoint that the rule of `agent.control.heating`
    finds, and `schedule` is what holds while there is no outdoor temperature. Without, `schedule`
    holds values of the point at all times. `highest_c` is what the emitter bears of heating water.
    """

    device: str
    point: PointId
    schedule: WeekSchedule
    park: Value
    room: tuple[str, PointId] | None
    timezone: tzinfo
    stale_room_s: float = STALE_ROOM_S
    comfort: Comfort | None = None
    highest_c: float | None = None


@dataclass(frozen=True, slots=True)
class Hour:
    """What the rule may look at for one decision; `forecast` is hourly outdoor air from now on.

    `doubtful` while the machine is late with its answers; `reach` is what may be asked of it.
    """

    snapshots: Mapping[str, Snapshot]
    stamp: Stamp
    running_s: float
    forecast: Hourly = ()
    doubtful: bool = False
    reach: Reach = field(default_factory=Reach)


def untaught(comfort: Comfort) -> Heating:
    """The rule in a home it does not know yet."""
    return Heating(fresh(comfort.emitter))


def comfort_demand(
    home: HomeControl, comfort: Comfort, heating: Heating, now: Hour
) -> tuple[Heating, Demand | None]:
    """The rule after this look, and the water temperature it demands."""
    snapshot = now.snapshots[home.device]
    outdoor = outdoor_c(snapshot, now.stamp.mono)
    local = now.stamp.at.astimezone(home.timezone) if now.stamp.trusted else None
    if outdoor is None:
        waits = now.running_s < home.stale_room_s
        return heating, None if waits else _without_outdoor(home, local)
    wanted, why = comfort.wanted(local)
    doubt = _room_in_doubt(home, now.snapshots, now.stamp.mono, now.running_s)
    room = None if doubt or home.room is None else room_c(home, now.snapshots)
    told = snapshot.number(home.point)
    settled = comfort.settled(local) if due(heating, now.stamp.mono) else None
    look = Seen(wanted, room, outdoor, told, local.hour if local else None, settled)
    heating = seen(heating, look, now.stamp.mono)
    lowest = floor_c(heating, look, now.forecast, now.doubtful, comfort.outlast)
    ideal = ideal_c(heating, look, comfort.emitter)
    heating, target = decided(heating, ideal, lowest, told, now.stamp.mono, now.reach)
    reason = f"{wanted:g} C wanted ({why})" + (f"; by the curve alone: {doubt}" if doubt else "")
    return heating, Demand(home.device, home.point, target, Origin.SCHEDULE, reason)


def _without_outdoor(home: HomeControl, local: datetime | None) -> Demand:
    """The schedule's water where there is one, else the park value."""
    value = home.schedule.value_at(local) if local is not None else None
    if value is None:
        return park_demand(home, "no outdoor temperature")
    why = "schedule: no outdoor temperature"
    return Demand(home.device, home.point, value, Origin.SCHEDULE, why)


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


def outdoor_c(snapshot: Snapshot, mono: float) -> float | None:
    """What is known of the air outside; of noon nothing says whether it freezes by night."""
    age_s = snapshot.age_s("outdoor_temp", mono)
    known = age_s is not None and age_s <= OLD_OUTDOOR_S
    return snapshot.number("outdoor_temp") if known else None


def room_c(home: HomeControl, snapshots: Mapping[str, Snapshot]) -> float | None:
    """What the sensor this home trusts shows; None without one or without a value."""
    if home.room is None or home.room[0] not in snapshots:
        return None
    return snapshots[home.room[0]].number(home.room[1])


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
