"""The adapters and metrics parts of a configuration: brokers, files and addresses, checked."""

from __future__ import annotations

from pathlib import Path

from agent.config.outward import LinkSection, ThingsBoardSection
from agent.config.sections import FreshSection, GatewaySection
from agent.errors import Mistake
from agent.files import lack_of
from agent.uplink.adapters import (
    AdapterSettings,
    HomeAssistantSettings,
    LinkSettings,
    SparkplugSettings,
    ThingsBoardSettings,
)
from agent.uplink.dial import Address
from agent.yamltext import Document


def adapters_of(
    raw: GatewaySection, doc: Document, folder: Path, mistakes: list[Mistake]
) -> AdapterSettings:
    """What is on, with every mistake of its links."""
    given = raw.adapters
    sparkplug = home = board = None
    if given.sparkplug is not None:
        link = _link(given.sparkplug, "sparkplug", raw, doc, folder, mistakes)
        sparkplug = SparkplugSettings(
            link,
            given.sparkplug.group,
            given.sparkplug.node or raw.gateway,
            given.sparkplug.primary_host,
            given.sparkplug.writes,
        )
    if (found := given.home_assistant) is not None:
        link = _link(found, "home_assistant", raw, doc, folder, mistakes)
        home = HomeAssistantSettings(link, raw.gateway, found.prefix, found.language, found.writes)
    if given.thingsboard is not None:
        link = _link(given.thingsboard, "thingsboard", raw, doc, folder, mistakes)
        board = ThingsBoardSettings(link, raw.gateway, given.thingsboard.writes)
    return AdapterSettings(sparkplug, home, board)


def _link(
    section: LinkSection,
    name: str,
    raw: GatewaySection,
    doc: Document,
    folder: Path,
    mistakes: list[Mistake],
) -> LinkSettings:
    path: tuple[str, str] = ("adapters", name)
    try:
        Address.parse(section.broker)
    except ValueError:
        message = f"{section.broker!r} is no broker"
        allowed = "mqtt://host:port, mqtts://host:port"
        mistakes.append(doc.mistake((*path, "broker"), message, allowed))
    if section.writes and raw.platform.command_keys:
        message = (
            "an adapter's wishes carry no signature, and command_keys believes only signed ones"
        )
        mistakes.append(doc.mistake((*path, "writes"), message, "false"))
    if (section.certificate is None) != (section.key is None):
        mistakes.append(doc.mistake(path, "certificate and key go together"))
    files: dict[str, Path | None] = {}
    names = {key: getattr(section, key) for key in ("ca", "certificate", "key", "password_file")}
    if isinstance(section, ThingsBoardSection):
        names["token_file"] = section.token_file
    for key, file in names.items():
        files[key] = folder / file if file is not None else None
        if file is not None and (lack := lack_of(folder, file)) is not None:
            mistakes.append(doc.mistake((*path, key), lack))
    return LinkSettings(
        section.broker,
        files["ca"],
        files["certificate"],
        files["key"],
        section.username,
        files["password_file"],
        files.get("token_file"),
    )


def listen_of(
    raw: GatewaySection | FreshSection, doc: Document, mistakes: list[Mistake]
) -> tuple[str, int] | None:
    """Host and port of the metrics; None where they are off."""
    if raw.metrics is None:
        return None
    return address_of(raw.metrics.listen, doc, ("metrics", "listen"), mistakes)


def address_of(
    text: str, doc: Document, path: tuple[str, str], mistakes: list[Mistake]
) -> tuple[str, int] | None:
    """Host and port to listen on; None, and why in `mistakes`, when the text is neither."""
    host, _, port = text.rpartition(":")
    if not _is_host(host) or not port.isdecimal() or not 1 <= int(port) <= 65535:
        message = f"{text!r} is no address to listen on"
        mistakes.append(doc.mistake(path, message, "host:port"))
        return None
    return host.strip("[]"), int(port)


def _is_host(name: str) -> bool:
    """Whether it can be asked for at all: no part of a name is empty or longer than 63 letters."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False
