"""Logging in and out, and the household's PIN."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.claim import ClaimError
from agent.web.keys import KeyFileError, Keys
from agent.web.pages import Frame, login_page
from agent.web.routes import COOKIE, JSON, Answer, Asked, Need, Route, told, wrong
from agent.web.sessions import Refused, Sessions
from agent.web.words import language_of


class LogIn(msgspec.Struct, frozen=True):
    """A code: the claim code of the label, or the household's PIN."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    next: Annotated[str, Meta(max_length=100)] = "/"


class LogOut(msgspec.Struct, frozen=True):
    """Nothing is needed."""


class SetPin(msgspec.Struct, frozen=True):
    """The household's new PIN, 6 to 12 digits; an empty one takes it away."""

    pin: Annotated[str, Meta(max_length=12)] = ""


class In(msgspec.Struct, frozen=True):
    """As whom somebody is logged in: `resident`, `installer`, or empty."""

    role: str


class Entrance:
    """The routes by which sessions begin and end."""

    def __init__(self, keys: Keys, sessions: Sessions, frame: Frame, secure: bool) -> None:
        self._keys, self._sessions, self._frame = keys, sessions, frame
        self._cookie = "; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")

    def routes(self) -> tuple[Route, ...]:
        """To be added to the table."""
        return (
            Route("GET", "/login", Need.NOTHING, self._form, "Where a code is typed in."),
            Route(
                "POST", "/api/login", Need.NOTHING, self._log_in, "Begin it.", LogIn, In, JSON
            ),
            Route(
                "POST", "/api/logout", Need.RESIDENT, self._log_out, "End it.", LogOut, In, JSON
            ),
            Route(
                "POST", "/api/pin", Need.INSTALLER, self._pin, "Set the PIN.", SetPin, In, JSON
            ),
        )  # fmt: skip

    async def _form(self, asked: Asked) -> Answer:
        wrong_code = asked.args.get("wrong")
        wait_s = int(wrong_code) if wrong_code and wrong_code.isdecimal() else None
        try:
            claimed = await asyncio.to_thread(lambda: self._keys.claimed)
        except KeyFileError as error:
            return wrong(503, str(error))
        body = login_page(
            self._frame, language_of(asked), _inside(asked.args.get("next", "/")), wait_s, claimed
        )
        return Answer(body)

    async def _log_in(self, asked: Asked) -> Answer:
        assert isinstance(asked.said, LogIn)
        to = _inside(asked.said.next)
        try:
            token = await self._sessions.log_in(asked.said.code, asked.source)
        except (KeyFileError, ClaimError) as error:
            return wrong(503, str(error))
        if isinstance(token, Refused):
            if asked.wants_json:
                status = 429 if token.wait_s > 0 else 401
                return wrong(status, "the code is wrong", "密码不对", token.wait_s)
            where = f"/login?wrong={round(token.wait_s)}&next={to}"
            return Answer(status=303, headers={"Location": where})
        session = self._sessions.who(token)
        if session is None:  # the code was taken out of force in this moment
            return wrong(401, "the code is wrong", "密码不对")
        cookie = {"Set-Cookie": f"{COOKIE}={token}{self._cookie}"}
        return _done(asked, told(In(session.role)), to, cookie)

    async def _log_out(self, asked: Asked) -> Answer:
        self._sessions.log_out(asked.cookies.get(COOKIE))
        cookie = {"Set-Cookie": f"{COOKIE}=; Max-Age=0{self._cookie}"}
        return _done(asked, told(In("")), "/", cookie)

    async def _pin(self, asked: Asked) -> Answer:
        assert isinstance(asked.said, SetPin)
        try:
            await asyncio.to_thread(self._keys.set_pin, asked.said.pin or None)
        except ValueError as error:
            return wrong(400, str(error), "密码为 6 到 12 位数字，不能全部相同")
        except (KeyFileError, ClaimError) as error:
            return wrong(503, str(error))
        return _done(asked, told(In("installer")), "/", {})


def _done(asked: Asked, record: Answer, to: str, headers: dict[str, str]) -> Answer:
    """JSON for who wants it; a person goes on to a page."""
    if asked.wants_json:
        return Answer(record.body, record.status, record.kind, headers)
    return Answer(status=303, headers={**headers, "Location": to})


def _inside(path: str) -> str:
    """A path of this page; nobody is led away from it."""
    fine = path.startswith("/") and not path.startswith("//") and path.isascii()
    return path if fine and path.isprintable() and not set(path) & set(" \\\"'<>&#") else "/"
