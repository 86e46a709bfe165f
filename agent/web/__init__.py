"""The local HTTP servers: figures for machines, the page for people; each off unless configured.

`server` alone knows the HTTP library. This room knows no other: what is shown comes as plain
records, what is wanted leaves as a wish.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any

from agent.errors import MissingLibrary
from agent.health import Health
from agent.web.settings import Listen, PageSettings
from agent.web.setup import Install
from agent.web.wish import Ended, Rooms, Wish

__all__ = ["Ended", "Install", "Listen", "PageSettings", "Rooms", "Wish", "figures", "page"]


def figures(address: tuple[str, int], now: Callable[[], Health]) -> Coroutine[Any, Any, None]:
    """A server of `/metrics` and `/health`, to be run; MissingLibrary when it cannot be had."""
    try:  # only who asks for figures pays for these
        from agent.web import metrics, server  # noqa: PLC0415
        from agent.web.door import Door  # noqa: PLC0415
    except ImportError:
        raise MissingLibrary("install heatpump-agent[metrics] to serve figures") from None
    return server.serve(
        Listen(*address), metrics.routes(now), Door(None, time.monotonic), "figures"
    )


def page(settings: PageSettings, rooms: Rooms) -> Coroutine[Any, Any, None]:
    """The server of the local page, to be run; MissingLibrary when it cannot be had."""
    try:  # likewise
        from agent.web import site  # noqa: PLC0415
    except ImportError:
        raise MissingLibrary("install heatpump-agent[page] to serve the local page") from None
    return site.run(settings, rooms)
