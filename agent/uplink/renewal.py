"""Watches the files of our certificate: a new one is taken over, an old one is warned of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from agent import identity
from agent.certificate import Validity, validity
from agent.errors import LinkError
from agent.trust import Trust, usable

_log = logging.getLogger("agent.uplink")

WARN_EVERY = timedelta(days=1)


Prints = tuple[tuple[int, int] | None, ...]
"""Which files these are: when written, and which inode."""


class Renewal:
    """The certificate in use, and the moment of the last warning; kept over connections."""

    def __init__(self, trust: Trust, look_every_s: float, now: Callable[[], datetime]) -> None:
        self._trust, self._look_every_s, self._now = trust, look_every_s, now
        self._warned: datetime | None = None
        if trust.certificate is not None:
            # Half of a pair cannot be used, and dialling says so.
            with suppress(identity.IdentityError):
                identity.settle(trust.certificate.parent)

    @property
    def ends(self) -> datetime | None:
        """When our certificate ends; None without one, or when it cannot be read."""
        found = self.validity()
        return None if found is None else found.ends

    async def watch(self) -> None:
        """Return never; raises LinkError when a new certificate waits to be used."""
        used = refused = self.prints()
        while True:
            self.warn()
            await asyncio.sleep(self._look_every_s)
            found = self.prints()
            if found in (used, refused):
                continue
            try:
                await asyncio.to_thread(usable, self._trust)
            except LinkError as error:  # half of a pair perhaps: the connection that stands is kept
                _log.warning("a new certificate is not taken over yet: %s", error)
                refused = found
            else:
                raise LinkError("a new certificate was installed; connecting with it")

    def warn(self) -> None:
        """Say once a day that two thirds of its life are over."""
        found, now = self.validity(), self._now()
        if found is None or now < found.renew_at:
            return
        if self._warned is None or now - self._warned >= WARN_EVERY:
            self._warned = now
            _log.warning(
                "the certificate must be renewed: %s ends on %s",
                self._trust.certificate,
                found.ends.date(),
            )

    def validity(self) -> Validity | None:
        """The dates of our certificate; None without one, or when it cannot be read."""
        if self._trust.certificate is None:
            return None
        try:
            return validity(self._trust.certificate.read_bytes())
        except (OSError, ValueError):
            return None

    def prints(self) -> Prints:
        """Of certificate and key as they lie there now."""
        return tuple(_print(path) for path in (self._trust.certificate, self._trust.key))


def _print(path: Path | None) -> tuple[int, int] | None:
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_ino)
