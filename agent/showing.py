"""Looks at the open rooms and says what the local page shows; changes nothing."""

from __future__ import annotations

from agent.clock import Clock
from agent.config import Config
from agent.core import Core
from agent.line import Line
from agent.model import Stamp
from agent.spool import Spool
from agent.uplink import Uplink
from agent.web import view


class Showing:
    """The rooms of one gateway as the page is told of them."""

    def __init__(
        self,
        core: Core,
        spool: Spool,
        uplink: Uplink,
        lines: tuple[Line, ...],
        clock: Clock,
        config: Config,
    ) -> None:
        self._core, self._spool, self._uplink, self._lines = core, spool, uplink, lines
        self._clock, self._config = clock, config
        named = {home.heat_pump: home.name for home in config.core.homes}
        pumps = (name for name, it in config.core.devices.items() if it.kind == "heat_pump")
        self._homes = tuple((named.get(device, device), device) for device in pumps)

    def live(self) -> view.Live:
        """Everything that a resident may see, of this moment."""
        stamp = self._clock.stamp()
        return view.Live(
            gateway=self._config.gateway,
            at=stamp.at.astimezone(self._config.timezone),
            trusted=stamp.trusted,
            connected=self._uplink.counters.connected_since is not None,
            waiting=sum(self._spool.status().depth.values()),
            homes=tuple(self._home(name, device, stamp) for name, device in self._homes),
        )

    def _home(self, name: str, device: str, stamp: Stamp) -> view.Home:
        picture = self._core.complete(stamp.mono)[device]
        return view.Home(
            name=name,
            device=device,
            doing="unknown",
            decides="machine",
            room_c=picture.number("indoor_temp"),
            outdoor_c=picture.number("outdoor_temp"),
            water_c=picture.number("water_supply_temp"),
            power_w=picture.number("active_power"),
        )
