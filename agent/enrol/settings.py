"""Where a gateway gets its certificate, and how one step of that ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

ROOT = "/.well-known/est"


@dataclass(frozen=True, slots=True)
class EnrolSettings:
    """`url` is an EST service, `claim` the file with the code, `folder` the identity's.

    `ca` is whom we trust for the service (None: the system's list). Raises ValueError for an
    unusable address.
    """

    gateway: str
    url: str
    folder: Path
    claim: Path
    ca: Path | None = None
    timeout_s: float = 20.0

    def __post_init__(self) -> None:
        Service.parse(self.url)


@dataclass(frozen=True, slots=True)
class Service:
    """Where an EST service is (RFC 7030, 3.2.2), from `https://host[:port][/label]`."""

    host: str
    port: int
    root: str

    @classmethod
    def parse(cls, url: str) -> Service:
        """Raises ValueError with the accepted form."""
        parts = urlsplit(url)
        label = parts.path.strip("/")
        if parts.scheme != "https" or not parts.hostname or "/" in label or parts.query:
            raise ValueError(f"{url!r} is no enrolment service: https://host[:port][/label]")
        return cls(parts.hostname, parts.port or 443, f"{ROOT}/{label}" if label else ROOT)


class Kind(StrEnum):
    """How a step ended."""

    INSTALLED = "installed"
    NOT_DUE = "not_due"
    AWAY = "away"  # nobody there, or nobody we trust: soon again
    LATER = "later"  # somebody must approve it first
    REFUSED = "refused"  # the code, or the renewal
    WITHDRAWN = "withdrawn"  # the old certificate was revoked
    UNUSABLE = "unusable"  # a file here, or an answer that does not fit


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended and why; `again_s` is what the service asked for, in seconds."""

    kind: Kind
    why: str = ""
    again_s: float | None = None
