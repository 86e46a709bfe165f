"""What the benchmarks of the wire share: a map of plain registers, and a line that is polled."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from agent.drivers import Cost, Device, RegisterMap, load
from agent.facts import BlockRead, Fact
from agent.line import Line, Port, PortSettings, Scheduler
from agent.model import Stamp

BITS = 10


def stamp() -> Stamp:
    """Now."""
    return Stamp(datetime.now(UTC), time.monotonic())


def plain_map(
    count: int, every: str = "1 ms", first: int = 0, writable: bool = False
) -> RegisterMap:
    """A map of `count` neighbouring holding registers that show their own addresses."""
    write = ", write: {low: 0, high: 60000, step: 1, min_interval: 1 s}" if writable else ""
    points = "\n".join(
        f"  x_r{at}: {{at: {at}, en: register {at}, zh: 寄存器{at}{write if at == first else ''}}}"
        for at in range(first, first + count)
    )
    return load(
        f"map: plain\napi: 1\ncovers: []\nsource: [none]\ngrade: draft\nevery: {every}\n"
        "line: {max_words: 125, answer_within: 1 s, worst_lateness: 500 ms}\n"
        f"points:\n{points}\n",
        "plain.yaml",
    )


def device(name: str, found: RegisterMap, unit_id: int, baudrate: int = 9600) -> Device:
    """A device of this map on an RTU line."""
    return Device(name, found, unit_id, Cost.of_line(baudrate, 0.005))


def line(
    path: Path | str, baudrate: int, devices: tuple[Device, ...], take: Callable[[Fact], object]
) -> Line:
    """The program's own line on a simulated port; every fact goes to `take`."""

    async def taken(fact: Fact) -> None:
        take(fact)

    port = Port(PortSettings("bench", str(path), baudrate))
    return Line(port, Scheduler(devices), taken, stamp)


async def polled(one: Line, seconds: float) -> None:
    """Serve a line for a while."""
    task = asyncio.create_task(one.run(), name="line")
    try:
        await asyncio.sleep(seconds)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def read_seconds(words: int, baudrate: int) -> float:
    """The least time of one read of `words` registers at 8N1, with both silences.

    8 bytes asked, 5 + 2 N answered, 3.5 characters before the answer and after it; above 19,200
    baud a silence is 1.75 ms (Modbus over Serial Line V1.02, 2.5.1.1).
    """
    character_s = BITS / baudrate
    silence_s = 0.00175 if baudrate > 19200 else 3.5 * character_s
    return (8 + 5 + 2 * words) * character_s + 2 * silence_s


def right(fact: Fact) -> bool | None:
    """Whether every register of a block shows its own address; None for other facts."""
    if not isinstance(fact, BlockRead):
        return None
    return all(r.value == int(r.point.removeprefix("x_r")) for r in fact.readings)


def cpu_seconds(pid: int) -> float:
    """User and system seconds a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory of a process in MB (10^6 bytes)."""
    for row in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if row.startswith("VmRSS:"):
            return int(row.split()[1]) * 1024 / 1e6
    return 0.0
