"""Where the local page is served, and what it says of those who help."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to serve; with `certificate` and `key` (files in PEM form) it is HTTPS."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.certificate else ''}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PageSettings:
    """The page of one gateway; `service` is whom to call, empty where nobody is named.

    `label` is a file with the claim code of the label, which opens the page where no other does.
    """

    listen: Listen
    gateway: str
    folder: Path
    service: str = ""
    label: Path | None = None
    update_notices: bool = True
