"""Whether the program's files are still those that were installed, by the list in the package.

It finds a card that forgets and a file that somebody changed. Who is root can change list and
program alike: only a verified root file system, which comes with the image, stands against that.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

log = logging.getLogger("agent")

LIST = "files.sha256"
INSTALLED = Path(__file__).parents[1]
FIRST_AFTER_S = 120.0
LOOK_EVERY_S = 86_400.0
AGAIN_AFTER_S = 60.0
"""An upgrade under way changes the files too, and ends this program within seconds."""


def changed(folder: Path = INSTALLED) -> tuple[str, ...] | None:
    """The files that are gone or not as they were installed; None where there is no list."""
    try:
        lines = (folder / LIST).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        return (LIST,)
    rows = [line.partition("  ") for line in lines]
    return tuple(name for digest, _, name in rows if _digest(folder / name) != digest)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


class Intact:
    """Looks soon after the start and then once a day; `count` is how many files are wrong."""

    def __init__(
        self,
        folder: Path = INSTALLED,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._folder, self._sleep = folder, sleep
        self.count = 0

    async def run(self) -> None:
        """For ever; returns at once where there is no list, as in a source tree."""
        if not (self._folder / LIST).exists():
            return
        await self._sleep(FIRST_AFTER_S)
        while True:
            found = await asyncio.to_thread(changed, self._folder)
            if found:
                await self._sleep(AGAIN_AFTER_S)
                found = await asyncio.to_thread(changed, self._folder)
            self._tell(found or ())
            await self._sleep(LOOK_EVERY_S)

    def _tell(self, found: tuple[str, ...]) -> None:
        if found and len(found) != self.count:
            log.error("files of the program were changed count=%d first=%s", len(found), found[0])
        self.count = len(found)
