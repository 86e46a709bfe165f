"""A service whose configuration is not right yet: it stays, says why, and looks again.

A program that ends would be started every few seconds for ever, and nobody would see why.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress

from agent import config
from agent.errors import FileError, Unfinished
from agent.watchdog import Watchdog

LOOK_AGAIN_S = 30.0
NEXT_STEPS = (
    "no pump is configured yet. Next: heatpump-agent scan /dev/serial/by-id/... --write {path}",
    "尚未配置热泵。下一步：heatpump-agent scan /dev/serial/by-id/... --write {path}",
)

log = logging.getLogger("agent")


def is_service() -> bool:
    """Whether systemd started this program and waits for its word."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


async def until_right(path: str) -> None:
    """Return when the configuration is right, or when told to stop; it is read every 30 s.

    SIGHUP has it read at once. What is wrong is logged whenever it changes; the status that systemd
    shows is the first mistake, or the next step where no line is named yet.
    """
    stop, look = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        look.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, look.set)
    said: tuple[str, ...] = ()
    watchdog = Watchdog(lambda: None, lambda: said[0])
    task: asyncio.Task[None] | None = None
    while not stop.is_set() and (wrong := _wrong(path)):
        if wrong != said:
            said = wrong
            for one in said:
                log.warning("%s", one)
        task = task or asyncio.create_task(watchdog.run(), name="watchdog")
        look.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN_S):
                await look.wait()
    if not stop.is_set():
        log.info("configuration is right now; starting again file=%s", path)
    if task is not None:
        task.cancel()
        await asyncio.wait({task})


def _wrong(path: str) -> tuple[str, ...]:
    """What keeps the gateway from its work, one line each; empty when nothing does."""
    try:
        config.read(path)
    except Unfinished:
        return tuple(text.format(path=path) for text in NEXT_STEPS)
    except FileError as error:
        return tuple(map(str, error.mistakes))
    return ()
