"""CPU, memory and losses of the whole program with ten machines polled once a second."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from time import monotonic

from bench.gateway import REGISTERS, bench_driver, highest_seq, tcp_stage
from bench.kit import Bench, Figures, Goal, Options
from bench.wire import cpu_seconds, rss_mb

MACHINES = 10
WARM_S = 15.0
SECONDS = 120.0


def run(options: Options) -> Figures:
    """Poll, store, send, wait for the platform; read CPU and memory of the agent's process."""
    with tempfile.TemporaryDirectory() as name, bench_driver(Path(name)) as driver_name:
        return asyncio.run(_run(Path(name), driver_name, options))


async def _run(folder: Path, driver_name: str, options: Options) -> Figures:
    async with tcp_stage(folder, driver_name, MACHINES) as stage:
        await stage.start_agent()
        await asyncio.sleep(WARM_S)
        options.progress("warm; measuring")
        pid, stored = stage.agent.pid, stage.platform.counters.stored
        cpu, started = cpu_seconds(pid), monotonic()
        await asyncio.sleep(max(10.0, SECONDS * options.share))
        seconds = monotonic() - started
        share = (cpu_seconds(pid) - cpu) / seconds
        memory = rss_mb(pid)
        rate = (stage.platform.counters.stored - stored) / seconds
        await stage.stop_agent()
        taken = highest_seq(folder / "spool.db")
        await stage.start_agent()  # what was still waiting leaves after the restart
        await stage.platform.wait_stored(taken, 30.0)
        lost = taken - len(
            [n for n in stage.platform.archive.numbers("gw-bench", "telemetry") if n <= taken]
        )
    return {
        "cpu_share": round(share, 4),
        "rss_mb": round(memory, 1),
        "records_lost": lost,
        "records_per_s": round(rate, 2),
        "values_per_s": round(rate * REGISTERS),
        "records": taken,
    }


BENCH = Bench(
    "load",
    "CPU share of one core and resident memory of the agent while everything it reads is stored "
    "and acknowledged.",
    "10 machines x 60 registers at 1 Hz over Modbus TCP, mosquitto, the platform; 15 s to warm up, "
    "120 s measured; status lines once a second are part of the load",
    run,
    (Goal("cpu_share", "<=", 0.02), Goal("rss_mb", "<=", 45), Goal("records_lost", "=", 0)),
)
