"""A dead unit must cost its neighbours nothing, and commands must reach the wire at once."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from pathlib import Path
from time import monotonic

from agent.facts import BlockRead, Fact, WriteDone
from agent.line import Line
from agent.model import Origin, Outcome, Write
from bench.kit import Bench, Figures, Goal, Options
from bench.wire import device, line, plain_map
from simulators.busprocess import SimProcess

WORDS = 20
UNITS = (1, 2, 3, 4)
DEAD = 4
WARM_S, FIRST_MINUTE_S, MEASURED_S = 60.0, 60.0, 180.0
COMMANDS = 200


class Counter:
    """Counts rounds by device and measures writes."""

    def __init__(self) -> None:
        self.rounds: dict[str, int] = {}
        self.done: asyncio.Event = asyncio.Event()
        self.outcome: Outcome | None = None

    def take(self, fact: Fact) -> None:
        if isinstance(fact, BlockRead) and fact.sweep_end:
            self.rounds[fact.device] = self.rounds.get(fact.device, 0) + 1
        if isinstance(fact, WriteDone):
            self.outcome = fact.outcome
            self.done.set()

    def healthy(self) -> int:
        return sum(n for name, n in self.rounds.items() if name != f"u{DEAD}")


def run(options: Options) -> Figures:
    """Rate of the healthy three before and after the fourth died; then commands under full load."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Figures:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "port"
        loop = asyncio.get_running_loop()
        sim = await loop.run_in_executor(
            None, lambda: SimProcess(path, dict.fromkeys(UNITS, "addresses"), seed=options.seed)
        )
        try:
            rate = await _rate(path, sim, options)
            waits = await _commands(path, sim, options)
        finally:
            await loop.run_in_executor(None, sim.close)
    waits.sort()
    return {
        "healthy_rate": round(rate, 4),
        "command_p99_s": round(waits[int(len(waits) * 0.99) - 1], 3),
        "command_p50_s": round(waits[len(waits) // 2], 3),
        "command_max_s": round(waits[-1], 3),
        "commands": len(waits),
    }


def _fault(kind: str | None) -> str:
    return json.dumps({"unit": DEAD, "fault": kind})


async def _rate(path: Path, sim: SimProcess, options: Options) -> float:
    """Rounds a second with one dead, after its first minute, over those with all alive."""
    counter = Counter()
    devices = tuple(device(f"u{unit}", plain_map(WORDS, "500 ms"), unit) for unit in UNITS)
    task = asyncio.create_task(line(path, 9600, devices, counter.take).run())
    share = max(0.1, options.share)
    await asyncio.sleep(3.0)
    alive = await _counted(counter, WARM_S * share)
    options.progress(f"all alive: {alive:.2f} rounds a second of the three")
    sim.send(_fault("silent"))
    await asyncio.sleep(FIRST_MINUTE_S)
    dead = await _counted(counter, MEASURED_S * share)
    options.progress(f"one dead: {dead:.2f} rounds a second of the three")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    sim.send(_fault(None))
    return dead / alive


async def _counted(counter: Counter, seconds: float) -> float:
    before, started = counter.healthy(), monotonic()
    await asyncio.sleep(seconds)
    return (counter.healthy() - before) / (monotonic() - started)


async def _commands(path: Path, sim: SimProcess, options: Options) -> list[float]:
    """Seconds from a command to its verified read-back while the line never rests."""
    counter = Counter()
    found = plain_map(60, "1 ms", writable=True)
    devices = tuple(device(f"u{unit}", found, unit) for unit in UNITS)
    one = line(path, 9600, devices, counter.take)
    task = asyncio.create_task(one.run())
    sim.send(_fault("silent"))
    await asyncio.sleep(60.0)
    chance = random.Random(options.seed)
    waits = []
    for number in range(max(20, int(COMMANDS * options.share))):
        await asyncio.sleep(chance.uniform(0.1, 0.9))
        waits.append(await _command(one, counter, number))
    options.progress(f"{len(waits)} commands, all verified")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return waits


async def _command(one: Line, counter: Counter, number: int) -> float:
    counter.done.clear()
    started = monotonic()
    one.send(Write(f"u{UNITS[number % 3]}", "x_r0", 100 + number, Origin.PLATFORM))
    async with asyncio.timeout(30.0):
        await counter.done.wait()
    if counter.outcome is not Outcome.VERIFIED:
        raise AssertionError(f"command {number} ended {counter.outcome}")
    return monotonic() - started


BENCH = Bench(
    "dead_neighbour",
    "What one dead unit of four costs the others after its first minute, and how long a command "
    "takes to its verified read-back while everything is polled without a pause.",
    "four units on a 9600-baud pty, 20 registers each every 0.5 s: 60 s all alive, 60 s after "
    "the death, 180 s measured; then 200 commands at random times with 60 registers polled back "
    "to back",
    run,
    (Goal("healthy_rate", ">=", 0.95), Goal("command_p99_s", "<=", 1.0)),
)
