"""What several readings of one step become when room is short. Pure: bodies in, bodies out.

One record of each device stays, its last; it carries the newest word on every point that any of
the step's records had a word on, so that records which hold only what changed may be folded too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agent.errors import UNREADABLE
from agent.model import POINTS, Unit

COUNTERS = frozenset(name for name, point in POINTS.items() if point.unit is Unit.KILOWATT_HOUR)
WORST_FIRST = ("out_of_range", "absent", "stale", "not_ready")


def fold(bodies: Sequence[bytes]) -> tuple[tuple[int, bytes], ...]:
    """Bodies of telemetry, oldest first -> (index, new body) of those that stay, by device.

    Last value of each point. Where the last word is that there is none, the worst reason of the
    step; an energy counter keeps its last value all the same, for it only ever counts up. `full`
    holds when one of the records was. What is no telemetry stays as it is.
    """
    devices: dict[str, tuple[int, dict[str, Any]]] = {}
    strange: list[tuple[int, bytes]] = []
    for index, body in enumerate(bodies):
        record = _read(body)
        if record is None:
            strange.append((index, body))
            continue
        before = devices.get(record["device"])
        merged = _merge(before[1], record) if before else record
        devices[record["device"]] = (index, merged)
    kept = [(index, msgspec.json.encode(record)) for index, record in devices.values()]
    return tuple(sorted([*kept, *strange]))


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        record = msgspec.json.decode(body, type=dict[str, Any])
    except UNREADABLE:
        return None
    maps = (record.get("values"), record.get("missing"))
    fits = isinstance(record.get("device"), str) and all(isinstance(one, dict) for one in maps)
    return record if fits else None


def _merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The newer word on every point wins; keys of other meaning are the newer record's."""
    values = {
        point: value
        for point, value in old["values"].items()
        if point in COUNTERS or point not in new["missing"]
    } | new["values"]
    missing = {
        point: why
        for point, why in old["missing"].items()
        if point not in new["values"] and point not in new["missing"]
    }
    for point, why in new["missing"].items():
        if point not in values:
            missing[point] = _worse(old["missing"].get(point, why), why)
    merged = {**new, "values": values, "missing": missing}
    if "full" in old or "full" in new:
        merged["full"] = bool(old.get("full")) or bool(new.get("full"))
    return merged


def _worse(one: str, other: str) -> str:
    """A code that the map does not know says least, then the reasons in their order."""
    return min(one, other, key=lambda why: WORST_FIRST.index(why) if why in WORST_FIRST else 9)
