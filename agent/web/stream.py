"""Live updates: pieces of the page, sent when they change (server-sent events), to a few."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from itertools import count

import msgspec

from agent.web.routes import EVENTS, Answer, Asked, Need, Route, wrong

MOST_STREAMS, MOST_OF_ONE = 8, 3
LOOK_EVERY_S = 3.0
CHARTS_EVERY = 20  # looks: what is slow to draw is slow to change
BEAT_EVERY_S = 20.0
LASTS_S = 3600.0
"""After that the browser asks again, and shows by its cookie who it is now."""

Pieces = Callable[[Asked, bool], Mapping[str, str]]
"""The pieces as HTML by their ids, for who asks; with the charts or without."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """How often a stream looks for changes, and when it says that it lives."""

    look_s: float = LOOK_EVERY_S
    beat_s: float = BEAT_EVERY_S


class Streams:
    """The open streams of the page. Of one address the newest count: one too many ends its oldest,
    for a page that was left may not be gone yet.
    """

    def __init__(self, pieces: Pieces, tempo: Tempo | None = None) -> None:
        self._pieces, self._tempo = pieces, tempo or Tempo()
        self._open: dict[int, str] = {}
        self._numbers = count(1)

    def routes(self) -> tuple[Route, ...]:
        """To be added to the table."""
        return (Route("GET", "/events", Need.NOTHING, self._events, "What changed.", kind=EVENTS),)

    async def _events(self, asked: Asked) -> Answer:
        others = sum(source != asked.source for source in self._open.values())
        if others >= MOST_STREAMS:
            return wrong(503, "too many watch already", "同时查看的人太多", 30.0)
        return Answer(kind=EVENTS, stream=self._changes(asked))

    async def _changes(self, asked: Asked) -> AsyncGenerator[str]:
        """Events, and nothing where nothing changed: whoever sends can look if anybody is there."""
        number = self._enter(asked.source)
        try:
            sent: dict[str, str] = {}
            waited_s, looks = 0.0, 0
            yield "retry: 5000\n\n"
            while number in self._open and looks * self._tempo.look_s < LASTS_S:
                now = self._pieces(asked, looks % CHARTS_EVERY == CHARTS_EVERY - 1)
                changed = {id: text for id, text in now.items() if sent.get(id) != text}
                if changed:
                    sent, waited_s = sent | changed, 0.0
                    yield f"data: {msgspec.json.encode(changed).decode()}\n\n"
                elif waited_s >= self._tempo.beat_s:
                    waited_s = 0.0
                    yield ": still here\n\n"
                else:
                    yield ""
                await asyncio.sleep(self._tempo.look_s)
                waited_s, looks = waited_s + self._tempo.look_s, looks + 1
        finally:
            self._open.pop(number, None)

    def _enter(self, source: str) -> int:
        own = [number for number, whose in self._open.items() if whose == source]
        for number in own[: len(own) - MOST_OF_ONE + 1]:
            del self._open[number]
        number = next(self._numbers)
        self._open[number] = source
        return number
