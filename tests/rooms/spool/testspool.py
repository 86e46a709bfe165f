"""A spool for tests: opened, given, closed."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from agent.clock import Clock
from agent.model import Stamp
from agent.records import Lane
from agent.spool import Spool, SpoolSettings

AT = datetime(2025, 1, 6, 7, 30, 0, 123456, tzinfo=UTC)
STAMP = Stamp(AT, 12.5)
EVERYTHING = 1 << 40


@contextlib.asynccontextmanager
async def spool_at(path: Path, boot: str = "boot-1", **more: float) -> AsyncIterator[Spool]:
    spool = await Spool.open(SpoolSettings(str(path), **more), boot, Clock().stamp)  # type: ignore[arg-type]
    try:
        yield spool
    finally:
        await spool.close()


async def seqs(spool: Spool, lane: Lane = Lane.TELEMETRY) -> list[int]:
    return [stored.seq for stored in await spool.batch(lane, 0, EVERYTHING)]
