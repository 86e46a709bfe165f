"""Machines as they differ from their own map: words that are missing, and words nobody documented.

A simulator made of a map agrees with it in every word, and whatever recognises the map would be
flattered. A variant refuses some words the map has, and some answer zeros where the map has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from agent.drivers.registermap import RegisterMap
from agent.points import Unit
from simulators.frames import ILLEGAL_ADDRESS
from simulators.registers import RegisterImage
from simulators.unit import PumpUnit, home
from simulators.weather import Weather
from simulators.wiring import Unit as BusUnit

LACKING_SHARE, GENEROUS_SHARE = 0.08, 0.25


@dataclass(slots=True)
class Variant:
    """An image with habits of its own: `lacking` words are refused, a `generous` one has no holes.

    Zeros come only within 200 words of a known one; far away also a generous machine refuses.
    """

    image: RegisterImage
    lacking: frozenset[tuple[str, int]] = frozenset()
    generous: bool = False
    writes: int = 0
    _near: dict[tuple[str, int], bool] = field(default_factory=dict)

    def read(self, unit_id: int, table: str, at: int, count: int) -> tuple[int, ...] | int:
        """As the image, but for the habits."""
        if any((table, at + i) in self.lacking for i in range(count)):
            return ILLEGAL_ADDRESS
        found = self.image.read(unit_id, table, at, count)
        if isinstance(found, int) and self.generous and count == 1 and self._is_near(table, at):
            return (0,)
        return found

    def write(self, unit_id: int, function: int, at: int, words: tuple[int, ...]) -> int | None:
        """As the image; counted."""
        self.writes += 1
        return self.image.write(unit_id, function, at, words)

    def _is_near(self, table: str, at: int) -> bool:
        if (table, at) not in self._near:
            rules = self.image.map.points.values()
            self._near[table, at] = any(
                rule.table == table and abs(one - at) <= 200
                for rule in rules
                for one in rule.addresses
            )
        return self._near[table, at]


def machine(found: RegisterMap, unit_id: int, weather: Weather, chance: Random) -> BusUnit:
    """A running machine of this map at some hour of the winter, with habits drawn by chance."""
    between = chance.choice(("zeros", "refused"))
    image = RegisterImage(found, unit_id, between)  # type: ignore[arg-type]
    kind = chance.choice(("inverter", "fixed"))
    plant = home(weather, kind, chance.uniform(0.5, 1.2), chance.uniform(0, 0.9) * weather.length_s)
    pump = PumpUnit(image, plant)
    pump.advance(3600.0 + chance.uniform(0, 3600.0))
    _tell_versions(image, chance)
    _tell_mains(image, chance)
    places = {(rule.table, at) for rule in found.points.values() for at in rule.addresses}
    share = LACKING_SHARE if found.kind == "heat_pump" else 0.0  # a meter is built one way
    lacking = frozenset(p for p in sorted(places) if chance.random() < share)
    registers = Variant(image, lacking, chance.random() < GENEROUS_SHARE)
    return BusUnit(image.unit_ids, registers, delay_s=chance.uniform(0.004, 0.06))


def _tell_versions(image: RegisterImage, chance: Random) -> None:
    """Versions and hours say something; a map cannot know what."""
    names: Sequence[str] = ("software_version", "compressor_hours", "x_display_version")
    for name in names:
        rule = image.map.points.get(name)
        if rule is None or rule.values or rule.plus or rule.bits or rule.pack:
            continue
        if rule.mask is None and rule.type in ("u16", "s16"):
            image.poke(name, chance.randrange(1, 3000))


def _tell_mains(image: RegisterImage, chance: Random) -> None:
    """A meter shows the mains on all its phases, whatever the plant draws."""
    for name, rule in image.map.points.items():
        if image.map.kind == "meter" and rule.unit in (Unit.VOLT, Unit.HERTZ):
            image.set(name, chance.uniform(225, 235) if rule.unit is Unit.VOLT else 50.0)
