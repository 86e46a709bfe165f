"""What a convention may know of a machine: a card with its points. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite

from agent.core import CoreSettings
from agent.drivers import Device
from agent.homes import Supply
from agent.model import PointId, Unit, Value


class Kind(StrEnum):
    """What the values of a point are."""

    NUMBER = "number"
    TRUTH = "truth"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class PointCard:
    """One point. `low`, `high` and `step` are in its unit, None where the map does not say."""

    id: PointId
    unit: Unit
    en: str
    zh: str
    kind: Kind
    words: tuple[str, ...] = ()
    writable: bool = False
    low: float | None = None
    high: float | None = None
    step: float | None = None

    def value_of(self, said: Value) -> Value | None:
        """What somebody outside said, as a value of this point; None when it is none."""
        match self.kind:
            case Kind.TRUTH:
                known = {"true": True, "on": True, "1": True, "false": False, "off": False}
                return said if isinstance(said, bool) else (known | {"0": False}).get(_low(said))
            case Kind.WORD:
                return said if isinstance(said, str) and said in self.words else None
        try:
            number = float(said) if not isinstance(said, bool) else None
        except ValueError:
            return None
        if number is None or not isfinite(number):
            return None
        return int(number) if number.is_integer() else number


@dataclass(frozen=True, slots=True)
class DeviceCard:
    """One machine, by the name it has in the configuration."""

    name: str
    driver: str
    brand: str
    model: str
    points: Mapping[PointId, PointCard]


def cards(settings: CoreSettings) -> tuple[DeviceCard, ...]:
    """A card for every machine, with the points that others supply to it.

    Where the gateway only watches, nothing is writable.
    """
    found = settings.devices
    supplies = {home.heat_pump: home.supplies for home in settings.homes}
    return tuple(_card(found[name], supplies.get(name, ()), found) for name in found)


def _card(device: Device, supplies: tuple[Supply, ...], all_: Mapping[str, Device]) -> DeviceCard:
    own = {point: _point(device, point) for point in device.map.points}
    lent = {
        one.point: replace(_point(all_[one.device], one.source), id=one.point, writable=False)
        for one in supplies
    }
    cover = device.map.covers[0] if device.map.covers else None
    return DeviceCard(
        device.name,
        device.map.map,
        cover.brand if cover else "",
        cover.model if cover else device.map.map,
        own | lent,
    )


def _point(device: Device, name: PointId) -> PointCard:
    rule, label = device.map.points[name], device.map.point(name)
    write = None if device.monitor_only else rule.write
    kind = Kind.TRUTH if rule.is_bool else Kind.WORD if rule.values else Kind.NUMBER
    if rule.type == "ascii2":
        kind = Kind.WORD
    return PointCard(
        name,
        label.unit,
        label.en,
        label.zh,
        kind,
        tuple(dict.fromkeys(rule.values.values())),
        write is not None,
        _number(write.low if write else None),
        _number(write.high if write else None),
        _number(write.step if write else None),
    )


def _number(given: object) -> float | None:
    return None if given is None else float(str(given))


def _low(said: Value) -> str:
    return str(said).lower()
