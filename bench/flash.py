"""Bytes that reach the flash per record, offline and online, and how long 64 MB last."""

from __future__ import annotations

import asyncio
import random
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from agent.facts import Keep
from agent.records import Lane
from agent.spool import Spool, SpoolSettings
from agent.thinning import fold
from agent.uplink import encode_body
from bench.card import Card, NotPossible, Virtual
from bench.kit import Bench, Figures, Goal, Options, Row
from bench.sweeps import sweeps

RECORDS = 6_000
DAYS_MEASURED = 1.0
HOURS_MADE = 2
SIZE_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """`ack_s`: the platform has a record so long after it was made; None for no platform.

    `every_s` is how often a record is made, `sweep` that it is one of 40 points.
    """

    name: str
    commit_s: float
    ack_s: float | None
    every_s: float = 1.0
    sweep: bool = False


CASES = (
    Case("offline_10s_bytes", 10.0, None),
    Case("offline_60s_bytes", 60.0, None),
    Case("online_bytes", 10.0, 5.0),
    Case("online_minute_bytes", 90.0, 61.0),
    Case("default_online_bytes", 60.0, 301.0, 10.0, True),
    Case("default_offline_bytes", 60.0, None, 10.0, True),
)


def run(options: Options) -> Figures:
    """Every case on a file system of its own."""
    records = max(300, round(RECORDS * options.share))
    figures: dict[str, float] = {}
    rows: list[Row] = []
    for case in CASES:
        try:
            used = asyncio.run(_case(case, options.seed, records))
        except NotPossible as why:
            return {"skipped": str(why), **{case.name: None for case in CASES}, **_days(options)}
        options.progress(f"{case.name}: {used:.0f} B a record")
        figures[case.name] = round(used)
        rows.append(
            {
                "case": case.name, "commit_every_s": case.commit_s,
                "acknowledged_after_s": case.ack_s,
                "record_every_s": case.every_s, "bytes": round(used),
                "mb_a_day": round(used * 86_400 / case.every_s / 1e6, 1),
            }
        )  # fmt: skip
    return {**figures, **_days(options), "cases": rows}


@cache
def _sweeps(full_every_s: float) -> tuple[Keep | None, ...]:
    """Two hours of a pump of 40 points; None where nothing moved."""
    return tuple(islice(sweeps(1, full_every_s), HOURS_MADE * 360))


async def _case(case: Case, seed: int, records: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        card = Card(Path(folder))
        try:
            return await _written(case, card, random.Random(seed), records)
        finally:
            card.remove()


async def _written(case: Case, card: Card, chance: random.Random, records: int) -> float:
    clock = Virtual()
    settings = SpoolSettings(str(card.mount / "spool.db"), case.commit_s)
    spool = await Spool.open(settings, "flash", clock.stamp, fold, wait=clock.wait)
    task = asyncio.create_task(spool.run(), name="committer")
    await clock.idle.wait()
    made = cycle(_sweeps(900.0) if case.sweep else ())
    spool.append(Lane.TELEMETRY, clock.stamp(), b"{}")
    await spool.commit()  # the boot and a reserve of numbers are on disk

    async def one() -> None:
        keep = next(made) if case.sweep else None
        if keep or not case.sweep:
            body = encode_body(keep.record) if keep else chance.randbytes(200)
            spool.append(Lane.TELEMETRY, clock.stamp(), body)
        await clock.advance(case.every_s)
        if case.ack_s is not None and clock.now % case.ack_s < case.every_s:
            await _acknowledge(spool)

    try:
        for _ in range(100):
            await one()
        before, first = card.written(), spool.newest(Lane.TELEMETRY)
        for _ in range(records):
            await one()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return (card.written() - before) / (spool.newest(Lane.TELEMETRY) - first)
    finally:
        task.cancel()
        await spool.close()


async def _acknowledge(spool: Spool) -> None:
    """The platform's answer to a message with all that waited."""
    while got := await spool.batch(Lane.TELEMETRY, 0, 1000):
        await spool.forget(Lane.TELEMETRY, got[0].seq, got[-1].seq)


def _days(options: Options) -> Figures:
    """How long full sweeps every 10 s fit 64 MB, before anything has to be thinned."""
    days = DAYS_MEASURED * max(0.1, options.share)
    used = asyncio.run(_filled(round(days * 8_640)))
    return {
        "days_in_64mb": round(SIZE_BYTES / (used / days), 1),
        "file_bytes_per_sweep": round(used / (days * 8_640)),
    }


async def _filled(count: int) -> int:
    clock, made = Virtual(), cycle(_sweeps(0.0))
    with tempfile.TemporaryDirectory() as folder:
        settings = SpoolSettings(f"{folder}/spool.db", 60.0)
        spool = await Spool.open(settings, "flash", clock.stamp, fold)
        before = spool.status().used_bytes
        for number in range(count):
            clock.now += 10.0
            keep = next(made)
            assert keep is not None
            spool.append(Lane.TELEMETRY, clock.stamp(), encode_body(keep.record))
            if number % 6 == 5:
                await spool.commit()
        await spool.commit()
        used = spool.status().used_bytes - before
        await spool.close()
        return used


BENCH = Bench(
    "flash",
    "Bytes that reach a loop device with ext4 (4 KiB blocks, the file system's journal included) "
    "per record of 200 incompressible bytes at 1 record/s, in the buffer's own time; and how many "
    "days of whole sweeps of 40 points every 10 s fit 64 MB. The default cases are what such a "
    "pump gives at the defaults, sweeps of which only what moved is kept.",
    "6,000 records a case after 100 to warm up (sweeps: two hours of them, again and again); page "
    "writes of ext4 every 5 s of real time are fewer than at a gateway's pace; needs root, else "
    "the device figures are left out",
    run,
    (
        Goal("offline_10s_bytes", "<=", 3000),
        Goal("offline_60s_bytes", "<=", 1000),
        Goal("online_bytes", "<=", 200),
        Goal("days_in_64mb", ">=", 29),
    ),
)
