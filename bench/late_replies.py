"""Late answers on RTU: no value may be taken for another's, and it may not cost much."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusException

from agent.drivers import ReadRequest
from agent.line import Answer, Port, PortSettings
from bench.kit import Bench, Figures, Goal, Options
from simulators.busprocess import SimProcess

READS = 10_000
WORDS = 20
ADDRESSES = (0, 1000)
ANSWER_WITHIN_S = 0.25
LATENESS_S = 0.5
LATE = json.dumps({"unit": 1, "fault": "late", "share": 0.02, "delay": "300 ms"})
BAUD = 9600

_Outcome = tuple[float, int, int]  # seconds, wrong values, reads without an answer
_Client = Callable[[Path, int, Options], Awaitable[_Outcome]]


def run(options: Options) -> Figures:
    """Ours with and without late answers, and the library's client, each on its own line."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Figures:
    reads = max(200, int(READS * options.share))
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clean, ours, plain = await asyncio.gather(
            _line(folder / "clean", options, _ours, max(100, reads // 5), late=False),
            _line(folder / "late", options, _ours, reads, late=True),
            _line(folder / "plain", options, _plain, reads // 5, late=True),
        )
    return {
        "reads": reads,
        "wrong": ours[1],
        "unanswered": ours[2],
        "slowdown": round((ours[0] / reads) / (clean[0] / max(100, reads // 5)), 4),
        "plain_reads": reads // 5,
        "plain_wrong": plain[1],
        "plain_errors": plain[2],
        "clean_wrong": clean[1],
    }


async def _line(path: Path, options: Options, client: _Client, reads: int, late: bool) -> _Outcome:
    loop = asyncio.get_running_loop()
    sim = await loop.run_in_executor(
        None, lambda: SimProcess(path, {1: "addresses"}, baudrate=BAUD, seed=options.seed)
    )
    try:
        if late:
            sim.send(LATE)
        outcome = await client(path, reads, options)
        options.progress(f"{path.name}: {reads} reads in {outcome[0]:.1f} s, {outcome[1]} wrong")
        return outcome
    finally:
        await loop.run_in_executor(None, sim.close)


async def _ours(path: Path, reads: int, options: Options) -> _Outcome:
    port = Port(PortSettings("bench", str(path), BAUD))
    await port.open()
    wrong = unanswered = 0
    started = monotonic()
    for number in range(reads):
        at = ADDRESSES[number % 2]
        request = ReadRequest(1, "holding", at, WORDS)
        reply = await port.exchange(request, ANSWER_WITHIN_S, LATENESS_S, 0.0)
        if not isinstance(reply, Answer):
            unanswered += 1
        elif reply.words != tuple(range(at, at + WORDS)):
            wrong += 1
        if number % 1000 == 999:
            options.progress(f"{path.name}: {number + 1} of {reads}")
    port.close()
    return monotonic() - started, wrong, unanswered


async def _plain(path: Path, reads: int, options: Options) -> _Outcome:
    client = AsyncModbusSerialClient(str(path), baudrate=BAUD, timeout=ANSWER_WITHIN_S)
    await client.connect()
    wrong = errors = 0
    started = monotonic()
    for number in range(reads):
        at = ADDRESSES[number % 2]
        try:
            reply = await client.read_holding_registers(at, count=WORDS, device_id=1)
        except ModbusException:
            errors += 1
            continue
        if reply.isError():
            errors += 1
        elif tuple(reply.registers) != tuple(range(at, at + WORDS)):
            wrong += 1
    client.close()
    return monotonic() - started, wrong, errors


BENCH = Bench(
    "late_replies",
    "Wrong values and time lost when one answer in fifty comes 300 ms late and the master waits "
    "250 ms.",
    "10,000 alternating reads of 20 registers at 0 and at 1000 on a 9600-baud pty; beside it 2,000 "
    "reads without late answers (for the slowdown) and 2,000 by the library's own async client",
    run,
    (Goal("wrong", "=", 0), Goal("slowdown", "<=", 1.15)),
)
