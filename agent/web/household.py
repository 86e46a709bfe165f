"""The resident's page and what a resident may do there."""

from __future__ import annotations

from markupsafe import Markup

from agent.web.pages import Frame, Place, page
from agent.web.routes import JSON, Answer, Asked, Need, Route, told
from agent.web.view import Home, Live
from agent.web.wish import Rooms
from agent.web.words import Speech, language_of


class Household:
    """The routes of the household."""

    def __init__(self, rooms: Rooms, frame: Frame) -> None:
        self._rooms, self._frame = rooms, frame

    def routes(self) -> tuple[Route, ...]:
        """To be added to the table."""
        return (
            Route("GET", "/", Need.NOTHING, self._page, "The resident's page."),
            Route("GET", "/api/live", Need.NOTHING, self._live, "The same for programs.",
                  gives=Live, kind=JSON),
        )  # fmt: skip

    async def _live(self, asked: Asked) -> Answer:
        return told(self._rooms.live())

    async def _page(self, asked: Asked) -> Answer:
        speech = Speech(language_of(asked))
        live = self._rooms.live()
        body = Markup("").join(_home(one, speech) for one in live.homes)
        place = Place("/", speech.language, asked.session)
        return Answer(page(self._frame, place, speech("title"), body))


def _home(home: Home, speech: Speech) -> Markup:
    return Markup("<section><h1>{}</h1><p>{} {}</p></section>").format(
        home.name, speech("room"), home.room_c
    )
