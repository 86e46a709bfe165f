"""How much of an RTU line's theoretical rate the program's line gets out of it."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from time import monotonic

from pymodbus.client import AsyncModbusSerialClient

from agent.facts import BlockRead, Fact
from bench.kit import Bench, Figures, Goal, Options
from bench.wire import device, line, plain_map, polled, read_seconds
from simulators.busprocess import SimProcess

WORDS = 60
SECONDS = 40.0


def run(options: Options) -> Figures:
    """Our line and the library's plain client, at 9600 and 19,200 baud, one after the other."""
    seconds = max(3.0, SECONDS * options.share)
    figures: dict[str, float | int] = {}
    worst, short, plain_worst, plain_short = 9.9, 0, 9.9, 0
    for baudrate in (9600, 19200):
        use, gaps = _ours(baudrate, seconds)
        options.progress(f"{baudrate} baud: {use:.4f} of the theoretical rate, {gaps} short gaps")
        plain_use, plain_gaps = _plain(baudrate, seconds / 2)
        options.progress(f"{baudrate} baud, plain client: {plain_use:.4f}, {plain_gaps} short gaps")
        figures[f"utilisation_{baudrate}"] = round(use, 4)
        worst, short = min(worst, use), short + gaps
        plain_worst, plain_short = min(plain_worst, plain_use), plain_short + plain_gaps
    return {
        "utilisation": round(worst, 4),
        "short_gaps": short,
        "plain_utilisation": round(plain_worst, 4),
        "plain_short_gaps": plain_short,
        **figures,
    }


def _ours(baudrate: int, seconds: float) -> tuple[float, int]:
    times: list[float] = []

    def take(fact: Fact) -> None:
        if isinstance(fact, BlockRead):
            times.append(fact.stamp.mono)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "port"
        with SimProcess(path, {1: "addresses"}, baudrate=baudrate) as sim:
            one = line(path, baudrate, (device("d", plain_map(WORDS), 1, baudrate),), take)
            asyncio.run(polled(one, seconds))
            gaps = sim.stats()["short_gaps"]
    rate = (len(times) - 1) / (times[-1] - times[0])
    return rate * read_seconds(WORDS, baudrate), int(str(gaps))


def _plain(baudrate: int, seconds: float) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "port"
        with SimProcess(path, {1: "addresses"}, baudrate=baudrate) as sim:
            rate = asyncio.run(_plain_rate(path, baudrate, seconds))
            gaps = sim.stats()["short_gaps"]
    return rate * read_seconds(WORDS, baudrate), int(str(gaps))


async def _plain_rate(path: Path, baudrate: int, seconds: float) -> float:
    client = AsyncModbusSerialClient(str(path), baudrate=baudrate)
    await client.connect()
    times: list[float] = []
    end = monotonic() + seconds
    while monotonic() < end:
        await client.read_holding_registers(0, count=WORDS, device_id=1)
        times.append(monotonic())
    client.close()
    return (len(times) - 1) / (times[-1] - times[0])


BENCH = Bench(
    "rtu_wire",
    "Share of the theoretical read rate of an RTU line, and silences shorter than 3.5 characters.",
    "back-to-back reads of 60 registers from one unit on a pty with line time, 8N1, 40 s at each "
    "of 9600 and 19,200 baud; then the library's own async client for 20 s each",
    run,
    (Goal("utilisation", ">=", 0.97), Goal("short_gaps", "=", 0)),
)
