"""Adapter pulled and converter rebooted, a hundred times: data is back within 30 s each time."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from time import monotonic

from agent.facts import BlockRead, Fact
from agent.line import Line
from bench.kit import Bench, Figures, Goal, Options
from bench.wire import device, line, plain_map
from simulators.bus import PtyLine
from simulators.registers import AddressWords
from simulators.tcp import TcpLine

TIMES = 50
AWAY_S = 1.0


def run(options: Options) -> Figures:
    """Half of the times a pty is unplugged, half of the times a converter stops and starts."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Figures:
    times = max(3, int(TIMES * options.share))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "port"
        pty = PtyLine({1: AddressWords()}, path, baudrate=19200)
        pty.start()
        usb = await _returns(str(path), pty, times, options)
        pty.close()
        converter = TcpLine({1: AddressWords()}, framing="rtu")
        await converter.start()
        url = f"rtu+tcp://127.0.0.1:{converter.port}"
        rebooted = await _returns(url, converter, times, options)
        await converter.stop()
    both = usb + rebooted
    return {
        "times": len(both),
        "back_within_30_s": sum(seconds <= 30.0 for seconds in both),
        "worst_s": round(max(both), 3),
        "adapter_worst_s": round(max(usb), 3),
        "converter_worst_s": round(max(rebooted), 3),
    }


async def _returns(url: str, wire: PtyLine | TcpLine, times: int, options: Options) -> list[float]:
    """Seconds from the return of the line to the next good answer, each time."""
    heard = asyncio.Event()

    def take(fact: Fact) -> None:
        if isinstance(fact, BlockRead):
            heard.set()

    one: Line = line(url, 19200, (device("d", plain_map(10, "100 ms"), 1, 19200),), take)
    task = asyncio.create_task(one.run())
    seconds: list[float] = []
    async with asyncio.timeout(30.0):
        await heard.wait()
    for number in range(times):
        wire.unplug()
        await asyncio.sleep(AWAY_S)
        wire.replug()
        started = monotonic()
        heard.clear()
        async with asyncio.timeout(60.0):
            await heard.wait()
        seconds.append(monotonic() - started)
        if number % 10 == 9:
            options.progress(f"{url.split(':', maxsplit=1)[0]}: {number + 1} of {times}")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return seconds


BENCH = Bench(
    "replug",
    "Seconds until data is back after a USB adapter was pulled and put back, and after a converter "
    "rebooted.",
    "50 times a pty, 50 times a TCP converter, away for 1 s each time",
    run,
    (Goal("back_within_30_s", "=", 2 * TIMES), Goal("worst_s", "<=", 30.0)),
)
