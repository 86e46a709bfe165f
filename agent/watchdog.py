"""What systemd is told: ready, alive while there is progress, stopping.

The protocol is one datagram of `NAME=value` lines to the socket in NOTIFY_SOCKET:
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

QUIET_S = 30.0
"""How often the state is told where systemd set no watchdog."""


class Watchdog:
    """Tells systemd how it goes. `stuck` says what hangs, or None; `status` is one line for people.

    While something hangs the sign of life is withheld, and systemd restarts the program when the
    time of its unit file (`WatchdogSec`) is over. Without systemd it does nothing.
    """

    def __init__(
        self,
        stuck: Callable[[], str | None],
        status: Callable[[], str],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._stuck, self._status = stuck, status
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._every_s = _every_s(environment)
        self._why: str | None = None

    async def run(self) -> None:
        """Say ready, then for ever whether there is progress; say stopping when cancelled."""
        if not self._address:
            return
        self._tell("READY=1")
        try:
            while True:
                self._look()
                await asyncio.sleep(self._every_s)
        finally:
            self._tell("STOPPING=1")

    def _look(self) -> None:
        why = self._stuck()
        if why != self._why and why is not None:
            log.error("no sign of life for systemd why=%r", why)
        self._why = why
        alive = () if why is not None else ("WATCHDOG=1",)
        self._tell(*alive, f"STATUS={why or self._status()}")

    def _tell(self, *lines: str) -> None:
        address = self._address
        if address.startswith("@"):  # a name without a file
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            log.debug("systemd does not listen why=%r", error)


def _every_s(environment: Mapping[str, str]) -> float:
    """A third of the time systemd grants this process; the usual pause where it grants none."""
    given, owner = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not given.isdecimal() or int(given) == 0 or owner not in ("", str(os.getpid())):
        return QUIET_S
    return int(given) / 3_000_000
