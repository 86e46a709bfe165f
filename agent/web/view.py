"""What the page shows, as plain records: no room's own words, ready to be put into sentences. Pure.

Instants are aware and local. Numbers are None where nobody knows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Raw, Struct, field

Doing = Literal["heating", "hot_water", "defrosting", "cooling", "idle", "off", "silent", "unknown"]
Decides = Literal["safety", "resident", "platform", "plan", "park", "off_day", "machine"]
Mode = Literal["plan", "steady", "away"]


class Text(Struct, frozen=True):
    """Words in both languages."""

    zh: str
    en: str


class Money(Struct, frozen=True):
    """Electricity of some days: kWh, what it costs before and after what others pay of it.

    `cap_left_kwh` is how much may still be refunded this season; None where nothing is capped.
    """

    kwh: float
    currency: str
    gross: float | None = None
    refunded: float = 0.0
    cap_left_kwh: float | None = None

    @property
    def net(self) -> float | None:
        """What the household pays; None without a tariff."""
        return None if self.gross is None else self.gross - self.refunded


class Dial(Struct, frozen=True):
    """What the household turns: degrees Celsius of the room, or of the water where no rule finds
    it. `until` is when a choice of the household ends.
    """

    of: Literal["room", "water"]
    value: float
    low: float
    high: float
    step: float
    until: datetime | None = None


class Slot(Struct, frozen=True):
    """A piece of the last day: means from `at` on."""

    at: datetime
    room_c: float | None = None
    wanted_c: float | None = None
    outdoor_c: float | None = None
    power_w: float | None = None


class Bar(Struct, frozen=True):
    """One day of the season."""

    day: date
    kwh: float
    room_c: float | None = None
    outdoor_c: float | None = None


class Step(Struct, frozen=True):
    """From a time of day (minutes after midnight) on these days (0 is Monday) so many degrees."""

    days: tuple[int, ...]
    minute: int
    value: float


class Home(Struct, frozen=True):
    """One home and its heat pump."""

    name: str
    device: str
    doing: Doing
    decides: Decides
    room_c: float | None = None
    outdoor_c: float | None = None
    water_c: float | None = None
    wanted_c: float | None = None
    power_w: float | None = None
    age_s: float | None = None
    dial: Dial | None = None
    mode: Mode | None = None
    away_until: date | None = None
    plan: tuple[Step, ...] = ()
    today: Money | None = None
    season: Money | None = None
    slots: tuple[Slot, ...] = ()
    bars: tuple[Bar, ...] = ()


class Standing(Struct, frozen=True):
    """An alarm that somebody shall look at: what is wrong, what a resident can do, who is told."""

    id: str
    device: str
    severity: Literal["S1", "S2", "S3"]
    text: Text
    todo: Text
    since: datetime
    acknowledged: bool
    stands: bool
    told: tuple[str, ...] = ()


class Lamp(Struct, frozen=True):
    """The one status that lamp, page, `status` and platform share: its word, colour and meaning."""

    name: str
    colour: str
    text: Text


class Live(Struct, frozen=True):
    """Everything of one moment that a resident may see; `set_up` is False before anybody has said
    what is on the line.
    """

    gateway: str
    at: datetime
    trusted: bool
    connected: bool
    waiting: int
    lamp: Lamp
    homes: tuple[Home, ...]
    alarms: tuple[Standing, ...] = ()
    identity: Text = Text("", "")
    registered: str = "none"
    update: Text | None = None
    set_up: bool = True


class Value(Struct, frozen=True):
    """One point of a device: what was read, how old it is, how good, and the raw words."""

    point: str
    name: Text
    value: float | bool | str | None
    unit: str
    quality: str
    age_s: float | None
    raw: int | None = None


class Bus(Struct, frozen=True):
    """One line since the start."""

    name: str
    requests: int
    silences: int
    garbled: int
    refused: int
    lost: int
    sweeps: int
    holes: int


class Line(Struct, frozen=True):
    """One line of the command log."""

    at: datetime
    kind: str
    detail: Mapping[str, float | bool | str | None] = field(default_factory=dict)


class Trend(Struct, frozen=True):
    """What an alarm was judged by: names and values, with what was to be expected."""

    id: str
    rule: str
    severity: str
    device: str
    text: Text
    since: datetime
    life: str
    acked_by: str = ""
    evidence: Mapping[str, float | bool | str | None] = field(default_factory=dict)
    expected: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    suspects: tuple[tuple[str, float], ...] = ()


class Depth(Struct, frozen=True):
    """The buffer and the link: records by lane, the file's bytes, and what went over the link."""

    lanes: Mapping[str, int]
    oldest_s: float | None
    bytes: int
    lost: int
    thinned: int
    error: str | None
    connected: bool
    sent: int
    acknowledged: int
    resent: int
    reconnects: int


class Test(Struct, frozen=True):
    """The last test by one order: how soon somebody should come, and what each step found.

    A check is its visit, its words, and the values it was judged by.
    """

    order: str
    at: datetime
    outcome: str
    visit: str
    checks: tuple[tuple[str, Text, str], ...]


class Handed(Struct, frozen=True):
    """The record of the installation, the same as a JWS, and why it is not signed if it is not."""

    handover: Raw
    jws: str
    not_signed: str


class Paper(Struct, frozen=True):
    """The handover as a page to print, with the style in its head, and for programs."""

    html: str
    style: str
    handed: Handed


class Service(Struct, frozen=True):
    """What a technician sees besides."""

    values: Mapping[str, tuple[Value, ...]]
    buses: tuple[Bus, ...]
    depth: Depth
    alarms: tuple[Trend, ...]
    log: tuple[Line, ...]
    testing: tuple[str, ...] = ()
    polled: tuple[str, ...] = ()
    tests: Mapping[str, tuple[Test, ...]] = field(default_factory=dict)
