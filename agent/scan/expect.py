"""What a register map lets one expect of a single word: whether it answers, and what it may show.

Everything comes from the map: its points and their values, its holes, its absent codes. The few
ranges below belong to canonical points, never to a family. Probabilities are judgements, written
once here; only their order of size matters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import log

from agent.drivers import Driver
from agent.drivers.codec import PointCodec
from agent.drivers.registermap import WIDTH, PointRule, RegisterMap
from agent.model import PointId, Quality, Reading
from agent.points import Unit

Place = tuple[str, int]
"""Table and wire address of one word."""

ANSWERS_POINT, ANSWERS_PIECE = 0.95, 0.8  # a piece: half a number
ANSWERS_IN_BLOCK = 0.6  # where the machine may insist on whole blocks
ANSWERS_BETWEEN, ANSWERS_HOLE = 0.5, 0.15  # between the points of a map, and where it has none
ANSWERS_NEAR, ANSWERS_FAR, NEAR = 0.85, 0.3, 200  # holes of a machine that answers zeros there
ZERO_SHARE = 0.95  # of what comes from a hole of such a machine, zero
ZERO, SENTINEL, SMALL_SHARE = 0.35, 0.02, 0.5  # how often a word of an unknown machine shows these
SURE_MOST = 3.5
REFUSED = "is refused, as the map has no word there（被拒绝，映射表中也没有）"
NO_SENSOR = "has no sensor（无传感器）"
GENEROUS_PRIOR = 0.15  # machines that answer zeros where they have no word

_LIKELY: dict[PointId, tuple[float, float]] = {
    "water_supply_temp": (5, 75),
    "water_return_temp": (5, 70),
    "water_supply_temp_total": (5, 75),
    "outdoor_temp": (-35, 45),
    "indoor_temp": (3, 38),
    "indoor_humidity": (5, 99),
    "water_setpoint": (15, 65),
    "water_setpoint_active": (15, 65),
    "dhw_temp": (5, 75),
    "dhw_setpoint": (30, 70),
    "buffer_temp": (5, 75),
    "supply_voltage": (180, 260),
}
_BY_UNIT: dict[Unit, tuple[float, float]] = {
    Unit.CELSIUS: (-40, 110),
    Unit.HERTZ: (0, 150),
    Unit.BAR: (0, 50),
    Unit.VOLT: (0, 450),
    Unit.AMPERE: (0, 60),
    Unit.PERCENT: (0, 100),
    Unit.LITRE_PER_MINUTE: (0, 150),
    Unit.RPM: (0, 1500),
    Unit.WATT: (0, 15000),
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What one word means under a map: how far it speaks for the map, and in what words."""

    weight: float
    text: str = ""


def usual(word: int) -> float:
    """How likely an unknown machine shows this word: often 0, then small numbers, seldom large."""
    if word == 0:
        return ZERO
    if word in (0x7FFF, 0x8000, 0xFFFF):
        return SENTINEL
    return SMALL_SHARE / (word * log(0xFFFF)) + 0.1 / 0xFFFF


class Expectation:
    """One map, asked word by word; a `generous` machine of it answers zeros in the map's holes."""

    def __init__(self, driver: Driver, generous: bool = False) -> None:
        self.driver, self.map, self.generous = driver, driver.map, generous
        self._answers: dict[Place, float] = {}
        self._shapes: dict[Place, object] = {}
        self._points: dict[Place, list[PointId]] = {}
        for name, rule in self.map.points.items():
            for at in rule.addresses if rule.unit_id is None else ():
                self._points.setdefault((rule.table, at), []).append(name)
        self._marks = {(b.table, b.at) for b in self.map.faults.bits if b.unit_id is None}
        self._edges = _edges(self._points.keys() | self._marks)
        self._codecs = {name: PointCodec(self.map, name, 1) for name in self.map.points}

    @property
    def name(self) -> str:
        return self.driver.name

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every word of the map, and one word of each hole between them."""
        found = list(self._points)
        for table, spans in self.map.holes.items():
            low, high = self._edges.get(table, (0, -1))
            found += [(table, span.low) for span in spans if low < span.low < high]
        return tuple(found)

    def answers(self, place: Place) -> float:
        """How likely a single read of this word is answered and not refused."""
        if place not in self._answers:
            self._answers[place] = self._chance(place)
        return self._answers[place]

    def _chance(self, place: Place) -> float:
        if place in self._points:
            if self.map.blocks:
                return ANSWERS_IN_BLOCK
            whole = any(len(self.map.points[n].addresses) == 1 for n in self._points[place])
            return ANSWERS_POINT if whole else ANSWERS_PIECE
        if place in self._marks:
            return ANSWERS_POINT
        table, at = place
        low, high = self._edges.get(table, (0, -1))
        holes = self.map.holes.get(table, ())  # type: ignore[call-overload]
        if self.generous:
            near = any(one == table and abs(known - at) <= NEAR for one, known in self._points)
            return ANSWERS_NEAR if near else ANSWERS_FAR
        if not low < at < high or any(at in span for span in holes):
            return ANSWERS_HOLE
        return ANSWERS_BETWEEN

    def shape(self, place: Place) -> object:
        """How this map reads the word; None where its value cannot speak for the map.

        Maps with the same shape cannot be told apart by what the word shows.
        """
        if place not in self._shapes:
            names = self._points.get(place, ())
            telling = any(self._tells(name, place[1]) for name in names)
            self._shapes[place] = (
                tuple(_shape(self.map, name, place[1]) for name in names) if telling else None
            )
        return self._shapes[place]

    def has(self, place: Place) -> bool:
        """Whether the map knows this word."""
        return place in self._points or place in self._marks

    def refused(self, place: Place) -> Sight:
        """The word was refused."""
        weight = log(1 - self.answers(place))
        if self.answers(place) == ANSWERS_HOLE:
            return Sight(weight, f"{place[0]} {place[1]} {REFUSED}")
        return Sight(weight)

    def shown(self, place: Place, word: int) -> Sight:
        """The word was answered with this content."""
        chance = self.answers(place)
        if not self.has(place):
            zero = ZERO_SHARE if self.generous else ZERO_SHARE / 2
            return Sight(log(chance * (zero / ZERO if word == 0 else (1 - zero) / (1 - ZERO))))
        weight, texts = 0.0, list[str]()
        for name in self._points.get(place, ()):
            sight = self._sight(name, word, place[1])
            weight += sight.weight
            texts += [sight.text] if sight.text else []
        limited = max(-SURE_MOST, min(SURE_MOST, weight))
        return Sight(log(chance) + limited, "; ".join(texts[:2]))

    @cached_property
    def telling(self) -> int:
        """How many words of the map can speak for it."""
        return sum(self.shape(place) is not None for place in self._points)

    def _tells(self, name: PointId, at: int) -> bool:
        rule = self.map.points[name]
        if _is_head(self.map, rule, at):
            return _range(self.map, name) is not None
        if len(rule.addresses) != 1 or rule.type == "ascii2":
            return False
        return bool(rule.values) or (not rule.is_bool and _range(self.map, name) is not None)

    def _sight(self, name: PointId, word: int, at: int) -> Sight:
        """The best of what the point's word may mean; a switched scale is tried both ways."""
        rule = self.map.points[name]
        if _is_head(self.map, rule, at):
            return self._head(name, rule, word)
        if len(rule.addresses) != 1:
            return Sight(0.0)
        known = {n: Reading(n, _value(v[0]), Quality.GOOD, 0) for n, v in rule.fitted_if.items()}
        cases = [(known, float(rule.scale))]
        if rule.switch is not None:
            switch = Reading(rule.switch.point, rule.switch.equals, Quality.GOOD, 0)
            other = Reading(rule.switch.point, "\0", Quality.GOOD, 0)
            cases = [
                ({**known, rule.switch.point: other}, float(rule.scale)),
                ({**known, rule.switch.point: switch}, float(rule.switch.scale)),
            ]
        sights = [
            self._judged(name, self._codecs[name].decode([word], at, k), word, scale)
            for k, scale in cases
        ]
        return max(sights, key=lambda sight: sight.weight)

    def _head(self, name: PointId, rule: PointRule, word: int) -> Sight:
        """The first half of a float holds its sign, its size and two digits."""
        likely = _range(self.map, name)
        if likely is None or word == 0:
            return Sight(log(0.2 / ZERO) if word == 0 else 0.0)
        words = (word, 0) if (rule.words or self.map.words) == "high-first" else (0, word)
        reading = self._codecs[name].decode(words, rule.addresses[0], {})
        low, high = likely
        if isinstance(reading.value, str | None) or not low <= reading.value <= high:
            return Sight(log(0.05 / 0.5))
        halves = 700 if low <= 0 else 80  # words between two floats, small ones included or not
        unit = self.map.point(name).unit.value
        text = f"{rule.table} {rule.addresses[0]}: {name} about {reading.value:.3g} {unit}"
        return Sight(log(0.75 / halves / usual(word)), text.strip())

    def _judged(self, name: PointId, reading: Reading, word: int, scale: float) -> Sight:
        rule = self.map.points[name]
        said = f"{rule.table} {rule.addresses[0]}: {name}"
        if reading.quality is Quality.ABSENT and reading.raw in self._codecs[name].absent:
            return Sight(log(0.15 / max(usual(word), SENTINEL)), f"{said} {NO_SENSOR}")
        if rule.is_bool:
            return _truth(rule, word)
        if rule.values:
            return _code(rule, reading, said)
        likely = _range(self.map, name)
        if likely is None or isinstance(reading.value, str | None):
            return Sight(0.0)
        if word == 0:
            return Sight(log(0.2 / ZERO))
        low, high = likely
        if not low <= reading.value <= high or reading.quality is Quality.OUT_OF_RANGE:
            return Sight(log(0.05 / 0.5))
        words = max(1.0, (high - low) / abs(scale or 1.0))
        unit = self.map.point(name).unit.value
        return Sight(log(0.75 / words / usual(word)), f"{said} = {reading.value} {unit}".strip())


def _is_head(found: RegisterMap, rule: PointRule, at: int) -> bool:
    """Whether this word is the high half of a float."""
    if rule.type != "f32" or rule.pack:
        return False
    return at == rule.addresses[0 if (rule.words or found.words) == "high-first" else -1]


def _truth(rule: PointRule, word: int) -> Sight:
    """A whole word of yes or no; single bits say nothing."""
    if rule.type != "bool" or rule.bits is not None or rule.mask is not None:
        return Sight(0.0)
    return Sight(log(0.97 / 0.4) if word in (0, 1) else log(0.03 / 0.6))


def _code(rule: PointRule, reading: Reading, said: str) -> Sight:
    if rule.table in ("coil", "discrete"):
        return Sight(0.0)
    bits = len(rule.bits) if rule.bits is not None else WIDTH[rule.type]
    if bits >= 8:
        chance = sum(usual(raw) for raw in rule.values)
    else:
        chance = 0.4 * (0 in rule.values) + 0.6 * len(rule.values) / (1 << bits)
    chance = min(0.97, chance)
    if reading.quality is Quality.UNDEFINED_CODE:
        return Sight(log(0.05 / (1 - chance)))
    text = f"{said} = {reading.value}" if reading.raw else ""
    return Sight(log(0.95 / chance), text)


def _range(found: RegisterMap, name: PointId) -> tuple[float, float] | None:
    """What a point may plausibly show: a canonical range, or its unit's, within the map's own."""
    rule = found.points[name]
    likely = _LIKELY.get(name) or _BY_UNIT.get(found.point(name).unit)
    if likely is None or rule.plus or rule.type == "ascii2":
        return None
    low = max(likely[0], rule.low) if rule.low is not None else likely[0]
    high = min(likely[1], rule.high) if rule.high is not None else likely[1]
    return (low, high) if low < high else likely


def _shape(found: RegisterMap, name: PointId, at: int) -> object:
    rule = found.points[name]
    codes = tuple(sorted(rule.values))
    return (
        at - rule.addresses[0],
        rule.type,
        rule.bits,
        rule.mask,
        rule.scale,
        rule.offset,
        codes,
        _range(found, name),
    )


def _edges(places: Iterable[Place]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for table, at in places:
        low, high = found.get(table, (at, at))
        found[table] = (min(low, at), max(high, at))
    return found


def _value(word: str) -> bool | str:
    return {"true": True, "false": False}.get(word, word)
