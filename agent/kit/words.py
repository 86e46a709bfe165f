"""Checks of how words become values: sign, scale, width, limits, absent codes, labels of values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from math import inf

from agent.drivers.registermap import WIDTH, PointRule
from agent.kit.finding import Finding, Subject
from agent.kit.knowledge import (
    EXPECTED,
    NEVER_ABSENT,
    OTHER_WORDS,
    Expected,
    sensor_temperature,
)
from agent.model import POINTS, PointId
from agent.yamltext import Path, Ratio

_SIBLINGS = 4
_LARGEST_JUMP_K = 40.0
_ANY_SENSOR = Expected((inf, -inf), (-100.0, 250.0), 1.0)
"""A temperature of the map's own: nothing is known to be everyday, so its limits hide nothing."""


def check_words(subject: Subject) -> Iterator[Finding]:
    """Every point by itself, then each against its neighbours."""
    for name, rule in subject.map.points.items():
        here: Path = ("points", name)
        yield from _bits(subject, here, rule)
        if rule.values:
            yield from _labels(subject, here, name, rule)
        elif not rule.is_bool and rule.type not in ("ascii2", "f32"):
            yield from _number(subject, here, name, rule)
        yield from _limits(subject, here, name, rule)
        yield from _absent(subject, here, name, rule)
    yield from _absent_of_types(subject)
    yield from _odd_scale(subject)
    yield from _odd_word_order(subject)


def span(rule: PointRule, scale: Ratio, offset: Ratio) -> tuple[float, float]:
    """The lowest and the highest value the words can say, before any limit."""
    width = bits_of(rule)
    signed = rule.type.startswith("s")
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    extra = sum(0xFFFF * term.scale for term in rule.plus)
    ends = sorted((low * scale + offset, high * scale + offset + extra))
    return float(ends[0]), float(ends[1])


def bits_of(rule: PointRule) -> int:
    """How many bits hold the raw number."""
    if rule.table in ("coil", "discrete"):
        return 1
    if rule.pack:
        return sum(len(part.bits) for part in rule.pack)
    return WIDTH[rule.type] if rule.bits is None else len(rule.bits)


def _bits(subject: Subject, here: Path, rule: PointRule) -> Iterator[Finding]:
    parts = [*rule.pack, *([] if rule.bits is None else rule.parts)]
    if any(part.bits.high > 15 or part.bits.low < 0 for part in parts):
        yield subject.error("bits", here, "a word has bits 0 to 15", "count the lowest bit as 0")
    if rule.mask is not None and not 0 < rule.mask <= 0xFFFF:
        yield subject.error("bits", (*here, "mask"), f"the mask {rule.mask:#x} fits no word")
    if rule.table in ("coil", "discrete") and (rule.bits or rule.mask or rule.scale != 1):
        yield subject.error("bits", here, "a coil or discrete input is one bit", "no bits or scale")


def _number(subject: Subject, here: Path, name: PointId, rule: PointRule) -> Iterator[Finding]:
    scales = [(rule.scale, rule.offset)]
    if rule.switch:
        scales.append((rule.switch.scale, rule.switch.offset))
    expected = EXPECTED.get(name)
    for scale, offset in scales:
        low, high = span(rule, scale, offset)
        if rule.low is not None and rule.low < low and not rule.type.startswith("s"):
            message = f"low is {rule.low:g}, but an unsigned word never says less than {low:g}"
            yield subject.error("sign", here, message, "type: s16, or the offset")
        if rule.low is not None and rule.high is not None and (rule.low > high or rule.high < low):
            message = f"the words say {low:g} to {high:g}, all of it outside low and high"
            yield subject.error("scale", here, message, "look at scale and offset again")
        if expected is not None:
            yield from _expected(subject, here, scale, (low, high), expected)


def _expected(
    subject: Subject, here: Path, scale: Ratio, words: tuple[float, float], expected: Expected
) -> Iterator[Finding]:
    """Whether the word can say what the quantity is on an ordinary day, and finely enough."""
    low, high = expected.everyday
    if words[0] > low:
        message = f"the word never says less than {words[0]:g}, but {low:g} is an everyday value"
        yield subject.error("sign", here, message, "a signed type (s16), or the offset")
    if words[1] < high:
        message = f"the word never says more than {words[1]:g}, but {high:g} is an everyday value"
        yield subject.error("scale", here, message, "a larger scale, or a type of two words")
    if abs(scale) > expected.coarsest:
        message = f"one count is {float(abs(scale)):g}; no machine shows this value so coarsely"
        yield subject.error("scale", here, message, f"a scale of {expected.coarsest:g} or less")


def _limits(subject: Subject, here: Path, name: PointId, rule: PointRule) -> Iterator[Finding]:
    low, high = rule.low, rule.high
    if low is not None and high is not None and low >= high:
        yield subject.error("limits", here, f"low {low:g} is not below high {high:g}")
        return
    expected = EXPECTED.get(name, _ANY_SENSOR if sensor_temperature(name) else None)
    temperature = sensor_temperature(name) and rule.type not in ("bool",) and not rule.values
    if temperature and (low is None or high is None):
        message = "a sensor without low and high: a broken one would be believed"
        yield subject.warning("limits", here, message, "what the sensor can possibly show")
    yield from _jump(subject, here, rule, temperature)
    if expected is None:
        return
    if (low is not None and low > expected.everyday[0]) or (
        high is not None and high < expected.everyday[1]
    ):
        everyday = f"{expected.everyday[0]:g} to {expected.everyday[1]:g}"
        message = f"the limits hide everyday values: {everyday} must pass"
        yield subject.error("limits", here, message, "widen low and high")
    if (low is not None and low < expected.possible[0]) or (
        high is not None and high > expected.possible[1]
    ):
        possible = f"{expected.possible[0]:g} to {expected.possible[1]:g}"
        yield subject.warning("limits", here, f"only {possible} is possible", "narrow low and high")


def _jump(subject: Subject, here: Path, rule: PointRule, temperature: bool) -> Iterator[Finding]:
    if rule.jump is None:
        return
    if rule.jump <= 0 or (temperature and rule.jump < 2):
        message = f"a jump of {rule.jump:g} rejects ordinary changes between two polls"
        yield subject.error("jump", (*here, "jump"), message, "10 to 25 for temperatures")
    if temperature and rule.jump > _LARGEST_JUMP_K:
        message = f"a jump of {rule.jump:g} K lets every broken sensor pass"
        yield subject.warning("jump", (*here, "jump"), message, "10 to 25 for temperatures")
    wide = rule.high - rule.low if rule.low is not None and rule.high is not None else None
    if wide is not None and rule.jump >= wide:
        message = f"a jump of {rule.jump:g} never rejects anything: low and high are nearer"
        yield subject.warning("jump", (*here, "jump"), message)


def _absent(subject: Subject, here: Path, name: PointId, rule: PointRule) -> Iterator[Finding]:
    width = bits_of(rule)
    switched = rule.switch.absent if rule.switch else None
    for code in (*(rule.absent or ()), *(switched or ())):
        if code >> max(width, 16 if rule.plus else width):
            message = f"{code:#x} never stands in {width} bits"
            yield subject.error("absent", here, message, "the word as it is on the wire")
    if name not in NEVER_ABSENT or rule.plus or rule.type == "f32":
        return
    common = subject.map.absent.get(rule.type, ())
    plain = rule.absent if rule.absent is not None else common
    ways = [(rule.scale, rule.offset, plain)]
    if rule.switch:
        codes = rule.switch.absent if rule.switch.absent is not None else plain
        ways.append((rule.switch.scale, rule.switch.offset, codes))
    low, high = EXPECTED[name].everyday
    for scale, offset, codes in ways:
        for code in codes:
            raw = code - (1 << width) if rule.type.startswith("s") and code >> width - 1 else code
            value = float(raw * scale + offset)
            if low <= value <= high:
                message = f"absent {code:#x} is {value:g} here, an everyday value that would vanish"
                yield subject.error("absent", here, message, "absent: [] for this point")


def _absent_of_types(subject: Subject) -> Iterator[Finding]:
    for kind, codes in subject.map.absent.items():
        for code in codes:
            if code >> WIDTH[kind]:
                message = f"{code:#x} never stands in a word of type {kind}"
                yield subject.error("absent", ("absent", kind), message)


def _labels(subject: Subject, here: Path, name: PointId, rule: PointRule) -> Iterator[Finding]:
    at: Path = (*here, "values")
    for label, count in Counter(rule.values.values()).items():
        if count > 1 and label:
            message = f"{label} stands for {count} numbers"
            yield subject.error("values", at, message, "a word of its own for each")
    top = 1 << bits_of(rule)
    for raw, label in rule.values.items():
        if not 0 <= raw < top:
            yield subject.error("values", at, f"{label}: {raw} never stands in these bits")
        blank = " " in label.strip() and rule.write is not None
        if not label:
            yield subject.error("values", at, f"{raw} has no word", "ASCII, without blanks")
        elif not label.isascii() or label != label.strip() or blank:
            yield subject.error("values", at, f"{label!r} is no word", "ASCII, without blanks")
        other = OTHER_WORDS.get(label.lower())
        if name in ("mode", "mode_active") and (other or label != label.lower()):
            message = f"control and faults do not know {label!r}"
            yield subject.warning("values", at, message, other or label.lower())
    if rule.scale != 1 or rule.offset != 0:
        yield subject.error("values", here, "a point with words for its values has no scale")


def _odd_scale(subject: Subject) -> Iterator[Finding]:
    """A sensor whose scale differs from that of all its neighbours: mostly a slip of the pen."""
    groups: dict[tuple[int | None, str, str], dict[PointId, Fraction]] = {}
    for name, rule in subject.map.points.items():
        temperature = sensor_temperature(name) and not rule.values and not rule.is_bool
        if temperature and rule.type != "f32" and rule.bits is None and not rule.pack:
            place = (rule.unit_id, rule.table, rule.type)
            groups.setdefault(place, {})[name] = Fraction(rule.scale)
    for scales in groups.values():
        for name, scale in scales.items():
            others = {other for neighbour, other in scales.items() if neighbour != name}
            if len(scales) > _SIBLINGS and len(others) == 1 and scale not in others:
                usual = float(others.pop())
                message = f"scale {float(scale):g}, while its {len(scales) - 1} neighbours have "
                message += f"{usual:g}"
                hint = "compare it with the display, and with the sheet"
                yield subject.warning("scale", ("points", name), message, hint)


def _odd_word_order(subject: Subject) -> Iterator[Finding]:
    found = subject.map
    wide = {name: rule for name, rule in found.points.items() if WIDTH[rule.type] == 32}
    odd = [name for name, rule in wide.items() if rule.words not in (None, found.words)]
    if len(odd) * 2 > len(wide) or not odd:
        return
    for name in odd:
        message = f"its words come {wide[name].words}, those of the other points {found.words}"
        hint = "word order belongs to the whole machine; say it once at the top"
        yield subject.warning("word order", ("points", name, "words"), message, hint)


def canonical_double(name: PointId) -> bool:
    """Whether a point of the map's own hides a canonical one under another name."""
    return name.startswith("x_") and name[2:] in POINTS
