"""The local HTTP server: read-only, off unless configured. `server` alone knows its library."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from agent.errors import MissingLibrary
from agent.health import Health


def figures(address: tuple[str, int], now: Callable[[], Health]) -> Coroutine[Any, Any, None]:
    """A server of `/metrics` and `/health`, to be run; MissingLibrary when it cannot be had."""
    try:  # only who asks for figures pays for these
        from agent.web import metrics, server  # noqa: PLC0415
    except ImportError:
        raise MissingLibrary("install heatpump-agent[metrics] to serve figures") from None
    pages: server.Pages = {
        "/metrics": (metrics.TYPE, lambda: metrics.prometheus(now())),
        "/health": ("application/json", lambda: metrics.as_json(now())),
    }
    return server.serve(address, pages)
