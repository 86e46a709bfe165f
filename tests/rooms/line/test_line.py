"""A line at work on real ptys and sockets: facts come, and come back after everything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

import agent.line.line as line_module
from agent.clock import Clock
from agent.drivers import Cost, Device, load
from agent.facts import BlockFailed, BlockRead, Fact, Failure, LineChanged, WriteDone
from agent.line import Line, Port, PortSettings, Scheduler
from agent.line.trace import Trace, read_trace
from agent.model import Origin, Outcome, Write
from simulators.bus import PtyLine
from simulators.faults import Fault
from simulators.registers import AddressWords
from simulators.tcp import TcpLine

BAUD = 115200
MAP = """
map: acme
api: 1
covers: [{brand: Acme, model: One}]
source: [sheet of Acme]
grade: draft
every: EVERY
line: {answer_within: 0.3 s, worst_lateness: 0.1 s}
points:
  outdoor_temp: {table: input, at: 7}
  water_setpoint: {at: 40, scale: 0.1, write: {low: 3, high: 55, step: 0.5, confirm_within: 0.2 s}}
"""


class Seen:
    """The facts so far, and a way to wait for the next that matters."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.mishap: Callable[[Fact], None] = lambda fact: None
        self._came = asyncio.Event()

    async def take(self, fact: Fact) -> None:
        self.facts.append(fact)
        self._came.set()
        self.mishap(fact)

    async def next(self, wanted: Callable[[Fact], bool], within_s: float = 5.0) -> Fact:
        """The first wanted fact from now on."""
        at = len(self.facts)
        async with asyncio.timeout(within_s):
            while True:
                for fact in self.facts[at:]:
                    if wanted(fact):
                        return fact
                at = len(self.facts)
                self._came.clear()
                await self._came.wait()


class Bench:
    """A running line, what it has told, and the machine's end of the wire."""

    def __init__(self, line: Line, seen: Seen, peer: PtyLine | TcpLine) -> None:
        self.line, self.seen, self.peer = line, seen, peer

    def changes(self) -> list[bool]:
        return [fact.up for fact in self.seen.facts if isinstance(fact, LineChanged)]


def read(fact: Fact) -> bool:
    return isinstance(fact, BlockRead)


def is_up(fact: Fact) -> bool:
    return isinstance(fact, LineChanged) and fact.up


def is_down(fact: Fact) -> bool:
    return isinstance(fact, LineChanged) and not fact.up


def setpoint(value: float) -> Write:
    return Write("pump", "water_setpoint", value, Origin.PLATFORM, f"set {value}")


def result(fact: Fact) -> bool:
    return isinstance(fact, WriteDone)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "REOPEN_MIN_S", 0.01)
    monkeypatch.setattr(line_module, "REOPEN_MAX_S", 0.05)


@asynccontextmanager
async def running(
    folder: Path, way: str = "pty", every: str = "20 ms", trace: Trace | None = None
) -> AsyncIterator[Bench]:
    units = {1: AddressWords()}
    async with AsyncExitStack() as stack:
        peer: PtyLine | TcpLine
        if way == "pty":
            peer = PtyLine(units, folder / "bus", baudrate=BAUD)
            peer.start()
            stack.callback(peer.close)
            url = str(peer.path)
        else:
            peer = TcpLine(units, framing="tcp" if way == "tcp" else "rtu")
            await peer.start()
            stack.push_async_callback(peer.stop)
            url = f"{way}://127.0.0.1:{peer.port}"
        found = load(MAP.replace("EVERY", every), "m")
        scheduler = Scheduler([Device("pump", found, 1, Cost.of_line(BAUD, 0.0))])
        seen = Seen()
        port = Port(PortSettings("cellar", url, BAUD))
        line = Line(port, scheduler, seen.take, Clock().stamp, trace)
        task = asyncio.create_task(line.run(), name="line")
        try:
            yield Bench(line, seen, peer)
            assert not task.done()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.mark.parametrize("way", ["pty", "tcp", "rtu+tcp"])
async def test_facts_come(way: str, tmp_path: Path) -> None:
    async with running(tmp_path, way) as bench:
        ended = await bench.seen.next(lambda fact: isinstance(fact, BlockRead) and fact.sweep_end)
        assert isinstance(ended, BlockRead)
        first, *others = bench.seen.facts
        assert isinstance(first, LineChanged)
        assert (first.line, first.up) == ("cellar", True)
        values = {
            reading.point: reading.value
            for fact in others
            if isinstance(fact, BlockRead)
            for reading in fact.readings
        }
        assert values == {"outdoor_temp": 7, "water_setpoint": 4.0}


async def test_an_adapter_unplugged_and_back_brings_data_back_each_time(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        for _ in range(5):
            await bench.seen.next(read)
            bench.peer.unplug()
            down = await bench.seen.next(is_down)
            assert isinstance(down, LineChanged)
            assert str(tmp_path / "bus") in down.why
            failed = bench.seen.facts[-1]
            assert isinstance(failed, BlockFailed)
            assert (failed.failure, failed.sweep_end) == (Failure.LINE_DOWN, True)
            bench.peer.replug()
            await bench.seen.next(is_up)
            await bench.seen.next(read)
        # One word for each change, however often opening was tried.
        assert bench.changes() == [True, *([False, True] * 5)]
        lost = [f for f in bench.seen.facts if isinstance(f, BlockFailed)]
        assert len([f for f in lost if f.failure is Failure.LINE_DOWN]) == 5
        assert bench.line.errors == 0


@pytest.mark.parametrize("way", ["tcp", "rtu+tcp"])
async def test_a_converter_rebooted_brings_data_back_each_time(way: str, tmp_path: Path) -> None:
    async with running(tmp_path, way) as bench:
        assert isinstance(bench.peer, TcpLine)
        for _ in range(5):
            await bench.seen.next(read)
            down = asyncio.create_task(bench.seen.next(is_down))
            await asyncio.sleep(0)
            await bench.peer.stop()
            await down
            await bench.peer.start()
            await bench.seen.next(read)
        assert bench.changes() == [True, *([False, True] * 5)]
        assert bench.peer.connections == 6


async def test_a_port_that_is_not_there_at_the_start_is_told_once(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.peer.unplug()
        await bench.seen.next(is_down)
        for _ in range(3):  # opening is tried again and again: a write is turned away each time
            waiting = asyncio.create_task(bench.seen.next(result))
            await asyncio.sleep(0)
            bench.line.send(setpoint(45.0))
            done = await waiting
            assert isinstance(done, WriteDone)
            assert done.outcome is Outcome.FAILED
            assert done.why.endswith("/bus: No such file or directory")
            async with asyncio.timeout(5):
                await bench.line.settled()
        assert bench.changes().count(False) == 1
        assert [f for f in bench.seen.facts if isinstance(f, BlockFailed)][1:] == []


async def test_a_mishap_inside_take_is_logged_and_counted_and_the_line_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path) as bench:
        for count in (1, 2):
            await bench.seen.next(read)

            def stumble(fact: Fact) -> None:
                if isinstance(fact, BlockRead):
                    bench.seen.mishap = lambda fact: None
                    raise ZeroDivisionError("a bug")

            bench.seen.mishap = stumble
            with caplog.at_level(logging.ERROR):
                down = await bench.seen.next(is_down)
            assert isinstance(down, LineChanged)
            assert down.why == "internal error: ZeroDivisionError('a bug')"
            await bench.seen.next(read)
            assert bench.line.errors == count
    records = [record for record in caplog.records if record.name == "agent.line.line"]
    assert [record.getMessage() for record in records] == [
        f"line loop failed line=cellar errors={count}" for count in (1, 2)
    ]
    assert all(record.exc_info for record in records)


async def test_a_mishap_while_the_loss_is_told_does_not_end_the_line(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.seen.next(read)
        left = 3

        def stumble(fact: Fact) -> None:
            nonlocal left
            if left:
                left -= 1
                raise ZeroDivisionError("a bug")

        bench.seen.mishap = stumble
        await bench.seen.next(is_up)
        await bench.seen.next(read)
        assert bench.line.errors == 3


async def test_a_write_wakes_an_idle_line_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, every="1 h") as bench:
        await bench.seen.next(lambda fact: isinstance(fact, BlockRead) and fact.sweep_end)
        requests = bench.peer.responder.requests[1]
        bench.line.send(setpoint(45.5))
        done = await bench.seen.next(result, within_s=2.0)
        assert isinstance(done, WriteDone)
        assert (done.outcome, done.read_back) == (Outcome.VERIFIED, 45.5)
        assert bench.peer.responder.requests[1] == requests + 2  # the write, the look, no read


async def test_settled_returns_when_the_last_write_has_ended(tmp_path: Path) -> None:
    async with running(tmp_path, every="1 h") as bench:
        async with asyncio.timeout(5):
            await bench.line.settled()
            await bench.seen.next(lambda fact: isinstance(fact, BlockRead) and fact.sweep_end)
            values = (45.0, 46.0, 99.0, 47.0)
            for value in values:
                bench.line.send(setpoint(value))
            await bench.line.settled()
        ends = {f.write.value: f.outcome for f in bench.seen.facts if isinstance(f, WriteDone)}
        verified = Outcome.VERIFIED
        assert ends == {45.0: verified, 46.0: verified, 99.0: Outcome.REFUSED, 47.0: verified}
        assert not bench.line.scheduler.writing


async def test_a_write_under_way_fails_with_the_line(tmp_path: Path) -> None:
    async with running(tmp_path, every="1 h") as bench:
        await bench.seen.next(lambda fact: isinstance(fact, BlockRead) and fact.sweep_end)
        bench.peer.faults[1] = (Fault(kind="silent"),)
        bench.line.send(setpoint(45.0))
        requests = bench.peer.responder.requests[1]
        async with asyncio.timeout(5):
            while bench.peer.responder.requests[1] == requests:
                await asyncio.sleep(0.001)
        bench.peer.unplug()
        done = await bench.seen.next(result)
        assert isinstance(done, WriteDone)
        assert done.outcome is Outcome.FAILED
        async with asyncio.timeout(5):
            await bench.line.settled()


async def test_a_machine_that_refuses_every_point_leaves_the_program_alive(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.peer.faults[1] = (Fault(kind="exception_2"),)
        async with asyncio.timeout(5):
            while len(bench.line.scheduler._units["pump"].blocks) > 0:
                await asyncio.sleep(0.001)
            for _ in range(50):
                await asyncio.sleep(0.001)


async def test_every_exchange_goes_into_the_trace(tmp_path: Path) -> None:
    lines: list[str] = []
    async with running(tmp_path, every="1 h", trace=Trace(lines.append)) as bench:
        await bench.seen.next(lambda fact: isinstance(fact, BlockRead) and fact.sweep_end)
    kept = list(read_trace(iter(lines)))
    assert sorted((e.line, e.unit, e.fn, e.addr, e.words) for e in kept) == [
        ("cellar", 1, 3, 40, (40,)),
        ("cellar", 1, 4, 7, (7,)),
    ]
