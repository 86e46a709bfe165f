"""The page part of a configuration: where the local page is served, checked."""

from __future__ import annotations

from pathlib import Path

from agent.config.adapters import address_of
from agent.config.sections import FreshSection, GatewaySection
from agent.errors import Mistake
from agent.files import lack_of
from agent.web import Listen, PageSettings
from agent.yamltext import Document


def page_of(
    raw: GatewaySection | FreshSection,
    doc: Document,
    folder: Path,
    state: Path,
    mistakes: list[Mistake],
) -> PageSettings | None:
    """The local page, or None where it is off; its codes lie in the folder `state`."""
    said = raw.page
    if said is None:
        return None
    address = address_of(said.listen, doc, ("page", "listen"), mistakes)
    if raw.metrics is not None and raw.metrics.listen == said.listen:
        message = "the metrics are served at this address"
        mistakes.append(doc.mistake(("page", "listen"), message, "another port"))
    if (said.certificate is None) != (said.key is None):
        mistakes.append(doc.mistake(("page",), "certificate and key go together"))
    files = {"certificate": said.certificate, "key": said.key}
    for key, name in files.items():
        if name is not None and (lack := lack_of(folder, name)) is not None:
            mistakes.append(doc.mistake(("page", key), lack))
    if address is None:
        return None
    paths = [folder / name if name is not None else None for name in files.values()]
    return PageSettings(
        Listen(*address, *paths),
        raw.gateway,
        state,
        said.service,
        update_notices=said.update_notices,
    )
