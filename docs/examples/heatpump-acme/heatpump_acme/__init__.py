"""Drivers for heat pumps of Acme, a maker that does not exist."""

from agent.drivers import DriverSource, Hooks
from agent.model import Demand, PointValue, Snapshot


class KfrHooks(Hooks):
    """The KFR-120 takes a setpoint only after `x_remote` has been switched on."""

    def before_write(self, demand: Demand, snapshot: Snapshot) -> tuple[PointValue, ...]:
        """The permission first, where it is not given yet."""
        wanted = (demand.point, demand.value)
        if demand.point == "water_setpoint" and snapshot.value("x_remote") is not True:
            return (("x_remote", True), wanted)
        return (wanted,)


acme_kfr_120 = DriverSource(__name__, "acme_kfr_120.yaml", KfrHooks)
