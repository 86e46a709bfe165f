"""What a check finds: where in the map, how bad, what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from agent.drivers import Hooks, RegisterMap
from agent.yamltext import Document, Path, show


class Level(StrEnum):
    """An error stops a map; a warning is to be looked at, and explained or mended."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubtful place of a map. `line` counts from 1; `rule` names the check."""

    level: Level
    rule: str
    line: int
    path: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A loaded map under inspection, with its text's lines and its hooks where there are any."""

    map: RegisterMap
    document: Document
    hooks: type[Hooks] = Hooks

    def error(self, rule: str, path: Path, message: str, hint: str = "") -> Finding:
        """A finding that stops the map."""
        return self._finding(Level.ERROR, rule, path, message, hint)

    def warning(self, rule: str, path: Path, message: str, hint: str = "") -> Finding:
        """A finding to be looked at."""
        return self._finding(Level.WARNING, rule, path, message, hint)

    def _finding(self, level: Level, rule: str, path: Path, message: str, hint: str) -> Finding:
        return Finding(level, rule, self.document.line(path), show(path), message, hint)


Check = Callable[[Subject], Iterator[Finding]]
