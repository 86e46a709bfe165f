"""Serves pages that others make; knows HTTP and nothing of heat pumps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

from microdot import Microdot, Request

log = logging.getLogger(__name__)

Pages = Mapping[str, tuple[str, Callable[[], str]]]
"""Path to content type and the function that makes the page."""


async def serve(address: tuple[str, int], pages: Pages) -> None:
    """Serve until cancelled. An address that cannot be had is logged and tried again every 30 s."""
    host, port = address
    app = Microdot()
    for path, (kind, make) in pages.items():
        app.route(path)(_answer(kind, make))
    while True:
        try:
            log.info("figures are served url=http://%s:%d/metrics", host, port)
            # Served by us: the library's own loop swallows the cancellation.
            start: Any = app.start_server(host=host, port=port, start_serving=False)
            server = cast(asyncio.Server, await start)
            async with server:
                await server.serve_forever()
        except OSError as error:
            log.warning("figures are not served why=%r", str(error))
        await asyncio.sleep(30.0)


def _answer(kind: str, make: Callable[[], str]) -> Callable[[Request], object]:
    async def answer(request: Request) -> tuple[str, int, dict[str, str]]:
        return make(), 200, {"Content-Type": kind}

    return answer
