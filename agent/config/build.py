"""The gateway's configuration: a YAML file to frozen records, every mistake with its place.

The fields of the file stand in `sections`; each part is checked in the module of its name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.account.savings import Method
from agent.config.adapters import adapters_of, listen_of
from agent.config.core import core_of
from agent.config.enrol import enrol_of, in_state, label_of
from agent.config.inventory import inventory
from agent.config.lines import LineConfig, lines_of
from agent.config.page import page_of
from agent.config.platform import uplink_of
from agent.config.sections import FreshSection, GatewaySection
from agent.config.tariff import named_tariff
from agent.core import CoreSettings
from agent.enrol import EnrolSettings
from agent.errors import FileError, Mistake, Unfinished
from agent.lamp import LampSettings
from agent.spool import SpoolSettings
from agent.uplink import UplinkSettings
from agent.uplink.adapters import AdapterSettings
from agent.web import PageSettings
from agent.yamltext import Document, parse

SLOWEST_POLL_S = 60.0
"""Twice as far apart, and power is not summed any more (`agent.account.energy`)."""
EMPTY = (
    "# Reset: nothing is configured. 已恢复出厂设置，尚未配置。\ngateway: gateway-1\nlines: []\n"
)


@dataclass(frozen=True, slots=True)
class Config:
    """All a gateway needs to run."""

    gateway: str
    spool: SpoolSettings
    uplink: UplinkSettings
    lines: tuple[LineConfig, ...]
    core: CoreSettings
    timezone: ZoneInfo
    adapters: AdapterSettings
    metrics: tuple[str, int] | None
    page: PageSettings | None
    consent_here: bool = False
    savings: Method = "before_after"
    enrol: EnrolSettings | None = None
    lamp: LampSettings | None = None


def read(path: str | Path) -> Config:
    """The configuration of a file. Raises FileError with every mistake, also for missing files."""
    file = Path(path)
    return build(_parsed(file), file.parent)


def build(doc: Document, folder: Path = Path()) -> Config:
    """Check what no single field can tell and make the records. Raises FileError."""
    if isinstance(doc.tree, dict) and doc.tree.get("lines") == []:
        raise Unfinished([doc.mistake(("lines",), "no line is named yet", "one or more")])
    raw = doc.read(GatewaySection)
    mistakes: list[Mistake] = []
    lines = lines_of(raw, doc, mistakes)
    devices = {device.name: device for line in lines for device in line.devices}
    tariff = named_tariff(raw.account.tariff, doc, folder, mistakes)
    core = core_of(raw, doc, devices, tariff, mistakes)
    enrol = enrol_of(raw, doc, folder, mistakes)
    uplink = uplink_of(raw, doc, folder, enrol, mistakes)
    adapters = adapters_of(raw, doc, folder, mistakes)
    metrics = listen_of(raw, doc, mistakes)
    buffer = folder / (raw.spool.path or in_state("spool.db"))
    page = page_of(raw, doc, folder, buffer.parent, mistakes)
    if page is not None and enrol is not None:
        page = replace(page, label=enrol.claim)
    lamp = _lamp_of(raw, doc, mistakes)
    _times(raw, doc, mistakes)
    if raw.account.savings == "alternate" and raw.account.as_found is None:
        message = "as_found must be given: off days need a water setpoint"
        mistakes.append(doc.mistake(("account",), message, "25 to 65"))
    if mistakes or core is None or uplink is None:
        raise FileError(mistakes)
    spool = SpoolSettings(
        str(buffer),
        float(raw.spool.commit_every),
        raw.spool.commit_records,
        float(raw.spool.size),
    )
    uplink = replace(uplink, inventory=inventory(lines, core.homes))
    timezone = ZoneInfo(raw.timezone)
    return Config(
        raw.gateway,
        spool,
        uplink,
        lines,
        core,
        timezone,
        adapters,
        metrics,
        page,
        raw.platform.consent == "here",
        raw.account.savings,
        enrol,
        lamp,
    )


def buffer_of(path: str | Path) -> Path:
    """The durable buffer, also by a file that is not finished yet or has mistakes in it.

    Raises FileError when the file cannot be read at all.
    """
    spool = _tree_of(path).get("spool")
    said = spool.get("path") if isinstance(spool, dict) else None
    return Path(path).parent / str(said or in_state("spool.db"))


def state_folder(path: str | Path) -> Path:
    """The folder of the durable buffer; raises FileError as `buffer_of` does."""
    return buffer_of(path).parent


def emptied(path: str | Path) -> str:
    """The text of a configuration without its household: where its page is and where its codes lie
    stay, or the next installer could not get in.

    Raises FileError when it cannot be read at all, or is no configuration but another file.
    """
    tree = _tree_of(path)
    if not tree.keys() & {"gateway", "lines"}:
        allowed = "a file with gateway: or lines:"
        raise FileError([Mistake(str(path), 1, "", "is no configuration of a gateway", allowed)])
    page, spool = tree.get("page"), tree.get("spool")
    kept: dict[str, object] = {}
    if isinstance(page, dict):
        kept["page"] = {key: value for key, value in page.items() if key != "service"}
    if isinstance(spool, dict) and "path" in spool:
        kept["spool"] = {"path": spool["path"]}
    # A value in JSON is one in YAML too, whatever letters it has.
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in kept.items()]
    return EMPTY + "".join(lines)


def _tree_of(path: str | Path) -> dict[str, object]:
    """What stands in a file under which key, whether right or wrong."""
    tree = _parsed(Path(path)).tree
    return tree if isinstance(tree, dict) else {}


@dataclass(frozen=True, slots=True)
class Fresh:
    """A gateway that nobody has set up yet: its id, the broker its file names (else empty), its
    page, and where figures are served.
    """

    gateway: str
    broker: str
    page: PageSettings | None
    metrics: tuple[str, int] | None = None


def fresh(path: str | Path) -> Fresh:
    """What a file that names no line yet says of the gateway. Raises FileError."""
    file = Path(path)
    whole = _parsed(file)
    known = dict(whole.tree) if isinstance(whole.tree, dict) else {}
    tree = {key: known[key] for key in FreshSection.__struct_fields__ if key in known}
    doc = replace(whole, tree=tree)
    raw, mistakes = doc.read(FreshSection), list[Mistake]()
    page = page_of(raw, doc, file.parent, state_folder(path), mistakes)
    metrics = listen_of(raw, doc, mistakes)
    if mistakes:
        raise FileError(mistakes)
    if page is not None:
        enrol = raw.platform.enrol if raw.platform is not None else None
        page = replace(page, label=label_of(enrol, file.parent))
    return Fresh(raw.gateway, raw.platform.broker if raw.platform else "", page, metrics)


def _parsed(file: Path) -> Document:
    try:
        return parse(file.read_text("utf-8"), str(file))
    except OSError as error:
        raise FileError([Mistake(str(file), 1, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise FileError([Mistake(str(file), 1, "", "is not UTF-8 text")]) from None


def _lamp_of(raw: GatewaySection, doc: Document, mistakes: list[Mistake]) -> LampSettings | None:
    """The lamp, or None where there is none."""
    if raw.led is None:
        return None
    given = {"red": raw.led.red, "green": raw.led.green, "blue": raw.led.blue}
    names = {colour: name for colour, name in given.items() if name is not None}
    if not names:
        mistakes.append(doc.mistake(("led",), "no light is named", "red, green, blue"))
    return LampSettings(names)


def _times(raw: GatewaySection, doc: Document, mistakes: list[Mistake]) -> None:
    """No waiting time may be nothing, or the program would never rest; none so long that what
    happens in between is missed.
    """
    times: dict[tuple[str | int, ...], float | None] = {
        ("spool", "commit_every"): raw.spool.commit_every,
        ("platform", "batch_every"): raw.platform.batch_every,
        ("platform", "full_every"): raw.platform.full_every,
        ("platform", "ack_timeout"): raw.platform.ack_timeout,
        ("platform", "backlog_every"): raw.platform.backlog_every,
        ("platform", "backlog_wait"): raw.platform.backlog_wait,
        ("platform", "probe_every"): raw.platform.probe_every,
        ("platform", "keepalive"): raw.platform.keepalive,
        ("season", "self_test_watch"): raw.season.self_test_watch,
    }
    for i, line in enumerate(raw.lines):
        for j, device in enumerate(line.devices):
            where = ("lines", i, "devices", j, "every")
            times[where] = device.every
            if device.every is not None and device.every > SLOWEST_POLL_S:
                message = f"{device.every:g} s is too seldom to count energy and find faults"
                mistakes.append(doc.mistake(where, message, f"up to {SLOWEST_POLL_S:g} s"))
    for i, section in enumerate(raw.control):
        times["control", i, "room_stale_after"] = section.room_stale_after
    for path, seconds in times.items():
        if seconds is not None and seconds <= 0:
            mistakes.append(doc.mistake(path, "0 s is not allowed here", "longer than 0 s"))
