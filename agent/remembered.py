"""Small things kept over restarts: when each point was last written, and what machines refuse.

So no restart shortens an interval between two writes, and no machine is asked again and again for
what it does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from agent.drivers import Device
from agent.errors import UNREADABLE
from agent.model import PointId, Stamp
from agent.spool import Spool

KEY = "written"
HOLES = "holes"


class Moment(msgspec.Struct, frozen=True):
    """An instant as it outlives the program: UTC, and monotonic seconds since this boot began."""

    at: datetime
    mono: float
    boot: str
    trusted: bool


async def remember(spool: Spool, device: str, point: PointId, stamp: Stamp, boot: str) -> None:
    """Keep the instant of a write; durable on return."""
    moment = Moment(stamp.at, stamp.mono, boot, stamp.trusted)
    await spool.save_state(_key(device, point), msgspec.json.encode(moment))


async def recall(spool: Spool, stamp: Stamp, boot: str) -> Mapping[tuple[str, PointId], float]:
    """The monotonic second of the last write of each point ever written, on the scale of now."""
    found: dict[tuple[str, PointId], float] = {}
    for place in spool.lifetime():
        saved = await spool.load_state(_key(*place))
        if saved is not None:
            found[place] = _mono(saved, stamp, boot)
    return found


def _mono(saved: bytes, now: Stamp, boot: str) -> float:
    """Where a clock cannot be believed the write counts as one of a moment ago."""
    try:
        then = msgspec.json.decode(saved, type=Moment)
    except UNREADABLE:
        return now.mono
    if then.boot == boot:
        return min(then.mono, now.mono)
    if not (then.trusted and now.trusted):
        return now.mono
    return now.mono - max(0.0, (now.at - then.at).total_seconds())


async def recall_holes(spool: Spool, devices: Iterable[Device]) -> None:
    """Let devices leave out what their machines refused before the restart, for some hours."""
    for device in devices:
        saved = await spool.load_state(f"{HOLES} {device.name}")
        try:
            points = msgspec.json.decode(saved, type=tuple[str, ...]) if saved else ()
        except UNREADABLE:
            continue
        device.unsupported |= device.map.points.keys() & set(points)


def _key(device: str, point: PointId) -> str:
    return f"{KEY} {device} {point}"
