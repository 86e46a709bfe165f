"""The exceptions of the program: bugs and lost resources, never what the field does every day."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)
"""What saved JSON raises that another version wrote, or that a flipped bit has made no UTF-8; the
second is none of the decoder's own errors.
"""


class AgentError(Exception):
    """Root of the tree; each child says what the reader can do about it."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong place in a file: where it is, what is wrong, and what would be right."""

    file: str
    line: int
    path: str
    message: str
    allowed: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " + (f"{self.path}: " if self.path else "")
        return f"{where}{self.message}" + (f"; allowed: {self.allowed}" if self.allowed else "")


class FileError(AgentError):
    """A configuration or map is wrong. Mend the places it names; nothing was changed."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


class Unfinished(FileError):
    """A configuration names no line yet: the gateway stands there and nobody has set it up."""


class DriverError(AgentError):
    """A driver is unknown or speaks another API version. Install it, or correct its name."""


class MissingLibrary(AgentError):
    """An option needs a library that is not installed. Install it with the extra it names."""


class PortError(AgentError):
    """A port cannot be opened or was lost. Check cable, name and rights; it is tried again."""


class NotSent(PortError):
    """A port was lost before the request left: nobody has heard it, and it may be sent again."""


class SpoolError(AgentError):
    """The durable buffer cannot be used. Check disk space, rights and the version of its file."""


class LinkError(AgentError):
    """The broker is away, refuses us, or refused a message. The records stay in the spool."""


class NotTrusted(LinkError):
    """Somebody answers who cannot show a certificate we believe. Nothing was sent to it."""


class Withdrawn(LinkError):
    """The broker says that our certificate was revoked. A new claim code gets a new one."""
