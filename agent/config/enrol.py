"""How the gateway gets its certificate: the part `platform.enrol` of a configuration, checked."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from agent.config.outward import EnrolSection
from agent.config.sections import GatewaySection
from agent.enrol import EnrolSettings
from agent.enrol.settings import Service
from agent.errors import Mistake
from agent.files import lack_of
from agent.yamltext import Document


def enrol_of(
    raw: GatewaySection, doc: Document, folder: Path, mistakes: list[Mistake]
) -> EnrolSettings | None:
    """How the certificate is got; None when somebody brings it, or something is wrong."""
    section, place = raw.platform.enrol, ("platform", "enrol")
    if section is None:
        return None
    before = len(mistakes)
    if raw.platform.certificate is not None:
        why = "certificate and key lie in the folder of enrol; leave them out here"
        mistakes.append(doc.mistake(("platform", "certificate"), why))
    if not raw.platform.broker.startswith("mqtts://"):
        why = "a certificate needs TLS"
        mistakes.append(doc.mistake(("platform", "broker"), why, "mqtts://host:port"))
    if section.ca is not None and (lack := lack_of(folder, section.ca)) is not None:
        mistakes.append(doc.mistake((*place, "ca"), lack))
    claim = label_of(section, folder)
    if claim is None:
        allowed = "a file, or the credential claim-code of systemd"
        mistakes.append(doc.mistake(place, "no claim_code is named", allowed))
    try:
        Service.parse(section.at)
    except ValueError:
        why = f"{section.at!r} is no enrolment service"
        mistakes.append(doc.mistake((*place, "at"), why, "https://host[:port][/label]"))
    if find_spec("cryptography") is None:
        why = "enrolment needs the package cryptography; pip install 'heatpump-agent[identity]'"
        mistakes.append(doc.mistake(place, why))
    if claim is None or len(mistakes) > before:
        return None
    ca = folder / section.ca if section.ca is not None else None
    identity = folder / (section.folder or in_state("identity"))
    return EnrolSettings(raw.gateway, section.at, identity, claim, ca)


def label_of(section: EnrolSection | None, folder: Path) -> Path | None:
    """The file with the code of the label: as it is named, else as systemd hands it over
    (LoadCredential=claim-code:...).
    """
    if section is not None and section.claim_code is not None:
        return folder / section.claim_code
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(given) / "claim-code" if given else None


def in_state(name: str) -> str:
    """Where something lies when the file does not say; `StateDirectory=` of systemd first."""
    state = os.environ.get("STATE_DIRECTORY")
    return f"{state}/{name}" if state else f"var/{name}"
