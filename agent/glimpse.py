"""What a running gateway shows of itself to another program: its light, in a file in memory.

The file lies where the spool keeps its tail: it costs no flash and is gone after a power cut.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from agent.enrol import IdentityState
from agent.light import Light

log = logging.getLogger("agent")

MEMORY = Path("/dev/shm")
TELL_EVERY_S = 5.0
OLD_S = 20.0
"""A gateway that was silent for so long does not run, or hangs."""


class Glimpse(msgspec.Struct, frozen=True):
    """The light and since when (UTC, ISO 8601), the certificate, and when this was told."""

    light: Light
    since: str
    identity: IdentityState
    boot: str
    mono: float


class Teller:
    """Tells the light of one gateway while it runs; a change of it is logged."""

    def __init__(
        self,
        spool_path: str,
        boot: str,
        light: Callable[[], Light],
        identity: Callable[[], IdentityState],
        now: Callable[[], str],
        folder: Path = MEMORY,
    ) -> None:
        self._path, self._boot = place(spool_path, folder), boot
        self._light, self._identity, self._now = light, identity, now
        self._shown: Light | None = None
        self._since = ""

    async def run(self) -> None:
        """Tell it every few seconds, for ever; the file is taken away at the end."""
        try:
            while True:
                self._tell()
                await asyncio.sleep(TELL_EVERY_S)
        finally:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _tell(self) -> None:
        light = self._light()
        if light is not self._shown:
            log.info("light %s", light)
            self._shown, self._since = light, self._now()
        said = Glimpse(light, self._since, self._identity(), self._boot, time.monotonic())
        beside = self._path.with_suffix(".part")
        with suppress(OSError):  # nobody needs it to heat
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(said))
            os.replace(beside, self._path)


def look(spool_path: str, boot: str, folder: Path = MEMORY) -> Glimpse | None:
    """What the gateway with this buffer showed just now; None when it does not run or hangs."""
    path = place(spool_path, folder)
    try:
        if path.is_symlink() or path.stat().st_uid != os.getuid():
            return None
        said = msgspec.json.decode(path.read_bytes(), type=Glimpse)
    except (OSError, ValueError):
        return None
    fresh = said.boot == boot and 0.0 <= time.monotonic() - said.mono <= OLD_S
    return said if fresh else None


def place(spool_path: str, folder: Path = MEMORY) -> Path:
    """The file of the gateway with this buffer."""
    name = sha256(os.path.abspath(spool_path).encode()).hexdigest()[:16]
    return folder / f"heatpump-agent-{os.getuid()}-{name}.light"
