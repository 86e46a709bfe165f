"""Who wins when several want different things: frost and limits, resident, platform, schedule.

What nobody wants is left to the machine's own control.
"""

from __future__ import annotations

from agent.model import Demand, Origin, PointId

# The highest first.
RANK = {Origin.SAFETY: 0, Origin.RESIDENT: 1, Origin.PLATFORM: 2, Origin.SCHEDULE: 3}

Place = tuple[str, PointId]


class Standing:
    """The demands that stand, at most one of each origin for each point of each device."""

    def __init__(self) -> None:
        self._demands: dict[Place, dict[Origin, Demand]] = {}

    def put(self, demand: Demand) -> None:
        """A demand stands in place of the earlier one of the same origin."""
        self._demands.setdefault((demand.device, demand.point), {})[demand.origin] = demand

    def drop(self, device: str, point: PointId, origin: Origin) -> None:
        """This origin no longer wants anything here."""
        self._demands.get((device, point), {}).pop(origin, None)

    def drop_park(self, device: str, point: PointId) -> None:
        """The doubt that parked this point is over."""
        demand = self._demands.get((device, point), {}).get(Origin.SCHEDULE)
        if demand is not None and demand.park:
            self.drop(device, point, Origin.SCHEDULE)

    def winner(self, device: str, point: PointId, mono: float) -> Demand | None:
        """The demand that counts now; those whose time is over are forgotten."""
        demands = self._demands.get((device, point))
        if not demands:
            return None
        over = [o for o, d in demands.items() if d.until_mono is not None and mono >= d.until_mono]
        for origin in over:
            del demands[origin]
        for origin in RANK:
            if origin in demands:
                return demands[origin]
        return None

    def of(self, device: str, point: PointId, origin: Origin) -> Demand | None:
        """What this origin wants here, whoever wins."""
        return self._demands.get((device, point), {}).get(origin)

    def above(self, demand: Demand, mono: float) -> Demand | None:
        """The standing demand that outranks this one, if there is one."""
        winner = self.winner(demand.device, demand.point, mono)
        if winner is None or RANK[winner.origin] >= RANK[demand.origin]:
            return None
        return winner

    def places(self) -> tuple[Place, ...]:
        """Every point somebody wants something of."""
        return tuple(place for place, demands in self._demands.items() if demands)
