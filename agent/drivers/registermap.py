"""The register map: what a driver's YAML file may say, as typed records.

A map is data. It says where each point stands on the wire, how words become values, what may be
written, and how the machine wants to be spoken to. `docs/reference/register-map.md` is generated
from these records; what each field means stands in `mapkeys`. `consistency.load` reads one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from agent.model import DeviceKind
from agent.points import POINTS, Point, Unit
from agent.yamltext import Duration, Ratio, Span

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
