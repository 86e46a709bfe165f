"""Words to readings and values to words, exactly. Pure and made once per device.

Scales are ratios: `raw * a + b` over `d` in whole numbers and one division, so that 215 tenths are
21.5 and nothing else. Encoding rounds nothing: a value off the grid is answered with its
neighbours.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, isfinite, lcm

from agent.drivers.bounds import Bounds
from agent.drivers.registermap import WIDTH, PointRule, RegisterMap
from agent.drivers.wire import WriteRequest
from agent.model import PointId, Quality, Reading, Snapshot, Value

_NO_ROOM = "the word has no room for it"
_SIGNED = {"s8": 8, "s12": 12, "s16": 16, "s32": 32}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value as it goes out. Where `mask` is not full, the word must first be read fresh."""

    request: WriteRequest
    mask: int = 0xFFFF


@dataclass(frozen=True, slots=True)
class Unfit:
    """A value that cannot be said to this point, and what could be."""

    why: str


class Scale:
    """`value = raw * scale + offset` in whole numbers with one division at the end."""

    __slots__ = ("a", "b", "d", "digits", "offset", "plain", "scale")

    def __init__(self, scale: Fraction, offset: Fraction) -> None:
        self.scale, self.offset = scale, offset
        self.d = lcm(scale.denominator, offset.denominator)
        self.a = int(scale * self.d)
        self.b = int(offset * self.d)
        self.plain = self.d == 1
        decimal = Fraction(1, 10**6) % Fraction(1, self.d) == 0 or 10**6 % self.d == 0
        self.digits = None if decimal else 4

    def value(self, raw: int) -> float | int:
        number = raw * self.a + self.b
        if self.plain:
            return number
        result = number / self.d
        return result if self.digits is None else round(result, self.digits)

    def raw(self, value: float | int) -> Fraction:
        return (Fraction(str(value)) - self.offset) / self.scale


class PointCodec:
    """Decodes and encodes one point of one map for one device."""

    __slots__ = (
        "_alternative",
        "_alternative_absent",
        "_bool",
        "_fitted",
        "_label_of",
        "_raw",
        "_raw_of",
        "_scale",
        "_sign",
        "absent",
        "bounds",
        "name",
        "rule",
        "span",
        "table",
        "unit_id",
    )

    def __init__(self, found: RegisterMap, name: PointId, device_unit_id: int) -> None:
        rule = found.points[name]
        self.name, self.rule, self.table = name, rule, rule.table
        self.unit_id = found.unit_id(name, device_unit_id)
        self.span = (rule.addresses[0], rule.addresses[-1])
        self.absent = frozenset(
            rule.absent if rule.absent is not None else found.absent.get(rule.type, ())
        )
        self._bool = rule.is_bool
        self._raw = _extractor(rule, rule.words or found.words, self.span[0])
        width = sum(len(part.bits) for part in rule.pack) or _width(rule)
        self._sign = 1 << (width - 1) if rule.type in _SIGNED else 0
        self._scale = Scale(rule.scale, rule.offset)
        switch = rule.switch
        self._alternative = Scale(switch.scale, switch.offset) if switch else None
        self._alternative_absent = (
            frozenset(switch.absent) if switch and switch.absent is not None else self.absent
        )
        self._label_of = dict(rule.values)
        self._raw_of = {label: raw for raw, label in reversed(rule.values.items())}
        self._fitted = tuple(rule.fitted_if.items())
        self.bounds = Bounds(rule.write) if rule.write is not None else None

    # --- reading ----------------------------------------------------------------------------

    def decode(self, words: Sequence[int], at: int, known: Mapping[PointId, Reading]) -> Reading:
        """The reading of this point from a block that begins at wire address `at`.

        `known` holds the readings that scale and fitting depend on.
        """
        raw = self._raw(words, self.span[0] - at)
        scale, absent = self._scale, self.absent
        if self._alternative is not None:
            state = self._switched(known)
            if state is None:
                return Reading(self.name, None, Quality.NOT_READY, raw)
            if state:
                scale, absent = self._alternative, self._alternative_absent
        fitted = self._is_fitted(known)
        if fitted is None:
            return Reading(self.name, None, Quality.NOT_READY, raw)
        if not fitted or self._is_absent(raw, words, at, absent):
            return Reading(self.name, None, Quality.ABSENT, raw)
        if self._bool:
            return Reading(self.name, raw not in self.rule.off, Quality.GOOD, raw)
        if self._label_of:
            label = self._label_of.get(raw)
            if label is not None:
                return Reading(self.name, label, Quality.GOOD, raw)
            return Reading(self.name, f"code {raw}", Quality.UNDEFINED_CODE, raw)
        return self._number(raw, scale)

    def _number(self, raw: int, scale: Scale) -> Reading:
        rule = self.rule
        if rule.type == "ascii2":
            text = raw.to_bytes(2, "big").decode("ascii", "replace").strip("\0 ")
            return Reading(self.name, text, Quality.GOOD, raw)
        value: float | int
        if rule.type == "f32":
            number = float32(raw)
            if not isfinite(number):
                return Reading(self.name, None, Quality.ABSENT, raw)
            value = float(Fraction(str(number)) * rule.scale + rule.offset)
        else:
            signed = raw - (self._sign << 1) if self._sign and raw & self._sign else raw
            value = scale.value(signed)
        outside = (rule.low is not None and value < rule.low) or (
            rule.high is not None and value > rule.high
        )
        return Reading(self.name, value, Quality.OUT_OF_RANGE if outside else Quality.GOOD, raw)

    def _switched(self, known: Mapping[PointId, Reading]) -> bool | None:
        switch = self.rule.switch
        assert switch is not None
        reading = known.get(switch.point)
        if reading is None or reading.value is None:
            return None
        return _word(reading.value) == switch.equals

    def _is_absent(self, raw: int, words: Sequence[int], at: int, absent: frozenset[int]) -> bool:
        """A sum has no value when one of its words has none; else the raw number tells."""
        if not self.rule.plus:
            return raw in absent
        return any(words[place - at] in absent for place in self.rule.addresses)

    def _is_fitted(self, known: Mapping[PointId, Reading]) -> bool | None:
        """Whether the part is there, as the configuration words tell; None before they were read.

        A default that looks real, such as 25 for a sensor that is not there, cannot be told by its
        value.
        """
        if not self._fitted:
            return True
        if any(name not in known for name, _ in self._fitted):
            return None
        return all(_word(known[name].value) in allowed for name, allowed in self._fitted)

    # --- writing ----------------------------------------------------------------------------

    def encode(self, value: Value, found: RegisterMap, snapshot: Snapshot) -> Encoded | Unfit:
        """The request that sets this point, or why the value cannot be said."""
        rule, write = self.rule, self.rule.write
        if write is None:
            return Unfit(f"{self.name} cannot be written")
        if rule.pack or rule.plus:
            return Unfit(f"{self.name} is packed; its driver needs a before_write hook")
        if self._is_fitted(snapshot.readings) is False:
            return Unfit(f"{self.name} cannot be written: the machine has no such part")
        raw = self._encode_raw(value, snapshot)
        if isinstance(raw, Unfit):
            return raw
        at = write.at if write.at is not None else rule.addresses[0]
        if rule.table == "coil":
            return Encoded(WriteRequest(self.unit_id, write.function or 5, at, (raw,)))
        function = write.function or found.line.write_function
        if WIDTH[rule.type] == 32:
            order = found.words_written or rule.words or found.words
            words = (raw >> 16 & 0xFFFF, raw & 0xFFFF)
            if order == "low-first":
                words = (words[1], words[0])
            return Encoded(WriteRequest(self.unit_id, 16, at, words))
        bits = rule.parts[0].bits
        field = ((1 << len(bits)) - 1) << bits.low
        mask = field if rule.mask is None else rule.mask
        word = raw << bits.low
        if word & ~mask:
            return Unfit(f"{self.name} cannot be {value}: its bits have no room for it")
        full = mask == field and WIDTH[rule.type] == 8 and rule.bits is None
        return Encoded(WriteRequest(self.unit_id, function, at, (word,)), 0xFFFF if full else mask)

    def _encode_raw(self, value: Value, snapshot: Snapshot) -> int | Unfit:
        rule = self.rule
        if self._bool:
            if not isinstance(value, bool):
                return Unfit(f"{self.name} takes true or false, not {value!r}")
            if not value:
                return rule.off[0]
            return next(raw for raw in self._on_words() if raw not in rule.off)
        if self._label_of:
            raw = self._raw_of.get(str(value))
            if raw is None:
                return Unfit(f"{self.name} takes {', '.join(rule.values.values())}, not {value!r}")
            return raw
        if isinstance(value, bool | str):
            return Unfit(f"{self.name} takes a number, not {value!r}")
        return self._encode_number(value, snapshot)

    def _on_words(self) -> tuple[int, ...]:
        """Words that could mean true, the likeliest first: the mask itself, else 1, 0, 2 and on."""
        if self.rule.mask is not None:
            return (self.rule.mask, 0)
        return (1, 0, *range(2, len(self.rule.off) + 1))

    def _encode_number(self, value: float | int, snapshot: Snapshot) -> int | Unfit:
        if not isfinite(value):
            return Unfit(f"{self.name} takes a number, not {value}")
        assert self.bounds is not None  # only points that can be written come here
        why = self.bounds.objection(self.name, value, snapshot)
        if why is not None:
            return Unfit(why)
        if self.rule.type == "f32":
            packed = _packed32(self._scale.raw(value))
            return Unfit(f"{self.name} cannot be {value}: {_NO_ROOM}") if packed is None else packed
        scale, absent = self._scale, self.absent
        if self._alternative is not None:
            state = self._switched(snapshot.readings)
            if state is None:
                return Unfit(f"{self.name}: its scale is not known yet")
            if state:
                scale, absent = self._alternative, self._alternative_absent
        exact = scale.raw(value)
        raw = round(exact)
        if exact != raw and scale.value(raw) != value:  # the second for sixths, shown rounded
            low = floor(exact)
            return Unfit(
                f"{self.name} cannot be {value}; nearest are {scale.value(low)} and"
                f" {scale.value(low + 1)}"
            )
        word = self._word_of(raw)
        if word is None:
            return Unfit(f"{self.name} cannot be {value}: {_NO_ROOM}")
        if word in absent:
            return Unfit(f"{self.name} cannot be {value}: the machine takes {word:#x} as no value")
        return word

    def _word_of(self, raw: int) -> int | None:
        """The unsigned form of a raw number; None when it does not fit."""
        width = _width(self.rule)
        bottom = -self._sign
        top = (self._sign or 1 << width) - 1
        return raw & ((1 << width) - 1) if bottom <= raw <= top else None


def float32(raw: int) -> float:
    """The number of an IEEE 754 single, as the shortest decimal that means the same 32 bits.

    230.2 on the wire is 230.2 here, not 230.1999969; nothing the machine said is rounded away.
    """
    word = raw.to_bytes(4, "big")
    exact: float = struct.unpack(">f", word)[0]
    for digits in range(6, 9):
        short = float(f"{exact:.{digits}g}")
        if isfinite(short) and abs(short) < 3.4e38 and struct.pack(">f", short) == word:
            return short
    return exact


def _packed32(exact: Fraction) -> int | None:
    """The two words of an IEEE 754 single; None for what is larger than any of them."""
    try:
        return int.from_bytes(struct.pack(">f", float(exact)), "big")
    except OverflowError:
        return None


def _width(rule: PointRule) -> int:
    """How many bits of one word, or of two, hold the number."""
    return WIDTH[rule.type] if rule.bits is None else len(rule.bits)


def _word(value: Value | None) -> str:
    """A value as a map writes it: truth values as true and false."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _extractor(rule: PointRule, order: str, first: int) -> Callable[[Sequence[int], int], int]:
    """A function that takes the raw number out of a block's words, `i` being our first word."""
    if rule.plus:
        return _summed(rule, order, first)
    parts = rule.parts
    if len(parts) == 1 and rule.mask is None:
        bits = parts[0].bits
        if bits.low == 0 and len(bits) == 16:
            return lambda words, i: words[i]
        shift, mask = bits.low, (1 << len(bits)) - 1
        if rule.table in ("coil", "discrete"):
            return lambda words, i: int(words[i])
        return lambda words, i: words[i] >> shift & mask
    if rule.mask is not None:
        and_mask = rule.mask
        return lambda words, i: words[i] & and_mask
    if not rule.pack:
        if order == "high-first":
            return lambda words, i: words[i] << 16 | words[i + 1]
        return lambda words, i: words[i + 1] << 16 | words[i]
    pieces = tuple((p.at - first, p.bits.low, len(p.bits)) for p in parts)

    def packed(words: Sequence[int], i: int) -> int:
        raw = 0
        for offset, shift, width in pieces:
            raw = raw << width | words[i + offset] >> shift & ((1 << width) - 1)
        return raw

    return packed


def _summed(rule: PointRule, order: str, first: int) -> Callable[[Sequence[int], int], int]:
    """Counters split over words of different weight: the sum, in steps of the point's own scale."""
    head = _extractor(_without_plus(rule), order, first)
    shift = rule.parts[0].at - first
    # Whole numbers: other ratios are a mistake of the map.
    weights = tuple((term.at - first, int(term.scale / rule.scale)) for term in rule.plus)
    return lambda words, i: head(words, i + shift) + sum(words[i + o] * w for o, w in weights)


def _without_plus(rule: PointRule) -> PointRule:
    fields = {name: getattr(rule, name) for name in rule.__struct_fields__ if name != "plus"}
    return PointRule(**fields)
