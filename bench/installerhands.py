"""An installer at the page who knows the machines by their name plates and does what he is told.

He needs no time to read or to walk: what is timed is what the gateway makes him wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.chromium import Page

SEARCHES = 4
SEARCHED_WITHIN_S = 400.0
GREEN_WITHIN_S = 120.0
SEARCHING = "正在扫描"
SEARCH, NETWORK = 'form[action="/api/setup/search"]', 'form[action="/api/setup/network"]'


class GaveUp(Exception):
    """The page did not bring the installer any further, and why."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the installer knows: the code, the addresses to type in, the machines by unit id.

    `mend` is told the names of the suspects that the page shows, and mends the wire if one is true.
    """

    base: str
    code: str
    broker: str
    gateway: str
    plates: Mapping[int, str]
    mend: Callable[[tuple[str, ...]], bool]


class Hands:
    """Taps and types; counts both."""

    def __init__(self, page: Page, job: Job) -> None:
        self._page, self._job = page, job
        self.taps = self.typed = self.searches = 0

    def set_up(self) -> None:
        """From the page's address to the written configuration. Raises GaveUp."""
        page, job = self._page, self._job
        page.open(job.base)
        self._follow("main .button")
        self._fill("#code", job.code)
        self._follow("main button")
        self._fill(f"{NETWORK} [name=broker]", job.broker)
        self._follow(f"{NETWORK} button")
        page.reads("✓ 平台")
        self._search()
        for unit_id, plate in job.plates.items():
            self._take(unit_id, plate)
        self._fill("input[name=gateway]", job.gateway)
        self._follow("button.write")
        page.reads("配置已写入")

    def sees_green(self) -> None:
        """The household's page with its light, to which the page goes on by itself."""
        self._page.until(lambda: self._page.all(".lamp.green"), "a green lamp", GREEN_WITHIN_S)

    # --- steps --------------------------------------------------------------------------------

    def _search(self) -> None:
        """Search until all machines are there, mending the wire where the page tells of it."""
        page, which = self._page, f"{SEARCH} button"
        while self.searches < SEARCHES:
            self.searches += 1
            self._follow(which)
            page.until(lambda: SEARCHING not in page.text, "the search", SEARCHED_WITHIN_S)
            if all(page.all(f"#unit-{one}") for one in self._job.plates):
                return
            suspects = tuple(one.text for one in page.all(".hints b"))
            which = f"{SEARCH} button" if self._job.mend(suspects) else f"{SEARCH} button.all"
        shown = [one.get_attribute("id") for one in page.all("[id^=unit-]")]
        raise GaveUp(f"searched {self.searches} times, shown {shown}, suspects {suspects}")

    def _take(self, unit_id: int, plate: str) -> None:
        unit = f"#unit-{unit_id}"
        guesses = {
            one.get_attribute("value"): one for one in self._page.all(f"{unit} [name=driver]")
        }
        if plate not in guesses:
            raise GaveUp(f"unit {unit_id} is {plate}, offered were {sorted(map(str, guesses))}")
        if not guesses[plate].is_selected():
            self._tap(f'{unit} [name=driver][value="{plate}"]')
        self._follow(f"{unit} .take")
        self._page.until(lambda: not self._page.all(f"{unit} .take"), f"unit {unit_id} taken")

    def _tap(self, css: str) -> None:
        self.taps += 1
        self._page.tap(css)

    def _follow(self, css: str) -> None:
        self.taps += 1
        self._page.follow(css)

    def _fill(self, css: str, text: str) -> None:
        """Typed anew; the tap into the field belongs to the typing."""
        self.typed += 1
        self._page.fill(css, text)
