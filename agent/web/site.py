"""The local page put together: every route there is, and the one task that serves them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

from agent import claim
from agent.errors import AgentError
from agent.web.door import Door
from agent.web.entrance import Entrance
from agent.web.household import Household
from agent.web.installer import Installer
from agent.web.keys import Keys
from agent.web.pages import Frame, refusal
from agent.web.routes import Asked, Route
from agent.web.server import serve
from agent.web.sessions import Sessions
from agent.web.settings import Listen, PageSettings
from agent.web.shipped import Files
from agent.web.stream import Streams, Tempo
from agent.web.technician import Technician
from agent.web.wish import Rooms

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """The table of routes and the door before it."""

    routes: tuple[Route, ...]
    door: Door


def site(
    settings: PageSettings,
    rooms: Rooms,
    now: Callable[[], float] = time.monotonic,
    tempo: Tempo | None = None,
) -> Site:
    """The local page of one gateway."""
    files, keys = Files.read(), Keys(settings.folder)
    _take_label(keys, settings.label)
    frame = Frame(settings.gateway, files.path["page.css"], files.path["page.js"])
    sessions = Sessions(keys, now)
    secure = settings.listen.certificate is not None
    household = Household(rooms, frame, settings.service)
    installer = Installer(rooms, frame)

    def pieces(asked: Asked, charts: bool) -> Mapping[str, str]:
        return {**household.pieces(asked, charts), **installer.pieces(asked)}

    routes = (
        *household.routes(),
        *Technician(rooms, frame).routes(),
        *installer.routes(),
        *Streams(pieces, tempo).routes(),
        *Entrance(keys, sessions, frame, secure).routes(),
        *files.routes(),
    )
    return Site(routes, Door(sessions, now, partial(refusal, frame)))


def _take_label(keys: Keys, label: Path | None) -> None:
    """One label has one code: what the platform takes opens the page, unless another was made."""
    try:
        if label is not None and not keys.claimed:
            keys.set_claim(claim.read(label))
    except AgentError as error:
        log.warning("the page has no claim code yet: %s", error)


def declared() -> tuple[Route, ...]:
    """The routes as they stand in the table, for their description; nobody is served by them."""

    def nobody(*_: object) -> NoReturn:
        raise AssertionError("declared routes serve nobody")

    settings = PageSettings(Listen("127.0.0.1", 1), "gateway", Path())
    return site(settings, Rooms(nobody, nobody, nobody)).routes


async def run(settings: PageSettings, rooms: Rooms) -> None:
    """Serve the page until cancelled."""
    made = site(settings, rooms)
    await serve(settings.listen, made.routes, made.door, "page")
