"""Two hours of faults in real time and three days in virtual time: does anything grow?"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice
from math import ceil, floor, sqrt
from pathlib import Path
from statistics import median
from time import monotonic

from agent.clock import Clock
from agent.control import ControlSettings
from agent.core import Core, CoreSettings
from agent.facts import BlockFailed, BlockRead, Fact, Failure, Keep, PlatformBack, Tick
from agent.records import Lane
from agent.spool import Spool, SpoolSettings
from agent.uplink import Encoding, encode_body
from agent.uplink.encoding import encode
from bench.gateway import bench_driver, tcp_stage
from bench.kit import Bench, Figures, Goal, Options
from bench.sweeps import START, facts, machine
from bench.wire import rss_mb
from simulators.stage import Stage
from simulators.weather import CHINA

MACHINES = 3
REAL_S, WARM_SHARE = 7200.0, 0.5
FAULT_EVERY_S, FAULT_S = 60.0, 15.0
FLOOR_S = 4 * FAULT_EVERY_S
"""A window in which every kind of fault happens once; the lowest memory in it is what stays."""
Z_95 = 1.96
VIRTUAL_H, VIRTUAL_WARM_H = 72, 6
SWEEPS_AN_HOUR = 360


def run(options: Options) -> Figures:
    """The real run in a process of its own as in a home, then the virtual one in another."""
    with tempfile.TemporaryDirectory() as name, bench_driver(Path(name)) as driver_name:
        real, floors = asyncio.run(_real(Path(name), driver_name, options))
    hours = max(VIRTUAL_WARM_H + 6, round(VIRTUAL_H * min(1.0, options.share * 4)))
    options.progress(f"now {hours} h in virtual time")
    command = [sys.executable, "-m", "bench.soak", str(options.seed), str(hours)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    virtual = json.loads(done.stdout.splitlines()[-1])
    return {
        "rss_mb_per_day": max(real["rss_mb_per_day"], virtual["rss_mb_per_day"]),
        "fd_growth": max(real["fd_growth"], virtual["fd_growth"]),
        "task_growth": max(real["task_growth"], virtual["task_growth"]),
        "real_minutes": real["minutes"],
        "real_rss_mb_per_day": real["rss_mb_per_day"],
        "real_rss_low_mb_per_day": real["low"],
        "real_rss_high_mb_per_day": real["high"],
        "real_rss_least_squares_mb_per_day": real["least_squares"],
        "real_rss_grown_mb": real["grown"],
        "real_rss_mb": real["rss_mb"],
        "real_faults": real["faults"],
        "real_lost": real["lost"],
        "virtual_hours": hours,
        "virtual_rss_mb_per_day": virtual["rss_mb_per_day"],
        "virtual_records": virtual["records"],
        "real_floors": floors,
    }


# --- real time ------------------------------------------------------------------------------


async def _real(
    folder: Path, driver_name: str, options: Options
) -> tuple[dict[str, float], list[dict[str, float]]]:
    seconds = max(120.0, REAL_S * options.share)
    tasks: list[tuple[float, int]] = []
    async with tcp_stage(folder, driver_name, MACHINES) as stage:
        begun = monotonic()

        def heard(line: dict[str, object]) -> None:
            tasks.append((monotonic() - begun, int(str(line.get("tasks", 0)))))

        await stage.start_agent(heard)
        await asyncio.sleep(10.0)
        sampling = asyncio.create_task(_sample(stage.agent.pid, begun, seconds))
        count = await _faults(stage, begun + seconds - 30.0, options)
        samples = await sampling
        await asyncio.sleep(5.0)
        last = stage.platform.archive.numbers("gw-bench", "telemetry")[-1:]
        lost = sum(h.last - h.first + 1 for h in stage.platform.archive.holes("gw-bench") if last)
    late = [one for one in samples if one[0] >= seconds * WARM_SHARE]
    slow = [(at, n) for at, n in tasks if seconds * WARM_SHARE <= at <= seconds - 20.0]
    floors = _floors([(at, mb) for at, mb, _ in samples])
    settled = [one for one in floors if one[0] >= seconds * WARM_SHARE]
    low, middle, high = _robust_slope(settled)
    figures = {
        "rss_mb_per_day": round(middle * 86_400, 3),
        "low": round(low * 86_400, 3),
        "high": round(high * 86_400, 3),
        "least_squares": round(_slope([(at, mb) for at, mb, _ in late]) * 86_400, 3),
        "grown": round(settled[-1][1] - settled[0][1], 3),
        "fd_growth": _growth([fds for _, _, fds in late]),
        "task_growth": _growth([n for _, n in slow]),
        "minutes": round(seconds / 60, 1),
        "rss_mb": round(late[-1][1], 1),
        "faults": count,
        "lost": lost,
    }
    return figures, [{"minute": round(at / 60), "rss_mb": round(mb, 3)} for at, mb in floors]


async def _sample(pid: int, begun: float, seconds: float) -> list[tuple[float, float, int]]:
    found: list[tuple[float, float, int]] = []
    while (at := monotonic() - begun) < seconds:
        found.append((at, rss_mb(pid), len(os.listdir(f"/proc/{pid}/fd"))))
        await asyncio.sleep(1.0)
    return found


async def _faults(stage: Stage, end: float, options: Options) -> int:
    """One after another: broker killed, broker frozen, a machine silent, a line unplugged."""
    count = 0
    for fault in cycle(("broker", "frozen", "silent", "unplugged")):
        if monotonic() + FAULT_EVERY_S > end:
            await asyncio.sleep(max(0.0, end - monotonic()))
            return count
        await asyncio.sleep(FAULT_EVERY_S - FAULT_S)
        options.progress(f"fault {count + 1}: {fault}")
        await _fault(stage, fault)
        count += 1
    return count


async def _fault(stage: Stage, fault: str) -> None:
    if fault == "broker":
        await stage.broker.stop(signal.SIGKILL)
        await asyncio.sleep(FAULT_S)
        await stage.start_broker()
    elif fault == "frozen":
        os.kill(stage.broker.pid, signal.SIGSTOP)
        await asyncio.sleep(FAULT_S)
        os.kill(stage.broker.pid, signal.SIGCONT)
    elif fault == "silent":
        await stage.sim.say({"line": "l0", "unit": 1, "fault": "silent"})
        await asyncio.sleep(FAULT_S)
        await stage.sim.say({"line": "l0", "unit": 1, "fault": None})
    else:
        await stage.sim.say({"line": "l1", "unplug": True})
        await asyncio.sleep(FAULT_S)
        await stage.sim.say({"line": "l1", "unplug": False})


def _slope(samples: Sequence[tuple[float, float]]) -> float:
    """Least squares: units per second."""
    mean_t = sum(t for t, _ in samples) / len(samples)
    mean_v = sum(v for _, v in samples) / len(samples)
    below = sum((t - mean_t) ** 2 for t, _ in samples)
    return sum((t - mean_t) * (v - mean_v) for t, v in samples) / below if below else 0.0


def _floors(samples: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Beginning and lowest value of each whole window of `FLOOR_S`."""
    whole = int(samples[-1][0] // FLOOR_S) if samples else 0
    found: dict[int, float] = {}
    for at, value in samples:
        number = int(at // FLOOR_S)
        if number < whole:
            found[number] = min(value, found.get(number, value))
    return [(number * FLOOR_S, value) for number, value in found.items()]


def _robust_slope(samples: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Sen's slope, the median of all pairs, and its 95 % interval: low, slope, high, per second.

    P. K. Sen, Journal of the American Statistical Association 63 (1968) 1379, by the variance of
    Kendall's S.
    """
    pairs = [(a, b) for i, a in enumerate(samples) for b in samples[i + 1 :]]
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs)
    if not slopes:
        return 0.0, 0.0, 0.0
    n = len(samples)
    half = Z_95 * sqrt(n * (n - 1) * (2 * n + 5) / 18) / 2
    low = max(0, floor(len(slopes) / 2 - half) - 1)
    high = min(len(slopes) - 1, ceil(len(slopes) / 2 + half))
    return slopes[low], median(slopes), slopes[high]


def _growth(counts: Sequence[int]) -> int:
    """How much the median of the last third lies above that of the first third; never below 0."""
    third = max(1, len(counts) // 3)
    first, last = sorted(counts[:third]), sorted(counts[-third:])
    return max(0, last[len(last) // 2] - first[len(first) // 2]) if counts else 0


# --- virtual time ---------------------------------------------------------------------------


async def _virtual(seed: int, hours: int) -> dict[str, float]:
    """Core, spool and encoding as in a home; the broker is away four hours of every twelve."""
    hour = list(islice(facts(seed), SWEEPS_AN_HOUR))
    records = 0
    samples: list[tuple[float, float]] = []
    ends: list[tuple[int, int]] = []
    settings = CoreSettings({"hp1": machine()}, ControlSettings(CHINA, ()), full_every_s=900.0)
    core = Core(settings)
    with tempfile.TemporaryDirectory() as name:
        spool = await Spool.open(SpoolSettings(f"{name}/spool.db"), "soak", Clock().stamp)
        for number in range(hours * SWEEPS_AN_HOUR):
            for fact in _shifted(hour[number % SWEEPS_AN_HOUR], number):
                for effect in core.step(fact):
                    if isinstance(effect, Keep):
                        spool.append(effect.lane, effect.stamp, encode_body(effect.record))
                        records += 1
            if number % 30 == 29:
                await spool.commit()
                if number // SWEEPS_AN_HOUR % 12 < 8:
                    await _delivered(spool)
            if number % SWEEPS_AN_HOUR == SWEEPS_AN_HOUR - 1:
                gc.collect()
                fds = len(os.listdir("/proc/self/fd"))
                ends.append((fds, len(asyncio.all_tasks())))
                samples.append((number * 10.0, rss_mb(os.getpid())))
        await spool.close()
    late = [one for one in samples if one[0] >= VIRTUAL_WARM_H * 3600.0]
    first, last = ends[VIRTUAL_WARM_H], ends[-1]
    return {
        "rss_mb_per_day": round(_slope(late) * 86_400, 3),
        "fd_growth": last[0] - first[0],
        "task_growth": last[1] - first[1],
        "records": records,
    }


def _shifted(blocks: tuple[BlockRead, ...], number: int) -> Iterator[Fact]:
    """The sweep of this hour, in its place in time; ten minutes of every third hour are silent."""
    mono = 10.0 * number
    stamp = replace(blocks[0].stamp, at=START + timedelta(seconds=mono), mono=mono)
    if number % SWEEPS_AN_HOUR == 0:
        yield PlatformBack(stamp)
    silent = number // SWEEPS_AN_HOUR % 3 == 2 and number % SWEEPS_AN_HOUR < 60
    for block in blocks:
        if silent:
            why = "no answer"
            yield BlockFailed(block.device, Failure.SILENCE, why, stamp, block.sweep_end)
        else:
            yield replace(block, stamp=stamp)
    yield Tick(stamp)


async def _delivered(spool: Spool) -> None:
    """What the uplink does with what waits, as if it were acknowledged at once."""
    for lane in Lane:
        while found := await spool.batch(lane, 0, 200):
            encode(Encoding.JSON_DEFLATE, "gw", spool.epoch, lane, START, found)
            await spool.forget(lane, found[0].seq, found[-1].seq)


BENCH = Bench(
    "soak",
    "Growth of memory, file descriptors and tasks of the agent. Real: over the second hour "
    "Sen's slope, with its 95 % interval, of the lowest resident memory in each four minutes, in "
    "which every fault happens once; medians of the last third against the first. Virtual: core, "
    "spool and encoding with 72 h of sweeps of the simulated pump.",
    "3 machines x 60 registers at 1 Hz over TCP, every record in full, mosquitto, two hours; each "
    "minute one fault of 15 s in turn: broker killed, broker frozen, machine silent, converter "
    "unplugged. Virtual: 40 points each 10 s, platform away 4 of 12 hours, a silent pump",
    run,
    (
        Goal("rss_mb_per_day", "<", 1.0),
        Goal("fd_growth", "=", 0),
        Goal("task_growth", "=", 0),
    ),
)

if __name__ == "__main__":
    print(json.dumps(asyncio.run(_virtual(int(sys.argv[1]), int(sys.argv[2])))))
