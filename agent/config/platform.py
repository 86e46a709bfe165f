"""The platform part of a configuration: broker, files and what counts as delivered, checked."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from agent.config.sections import GatewaySection
from agent.enrol import EnrolSettings
from agent.errors import Mistake
from agent.files import lack_of
from agent.identity import AUTHORITY, CERTIFICATE, KEY
from agent.uplink import Encoding, UplinkSettings, public_key
from agent.yamltext import Document


def uplink_of(
    raw: GatewaySection,
    doc: Document,
    folder: Path,
    enrol: EnrolSettings | None,
    mistakes: list[Mistake],
) -> UplinkSettings | None:
    platform = raw.platform
    try:
        parts = urlsplit(platform.broker)
        good = parts.scheme in ("mqtt", "mqtts") and bool(parts.hostname) and bool(parts.port)
    except ValueError:
        good = False
    if not good:
        message = f"{platform.broker!r} is no broker"
        allowed = "mqtt://host:port, mqtts://host:port"
        mistakes.append(doc.mistake(("platform", "broker"), message, allowed))
    files: dict[str, Path | None] = {}
    for key in ("ca", "certificate", "key", "password_file"):
        name = getattr(platform, key)
        files[key] = folder / name if name is not None else None
        if name is not None and (lack := lack_of(folder, name)) is not None:
            mistakes.append(doc.mistake(("platform", key), lack))
    if (platform.certificate is None) != (platform.key is None):
        mistakes.append(doc.mistake(("platform",), "certificate and key go together"))
    if enrol is not None:
        files |= {"certificate": enrol.folder / CERTIFICATE, "key": enrol.folder / KEY}
        files["ca"] = files["ca"] or enrol.folder / AUTHORITY
    keys = _command_keys(platform.command_keys, doc, folder, mistakes)
    if not good:
        return None
    return UplinkSettings(
        gateway=raw.gateway,
        broker_url=platform.broker,
        ca=files["ca"],
        certificate=files["certificate"],
        key=files["key"],
        acknowledge=platform.acknowledge,
        batch_every_s=float(platform.batch_every),
        ack_timeout_s=float(platform.ack_timeout),
        encoding=Encoding(platform.encoding),
        backlog_every_s=float(platform.backlog_every),
        backlog_wait_s=float(platform.backlog_wait),
        probe_every_s=float(platform.probe_every),
        keepalive_s=None if platform.keepalive is None else float(platform.keepalive),
        username=platform.username,
        password_file=files["password_file"],
        command_keys=keys,
    )


def _command_keys(
    names: tuple[str, ...], doc: Document, folder: Path, mistakes: list[Mistake]
) -> tuple[Path, ...]:
    """The platform's public keys, each looked into: none shall fail at the first command."""
    for i, name in enumerate(names):
        try:
            public_key((folder / name).read_bytes())
        except OSError as error:
            why = f"{name} cannot be read: {error.strerror}"
            mistakes.append(doc.mistake(("platform", "command_keys", i), why))
        except ValueError as error:
            allowed = "an Ed25519 public key in PEM form"
            mistakes.append(
                doc.mistake(("platform", "command_keys", i), f"{name}: {error}", allowed)
            )
    if names and find_spec("nacl") is None:
        why = "signatures need the package PyNaCl; pip install 'heatpump-agent[signed]'"
        mistakes.append(doc.mistake(("platform", "command_keys"), why))
    return tuple(folder / name for name in names)
