"""Who is logged in on the page: sessions in memory, short for installers; a restart ends them all.

A code is looked at in a thread, one at a time: scrypt takes its time and its memory on purpose.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from agent.web.keys import KeyFileError, Keys
from agent.web.limits import Tries
from agent.web.routes import Need, Session

log = logging.getLogger(__name__)

LASTS_S = {Need.RESIDENT: 12 * 3600.0, Need.INSTALLER: 3600.0}
"""Without a request; each request begins the time anew."""
MOST = 16


@dataclass(slots=True)
class _Open:
    session: Session
    ends: float
    opened_by: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A code that does not open the page; `wait_s` until another may be tried."""

    wait_s: float


class Sessions:
    """The open sessions of one page; `now` is monotonic seconds."""

    def __init__(self, keys: Keys, now: Callable[[], float]) -> None:
        self._keys, self._now = keys, now
        self._tries = Tries()
        self._open: dict[str, _Open] = {}
        self._number = 0
        self._one_at_a_time = asyncio.Lock()

    async def log_in(self, code: str, source: str) -> str | Refused:
        """The token for the cookie, or why not. A right code too early is refused like a wrong one.

        Raises KeyFileError when the codes cannot be read.
        """
        async with self._one_at_a_time:
            wait_s = self._tries.wait_s(source, self._now())
            if wait_s > 0:
                return Refused(wait_s)
            self._tries.failed(source, self._now())
            need = await asyncio.to_thread(self._keys.opens, code)
            if need is None:
                log.warning("wrong code at the page source=%s", source)
                return Refused(self._tries.wait_s(source, self._now()))
            self._tries.well(source)
        return self._begin(need)

    def _begin(self, need: Need) -> str:
        self._sweep()
        while len(self._open) >= MOST:
            self._open.pop(min(self._open, key=lambda one: self._open[one].ends))
        token = secrets.token_urlsafe(32)
        self._number += 1
        session = Session(need, self._number)
        ends, code = self._now() + LASTS_S[need], self._keys.in_force(need)
        self._open[_hashed(token)] = _Open(session, ends, code)
        log.info("session at the page role=%s number=%d", session.role, session.number)
        return token

    def who(self, token: str | None) -> Session | None:
        """Whose token this is; None for nobody's, for one whose time is over, and for one whose
        code opens nothing any more.
        """
        self._sweep()
        found = self._open.get(_hashed(token)) if token else None
        if found is None or found.opened_by != self._in_force(found.session.need):
            self.log_out(token)
            return None
        found.ends = self._now() + LASTS_S[found.session.need]
        return found.session

    def log_out(self, token: str | None) -> None:
        """End this session."""
        if token:
            self._open.pop(_hashed(token), None)

    def _in_force(self, need: Need) -> str:
        try:
            return self._keys.in_force(need)
        except KeyFileError:
            return ""  # what cannot be read lets nobody in

    def _sweep(self) -> None:
        now = self._now()
        for key in [key for key, one in self._open.items() if one.ends <= now]:
            del self._open[key]


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
