"""What outranks everybody: frost, and the emergency that the platform orders. Pure.

In frost a home is left to its machine: switched on, in a mode that heats, every controlled point at
its park value. In an emergency every home goes to its park values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from agent.control.commands import ended, result_of
from agent.control.guard import COLD_GRID, WARM_MODES
from agent.control.home import HomeControl, park_demand, room_c
from agent.control.override import HOLD_S
from agent.control.priority import Place
from agent.facts import Effect, Save
from agent.frost import EASED_BY_K, freezing
from agent.model import (
    Command,
    Demand,
    Machine,
    Origin,
    Outcome,
    PointId,
    Snapshot,
    Stamp,
    Value,
)

EMERGENCY = "emergency"  # a point of no machine: the platform parks every home by it
FREE_GRID = ("normal",)
HEATING_FIRST = ("heat", "heat_dhw", "heat_flow", "heat_room", "heat_curve", "auto", "auto_dhw")


class Safety:
    """Remembers which machines are in frost, and until when there is an emergency."""

    def __init__(
        self,
        homes: Sequence[HomeControl],
        machines: Mapping[str, Machine],
        emergency: datetime | None = None,
    ) -> None:
        self._homes, self._machines = homes, machines
        # Points of one machine that trust one room sensor freeze together: one look is enough.
        self._machine_of = {(home.device, home.room): home for home in homes}
        self._freezing: set[str] = set()
        self._emergency_until = 0.0
        self._from_before = emergency

    def order(self, command: Command, demand: Demand, stamp: Stamp) -> Iterator[Effect]:
        """The platform parks every home, or ends that: residents cannot order it."""
        if demand.origin is not Origin.PLATFORM or not isinstance(command.value, bool):
            why = "emergency is true or false, and the platform's to order"
            yield from ended(result_of(command, Outcome.REFUSED, why), stamp)
            return
        until = demand.until_mono or stamp.mono + HOLD_S
        self._emergency_until = until if command.value else 0.0
        self._from_before = None
        ends = stamp.at + timedelta(seconds=until - stamp.mono)
        yield Save("emergency", (ends,) if command.value else ())
        why = "every home parks" if command.value else "over"
        yield from ended(result_of(command, Outcome.VERIFIED, why), stamp)

    def demands(self, snapshots: Mapping[str, Snapshot], stamp: Stamp) -> dict[Place, Demand]:
        """What must be so now, whatever anybody wants; empty while all is well."""
        found: dict[Place, Demand] = {}
        emergency = self._emergency(stamp)
        frosts = {key: self._frost(home, snapshots) for key, home in self._machine_of.items()}
        for home in self._homes:
            frost = frosts[home.device, home.room]
            if frost is None and not emergency:
                continue
            parked = park_demand(home, frost or "emergency")
            found.setdefault((home.device, home.point), replace(parked, origin=Origin.SAFETY))
            if frost is not None:
                found |= self._switches(snapshots[home.device], frost)
        return found

    def _emergency(self, stamp: Stamp) -> bool:
        """Whether one is on; one of before the restart holds while no clock can end it."""
        if self._from_before is None:
            return stamp.mono < self._emergency_until
        if stamp.trusted:
            left_s = (self._from_before - stamp.at).total_seconds()
            self._emergency_until, self._from_before = stamp.mono + left_s, None
        return self._from_before is not None or stamp.mono < self._emergency_until

    def _frost(self, home: HomeControl, snapshots: Mapping[str, Snapshot]) -> str | None:
        """Why this home is about to freeze; it is over two kelvin above the limit."""
        over_k = EASED_BY_K if home.device in self._freezing else 0.0
        frost = freezing(snapshots[home.device], room_c(home, snapshots), over_k)
        if frost is None:
            self._freezing.discard(home.device)
            return None
        self._freezing.add(home.device)
        return frost.why

    def _switches(self, snapshot: Snapshot, why: str) -> dict[Place, Demand]:
        """On, in a mode that heats, and let by the grid, where the machine lets that be said."""
        machine = self._machines[snapshot.device]
        on = True if machine.terms("power_on") is not None else None
        wanted = {
            "power_on": on,
            "mode": _or_first(machine, snapshot, "mode", _warms, HEATING_FIRST),
            "sg_ready_mode": _or_first(machine, snapshot, "sg_ready_mode", _free, FREE_GRID),
        }
        return {
            (snapshot.device, point): Demand(snapshot.device, point, value, Origin.SAFETY, why)
            for point, value in wanted.items()
            if value is not None and snapshot.value(point) is not None
        }


def _warms(mode: Value) -> bool:
    return mode in WARM_MODES


def _free(grid: Value) -> bool:
    return grid not in COLD_GRID


def _or_first(
    machine: Machine,
    snapshot: Snapshot,
    point: PointId,
    good: Callable[[Value], bool],
    others: Sequence[str],
) -> str | None:
    """What the point is if that is good, else the first of others that the machine takes; None
    where it cannot be set.
    """
    now = snapshot.value(point)
    if machine.terms(point) is None or now is None:
        return None
    if good(now):
        return str(now)
    return next((one for one in others if machine.unfit(point, one) is None), None)
