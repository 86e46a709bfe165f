"""The resident's page and what a resident may do there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from markupsafe import Markup
from msgspec import Meta

from agent.web.pages import Frame, Place, page
from agent.web.planpage import plan_page
from agent.web.routes import JSON, Answer, Asked, Need, Route, told, wrong
from agent.web.sections import pieces, put
from agent.web.view import Home, Live
from agent.web.wish import Ended, Rooms, Wish
from agent.web.words import Speech, language_of, plainly, say

Name = Annotated[str, Meta(min_length=1, max_length=64)]


class Wanted(msgspec.Struct, frozen=True):
    """So many degrees, for four hours at least."""

    device: Name
    value: Annotated[float, Meta(ge=5, le=75)]


class Planned(msgspec.Struct, frozen=True):
    """The plan again."""

    device: Name


class ChooseMode(msgspec.Struct, frozen=True):
    """A mode; `until` is the last day away, as 2027-02-12."""

    device: Name
    mode: Literal["plan", "steady", "away"]
    until: Annotated[str, Meta(max_length=10)] = ""


class SavePlan(msgspec.Struct, frozen=True):
    """A week plan: `weekdays 06:00 20; sat sun 07:30 21`; empty for the installer's own."""

    device: Name
    plan: Annotated[str, Meta(max_length=2000)] = ""


class Seen(msgspec.Struct, frozen=True):
    """Somebody has seen an alarm."""

    device: Name
    alarm: Annotated[str, Meta(min_length=1, max_length=300)]


class Household:
    """The routes of the household; `service` is whom to call."""

    def __init__(self, rooms: Rooms, frame: Frame, service: str) -> None:
        self._rooms, self._frame, self._service = rooms, frame, service

    def routes(self) -> tuple[Route, ...]:
        """To be added to the table."""
        live, may = Need.NOTHING, Need.RESIDENT
        return (
            Route("GET", "/", live, self._page, "The resident's page."),
            Route("GET", "/api/live", live, self._live, "The same as JSON.", gives=Live, kind=JSON),
            Route("GET", "/plan", may, self._plan_page, "The week plan, to be changed."),
            Route("POST", "/api/wanted", may, self._wanted, "Warmer or cooler for some hours.",
                  Wanted, Ended, JSON),
            Route("POST", "/api/planned", may, self._planned, "Back to the plan.", Planned, Ended,
                  JSON),
            Route("POST", "/api/mode", may, self._mode, "By the plan, always warm, or away.",
                  ChooseMode, Ended, JSON),
            Route("POST", "/api/plan", may, self._plan, "Another week plan.", SavePlan, Ended,
                  JSON),
            Route("POST", "/api/seen", may, self._seen, "Acknowledge an alarm.", Seen, Ended, JSON),
        )  # fmt: skip

    async def _live(self, asked: Asked) -> Answer:
        return told(self._rooms.live())

    async def _page(self, asked: Asked) -> Answer:
        return Answer(self.page(asked))

    def page(self, asked: Asked, notice: str = "") -> str:
        """The page as it is now."""
        speech, live = Speech(language_of(asked)), self._rooms.live()
        place = Place(
            "/",
            speech.language,
            asked.session,
            notice or _said(asked, speech) or _update(live, speech),
        )
        parts = pieces(live, speech, asked.session, self._service)
        homes = [
            Markup('<section class="home"><h1>{}</h1>{}</section>').format(
                home.name,
                Markup("").join(
                    put(id, "card", piece)
                    for id, piece in parts.items()
                    if id.partition("-")[2] == home.device
                ),
            )
            for home in live.homes
        ]
        body = put("alarms", "alarms", parts["alarms"]) + Markup("").join(homes)
        if not live.set_up:
            body += Markup('<p>{}</p><p><a class="button" href="/install">{}</a></p>').format(
                speech("set_up_now"), speech("install")
            )
        elif not live.homes:
            body += Markup("<p>{}</p>").format(speech("nobody"))
        body += put("state", "state", parts["state"])
        return page(self._frame, place, speech("title"), body)

    def pieces(self, asked: Asked, charts: bool) -> Mapping[str, str]:
        """For the live updates of this page."""
        speech = Speech(language_of(asked))
        found = pieces(self._rooms.live(), speech, asked.session, self._service, charts)
        return {id: str(piece) for id, piece in found.items()}

    async def _plan_page(self, asked: Asked) -> Answer:
        speech = Speech(language_of(asked))
        home = self._home(asked.args.get("device", ""))
        if home is None or home.dial is None:
            return Answer(status=303, headers={"Location": "/"})
        args = {"device": home.device}
        place = Place("/plan", speech.language, asked.session, args=args)
        return Answer(page(self._frame, place, speech("week"), plan_page(home, home.dial, speech)))

    def _home(self, device: str) -> Home | None:
        return next((one for one in self._rooms.live().homes if one.device == device), None)

    # --- wishes -----------------------------------------------------------------------------

    async def _wanted(self, asked: Asked) -> Answer:
        assert isinstance(asked.said, Wanted)
        return await self._ask(asked, asked.said.device, "wanted", asked.said.value)

    async def _planned(self, asked: Asked) -> Answer:
        assert isinstance(asked.said, Planned)
        return await self._ask(asked, asked.said.device, "as_planned", True)

    async def _mode(self, asked: Asked) -> Answer:
        assert isinstance(asked.said, ChooseMode)
        value = f"away {asked.said.until}" if asked.said.mode == "away" else asked.said.mode
        return await self._ask(asked, asked.said.device, "household_mode", value.strip())

    async def _plan(self, asked: Asked) -> Answer:
        assert isinstance(asked.said, SavePlan)
        return await self._ask(asked, asked.said.device, "week_plan", asked.said.plan)

    async def _seen(self, asked: Asked) -> Answer:
        assert isinstance(asked.said, Seen)
        return await self._ask(asked, asked.said.device, "alarm_acknowledge", asked.said.alarm)

    async def _ask(
        self, asked: Asked, device: str, point: str, value: float | bool | str
    ) -> Answer:
        """A wish of the household, and its end told to who asked."""
        assert asked.session is not None
        wish = Wish(device, point, value, "resident", f"page-{asked.session.number}")
        end = await self._rooms.ask(wish)
        speech = Speech(language_of(asked))
        well = end.outcome in ("verified", "under_way")
        if asked.wants_json:
            if well:
                return told(end)
            return wrong(409, end.why, plainly(end.why, "zh"))
        if well:
            return Answer(status=303, headers={"Location": f"/?said={end.outcome}"})
        notice = speech("not_done", plainly(end.why, speech.language))
        return Answer(self.page(asked, notice), 409)


def _update(live: Live, speech: Speech) -> str:
    return "" if live.update is None else say(live.update, speech.language)


def _said(asked: Asked, speech: Speech) -> str:
    known = {"verified": "done", "under_way": "under_way"}
    word = known.get(asked.args.get("said", ""))
    return speech(word) if word else ""
