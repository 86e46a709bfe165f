"""What an installer may set against the map of one machine: word order and doubtful scales."""

from __future__ import annotations

from msgspec.structs import replace

from agent.config.sections import DeviceSection
from agent.drivers import RegisterMap
from agent.errors import Mistake
from agent.yamltext import Document, Path

DOUBTFUL = ("contra", "unverified")


def tailored(
    found: RegisterMap, section: DeviceSection, doc: Document, path: Path, mistakes: list[Mistake]
) -> RegisterMap:
    """The map with what the configuration says of this one machine.

    A scale may be changed only where the map marks it contradicted or unverified: elsewhere the
    map, not the machine, would be wrong for everybody.
    """
    points = dict(found.points)
    doubtful = [name for name, rule in points.items() if rule.confidence in DOUBTFUL]
    for name, scale in section.scales.items():
        here = (*path, "scales", name)
        if name not in doubtful:
            message = f"{name} has no scale in doubt"
            mistakes.append(doc.mistake(here, message, ", ".join(doubtful) or "none"))
        elif scale == 0:
            mistakes.append(doc.mistake(here, "0 is no scale", "such as 0.1"))
        else:
            points[name] = replace(points[name], scale=scale)
    return replace(
        found,
        points=points,
        words=section.words or found.words,
        words_written=section.words_written or section.words or found.words_written,
    )
