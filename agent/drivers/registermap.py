"""The register map: what a driver's YAML file may say, as typed records, and its own consistency.

A map is data. It says where each point stands on the wire, how words become values, what may be
written, and how the machine wants to be spoken to. `docs/reference/register-map.md` is generated
from these records; the text of each field stands beside it.
"""

from __future__ import annotations

from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from agent.errors import FileError, Mistake
from agent.model import DeviceKind
from agent.points import POINTS, Point, Unit
from agent.yamltext import Document, Duration, Path, Ratio, Span, parse

API = 1

Table = Literal["coil", "discrete", "input", "holding"]
WordOrder = Literal["high-first", "low-first"]
Kind = Literal["u16", "s16", "u8", "s8", "u12", "s12", "u32", "s32", "f32", "bool", "ascii2"]
Confidence = Literal["two", "one", "contra", "unverified"]
Capability = Literal[
    "on_off", "mode", "water_setpoint", "dhw_setpoint", "curve_offset", "quiet", "sg_ready"
]
Refrigerant = Literal["R32", "R290", "R410A"]
Address = Annotated[int, Meta(ge=0, le=65535)]
UnitId = Annotated[int, Meta(ge=1, le=247)]
Word = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]

SHORTEST_REFRESH_S = 5.0  # the shortest that is reported of a machine (Ochsner)
WIDTH: dict[str, int] = {"bool": 16, "ascii2": 16} | {
    kind: int(kind[1:]) for kind in get_args(Kind) if kind[1:].isdecimal()
}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Root of the map's records: frozen, and an unknown key is a mistake."""


class Part(Rule, frozen=True, kw_only=True):
    """One piece of a packed value: some bits of one word; pieces join most significant first."""

    at: Address
    bits: Span = Span(0, 15)


class Term(Rule, frozen=True, kw_only=True):
    """A further word added to the value, for counters split over words of different weight."""

    at: Address
    scale: Ratio


class Switch(Rule, frozen=True, kw_only=True):
    """Scale, offset and absent codes that hold instead while another point has a given value."""

    point: str
    equals: str
    scale: Ratio = Ratio(1)
    offset: Ratio = Ratio(0)
    absent: tuple[Word, ...] | None = None


class WriteRule(Rule, frozen=True, kw_only=True):
    """How, and how often, a point may be written; `confidence` if less sure than reading it."""

    confidence: Confidence | None = None
    at: Address | None = None
    function: Literal[5, 6, 15, 16] | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    step: Decimal | None = None
    low_from: str | None = None
    high_from: str | None = None
    only_if: dict[str, tuple[str, ...]] = {}
    min_interval: Duration = Duration(600)
    per_day: Annotated[int, Meta(ge=1, le=24)] = 12
    confirm_within: Duration = Duration(5)
    refresh: Duration | None = None
    park: str | None = None


class PointRule(Rule, frozen=True, kw_only=True):
    """One point: where it stands, how its words become a value, and whether it may be written."""

    table: Table = "holding"
    at: Address | None = None
    type: Kind = "u16"
    bits: Span | None = None
    mask: Word | None = None
    pack: tuple[Part, ...] = ()
    plus: tuple[Term, ...] = ()
    words: WordOrder | None = None
    scale: Ratio = Ratio(1)
    offset: Ratio = Ratio(0)
    unit: Unit | None = None
    en: str | None = None
    zh: str | None = None
    absent: tuple[Word, ...] | None = None
    low: float | None = None
    high: float | None = None
    jump: float | None = None
    values: dict[int, str] = {}
    off: tuple[Word, ...] = (0,)
    every: Duration | None = None
    unit_id: UnitId | None = None
    switch: Switch | None = None
    fitted_if: dict[str, tuple[str, ...]] = {}
    confidence: Confidence = "one"
    write: WriteRule | None = None
    note: str = ""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The words this point is made of, most significant first, without word order applied."""
        if self.pack:
            return self.pack
        assert self.at is not None
        if WIDTH[self.type] == 32:
            return (Part(at=self.at), Part(at=self.at + 1))
        return (Part(at=self.at, bits=self.bits or Span(0, min(15, WIDTH[self.type] - 1))),)

    @property
    def addresses(self) -> tuple[int, ...]:
        """Every address that must be read for this point, ascending."""
        terms = tuple(term.at for term in self.plus)
        return tuple(sorted({part.at for part in self.parts} | set(terms)))

    @property
    def is_bool(self) -> bool:
        """True for a coil, a discrete input, a `bool` word and a single unnamed bit."""
        if self.values:
            return False
        single_bit = self.bits is not None and len(self.bits) == 1 and self.scale == 1
        return self.table in ("coil", "discrete") or self.type == "bool" or single_bit


class LineRule(Rule, frozen=True, kw_only=True):
    """How this machine wants to be spoken to. What is not said here takes the cautious default."""

    baudrate: int | None = None
    parity: Literal["none", "even", "odd"] | None = None
    stop_bits: Literal[1, 2] | None = None
    unit_id: UnitId | None = None
    tcp_port: int | None = None
    max_words: Annotated[int, Meta(ge=1, le=125)] = 50
    write_function: Literal[6, 16] = 6
    gap: Duration = Duration(0.0)
    answer_within: Duration = Duration(1.0)
    worst_lateness: Duration = Duration(0.5)
    turnaround: Duration = Duration(0.02)
    max_silence: Duration | None = None
    refusal_is_silent: bool = False
    one_connection: bool = True
    master: Literal["gateway", "passive", "controller"] = "gateway"
    pause: Duration | None = None


class FixedBlock(Rule, frozen=True, kw_only=True):
    """A request that must be sent exactly so, where a machine accepts no other boundaries."""

    table: Table = "holding"
    at: Address
    count: Annotated[int, Meta(ge=1, le=125)]
    unit_id: UnitId | None = None


class Ready(Rule, frozen=True, kw_only=True):
    """Values count only while this point, masked, equals this number."""

    point: str
    mask: Word = 0xFFFF
    equals: Word


class Cover(Rule, frozen=True, kw_only=True):
    """A machine the map is meant for."""

    brand: str
    model: str
    firmware: str = ""


class FaultCode(Rule, frozen=True, kw_only=True):
    """One entry of the vendor's table. A status such as 'defrosting' is never an alarm."""

    label: str
    en: str
    zh: str
    kind: Literal["fault", "status"] = "fault"


class FaultBit(Rule, frozen=True, kw_only=True):
    """A fault shown as one bit of a word, or as one discrete input."""

    table: Table = "holding"
    at: Address
    bit: Annotated[int, Meta(ge=0, le=15)] = 0
    unit_id: UnitId | None = None
    label: str
    en: str
    zh: str


class Faults(Rule, frozen=True, kw_only=True):
    """Where the machine shows its own faults, and what its codes mean.

    `also` are points that tell a fault without naming it, when they are not 0 or are true; they
    speak only when neither code nor bit does. `shown_as` is how the machine's display writes a code
    that is not in the table, such as `CH%02d`.
    """

    point: str | None = None
    none: tuple[Word, ...] = (0,)
    also: tuple[str, ...] = ()
    shown_as: Annotated[str, Meta(pattern=r"^[^%]*%(0[1-9])?d[^%]*$")] | None = None
    codes: dict[int, FaultCode] = {}
    bits: tuple[FaultBit, ...] = ()


class RegisterMap(Rule, frozen=True, kw_only=True):
    """A whole map."""

    map: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$")]
    api: int
    kind: DeviceKind = "heat_pump"
    covers: tuple[Cover, ...]
    source: tuple[str, ...]
    grade: Literal["draft", "bench", "field"]
    line: LineRule = LineRule()
    every: Duration = Duration(30)
    words: WordOrder = "high-first"
    words_written: WordOrder | None = None
    absent: dict[Kind, tuple[Word, ...]] = {}
    refrigerant: Refrigerant | None = None
    holes: dict[Table, tuple[Span, ...]] = {}
    alone: dict[Table, tuple[Span, ...]] = {}
    blocks: tuple[FixedBlock, ...] = ()
    ready: Ready | None = None
    constant: tuple[str, ...] = ()
    points: dict[str, PointRule]
    faults: Faults = Faults()
    capabilities: dict[Capability, str] = {}
    notes: tuple[str, ...] = ()

    def point(self, name: str) -> Point:
        """Name, unit and labels of a point: canonical where the name is, else as the map says."""
        known = POINTS.get(name)
        if known:
            return known
        rule = self.points[name]
        return Point(name, rule.unit or Unit.NONE, rule.en or name, rule.zh or rule.en or name)

    def unsure(self, name: str) -> bool:
        """Whether writing this point must be allowed by the installer first."""
        rule = self.points[name]
        confidence = rule.write.confidence if rule.write else None
        return (confidence or rule.confidence) in ("contra", "unverified")

    def unit_id(self, name: str, device_unit_id: int) -> int:
        """The unit id that answers for this point, when one machine has several."""
        return self.points[name].unit_id or device_unit_id


def load(text: str, file: str) -> RegisterMap:
    """A map from its YAML text. Raises FileError with every mistake, each with file and line."""
    document = parse(text, file)
    api = document.tree.get("api") if isinstance(document.tree, dict) else None
    if api is not None and api != str(API):
        raise FileError([document.mistake(("api",), f"api {api} is not spoken here", str(API))])
    found = document.read(RegisterMap)
    mistakes = list(check(found, document))
    if mistakes:
        raise FileError(mistakes)
    return found


def check(found: RegisterMap, doc: Document) -> list[Mistake]:
    """What no single field can tell: references, overlaps, units, labels, writes."""
    mistakes: list[Mistake] = []
    for name, rule in found.points.items():
        mistakes += _check_point(found, doc, name, rule)
    mistakes += _check_overlaps(found, doc)
    named: list[tuple[Path, str]] = [
        (("capabilities", k), v) for k, v in found.capabilities.items()
    ]
    named += [(("constant", i), name) for i, name in enumerate(found.constant)]
    named += [(("faults", "also", i), name) for i, name in enumerate(found.faults.also)]
    if found.ready:
        named.append((("ready", "point"), found.ready.point))
    if found.faults.point:
        named.append((("faults", "point"), found.faults.point))
    for path, name in named:
        if name not in found.points:
            mistakes.append(doc.mistake(path, f"no point is named {name}", ", ".join(found.points)))
    for capability, name in found.capabilities.items():
        if name in found.points and found.points[name].write is None:
            writable = ", ".join(n for n, rule in found.points.items() if rule.write)
            message = f"{name} cannot be written"
            mistakes.append(doc.mistake(("capabilities", capability), message, writable))
    return mistakes


def _check_point(found: RegisterMap, doc: Document, name: str, rule: PointRule) -> list[Mistake]:
    here: Path = ("points", name)
    wrong: list[Mistake] = []
    known = POINTS.get(name)
    if known is None and not name.startswith("x_"):
        near = get_close_matches(name, POINTS, 1)
        hint = f"unknown point; did you mean {near[0]}?" if near else "unknown point"
        wrong.append(doc.mistake(here, hint, "a canonical name, or one that begins x_"))
    if known and rule.unit is not None and rule.unit is not known.unit:
        wrong.append(
            doc.mistake((*here, "unit"), f"{rule.unit} is not its unit", known.unit or "none")
        )
    if known is None and name.startswith("x_") and not (rule.en and rule.zh):
        wrong.append(
            doc.mistake(here, "a point of the map's own needs both labels", "en: .., zh: ..")
        )
    if (rule.at is None) == (not rule.pack):
        return [*wrong, doc.mistake(here, "needs either at or pack", "at: 100, or pack: [..]")]
    if rule.at == 65535 and WIDTH[rule.type] == 32:
        wrong.append(doc.mistake((*here, "at"), "the second word lies beyond 65535", "0 to 65534"))
    if rule.switch:
        equals = (rule.switch.equals,)
        wrong += _check_words(found, doc, (*here, "switch"), rule.switch.point, equals)
    for other, words in rule.fitted_if.items():
        wrong += _check_words(found, doc, (*here, "fitted_if", other), other, words)
    if rule.write:
        wrong += _check_write(found, doc, name, rule, rule.write)
    return wrong


def _check_write(
    found: RegisterMap, doc: Document, name: str, rule: PointRule, write: WriteRule
) -> list[Mistake]:
    here: Path = ("points", name, "write")
    wrong: list[Mistake] = []
    if rule.table not in ("coil", "holding"):
        wrong.append(doc.mistake(here, f"table {rule.table} cannot be written", "coil, holding"))
    if rule.table == "coil" and write.function in (6, 16):
        wrong.append(doc.mistake((*here, "function"), "a coil needs 5 or 15", "5, 15"))
    if rule.table == "holding" and write.function in (5, 15):
        wrong.append(doc.mistake((*here, "function"), "a holding register needs 6 or 16", "6, 16"))
    if WIDTH[rule.type] == 32 and (write.function or found.line.write_function) == 6:
        wrong.append(doc.mistake((*here, "function"), "two words need function 16", "16"))
    if write.low is not None and write.high is not None and write.low > write.high:
        wrong.append(doc.mistake((*here, "low"), "low is above high", f"up to {write.high}"))
    if rule.is_bool and not rule.off:
        wrong.append(doc.mistake((*here[:2], "off"), "no word means false", "off: [0]"))
    limited = write.low is not None and write.high is not None
    if not limited and not rule.values and not rule.is_bool:
        message = "a number that may be written needs low and high"
        wrong.append(doc.mistake(here, message, "low: 25, high: 55"))
    if write.refresh is not None and write.refresh < SHORTEST_REFRESH_S:
        message = f"refreshed every {write.refresh:g} s, it would fill the line"
        wrong.append(doc.mistake((*here, "refresh"), message, f"{SHORTEST_REFRESH_S:g} s or more"))
    for key, other in (("low_from", write.low_from), ("high_from", write.high_from)):
        if other is not None and other not in found.points:
            wrong.append(
                doc.mistake((*here, key), f"no point is named {other}", ", ".join(found.points))
            )
    for other, words in write.only_if.items():
        wrong += _check_words(found, doc, (*here, "only_if", other), other, words)
    return wrong


def _check_words(
    found: RegisterMap, doc: Document, here: Path, name: str, words: tuple[str, ...]
) -> list[Mistake]:
    """Whether a point exists and can say these words: its labels, or true and false."""
    rule = found.points.get(name)
    if rule is None:
        return [doc.mistake(here, f"no point is named {name}", ", ".join(found.points))]
    known = ("true", "false") if rule.is_bool else tuple(rule.values.values())
    return [
        doc.mistake(here, f"{name} never says {word!r}", ", ".join(known))
        for word in words
        if known and word not in known
    ]


def _check_overlaps(found: RegisterMap, doc: Document) -> list[Mistake]:
    """Two points may share a word only where each takes other bits of it, or a mask or a pack."""
    wrong: list[Mistake] = []
    taken: dict[tuple[int | None, str, int, int], str] = {}
    for name, rule in found.points.items():
        if rule.mask is not None or (rule.at is None and not rule.pack):
            continue
        for part in rule.parts:
            for bit in range(part.bits.low, part.bits.high + 1):
                place = (rule.unit_id, rule.table, part.at, bit)
                other = taken.setdefault(place, name)
                if other != name:
                    message = f"overlaps {other} at {rule.table} {part.at}"
                    allowed = "bits that no other point takes, or a mask"
                    wrong.append(doc.mistake(("points", name), message, allowed))
                    break
    return wrong
