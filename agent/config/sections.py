"""What a configuration file may say: the records, with their limits and the text of each field.

What looks outwards (platform, adapters, page, lamp) is in `outward`.

`docs/reference/configuration.md` is generated from here; the rest of `agent.config` checks what no
single field can tell and makes the rooms' own records of it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from agent.config.fields import CLOCK, DAY, YEARDAY, Name, Section
from agent.config.outward import (
    AdaptersSection,
    LedSection,
    MetricsSection,
    PageSection,
    PlatformSection,
)
from agent.drivers.registermap import Refrigerant, WordOrder
from agent.yamltext import Duration, Ratio

Baud = Literal["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"]


class SpoolSection(Section, frozen=True, kw_only=True):
    """The durable buffer."""

    path: Annotated[
        str | None,
        Meta(
            description="File of the durable buffer; if left out, spool.db in the folder that "
            "systemd gives the service, else var/spool.db beside this file."
        ),
    ] = None
    commit_every: Annotated[
        Duration, Meta(description="Longest time a reading waits in memory.")
    ] = Duration(60)
    commit_records: Annotated[int, Meta(ge=1, le=10000, description="...or as many records.")] = 500
    size: Annotated[
        int, Meta(ge=4, le=4096, description="MB; beyond it old readings become coarser.")
    ] = 64


Size = Annotated[float, Meta(gt=0)]


class NameplateSection(Section, frozen=True, kw_only=True):
    """What stands on the machine and no register tells; fault detection knows more by it."""

    refrigerant: Annotated[Refrigerant | None, Meta(description="The map's if left out.")] = None
    highest_frequency: Annotated[
        Size | None, Meta(description="Highest frequency of the compressor in Hz.")
    ] = None
    valve_steps: Annotated[
        Size | None, Meta(description="Expansion valve fully open, in steps.")
    ] = None
    high_pressure: Annotated[
        Size | None, Meta(description="Where the machine stops, in bar absolute.")
    ] = None
    floor_heating: Annotated[
        bool | None, Meta(description="Whether the water goes into floors.")
    ] = None


# A record stands plainly as the type of its field, never inside Annotated: else a mistake within it
# would be told of the whole record.
class DeviceSection(Section, frozen=True, kw_only=True):
    """One machine on a line."""

    name: Annotated[Name, Meta(description="How it is called upstream.")]
    driver: Annotated[str, Meta(description="One of `heatpump-agent drivers`.")]
    unit_id: Annotated[int | None, Meta(description="Modbus unit id; the map's if left out.")] = (
        None
    )
    every: Annotated[
        Duration | None, Meta(description="Poll interval, up to 60 s; the map's if left out.")
    ] = None
    words: Annotated[
        WordOrder | None, Meta(description="Order of two-word values; the map's if left out.")
    ] = None
    words_written: Annotated[
        WordOrder | None, Meta(description="...where they are written in another order.")
    ] = None
    scales: Annotated[
        dict[str, Ratio], Meta(description="Scales of points that the map marks as in doubt.")
    ] = field(default_factory=dict)
    allow_unverified: Annotated[
        bool, Meta(description="Let points be written that the map marks contra or unverified.")
    ] = False
    nameplate: NameplateSection = NameplateSection()


class LineSection(Section, frozen=True, kw_only=True):
    """One wire: a serial port, a Modbus TCP address or a converter."""

    name: Annotated[Name, Meta(description="How the line is called in messages.")]
    port: Annotated[
        str, Meta(description="/dev/..., tcp://host:port, or rtu+tcp://host:port for a converter.")
    ]
    baudrate: Annotated[Baud | None, Meta(description="The first map's if left out.")] = None
    parity: Annotated[
        Literal["none", "even", "odd"] | None, Meta(description="The first map's if left out.")
    ] = None
    stop_bits: Annotated[
        Literal["1", "2"] | None, Meta(description="The first map's if left out.")
    ] = None
    devices: tuple[DeviceSection, ...]


class SourceSection(Section, frozen=True, kw_only=True):
    """The device that measures a point of a home."""

    device: Annotated[str, Meta(description="Name of a device on one of the lines.")]
    point: Annotated[
        str | None, Meta(description="How that device calls it; the same name if left out.")
    ] = None


class HomeSection(Section, frozen=True, kw_only=True):
    """A home: its heat pump, and `points`, which other devices on the wires supply to it.

    A supplied point is seen, judged and sent as if the heat pump had it. The room temperature that
    is named here is the one control trusts: in doubt about it the home is parked.
    """

    name: Annotated[Name, Meta(description="How the home is called.")]
    heat_pump: Annotated[str, Meta(description="Name of its heat pump.")]
    points: dict[str, SourceSection] = field(default_factory=dict)


class PeriodSection(Section, frozen=True, kw_only=True):
    """From a local time on certain days a value holds."""

    days: Annotated[tuple[str, ...], Meta(description="mon..sun, every, weekdays, weekend.")] = (
        "every",
    )
    start: Annotated[str, Meta(pattern=CLOCK)]
    value: str


class AwaySection(Section, frozen=True, kw_only=True):
    """Nobody is at home from the first to the last day, both included."""

    first: Annotated[str, Meta(pattern=DAY)]
    last: Annotated[str, Meta(pattern=DAY)]
    value: Annotated[float, Meta(ge=8, le=30, description="Room temperature, degC.")] = 16.0


class DailySection(Section, frozen=True, kw_only=True):
    """A piece of every day; one that ends before it begins crosses midnight."""

    start: Annotated[str, Meta(pattern=CLOCK)]
    end: Annotated[str, Meta(pattern=CLOCK)]


class RoomSection(Section, frozen=True, kw_only=True):
    """From a local time on certain days a room temperature is wanted."""

    days: Annotated[tuple[str, ...], Meta(description="mon..sun, every, weekdays, weekend.")] = (
        "every",
    )
    start: Annotated[str, Meta(pattern=CLOCK)] = "00:00"
    value: Annotated[float, Meta(ge=8, le=30, description="Room temperature, degC.")]


class ComfortSection(Section, frozen=True, kw_only=True):
    """Room temperatures the rule holds by finding the water temperature."""

    rooms: tuple[RoomSection, ...]
    holidays: Annotated[
        tuple[str, ...], Meta(description="Dates on which Sunday's plan holds.")
    ] = ()
    away: tuple[AwaySection, ...] = ()
    mode: Annotated[
        Literal["energy", "bill"], Meta(description="bill pre-heats in the valley hours.")
    ] = "energy"
    valley: tuple[DailySection, ...] = ()  # where left out, the tariff's cheapest hours
    preheat: Annotated[float, Meta(ge=0, le=1.5, description="Kelvin, in mode bill.")] = 1.5
    protected: Annotated[
        bool, Meta(description="Elderly people or small children: no setback.")
    ] = False
    emitter: Annotated[
        Literal["radiators", "floor"],
        Meta(description="Floors get 40 degC of water at most and are parked at 35."),
    ] = "radiators"
    highest: Annotated[
        Annotated[float, Meta(ge=30, le=60)] | None,
        Meta(description="Water the emitter bears, degC; 40 for floors if left out."),
    ] = None
    outlast: Annotated[
        bool, Meta(description="With a forecast: water for three days without us; costs energy.")
    ] = False


class ControlSection(Section, frozen=True, kw_only=True):
    """One controlled point of one home."""

    device: str
    point: str = "water_setpoint"
    park: Annotated[
        str | None, Meta(description="What the point is left at; the map's if left out.")
    ] = None
    room_stale_after: Annotated[
        Duration, Meta(description="Then the home's room temperature is not trusted.")
    ] = Duration(1800)
    schedule: tuple[PeriodSection, ...] = ()
    comfort: ComfortSection | None = None


class AccountSection(Section, frozen=True, kw_only=True):
    """What the homes' heat costs, and how what control saves is found out."""

    tariff: Annotated[
        str | None, Meta(description="A shipped tariff, or a YAML file beside this one.")
    ] = None
    savings: Annotated[
        Literal["before_after", "alternate"],
        Meta(
            description="Against the days before control, or against off days drawn by lot, on "
            "which the water stays at `as_found`."
        ),
    ] = "before_after"
    as_found: Annotated[
        Annotated[float, Meta(ge=25, le=65)] | None,
        Meta(description="Water setpoint of an off day, degC; needed for alternate."),
    ] = None


class SealedSection(Section, frozen=True, kw_only=True):
    """The part of the year without heating, every year, both days included; may cross New Year."""

    first: Annotated[str, Meta(pattern=YEARDAY, description="Month and day: 04-15.")]
    last: Annotated[str, Meta(pattern=YEARDAY, description="Month and day: 10-15.")]


class SeasonSection(Section, frozen=True, kw_only=True):
    """What counts as normal in summer and in the coldest days.

    While sealed, alarms of what is normal then are suppressed by design, never freezing and safety.
    """

    sealed: SealedSection | None = None
    extreme_below: Annotated[
        float,
        Meta(
            ge=-40,
            le=0,
            description="Outdoor degC, measured or foretold for 12 h, below which a heat pump that "
            "does not answer is an S1 and delays are half as long.",
        ),
    ] = -15.0
    self_test_watch: Annotated[
        Duration, Meta(description="How long a self-test watches the heat of a running compressor.")
    ] = Duration(600)


class GatewaySection(Section, frozen=True, kw_only=True):
    """The whole file."""

    gateway: Annotated[Name, Meta(description="The gateway's id; the CN of its certificate.")]
    timezone: Annotated[str, Meta(description="IANA name.")] = "Asia/Shanghai"
    spool: SpoolSection = SpoolSection()
    platform: PlatformSection
    lines: tuple[LineSection, ...]
    homes: tuple[HomeSection, ...] = ()
    control: tuple[ControlSection, ...] = ()
    adapters: AdaptersSection = AdaptersSection()
    metrics: MetricsSection | None = None
    page: PageSection | None = None
    led: LedSection | None = None
    account: AccountSection = AccountSection()
    season: SeasonSection = SeasonSection()


class FreshSection(Section, frozen=True, kw_only=True):
    """What counts in a file that names no line yet: who the gateway is, and its page."""

    gateway: Name
    platform: PlatformSection | None = None
    metrics: MetricsSection | None = None
    page: PageSection | None = None
