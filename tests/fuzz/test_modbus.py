"""A bus on which anything may answer: every poll ends, nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.clock import Clock
from agent.drivers import Cost, Device, ReadRequest, load
from agent.facts import BlockFailed, BlockRead, Fact, LineChanged
from agent.line import Line, Port, PortSettings, Scheduler
from agent.line.answers import Answer, Garbled, Refused, Silence
from tests.fuzz.edges import corpus
from tests.fuzz.mutation import anything

READS = {1, 2, 3, 4}
LIMIT_S = 20.0
Way = Literal["tcp", "rtu+tcp"]
SEEDS = [path.read_bytes() for edge in ("rtu", "tcp") for path in corpus(edge)]


class Babbler:
    """A converter that answers each request with the next of its words, right or not."""

    def __init__(self, words: Sequence[bytes], heads: bool) -> None:
        self.words, self.heads = list(words), heads
        self.asked = list[bytes]()
        self.spoken = asyncio.Event()
        self.open = dict[asyncio.StreamWriter, asyncio.Task[None] | None]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open[writer] = asyncio.current_task()
        with suppress(ConnectionError):
            while request := await reader.read(512):
                self.asked.append(request)
                if not self.words:
                    self.spoken.set()
                    continue
                head = request[:4] if self.heads else b""
                writer.write(head + self.words.pop(0))
        writer.close()


@asynccontextmanager
async def babbling(words: Sequence[bytes], heads: bool) -> AsyncIterator[tuple[Babbler, int]]:
    babbler = Babbler(words, heads)
    server = await asyncio.start_server(babbler.serve, "127.0.0.1", 0)
    async with server:
        yield babbler, server.sockets[0].getsockname()[1]
        server.close()
        for writer, task in list(babbler.open.items()):
            writer.close()
            if task is not None:
                await asyncio.wait({task})


async def asked(words: Sequence[bytes], way: Way, heads: bool) -> None:
    async with babbling(words, heads) as (_, port_number):
        port = Port(PortSettings("bus", f"{way}://127.0.0.1:{port_number}", 115200))
        await port.open()
        try:
            for _ in words:
                async with asyncio.timeout(LIMIT_S):
                    reply = await port.exchange(ReadRequest(1, "holding", 100, 10), 0.01, 0.01, 0)
                assert isinstance(reply, Answer | Garbled | Refused | Silence)
                if isinstance(reply, Answer):
                    assert len(reply.words) == 10
        finally:
            port.close()


@pytest.mark.parametrize("way", ["tcp", "rtu+tcp"])
@given(words=st.lists(anything(SEEDS), min_size=1, max_size=4), heads=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_on_a_real_line_are_a_value_or_a_failure(
    way: Way, words: list[bytes], heads: bool
) -> None:
    asyncio.run(asked(words, way, heads))


MAP = """
map: acme
api: 1
covers: [{brand: Acme, model: One}]
source: [sheet of Acme]
grade: draft
every: 20 ms
line: {answer_within: 0.01 s, worst_lateness: 0.01 s}
points:
  outdoor_temp: {table: input, at: 7, type: s16, scale: 0.1}
  power_on: {table: coil, at: 3}
  water_setpoint: {at: 40, scale: 0.1, write: {low: 25, high: 55, step: 0.5}}
"""


async def polled(words: Sequence[bytes], heads: bool) -> tuple[list[Fact], list[bytes], int]:
    """A whole line polls until every word was spoken: its facts, what it asked, its mishaps."""
    facts = list[Fact]()

    async def take(fact: Fact) -> None:
        facts.append(fact)

    async with babbling(words, heads) as (babbler, port_number):
        pump = Device("pump", load(MAP, "m"), 1, Cost.of_line(115_200, 0.0))
        port = Port(PortSettings("bus", f"tcp://127.0.0.1:{port_number}"))
        line = Line(port, Scheduler([pump]), take, Clock().stamp)
        task = asyncio.create_task(line.run())
        try:
            async with asyncio.timeout(LIMIT_S):
                await babbler.spoken.wait()
        finally:
            task.cancel()
            await asyncio.wait({task})
        return facts, babbler.asked, line.errors


@given(words=st.lists(anything(SEEDS), min_size=1, max_size=2), heads=st.booleans())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_line_bears_any_answers_and_asks_only_to_read(words: list[bytes], heads: bool) -> None:
    facts, asked_, errors = asyncio.run(polled(words, heads))
    assert errors == 0
    assert all(isinstance(fact, BlockRead | BlockFailed | LineChanged) for fact in facts)
    functions = {request[at + 7] for request in asked_ for at in range(0, len(request), 12)}
    assert functions <= READS
    for fact in facts:
        for reading in fact.readings if isinstance(fact, BlockRead) else ():
            assert reading.point in pump_points()


def pump_points() -> set[str]:
    return set(load(MAP, "m").points)
