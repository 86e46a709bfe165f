"""Keeps the certificate of a running gateway: the first, the next, a new one when withdrawn.

Each step runs in a process of its own (`heatpump-agent identity enrol`): the library it needs
would stay in the memory of a gateway for the sake of a minute a year.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from agent import identity
from agent.certificate import Validity, validity
from agent.enrol.settings import EnrolSettings, Kind, Outcome
from agent.model import Stamp

_log = logging.getLogger("agent.enrol")

LOOK_EVERY_S = 10.0
STEP_WITHIN_S = 120.0
AWAY_MIN_S, AWAY_MAX_S = 5.0, 900.0
REFUSED_S = 3600.0
"""How long a refusal is left alone, unless the file with the claim code changes."""
SPREAD_S = 3600.0
"""Gateways that were enrolled together must not all come for renewal together."""

Step = Callable[[EnrolSettings, bool], Awaitable[Outcome]]


async def apart(settings: EnrolSettings, anew: bool) -> Outcome:
    """One step in a process of its own; it is ended when it hangs or when we are cancelled."""
    given = ["--gateway", settings.gateway, "--at", settings.url]
    given += ["--claim-code", str(settings.claim)]
    given += ["--ca", str(settings.ca)] if settings.ca is not None else []
    given += ["--anew"] if anew else []
    words = ["identity", "enrol", str(settings.folder), *given, "--json"]
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-s", "-m", "agent.cli", *words),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except OSError as error:  # no memory for it just now
        return Outcome(Kind.AWAY, f"enrolling could not be started: {error}")
    try:
        async with asyncio.timeout(STEP_WITHIN_S):
            said, _ = await process.communicate()
        found = json.loads(said)
        return Outcome(Kind(found["outcome"]), str(found["why"]), found["again_s"])
    except TimeoutError:
        return Outcome(Kind.AWAY, f"enrolling took longer than {STEP_WITHIN_S:g} s")
    except (ValueError, KeyError, TypeError):
        return Outcome(Kind.UNUSABLE, f"enrolling ended with exit code {process.returncode}")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Keeper:
    """One gateway's certificate. `withdrawn` says whether the platform has refused it as revoked,
    `installed` is told of each new one.

    `why` is what the last try came to; empty when all went well. `refusals` counts since the start
    how often code or certificate were refused.
    """

    def __init__(
        self,
        settings: EnrolSettings,
        stamp: Callable[[], Stamp],
        withdrawn: Callable[[], bool],
        installed: Callable[[], None],
        step: Step = apart,
    ) -> None:
        self._settings, self._stamp, self._withdrawn = settings, stamp, withdrawn
        self._installed, self._step = installed, step
        self._failed = 0
        self._last = Outcome(Kind.NOT_DUE)
        self.refusals = 0
        self.enrolled = asyncio.Event()

    @property
    def why(self) -> str:
        """Why there is no certificate, or no newer one, yet."""
        well = (Kind.INSTALLED, Kind.NOT_DUE)
        return "" if self._last.kind in well else self._last.why

    async def run(self) -> None:
        """Look every ten seconds, for ever; `enrolled` is set when there is a certificate."""
        with suppress(identity.IdentityError):
            identity.settle(self._settings.folder)
        while True:
            found = self._found()
            if found is not None:
                self.enrolled.set()
            if found is None or self._is_over(found):
                await self._try(anew=found is not None)
            elif self._is_due(found):
                if self._last.kind is Kind.NOT_DUE:
                    await asyncio.sleep(random.uniform(0.0, self._spread_s(found)))
                await self._try(anew=False)
            else:
                self._last = Outcome(Kind.NOT_DUE)
            await self._rest()

    def _found(self) -> Validity | None:
        try:
            return validity((self._settings.folder / identity.CERTIFICATE).read_bytes())
        except (OSError, ValueError):
            return None

    def _is_over(self, found: Validity) -> bool:
        stamp = self._stamp()
        return self._withdrawn() or (stamp.trusted and stamp.at >= found.ends)

    def _is_due(self, found: Validity) -> bool:
        stamp = self._stamp()
        return stamp.trusted and stamp.at >= found.renew_at

    def _spread_s(self, found: Validity) -> float:
        return min(SPREAD_S, (found.ends - found.renew_at).total_seconds() / 10)

    async def _try(self, anew: bool) -> None:
        said, self._last = self._last, await self._step(self._settings, anew)
        self.refusals += self._last.kind in (Kind.REFUSED, Kind.WITHDRAWN)
        self._failed = 0 if self._last.kind is Kind.INSTALLED else self._failed + 1
        if self._last.kind is Kind.INSTALLED:
            self.enrolled.set()
            self._installed()
            _log.info("certificate installed: %s", self._last.why)
        elif self._last.why != said.why:
            _log.warning("no certificate yet (%s): %s", self._last.kind, self._last.why)

    async def _rest(self) -> None:
        """Until the next look; a changed file with the claim code ends a long rest."""
        last, code = self._last, _print(self._settings.claim)
        if last.kind in (Kind.INSTALLED, Kind.NOT_DUE):
            await asyncio.sleep(LOOK_EVERY_S)
            return
        rest_s = random.uniform(0.5, 1.0) * self._rest_s(last)
        while rest_s > 0 and _print(self._settings.claim) == code:
            await asyncio.sleep(min(rest_s, LOOK_EVERY_S))
            rest_s -= LOOK_EVERY_S

    def _rest_s(self, last: Outcome) -> float:
        if last.again_s is not None:
            return min(max(last.again_s, AWAY_MIN_S), 86_400.0)
        if last.kind is Kind.AWAY:
            return min(AWAY_MAX_S, AWAY_MIN_S * 2.0 ** min(self._failed, 10))
        return REFUSED_S


def _print(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
