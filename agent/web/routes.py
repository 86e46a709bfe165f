"""What a web route is: who may use it, what it takes and what it gives. Pure; knows no library.

The server, the description for programs (OpenAPI) and the tests all walk the same table of routes.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

import msgspec

HTML = "text/html; charset=utf-8"
JSON = "application/json"
EVENTS = "text/event-stream"
FORM = "application/x-www-form-urlencoded"
COOKIE = "session"


class Need(IntEnum):
    """Who may use a route; a higher one may use what a lower one may."""

    NOTHING = 0
    RESIDENT = 1
    INSTALLER = 2


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has shown a code: as whom, and the number of the session."""

    need: Need
    number: int

    @property
    def role(self) -> str:
        """As commands name it."""
        return "resident" if self.need is Need.RESIDENT else "installer"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as far as anybody here may see it. `source` is the address it came from.

    `said` is the body as the record that the route takes; None where it takes none.
    """

    method: str
    path: str
    source: str
    args: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    languages: str = ""
    session: Session | None = None
    wants_json: bool = False
    said: object = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; `stream` instead of `body` where it goes on."""

    body: str | bytes = ""
    status: int = 200
    kind: str = HTML
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: AsyncGenerator[str] | None = None


Give = Callable[[Asked], Awaitable[Answer]]


class Wrong(msgspec.Struct, frozen=True):
    """Why a request was not done, in words; `zh` where there are Chinese ones."""

    error: str
    zh: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One way in. `takes` is the record of the body, as JSON or as a form; `gives` that of JSON."""

    method: Literal["GET", "POST"]
    path: str
    need: Need
    give: Give
    about: str
    takes: type[msgspec.Struct] | None = None
    gives: type | None = None
    kind: str = HTML

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET"


def told(record: object, status: int = 200) -> Answer:
    """A record as JSON."""
    return Answer(msgspec.json.encode(record), status, JSON)


def wrong(status: int, error: str, zh: str = "", wait_s: float | None = None) -> Answer:
    """A refusal as JSON; `wait_s` is when it may be tried again."""
    headers = {} if wait_s is None else {"Retry-After": str(max(1, round(wait_s)))}
    return Answer(msgspec.json.encode(Wrong(error, zh)), status, JSON, headers)


def read_body(route: Route, kind: str, body: bytes, form: Mapping[str, str]) -> object:
    """The body as the record the route takes. Raises msgspec.ValidationError, which says why."""
    if route.takes is None:
        return None
    if kind.split(";", maxsplit=1)[0].strip() == FORM:
        return msgspec.convert(dict(form), route.takes, strict=False)
    return msgspec.convert(_READER.decode(body or b"{}"), route.takes)


def _number(text: str) -> float:
    """To JSON Schema `101.0` is an integer, and some programs write whole numbers so."""
    value = float(text)
    if not math.isfinite(value):
        raise msgspec.ValidationError(f"the number {text} is out of range")
    return int(value) if value.is_integer() else value


_READER = msgspec.json.Decoder(float_hook=_number)
