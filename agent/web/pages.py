"""What every page has around it, and the login. Pure: records and words in, HTML out.

`Markup.format` escapes whatever is put in; nothing else makes HTML here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import msgspec
from markupsafe import Markup

from agent.web.routes import Answer, Asked, Session, Wrong
from agent.web.words import Language, Speech, language_of


@dataclass(frozen=True, slots=True)
class Frame:
    """What all pages have in common."""

    gateway: str
    style: str
    script: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the page somebody is, and as whom; `tab` is lit."""

    path: str
    language: Language
    session: Session | None = None
    notice: str = ""
    args: Mapping[str, str] = field(default_factory=dict)


_PAGE = Markup("""<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{head} · {gateway}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<link rel="stylesheet" href="{style}"></head>
<body><header><a class="name" href="/"><b>{title}</b> <small>{gateway}</small></a>
<nav>{links}</nav></header>
<main>{notice}{body}</main>
<script src="{script}" defer></script></body></html>
""")
_LINK = Markup('<a href="{}"{}>{}</a>')
_LOG_OUT = Markup(
    '<form method="post" action="/api/logout"><button class="link">{}</button></form>'
)
_LOGIN = Markup("""<section class="card"><h1>{head}</h1>{said}
<form method="post" action="/api/login"><input type="hidden" name="next" value="{to}">
<label for="code">{code}</label>
<input id="code" name="code" autocomplete="current-password" autocapitalize="characters"
 spellcheck="false" required maxlength="64"><button>{log_in}</button></form></section>""")


def page(frame: Frame, place: Place, title: str, body: Markup) -> str:
    """A whole page around `body`."""
    speech = Speech(place.language)
    links = [
        _link("/", speech("household"), place.path),
        _link("/technician", speech("technician"), place.path),
        _LINK.format(
            "?" + urlencode({**place.args, "lang": speech.other}),
            Markup(f' lang="{speech.other}"'),
            speech("language"),
        ),
        _LOG_OUT.format(speech("log_out"))
        if place.session
        else _link(f"/login?next={quote(place.path)}", speech("log_in"), place.path),
    ]
    notice = Markup('<p class="notice" role="status">{}</p>').format(place.notice)
    return str(
        _PAGE.format(
            lang="zh-CN" if place.language == "zh" else "en",
            head=title,
            title=speech("title"),
            gateway=frame.gateway,
            style=frame.style,
            script=frame.script,
            links=Markup("").join(links),
            notice=notice if place.notice else "",
            body=body,
        )
    )


def _link(path: str, text: str, here: str) -> Markup:
    return _LINK.format(path, Markup(' aria-current="page"' if path == here else ""), text)


def refusal(frame: Frame, asked: Asked, answer: Answer) -> Answer:
    """A refusal that a program was meant to read, as a page for a person."""
    language = language_of(asked)
    why = msgspec.json.decode(answer.body, type=Wrong)
    text = why.zh if language == "zh" and why.zh else why.error
    body = Markup('<p class="notice bad" role="alert">{}</p><p><a href="/">{}</a></p>').format(
        text, Speech(language)("household")
    )
    made = page(frame, Place("", language), Speech(language)("title"), body)
    return Answer(made, answer.status, headers=answer.headers)


def login_page(frame: Frame, language: Language, to: str, wait_s: int | None, claimed: bool) -> str:
    """Where a code is typed in; `wait_s` is not None after a wrong one."""
    speech = Speech(language)
    said = Markup("")
    if wait_s is not None:
        text = speech("wrong") + (" " + speech("wait", wait_s) if wait_s > 0 else "")
        said = Markup('<p class="notice bad" role="alert">{}</p>').format(text)
    if not claimed:
        said += Markup('<p class="notice">{}</p>').format(speech("unclaimed"))
    body = _LOGIN.format(
        head=speech("log_in"), said=said, to=to, code=speech("code"), log_in=speech("log_in")
    )
    return page(frame, Place("/login", language), speech("log_in"), body)
