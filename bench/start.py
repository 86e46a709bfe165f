"""Seconds from starting the process to the first reading that is durable."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic

import yaml

from bench.gateway import committed
from bench.kit import Bench, Figures, Goal, Options
from bench.wire import cpu_seconds
from simulators.stage import Stage
from simulators.tour import home_file

STARTS = 5


def run(options: Options) -> Figures:
    """The example home: two pumps on an RTU line at 9600 baud and one over TCP, started anew."""
    found = [asyncio.run(_once(options)) for _ in range(max(2, int(STARTS * options.share)))]
    seconds = [wall for wall, _ in found]
    return {
        "seconds": round(max(seconds), 3),
        "median_s": round(median(seconds), 3),
        "processor_s": round(max(cpu for _, cpu in found), 3),
        "bytecode_kept": not sys.dont_write_bytecode,
        "starts": len(seconds),
    }


async def _once(options: Options) -> tuple[float, float]:
    """Seconds on the wall, and of the processor."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sim, pty, port = home_file(folder, 1.0)
        gateway = {
            "gateway": "gw-bench",
            "spool": {"path": str(folder / "spool.db"), "commit_every": "1 s"},
            "platform": {"broker": "BROKER"},
            "lines": [
                {
                    "name": "bus1",
                    "port": str(pty),
                    "devices": [
                        {"name": "a", "driver": "midea_mthermal_r290", "unit_id": 1},
                        {"name": "b", "driver": "haier_atw_r290", "unit_id": 2},
                    ],
                },
                {
                    "name": "bridge",
                    "port": f"tcp://127.0.0.1:{port}",
                    "devices": [{"name": "c", "driver": "samsung_ehs_mimb19n", "unit_id": 3}],
                },
            ],
        }
        async with Stage(folder, sim, yaml.safe_dump(gateway), broker="mosquitto") as stage:
            started = monotonic()
            await stage.start_agent()
            while not _stored(stage, folder / "spool.db"):
                await asyncio.sleep(0.01)
                if monotonic() - started > 30.0:
                    raise TimeoutError("no reading was stored within 30 s")
            seconds, cpu = monotonic() - started, cpu_seconds(stage.agent.pid)
            options.progress(f"{seconds:.2f} s, {cpu:.2f} s of them computing")
        return seconds, cpu


def _stored(stage: Stage, spool: Path) -> bool:
    """Whether a reading is durable: at the platform, which commits first, or in our own file.

    What the platform has before our commit never reaches the file.
    """
    return bool(stage.platform.archive.numbers("gw-bench", "telemetry")) or committed(spool)


BENCH = Bench(
    "start",
    "Seconds from starting the process to the first sweep of a device stored by the "
    "platform or in the gateway's own file, slowest of five. `processor_s` is what of it was "
    "computing; without kept bytecode all modules are compiled anew.",
    "the example home: Midea and Haier on one 9600-baud line, Samsung over TCP",
    run,
    (Goal("seconds", "<=", 3.0),),
)
