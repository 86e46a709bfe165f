"""A map's text in, everything that can be known of it without the machine out."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from agent.drivers import Hooks, RegisterMap, load
from agent.errors import FileError
from agent.kit.faults import check_faults
from agent.kit.finding import Check, Finding, Level, Subject
from agent.kit.hooks import check_hooks
from agent.kit.machine import check_machine
from agent.kit.paper import check_paper
from agent.kit.words import check_words
from agent.kit.writes import check_writes
from agent.yamltext import parse

CHECKS: tuple[Check, ...] = (
    check_machine,
    check_words,
    check_writes,
    check_faults,
    check_paper,
    check_hooks,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one map: `map` is None where it cannot even be loaded."""

    file: str
    sha256: str
    map: RegisterMap | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings stop the map."""
        return sum(finding.level is Level.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are to be looked at."""
        return len(self.findings) - self.errors


def check(text: str, file: str, hooks: type[Hooks] = Hooks) -> Checked:
    """Everything found in a map's text, in the order of its lines. Never raises for its content."""
    digest = sha256(text.encode()).hexdigest()
    try:
        found, document = load(text, file), parse(text, file)
    except FileError as error:
        mistakes = tuple(
            Finding(Level.ERROR, "form", m.line, m.path, m.message, m.allowed)
            for m in error.mistakes
        )
        return Checked(file, digest, None, mistakes)
    subject = Subject(found, document, hooks)
    findings = [finding for one in CHECKS for finding in one(subject)]
    return Checked(file, digest, found, tuple(sorted(findings, key=lambda f: (f.line, f.path))))
