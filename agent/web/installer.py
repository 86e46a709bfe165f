"""The installer's page: search, compare, name, write; it shows what is wrong with the wire."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated

import msgspec
from markupsafe import Markup
from msgspec import Meta

from agent.web.installing import body
from agent.web.pages import Frame, Place, page
from agent.web.routes import JSON, Answer, Asked, Need, Route, told, wrong
from agent.web.setup import Install, Setup
from agent.web.view import Handed, Live, Text
from agent.web.wish import Rooms
from agent.web.words import Speech, language_of, say

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
Port = Annotated[str, Meta(max_length=200, pattern=r"^[A-Za-z0-9_./:@+\[\]-]*\Z")]
Broker = Annotated[str, Meta(max_length=200, pattern=r"^[A-Za-z0-9_./:@\[\]-]*\Z")]
NOT_SET_UP = "not signed: the gateway is not set up"
_FRAMED = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
IN_SERVICE = Text("网关已在运行，线路正忙。", "The gateway is in service; its line is in use.")


class SearchLine(msgspec.Struct, frozen=True):
    """Search a port: one of the list, or `other` where that is not empty; at `all_ids`, minutes."""

    port: Port = ""
    other: Port = ""
    all_ids: bool = False


class DecideUnit(msgspec.Struct, frozen=True):
    """The values agree with the display (`taken`), or the machine is left out. A meter or a sensor
    measures for the heat pump with the unit id `serves`; 0 is none.
    """

    unit_id: Annotated[int, Meta(ge=1, le=247)]
    taken: bool
    driver: Annotated[str, Meta(max_length=100)] = ""
    name: Id = "unit"
    serves: Annotated[int, Meta(ge=0, le=247)] = 0


class TryNetwork(msgspec.Struct, frozen=True):
    """Try the way to the platform; `broker` where the file names none."""

    broker: Broker = ""


class WriteSetup(msgspec.Struct, frozen=True):
    """Write the configuration; `broker` where the file names none."""

    gateway: Id
    broker: Broker = ""


class Installer:
    """The routes of the installer."""

    def __init__(self, rooms: Rooms, frame: Frame) -> None:
        self._rooms, self._frame = rooms, frame

    def routes(self) -> tuple[Route, ...]:
        """To be added to the table."""
        may = Need.INSTALLER
        return (
            Route("GET", "/install", may, self._page, "The installer's page."),
            Route("GET", "/api/setup", may, self._setup, "How far the setting up is.", gives=Setup,
                  kind=JSON),
            Route("POST", "/api/setup/network", may, self._network, "Try the way to the platform.",
                  TryNetwork, Setup, JSON),
            Route("POST", "/api/setup/search", may, self._search, "Search a line.", SearchLine,
                  Setup, JSON),
            Route("POST", "/api/setup/unit", may, self._decide, "Decide on a machine.", DecideUnit,
                  Setup, JSON),
            Route("POST", "/api/setup/write", may, self._write, "Write the configuration.",
                  WriteSetup, Setup, JSON),
            Route("GET", "/handover", may, self._sheet, "The handover, to be printed."),
            Route("GET", "/api/handover", may, self._handover, "The handover, signed.",
                  gives=Handed, kind=JSON),
        )  # fmt: skip

    def pieces(self, asked: Asked) -> Mapping[str, str]:
        """For the live updates of this page; nothing for who may not see it."""
        install, session = self._rooms.install, asked.session
        if install is None or session is None or session.need < Need.INSTALLER:
            return {}
        return {"setup": str(body(install.now(), Speech(language_of(asked))))}

    async def _setup(self, asked: Asked) -> Answer:
        install = self._rooms.install
        if install is None:
            return told(Setup("in_service", self._rooms.live().gateway, False))
        return told(install.now())

    async def _page(self, asked: Asked) -> Answer:
        return Answer(self._drawn(asked))

    def _drawn(self, asked: Asked, notice: str = "") -> str:
        speech, install = Speech(language_of(asked)), self._rooms.install
        place = Place("/install", speech.language, asked.session, notice)
        drawn = (
            _in_service(self._rooms.live(), speech)
            if install is None
            else Markup('<div id="setup" class="home">{}</div>').format(body(install.now(), speech))
        )
        return page(self._frame, place, speech("install"), drawn)

    async def _network(self, asked: Asked) -> Answer:
        said, install = asked.said, self._rooms.install
        assert isinstance(said, TryNetwork)
        if install is None:
            return self._refused(asked, IN_SERVICE)
        return self._told(asked, install, await install.network(said.broker))

    async def _search(self, asked: Asked) -> Answer:
        said, install = asked.said, self._rooms.install
        assert isinstance(said, SearchLine)
        if install is None:
            return self._refused(asked, IN_SERVICE)
        return self._told(asked, install, install.search(said.other or said.port, said.all_ids))

    async def _decide(self, asked: Asked) -> Answer:
        said, install = asked.said, self._rooms.install
        assert isinstance(said, DecideUnit)
        if install is None:
            return self._refused(asked, IN_SERVICE)
        why = install.decide(said.unit_id, said.taken, said.driver, said.name, said.serves)
        return self._told(asked, install, why)

    async def _write(self, asked: Asked) -> Answer:
        said, install = asked.said, self._rooms.install
        assert isinstance(said, WriteSetup)
        if install is None:
            return self._refused(asked, IN_SERVICE)
        return self._told(asked, install, await install.write(said.gateway, said.broker))

    async def _sheet(self, asked: Asked) -> Answer:
        if self._rooms.handover is None:
            return Answer(status=303, headers={"Location": "/install"})
        paper = await self._rooms.handover()
        digest = base64.b64encode(sha256(paper.style.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; {_FRAMED}"
        return Answer(paper.html, headers={"Content-Security-Policy": policy})

    async def _handover(self, asked: Asked) -> Answer:
        if self._rooms.handover is None:
            return told(Handed(msgspec.Raw(b"null"), "", NOT_SET_UP))
        return told((await self._rooms.handover()).handed)

    def _told(self, asked: Asked, install: Install, why: Text | None) -> Answer:
        """What became of it: the new state, or why not."""
        if why is not None:
            return self._refused(asked, why)
        if asked.wants_json:
            return told(install.now())
        return Answer(status=303, headers={"Location": "/install"})

    def _refused(self, asked: Asked, why: Text) -> Answer:
        if asked.wants_json:
            return wrong(409, why.en, why.zh)
        speech = Speech(language_of(asked))
        return Answer(self._drawn(asked, speech("not_done", say(why, speech.language))), 409)


def _in_service(live: Live, speech: Speech) -> Markup:
    """A gateway that is set up: the one light, and where to go on."""
    return Markup(
        '<section class="card"><p class="lamp {}">{}</p><p>{}</p>'
        '<p><a class="button" href="/technician">{}</a></p></section>'
    ).format(
        live.lamp.colour, speech.text(live.lamp.text), speech("in_service"), speech("technician")
    )
