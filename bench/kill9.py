"""The agent is killed again and again, online and offline; every record arrives once, in order."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from time import monotonic

from bench.gateway import bench_driver, highest_seq, tcp_stage
from bench.kit import Bench, Figures, Goal, Options
from simulators.stage import Stage

MACHINES = 3
KILLS = 50
OFFLINE_EVERY = 5
"""Kills in a row with the broker there, then as many without it."""
ARRIVES_WITHIN_S = 180.0
"""A backlog of more than one message waits up to a minute, by chance, before it begins to leave."""
GATEWAY = "gw-bench"


def run(options: Options) -> Figures:
    """Kill, start again, and compare what the gateway numbered with what the platform has."""
    with tempfile.TemporaryDirectory() as name, bench_driver(Path(name)) as driver_name:
        return asyncio.run(_run(Path(name), driver_name, options))


async def _run(folder: Path, driver_name: str, options: Options) -> Figures:
    kills, chance = max(2, round(KILLS * options.share)), random.Random(options.seed)
    offline = online = 0
    async with tcp_stage(folder, driver_name, MACHINES) as stage:
        for number in range(kills):
            away = number // OFFLINE_EVERY % 2 == 1
            if number % OFFLINE_EVERY == 0 and number:
                await (stage.stop_broker() if away else stage.start_broker())
            await stage.start_agent()
            await stage.agent.heard("{")
            await asyncio.sleep(chance.uniform(0.0, 3.0))
            await stage.kill_agent()
            offline, online = offline + away, online + (not away)
            if number % 5 == 4:
                options.progress(f"{number + 1} kills, {stage.platform.counters.stored} records")
        if kills > OFFLINE_EVERY and (kills - 1) // OFFLINE_EVERY % 2 == 1:
            await stage.start_broker()
        await stage.start_agent()
        await stage.agent.heard("{")
        await stage.agent.stop()
        taken = highest_seq(folder / "spool.db")
        await stage.start_agent()
        await _arrived(stage, taken)
        return {
            "kills": kills,
            **_judged(folder / "platform.db", taken),
            "kills_online": online,
            "kills_offline": offline,
            "records_made": taken,
            "repeats_ignored": stage.platform.counters.repeats,
            "numbers_told_gone": len(stage.platform.archive.notices(GATEWAY)),
        }


async def _arrived(stage: Stage, taken: int) -> None:
    end = monotonic() + ARRIVES_WITHIN_S
    while monotonic() < end:
        numbers = stage.platform.archive.numbers(GATEWAY, "telemetry")
        if len([n for n in numbers if n <= taken]) >= taken:
            return
        await asyncio.sleep(0.5)


def _judged(platform: Path, taken: int) -> Figures:
    """Straight from the platform's table: its key lets no number in twice, but a record may be."""
    query = (
        "select seq, boot, mono, body from record where lane = 'telemetry' and seq <= ?"
        " order by epoch, seq"
    )
    with closing(sqlite3.connect(platform)) as db:
        rows = db.execute(query, (taken,)).fetchall()
        epochs = db.execute("select count(distinct epoch) from record").fetchone()[0]
    same = Counter((boot, mono, body) for _, boot, mono, body in rows)
    in_order = all(
        earlier[2] <= later[2] for earlier, later in pairwise(rows) if earlier[1] == later[1]
    )
    return {
        "lost": taken - len({row[0] for row in rows}),
        "duplicated": sum(count - 1 for count in same.values()),
        "order_kept": in_order and epochs == 1,
    }


BENCH = Bench(
    "kill9",
    "SIGKILL at random moments, five times online and five times offline in turn, the agent "
    "started again each time. `lost` counts numbers the platform never got, those within the "
    "commit interval too (the memory file keeps them); `duplicated` counts one record under "
    "two numbers; `order_kept`: by number, time never runs back.",
    "3 machines x 60 registers at 1 Hz over TCP, mosquitto, the platform; batches every second, "
    "commit every 10 s; 50 kills 0 to 3 s after the agent runs",
    run,
    (
        Goal("kills", ">=", 50),
        Goal("lost", "=", 0),
        Goal("duplicated", "=", 0),
        Goal("order_kept", "=", 1),
    ),
)
