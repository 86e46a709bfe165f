"""What a configuration file may say: the records, with their limits and the text of each field.

`docs/reference/configuration.md` is generated from here; the rest of `agent.config` checks what no
single field can tell and makes the rooms' own records of it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.drivers.registermap import Refrigerant, WordOrder
from agent.yamltext import Duration, Ratio

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z"
YEARDAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z"
DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z"
Baud = Literal["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Root of the configuration's records: frozen, and an unknown key is a mistake."""


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


class EnrolSection(Section, frozen=True, kw_only=True):
    """Where the gateway gets its certificate with the claim code, and has it renewed by itself.

    Then `certificate` and `key` are left out, and so may be `ca`.
    """

    at: Annotated[str, Meta(description="EST service (RFC 7030): https://host[:port][/label].")]
    claim_code: Annotated[
        str | None,
        Meta(
            description="File with the code of the label; if left out, claim-code of the "
            "credentials that systemd gives the service."
        ),
    ] = None
    ca: Annotated[
        str | None,
        Meta(description="File with whom we trust for that service; the system's if left out."),
    ] = None
    folder: Annotated[
        str | None,
        Meta(
            description="Where key and certificate lie; if left out, identity in the folder that "
            "systemd gives the service, else var/identity beside this file."
        ),
    ] = None


class PlatformSection(Section, frozen=True, kw_only=True):
    """The broker, and what counts as delivered."""

    broker: Annotated[str, Meta(description="mqtt://host:port, or mqtts://host:port for TLS.")]
    ca: Annotated[str | None, Meta(description="File with the authority's certificate.")] = None
    certificate: Annotated[str | None, Meta(description="File with our certificate.")] = None
    key: Annotated[str | None, Meta(description="File with our private key.")] = None
    enrol: EnrolSection | None = None
    username: Annotated[str | None, Meta(description="Only where certificates cannot be.")] = None
    password_file: Annotated[str | None, Meta(description="File that holds the password.")] = None
    acknowledge: Annotated[
        Literal["platform", "puback"],
        Meta(description="Who says that a record has arrived; puback is weaker."),
    ] = "platform"
    batch_every: Annotated[
        Duration, Meta(description="How often readings are sent; alarms and results go at once.")
    ] = Duration(300)
    full_every: Annotated[
        Duration,
        Meta(description="How often a device is told in full; in between only what changed."),
    ] = Duration(900)
    command_keys: Annotated[
        tuple[str, ...],
        Meta(description="Files with Ed25519 public keys; then only signed commands are believed."),
    ] = ()
    consent: Annotated[
        Literal["elsewhere", "here"],
        Meta(
            description="Where the household says that its readings may leave: by contract, or by "
            "`heatpump-agent consent give`, before which none leaves. Withdrawing works always."
        ),
    ] = "elsewhere"
    encoding: Annotated[
        Literal["json", "json+deflate", "compact", "compact+deflate"],
        Meta(description="How batches are written down; every message names it."),
    ] = "compact+deflate"
    ack_timeout: Annotated[Duration, Meta(description="When to send again.")] = Duration(10)
    backlog_every: Annotated[
        Duration, Meta(description="Least rest between two messages of what waited.")
    ] = Duration(0.5)
    backlog_wait: Annotated[
        Duration, Meta(description="Longest random time before the first of them.")
    ] = Duration(60)
    probe_every: Annotated[
        Duration, Meta(description="Quiet after which the kernel asks if the path still stands.")
    ] = Duration(120)
    keepalive: Annotated[
        Duration | None,
        Meta(description="Quiet after which the broker is pinged; batch_every + 60 s if left out."),
    ] = None


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
    every: Annotated[Duration | None, Meta(description="Poll interval; the map's if left out.")] = (
        None
    )
    words: Annotated[
        WordOrder | None, Meta(description="Order of two-word values; the map's if left out.")
    ] = None
    words_written: Annotated[
        WordOrder | None, Meta(description="...where they are written in another order.")
    ] = None
    scales: Annotated[
        dict[str, Ratio], Meta(description="Scales of points that the map marks as in doubt.")
    ] = {}
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
    points: dict[str, SourceSection] = {}


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


class LinkSection(Section, frozen=True, kw_only=True):
    """The broker of an adapter; it may be another than the platform's."""

    broker: Annotated[str, Meta(description="mqtt://host:port, or mqtts://host:port for TLS.")]
    ca: Annotated[str | None, Meta(description="File with the authority's certificate.")] = None
    certificate: Annotated[str | None, Meta(description="File with our certificate.")] = None
    key: Annotated[str | None, Meta(description="File with our private key.")] = None
    username: Annotated[str | None, Meta(description="Where the broker wants one.")] = None
    password_file: Annotated[str | None, Meta(description="File that holds the password.")] = None
    writes: Annotated[
        bool, Meta(description="Let wishes come in; they go the road of every command.")
    ] = False


class SparkplugSection(LinkSection, frozen=True, kw_only=True):
    """A Sparkplug B 3.0 edge node, with a device for every machine."""

    group: Annotated[Name, Meta(description="Sparkplug group id.")]
    node: Annotated[Name | None, Meta(description="Edge node id; the gateway's if left out.")] = (
        None
    )
    primary_host: Annotated[
        Name | None, Meta(description="Births wait until this host is online.")
    ] = None


class HomeAssistantSection(LinkSection, frozen=True, kw_only=True):
    """Discovery for Home Assistant; wishes from there have the rank of a resident."""

    prefix: Annotated[Name, Meta(description="Discovery prefix, as set in Home Assistant.")] = (
        "homeassistant"
    )
    language: Annotated[Literal["en", "zh"], Meta(description="Names of the points.")] = "en"


class ThingsBoardSection(LinkSection, frozen=True, kw_only=True):
    """The gateway API of ThingsBoard."""

    token_file: Annotated[
        str | None, Meta(description="File with the access token of the gateway there.")
    ] = None


class AdaptersSection(Section, frozen=True, kw_only=True):
    """Other conventions beside our own; each is off unless it stands here."""

    sparkplug: SparkplugSection | None = None
    home_assistant: HomeAssistantSection | None = None
    thingsboard: ThingsBoardSection | None = None


class MetricsSection(Section, frozen=True, kw_only=True):
    """Figures for Prometheus, to be fetched by whoever can reach the address; off if left out."""

    listen: Annotated[str, Meta(description="host:port; 127.0.0.1 keeps it on the gateway.")] = (
        "127.0.0.1:9108"
    )


class PageSection(Section, frozen=True, kw_only=True):
    """The local page for household and installer; off if left out.

    Before anybody logs in it only shows. `heatpump-agent claim` makes the code that opens it.
    """

    listen: Annotated[
        str, Meta(description="host:port; 0.0.0.0 lets every device of the house see it.")
    ] = "0.0.0.0:8080"
    certificate: Annotated[
        str | None, Meta(description="File with a certificate for HTTPS, with `key`.")
    ] = None
    key: Annotated[str | None, Meta(description="File with its private key.")] = None
    service: Annotated[
        str, Meta(max_length=80, description="Whom to call, as the page shows it: name, number.")
    ] = ""
    update_notices: Annotated[
        bool, Meta(description="Whether the page tells the household of an update that waits.")
    ] = True


LedName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9:_.-]{0,63}\Z")]


class LedSection(Section, frozen=True, kw_only=True):
    """The lamp that shows how the gateway fares; names as in /sys/class/leds, one at least."""

    red: Annotated[LedName | None, Meta(description="The red light, or the only one.")] = None
    green: Annotated[LedName | None, Meta(description="The green light, or the only one.")] = None
    blue: Annotated[LedName | None, Meta(description="The blue light, or the only one.")] = None


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
