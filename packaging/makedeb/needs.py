"""Which pinned packages a gateway needs: the closure of its requirements, cut out of the lock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("metrics", "page", "signed", "identity")
"""What a gateway may be told to do; the simulators and what vendors use stay out."""
FROM_DEBIAN = frozenset({"tzdata"})
"""What the package depends on instead of bringing it: Debian keeps time zones up to date."""
_PIN = re.compile(r"([A-Za-z0-9._-]+)==([^ \\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pin:
    """A package at a version; `hashes` are the SHA-256 of every file it may come from."""

    name: str
    version: str
    hashes: frozenset[str]

    @property
    def line(self) -> str:
        """As pip reads it."""
        return f"{self.name}=={self.version} " + " ".join(
            f"--hash=sha256:{one}" for one in sorted(self.hashes)
        )


def pins(lock: str) -> dict[str, Pin]:
    """The packages of a lock file that pip-compile wrote, by canonical name."""
    found: dict[str, Pin] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        if head := _PIN.match(block):
            name = canonicalize_name(head[1])
            found[name] = Pin(name, head[2], frozenset(_HASH.findall(block)))
    return found


def roots(setup_cfg: Path) -> tuple[str, ...]:
    """The requirements of the program and of the extras a gateway may use."""
    setup = ConfigParser()
    setup.read(setup_cfg, "utf-8")
    texts = [setup["options"]["install_requires"]]
    texts += [setup["options.extras_require"].get(extra, "") for extra in EXTRAS]
    return tuple(line for text in texts for line in text.split("\n") if line)


def closure(
    wanted: Iterable[str],
    requires: Callable[[str], Iterable[str]],
    markers: Mapping[str, str],
) -> tuple[str, ...]:
    """The names of all packages that the wanted requirements lead to, sorted.

    `requires` says what a package asks for (Requires-Dist); what is not for the target is left out.
    """
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [one for one in map(Requirement, wanted) if _for(one, "", markers)]
    while waiting:
        one = waiting.pop()
        name, extras = canonicalize_name(one.name), frozenset({"", *one.extras})
        if name in FROM_DEBIAN or (name, extras) in seen:
            continue
        found.add(name)
        seen.add((name, extras))
        asked = map(Requirement, requires(name))
        waiting += [need for need in asked if any(_for(need, e, markers) for e in extras)]
    return tuple(sorted(found))


def _for(need: Requirement, extra: str, markers: Mapping[str, str]) -> bool:
    return need.marker is None or need.marker.evaluate({**markers, "extra": extra})
