"""The broker is away ten minutes, and in the middle of it the agent is killed."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any

from bench.gateway import bench_driver, highest_seq, tcp_stage
from bench.kit import Bench, Figures, Goal, Options
from simulators.stage import Stage

MACHINES = 3
SETTLED_S = 3.0
BEFORE_S, AWAY_S = 120.0, 600.0
THERE_WITHIN_S = 180.0
"""A gateway that returns waits up to a minute before its backlog leaves."""


class Bus:
    """What the simulated machines saw: replies they gave, from the simulator's own status."""

    def __init__(self, stage: Stage) -> None:
        self.replies = 0
        self.at = monotonic()
        stage.sim.on_json = self._heard

    def _heard(self, line: dict[str, Any]) -> None:
        if "status" in line:
            self.replies = sum(unit["replies"] for unit in line["status"])
            self.at = monotonic()


def run(options: Options) -> Figures:
    """Poll rates as the machines saw them, and every record as the platform has it."""
    with tempfile.TemporaryDirectory() as name, bench_driver(Path(name)) as driver_name:
        return asyncio.run(_run(Path(name), driver_name, options))


async def _run(folder: Path, driver_name: str, options: Options) -> Figures:
    share = max(0.05, options.share)
    async with tcp_stage(folder, driver_name, MACHINES, commit_every="60 s") as stage:
        bus = Bus(stage)
        await _start(stage)
        before = await _rate(bus, BEFORE_S * share)
        options.progress(f"broker there: {before:.3f} polls/s; now it goes away")
        await stage.stop_broker()
        first = await _rate(bus, AWAY_S * share / 2)
        options.progress(f"broker away: {first:.3f} polls/s; now kill -9")
        await stage.kill_agent()
        back_s = await _start(stage)
        second = await _rate(bus, AWAY_S * share / 2)
        options.progress(f"{second:.3f} polls/s again {back_s:.1f} s after the kill")
        await stage.start_broker()
        await asyncio.sleep(20.0)
        await stage.agent.stop()
        await asyncio.sleep(2.0)
        replies, taken = bus.replies, highest_seq(folder / "spool.db")
        await stage.start_agent()
        arrived = await _arrived(stage, taken)
        change = abs((first + second) / 2 / before - 1)
        return _figures(stage, replies, taken, arrived) | {
            "poll_rate_change": round(change, 4),
            "polling_again_after_s": round(back_s, 1),
        }


async def _start(stage: Stage) -> float:
    """Start the agent and wait until its picture has readings; how many seconds that took."""
    began = monotonic()
    await stage.start_agent()
    await stage.agent.heard('"devices"')
    await asyncio.sleep(SETTLED_S)
    return monotonic() - began - SETTLED_S


async def _arrived(stage: Stage, taken: int) -> list[int]:
    """The numbers at the platform once all up to `taken` are there, or after the time limit."""
    until = monotonic() + THERE_WITHIN_S
    while True:
        numbers = [n for n in stage.platform.archive.numbers("gw-bench", "telemetry") if n <= taken]
        if len(set(numbers)) >= taken or monotonic() > until:
            return numbers
        await asyncio.sleep(1.0)


async def _rate(bus: Bus, seconds: float) -> float:
    before, started = bus.replies, bus.at
    await asyncio.sleep(seconds)
    return (bus.replies - before) / (bus.at - started)


def _figures(stage: Stage, replies: int, taken: int, numbers: list[int]) -> dict[str, float]:
    twice = sum(n - 1 for n in Counter(numbers).values())
    holes = taken - len(set(numbers))
    # One answer of each machine may have been on its way when the agent was killed, and one when
    # it was stopped at the end: no record was made of it.
    under_way = 2 * MACHINES
    unrecorded = max(0, replies - taken - under_way)
    return {
        "lost": holes + unrecorded,
        "duplicated_after_dedupe": twice,
        "replies_on_the_wire": replies,
        "records_made": taken,
        "records_at_platform": len(set(numbers)),
        "repeats_ignored": stage.platform.counters.repeats,
    }


BENCH = Bench(
    "outage",
    "Records lost and doubled, and the change of the poll rate, when the broker is away for ten "
    "minutes and the agent is killed with SIGKILL in the middle. `lost` counts numbers missing at "
    "the platform and answers on the wire, as the machines counted them, of which no record was "
    "made. The rate is that of the machines while the agent runs; a start is told apart.",
    "3 machines x 60 registers at 1 Hz over TCP, one answer a sweep, every sweep in full as a "
    "record, commit every 60 s: 120 s before, 600 s without broker, real time; "
    "one answer of each machine may be under way at the kill and at the end",
    run,
    (
        Goal("lost", "=", 0),
        Goal("duplicated_after_dedupe", "=", 0),
        Goal("poll_rate_change", "<", 0.01),
    ),
)
