"""The records of a configuration file for what looks outwards: platform, adapters, page, lamp."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from agent.config.fields import Name, Section
from agent.yamltext import Duration


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
