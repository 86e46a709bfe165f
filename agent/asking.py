"""Wishes of the page become commands of somebody at the gateway, and their results come back."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta

from agent.clock import Clock
from agent.model import Command, Result
from agent.uplink.adapters import Kept
from agent.web import Ended, Wish

ANSWER_WITHIN_S = 8.0
LIFE = timedelta(seconds=60)


class Asking:
    """`order` is the road of a command from here; `keep` must hear of every record that is kept."""

    def __init__(self, order: Callable[[Command], Awaitable[None]], clock: Clock) -> None:
        self._order, self._clock = order, clock
        self._waiting: dict[str, asyncio.Future[Result]] = {}

    def keep(self, kept: Kept) -> None:
        """A record was kept; a result may be the one that somebody waits for."""
        if isinstance(kept.record, Result):
            waiting = self._waiting.get(kept.record.command_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(kept.record)

    async def ask(self, wish: Wish) -> Ended:
        """The command's end, or `under_way` when it has none within some seconds."""
        now = self._clock.stamp().at
        command = Command(
            id=f"page-{uuid.uuid4().hex}",
            issuer=wish.issuer,
            role=wish.role,
            device=wish.device,
            point=wish.point,
            value=wish.value,
            issued_at=now,
            expires_at=now + LIFE,
            hold_s=wish.hold_s,
            why=wish.why,
        )
        waiting = self._waiting[command.id] = asyncio.get_running_loop().create_future()
        try:
            await self._order(command)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                result = await waiting
        except TimeoutError:
            return Ended("under_way", "the machine has not answered yet")
        finally:
            del self._waiting[command.id]
        return Ended(result.outcome.value, result.why)
