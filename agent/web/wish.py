"""What somebody at the page wants done, and how it ended: the only way from the page to a machine.

A wish becomes an ordinary command, remembered, guarded and answered as every other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from agent.web.setup import Install
from agent.web.view import Live, Paper, Service


class Wish(msgspec.Struct, frozen=True):
    """`role` is `resident` or `installer`, `issuer` the session; `hold_s` how long it stands."""

    device: str
    point: str
    value: float | bool | str
    role: str
    issuer: str
    hold_s: float | None = None
    why: str = ""


class Ended(msgspec.Struct, frozen=True):
    """How a wish ended: an outcome of a command, or `under_way` where that takes longer."""

    outcome: str
    why: str


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rest of the gateway, as far as the page knows it: functions and plain records.

    `install` is there while the gateway is not set up, `handover` once it is.
    """

    live: Callable[[], Live]
    service: Callable[[], Awaitable[Service]]
    ask: Callable[[Wish], Awaitable[Ended]]
    install: Install | None = None
    handover: Callable[[], Awaitable[Paper]] | None = None
