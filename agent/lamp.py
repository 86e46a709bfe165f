"""The lamp of the gateway: a light of the kernel's LED class, in colour where there are three.

https://docs.kernel.org/leds/leds-class.html: each lamp is a folder with `brightness`, up to
`max_brightness`, and `trigger`, which we set to none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.light import LOOKS, Light

log = logging.getLogger(__name__)

LEDS = Path("/sys/class/leds")
LOOK_EVERY_S = 2.0
TRY_AGAIN_S = 60.0
MIXED: Mapping[str, frozenset[str]] = {
    "white": frozenset({"red", "green", "blue"}),
    "violet": frozenset({"red", "blue"}),
    "amber": frozenset({"red", "green"}),
    "red": frozenset({"red"}),
    "green": frozenset({"green"}),
    "blue": frozenset({"blue"}),
}
"""Which lights make a colour."""


@dataclass(frozen=True, slots=True)
class LampSettings:
    """The names of the lights by colour (`red`, `green`, `blue`), one at least."""

    names: Mapping[str, str]
    folder: Path = LEDS


class Lamp:
    """Shows what `now` says until cancelled, then goes dark: a light that stays would lie."""

    def __init__(self, settings: LampSettings, now: Callable[[], Light]) -> None:
        self._places = {colour: settings.folder / name for colour, name in settings.names.items()}
        self._now = now
        self._full: dict[str, str] = {}
        self._wrong = ""

    async def run(self) -> None:
        """Show it for ever; a lamp that cannot be used is told once and tried again."""
        try:
            while True:
                try:
                    self._begin()
                    while True:
                        await self._show(self._now())
                except OSError as error:
                    self._told(str(error))
                    await asyncio.sleep(TRY_AGAIN_S)
        finally:
            self._leave()

    def _begin(self) -> None:
        for colour, place in self._places.items():
            (place / "trigger").write_text("none")
            self._full[colour] = (place / "max_brightness").read_text("ascii").strip()

    async def _show(self, light: Light) -> None:
        """One look's time of this light."""
        look, lit = LOOKS[light], self._lit(LOOKS[light].colour)
        if not look.flashes:
            self._set(lit)
            await asyncio.sleep(LOOK_EVERY_S)
            return
        spent = 0.0
        while spent < LOOK_EVERY_S:
            for index, seconds in enumerate(look.flashes):
                self._set(frozenset() if index % 2 else lit)
                await asyncio.sleep(seconds)
            spent += sum(look.flashes)

    def _lit(self, colour: str) -> frozenset[str]:
        """What can be had of the colour; everything where nothing of it can: the flashes tell."""
        return (MIXED[colour] & self._places.keys()) or frozenset(self._places)

    def _set(self, lit: frozenset[str]) -> None:
        for colour, place in self._places.items():
            (place / "brightness").write_text(self._full[colour] if colour in lit else "0")
        if self._wrong:
            log.info("the lamp works again")
            self._wrong = ""

    def _told(self, why: str) -> None:
        if why != self._wrong:
            log.warning("the lamp cannot be used: %s", why)
        self._wrong = why

    def _leave(self) -> None:
        try:
            for place in self._places.values():
                (place / "brightness").write_text("0")
        except OSError as error:
            self._told(str(error))
