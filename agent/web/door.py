"""What every request passes before a route hears of it: pace, host, origin, session, body."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import msgspec

from agent.web.limits import Pace
from agent.web.routes import COOKIE, FORM, JSON, Answer, Asked, Need, Route, read_body, wrong
from agent.web.sessions import Sessions

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # without any, browsers send no origin with a form
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LOST = {
    404: ("there is no such page", "没有这个页面"),
    405: ("this cannot be done here", "这里不能这样操作"),
    413: ("the body is too long", "内容太长"),
}
AT_HOME = (".local", ".lan", ".home.arpa", ".internal")
"""Names that no public server has: a foreign page that lets its own name point here is refused."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A request as it came."""

    asked: Asked
    headers: Mapping[str, str]
    kind: str
    body: bytes
    form: Mapping[str, str]


Explain = Callable[[Asked, Answer], Answer]
"""A refusal as a page for people."""


class Door:
    """Lets requests in to the routes, or says why not.

    `sessions` is None where nobody logs in and nothing can be changed: then every name is right.
    """

    def __init__(
        self,
        sessions: Sessions | None,
        now: Callable[[], float],
        explain: Explain | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._sessions, self._now, self._pace = sessions, now, pace or Pace()
        self._explain = explain

    async def answer(self, route: Route, raw: Raw) -> Answer:
        """What the route answers, with the headers that every answer has."""
        return self._dressed(await self._answer(route, raw), raw)

    def lost(self, raw: Raw, status: int, allow: Iterable[str] = ()) -> Answer:
        """What is answered to no route (404), to a wrong method (405), to a long body (413)."""
        wait_s = self._pace.wait_s(raw.asked.source, self._now())
        if wait_s > 0:
            return self._dressed(wrong(429, "too many requests", "请求太频繁，请稍候", wait_s), raw)
        given = wrong(status, *_LOST[status])
        if status == 405:
            given = replace(given, headers={"Allow": ", ".join(allow)})
        return self._dressed(given, raw)

    def _dressed(self, given: Answer, raw: Raw) -> Answer:
        if (
            given.status >= 400
            and given.kind == JSON
            and self._explain
            and not raw.asked.wants_json
        ):
            given = self._explain(raw.asked, given)
        if (language := raw.asked.args.get("lang")) in ("zh", "en"):
            kept = f"lang={language}; Path=/; Max-Age=31536000; SameSite=Strict"
            given = replace(given, headers={"Set-Cookie": kept, **given.headers})
        return replace(given, headers={"Cache-Control": "no-store", **HEADERS, **given.headers})

    async def _answer(self, route: Route, raw: Raw) -> Answer:
        wait_s = self._pace.wait_s(raw.asked.source, self._now())
        if wait_s > 0:
            return wrong(429, "too many requests", "请求太频繁，请稍候", wait_s)
        why = _foreign(route, raw.headers) if self._sessions else ""
        if why:
            return wrong(403, why)
        session = self._sessions.who(raw.asked.cookies.get(COOKIE)) if self._sessions else None
        if route.need > (session.need if session else Need.NOTHING):
            return _closed(route, raw.asked)
        if route.writes and raw.body and raw.kind.split(";")[0].strip() not in (JSON, FORM):
            return wrong(415, f"the body must be {JSON} or {FORM}")
        try:
            said = read_body(route, raw.kind, raw.body, raw.form)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return wrong(400, str(error))
        return await route.give(replace(raw.asked, session=session, said=said))


def _closed(route: Route, asked: Asked) -> Answer:
    """A person who wants a page is led to the login; everybody else is told."""
    if not route.writes and route.kind != JSON and not asked.wants_json:
        return Answer(status=303, headers={"Location": f"/login?next={asked.path}"})
    need = "the claim code of the label" if route.need is Need.INSTALLER else "the PIN or the code"
    return wrong(401, f"log in with {need} first", "请先登录")


def _foreign(route: Route, headers: Mapping[str, str]) -> str:
    """Why this request does not come from a page of ours; empty when it may."""
    host = headers.get("host", "")
    if not _is_here(host):
        return "this gateway is not known under that name; use its address or name.local"
    origin = headers.get("origin")
    if route.writes and origin is not None and _place_of(origin) != host:
        return "this request comes from another page"
    if route.writes and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "this request comes from another page"
    return ""


def _place_of(origin: str) -> str:
    """Name and port; empty for what is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_here(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if not name:
        return False
    if "." not in name and ":" not in name:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.endswith(AT_HOME)
    return True


def lowered(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in small letters."""
    return {name.lower(): value for name, value in headers}
