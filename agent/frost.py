"""When a house or its pipes are about to freeze: the one place where the limits stand. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from agent.model import PointId, Snapshot

FROST_ROOM_C = 8.0
FROST_WATER_C = 5.0
EASED_BY_K = 2.0  # so much above its limit frost is over: one tenth of a kelvin shall not decide
COLDEST_ROOM_C = -30.0  # a room can be colder than 0 degC; below this the sensor is broken
COLD_OUTDOOR_C = -5.0  # a machine that stands still below this freezes within hours
WATER: tuple[PointId, ...] = ("water_return_temp", "water_supply_temp")


@dataclass(frozen=True, slots=True)
class Frost:
    """What is too cold: a point and its temperature in degC."""

    point: PointId
    value_c: float

    @property
    def why(self) -> str:
        """In words, for journal and log."""
        return f"frost: {self.point} is {self.value_c:g} C"


def freezing(machine: Snapshot, room_c: float | None, over_k: float = 0.0) -> Frost | None:
    """The first thing that is too cold; None when nothing is. `over_k` raises the limits."""
    if room_c is not None and COLDEST_ROOM_C <= room_c < FROST_ROOM_C + over_k:
        return Frost("indoor_temp", room_c)
    for point in WATER:
        water_c = machine.number(point)
        if water_c is not None and water_c < FROST_WATER_C + over_k:
            return Frost(point, water_c)
    return None
