"""Whether a newer version of this program waits in the lists of packages that apt keeps.

Only read here; apt itself fetches the lists, checks their signatures and installs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent import __version__

LISTS = Path("/var/lib/apt/lists")
ORIGIN = "heatpump-agent"
LOOK_EVERY_S = 3600.0
_HEAD_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version that will be installed; `mends` is the weakness it mends, empty for none."""

    version: str
    mends: str


def waiting(ours: str = __version__, lists: Path = LISTS) -> Waiting | None:
    """The newest version beyond ours that the signed lists offer; None when there is none."""
    offered = [one for path in _lists(lists) for one in _offered(path)]
    newest = max(offered, key=lambda one: _order(one.version), default=None)
    return newest if newest is not None and _order(newest.version) > _order(ours) else None


def _lists(lists: Path) -> Iterator[Path]:
    """The package lists of our own repositories, known by the signed file beside each."""
    for signed in sorted(lists.glob("*_InRelease")):
        try:
            with signed.open("rb") as file:
                head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        if re.search(rf"^Origin: {ORIGIN}$", head, re.MULTILINE):
            yield signed.with_name(signed.name.removesuffix("InRelease") + "Packages")


def _offered(path: Path) -> Iterator[Waiting]:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", stanza, re.MULTILINE))
        if fields.get("Package") == ORIGIN:
            yield Waiting(
                fields.get("Version", "").partition("-")[0], fields.get("Security-Fix", "")
            )


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


class Newer:
    """What waits, looked up once an hour; `now` is monotonic seconds."""

    def __init__(
        self, now: Callable[[], float], look: Callable[[], Waiting | None] = waiting
    ) -> None:
        self._now, self._look = now, look
        self._again = float("-inf")
        self._found: Waiting | None = None

    def waiting(self) -> Waiting | None:
        """The newer version, if there is one."""
        if self._now() >= self._again:
            self._again, self._found = self._now() + LOOK_EVERY_S, self._look()
        return self._found
