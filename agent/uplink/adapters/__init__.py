"""Other conventions beside our own: Sparkplug, Home Assistant, ThingsBoard.

All are fed from the records that the durable buffer is given. Each has its own connection and is
off unless it is configured. None decides what is forgotten.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent import __version__
from agent.errors import MissingLibrary
from agent.model import Alarm
from agent.uplink.adapters.kept import Kept
from agent.uplink.adapters.settings import (
    AdapterSettings,
    HomeAssistantSettings,
    LinkSettings,
    SparkplugSettings,
    ThingsBoardSettings,
)

if TYPE_CHECKING:
    from agent.core import CoreSettings
    from agent.uplink.adapters.bridge import Bridge, Buffer
    from agent.uplink.adapters.convention import Convention

__all__ = [
    "AdapterSettings",
    "HomeAssistantSettings",
    "Kept",
    "LinkSettings",
    "SparkplugSettings",
    "ThingsBoardSettings",
    "bridges",
]


def bridges(
    settings: AdapterSettings,
    core: CoreSettings,
    alarms: tuple[Alarm, ...],
    buffer: Buffer,
    on_command: Callable[[bytes, bool], Awaitable[None]],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Bridge, ...]:
    """A bridge for every adapter that is on; MissingLibrary when one cannot be had."""
    if settings == AdapterSettings():
        return ()
    # Only who wants an adapter pays for what all of them need, and for his own.
    from agent.uplink.adapters.bridge import Bridge  # noqa: PLC0415
    from agent.uplink.adapters.cards import cards  # noqa: PLC0415
    from agent.uplink.adapters.convention import Picture  # noqa: PLC0415

    found: list[Bridge] = []
    shown = cards(core)

    def add(link: LinkSettings, made: Convention, picture: Picture) -> None:
        found.append(Bridge(link, made, picture, buffer, on_command, now))

    if (node := settings.sparkplug) is not None:
        try:  # protobuf takes 5 MB: only who wants Sparkplug pays for it
            from agent.uplink.adapters.sparkplug import Sparkplug  # noqa: PLC0415
        except ImportError:
            raise MissingLibrary("install heatpump-agent[sparkplug] for that adapter") from None
        picture = Picture(alarms)
        add(node.link, Sparkplug(node, shown, picture, __version__), picture)
    if (house := settings.home_assistant) is not None:
        from agent.uplink.adapters.homeassistant import HomeAssistant  # noqa: PLC0415

        picture = Picture(alarms)
        add(house.link, HomeAssistant(house, shown, picture, __version__), picture)
    if (board := settings.thingsboard) is not None:
        from agent.uplink.adapters.thingsboard import ThingsBoard  # noqa: PLC0415

        picture = Picture(alarms)
        add(board.link, ThingsBoard(board, shown, picture, __version__), picture)
    return tuple(found)
