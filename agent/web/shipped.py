"""The files of the page: read once from the package, named by what is in them, kept for a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from agent.web.routes import Answer, Asked, Give, Need, Route

KINDS = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Files:
    """The files by name, and the path of each, which changes with its content."""

    text: Mapping[str, bytes]
    path: Mapping[str, str]

    @classmethod
    def read(cls) -> Files:
        """Out of the installed package."""
        text = {name: (files("agent.web") / "files" / name).read_bytes() for name in KINDS}
        paths = {name: f"/{name}?v={sha256(body).hexdigest()[:12]}" for name, body in text.items()}
        return cls(text, paths)

    def routes(self) -> tuple[Route, ...]:
        """To be added to the table."""
        return tuple(
            Route("GET", f"/{name}", Need.NOTHING, self._give(name), f"{name}.", kind=KINDS[name])
            for name in self.text
        )

    def _give(self, name: str) -> Give:
        async def give(asked: Asked) -> Answer:
            kept = {"Cache-Control": "public, max-age=31536000, immutable"}
            return Answer(self.text[name], kind=KINDS[name], headers=kept)

        return give
