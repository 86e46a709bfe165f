"""What is in the package, as CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from makedeb.targets import Target


@dataclass(frozen=True, slots=True)
class Part:
    """One library: its pin, the file it came from, what it says of its licence, what it needs."""

    name: str
    version: str
    sha256: str
    licence: str
    summary: str
    needs: tuple[str, ...]

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def bill(target: Target, version: str, parts: Iterable[Part], epoch: int) -> str:
    """The document; the same input gives the same text. `version` is that of the Debian package."""
    parts = tuple(parts)
    ours = f"pkg:deb/debian/heatpump-agent@{version}?arch={target.arch}"
    purls = {part.name: part.purl for part in parts}
    content = json.dumps([ours, *(part.sha256 for part in parts)])
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": ours,
                "name": "heatpump-agent",
                "version": version,
                "purl": ours,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": [_component(part) for part in parts],
        "dependencies": [
            {"ref": ours, "dependsOn": sorted([*purls.values()])},
            *(
                {"ref": one.purl, "dependsOn": sorted(purls[n] for n in one.needs if n in purls)}
                for one in parts
            ),
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _component(part: Part) -> dict[str, object]:
    return {
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
        "description": part.summary,
        "hashes": [{"alg": "SHA-256", "content": part.sha256}],
        **({"licenses": [{"license": {"name": part.licence}}]} if part.licence else {}),
    }
