"""A service whose configuration is not right yet: it stays, says why, and looks again.

A program that ends would be started every few seconds for ever, and nobody would see why.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agent import config, web
from agent.commission import Commission
from agent.errors import FileError, MissingLibrary, Unfinished
from agent.watchdog import Watchdog

LOOK_AGAIN_S = 30.0
NEXT_STEPS = (
    "no pump is configured yet. Next: the local page, or"
    " heatpump-agent scan /dev/serial/by-id/... --write {path}",
    "尚未配置热泵。下一步：打开本地页面，或"
    " heatpump-agent scan /dev/serial/by-id/... --write {path}",
)

log = logging.getLogger("agent")


def is_service() -> bool:
    """Whether systemd started this program and waits for its word."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


async def until_right(path: str) -> None:
    """Return when the configuration is right, or when told to stop; it is read every 30 s.

    SIGHUP has it read at once. What is wrong is logged whenever it changes; the status that systemd
    shows is the first mistake, or the next step where no line is named yet. Then the page, where
    the file has one, is served, and an installer can set the gateway up there.
    """
    stop, look = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        look.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, look.set)
    await wait(path, stop, look, lambda: Commission(Path(path), look.set))


async def wait(
    path: str, stop: asyncio.Event, look: asyncio.Event, setting_up: Callable[[], Commission]
) -> None:
    """Wait as `until_right` does; `look` has the file read at once, `stop` (with it) ends it."""
    said: tuple[str, ...] = ()
    watchdog = Watchdog(lambda: None, lambda: said[0])
    tasks: list[asyncio.Task[None]] = []
    commission: Commission | None = None
    async with asyncio.TaskGroup() as group:
        while not stop.is_set() and (wrong := _wrong(path)):
            if wrong != said:
                said = wrong
                for one in said:
                    log.warning("%s", one)
            if not tasks:
                tasks.append(group.create_task(watchdog.run(), name="watchdog"))
            if commission is None and (commission := _unfinished(path, setting_up)) is not None:
                tasks += _page(commission, group)
            look.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await look.wait()
        if not stop.is_set():
            log.info("configuration is right now; starting again file=%s", path)
        for task in tasks:
            task.cancel()


def _unfinished(path: str, setting_up: Callable[[], Commission]) -> Commission | None:
    """Whoever sets the gateway up, where its file is only unfinished and has nothing wrong."""
    try:
        config.read(path)
    except Unfinished:
        with suppress(FileError):
            return setting_up()
    except FileError:
        pass
    return None


def _page(commission: Commission, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
    """The page of a gateway that is not set up; nothing where the file has none."""
    if commission.page is None:
        return []
    try:
        page = web.page(commission.page, commission.rooms)
    except MissingLibrary as error:
        log.warning("%s", error)
        return []
    return [
        group.create_task(page, name="web"),
        group.create_task(commission.run(), name="commission"),
    ]


def _wrong(path: str) -> tuple[str, ...]:
    """What keeps the gateway from its work, one line each; empty when nothing does."""
    try:
        config.read(path)
    except Unfinished:
        return tuple(text.format(path=path) for text in NEXT_STEPS)
    except FileError as error:
        return tuple(map(str, error.mistakes))
    return ()
