"""The port over real ptys and sockets: late, lost, damaged and cut off, and never a wrong word."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

import pytest
import serial

from agent.drivers import ReadRequest, WriteRequest
from agent.errors import PortError
from agent.line.answers import Answer, Garbled, Refused, Reply, Silence
from agent.line.port import Port, PortSettings
from agent.yamltext import Duration, Span
from simulators.bus import PtyLine
from simulators.busprocess import SimProcess
from simulators.faults import Fault, Kind
from simulators.frames import rtu
from simulators.registers import AddressWords
from simulators.tcp import TcpLine

BAUD = 115200
Way = Literal["pty", "tcp", "rtu+tcp"]
WAYS: tuple[Way, ...] = ("pty", "tcp", "rtu+tcp")
NOBODY = 65534


@asynccontextmanager
async def connected(way: Way, folder: Path) -> AsyncIterator[tuple[Port, PtyLine | TcpLine]]:
    """An open port and, at the other end, units 1 and 2, whose words are their addresses."""
    units = {1: AddressWords(), 2: AddressWords()}
    async with AsyncExitStack() as stack:
        line: PtyLine | TcpLine
        if way == "pty":
            line = PtyLine(units, folder / "bus", baudrate=BAUD)
            line.start()
            stack.callback(line.close)
            url = str(line.path)
        else:
            line = TcpLine(units, framing="tcp" if way == "tcp" else "rtu")
            await line.start()
            stack.push_async_callback(line.stop)
            url = f"{way}://127.0.0.1:{line.port}"
        port = Port(PortSettings("cellar", url, BAUD))
        stack.callback(port.close)
        await port.open()
        yield port, line


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[PtyLine]:
    line = PtyLine({1: AddressWords()}, tmp_path / "bus", baudrate=BAUD)
    line.start()
    yield line
    line.close()


async def ask(
    port: Port,
    at: int = 0,
    count: int = 10,
    unit_id: int = 1,
    within_s: float = 1.0,
    lateness_s: float = 0.2,
    gap_s: float = 0.0,
) -> Reply:
    return await port.exchange(
        ReadRequest(unit_id, "holding", at, count), within_s, lateness_s, gap_s
    )


def words(at: int = 0, count: int = 10) -> Answer:
    return Answer(tuple(range(at, at + count)))


async def until(true: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.001)


# --- answers --------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
async def test_reads_and_writes_are_answered(way: Way, tmp_path: Path) -> None:
    async with connected(way, tmp_path) as (port, _):
        assert await ask(port, 100, 50) == words(100, 50)
        assert await ask(port, 7, 3, unit_id=2) == words(7, 3)
        bits = ReadRequest(1, "coil", 4, 3)
        assert await port.exchange(bits, 1.0, 0.2, 0.0) == Answer((0, 1, 0))
        for write in (
            WriteRequest(1, 6, 50, (1234,)),
            WriteRequest(1, 16, 51, (5, 6)),
            WriteRequest(1, 5, 4, (1,)),
            WriteRequest(1, 15, 5, (0, 1)),
        ):
            assert await port.exchange(write, 1.0, 0.2, 0.0) == Answer(write.words)
        assert await ask(port, 49, 5) == Answer((49, 1234, 5, 6, 53))
        assert await port.exchange(bits, 1.0, 0.2, 0.0) == Answer((1, 0, 1))


@pytest.mark.parametrize("way", WAYS)
async def test_exceptions_are_refusals_and_cost_no_drain(way: Way, tmp_path: Path) -> None:
    async with connected(way, tmp_path) as (port, line):
        line.faults[1] = (Fault(kind="exception_2"),)
        async with asyncio.timeout(5):
            assert await ask(port, lateness_s=60.0) == Refused(2)
        line.faults[1] = (Fault(kind="busy"),)
        assert await ask(port) == Refused(6)


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_is_silence(way: Way, tmp_path: Path) -> None:
    async with connected(way, tmp_path) as (port, line):
        line.faults[1] = (Fault(kind="silent"),)
        assert await ask(port, within_s=0.05, lateness_s=0.05) == Silence()
        line.faults[1] = ()
        assert await ask(port, 5) == words(5)


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        *((way, kind) for way in ("pty", "rtu+tcp") for kind in ("garbled", "noise")),
        *((way, kind) for way in WAYS for kind in ("short", "long", "wrong_unit")),
        ("pty", "second_master"),
        ("tcp", "wrong_transaction"),
        ("tcp", "garbled"),
    ],
)
async def test_what_is_not_the_answer_is_never_taken_for_it(
    way: Way, kind: Kind, tmp_path: Path
) -> None:
    async with connected(way, tmp_path) as (port, line):
        for at in range(4):
            line.faults[1] = (Fault(kind=kind, words=2),)
            assert isinstance(await ask(port, at, within_s=0.1, lateness_s=0.05), Garbled)
            line.faults[1] = ()
            assert await ask(port, 1000 + at) == words(1000 + at)


# --- late -----------------------------------------------------------------------------------


async def alternate(port: Port, lateness_s: float) -> tuple[int, int, int]:
    """Sixty reads of ten words in two places in turn: right, wrong, and unanswered ones."""
    right = wrong = lost = 0
    for i in range(60):
        at = 1000 * (i % 2)
        reply = await ask(port, at, within_s=0.06, lateness_s=lateness_s)
        right += reply == words(at)
        wrong += isinstance(reply, Answer) and reply != words(at)
        lost += not isinstance(reply, Answer)
    return right, wrong, lost


@pytest.mark.parametrize("way", ["pty", "rtu+tcp"])
async def test_a_late_answer_never_becomes_the_next_one(way: Way, tmp_path: Path) -> None:
    async with connected(way, tmp_path) as (port, line):
        line.faults[1] = (Fault(kind="late", share=0.2, delay=Duration(0.1)),)
        right, wrong, lost = await alternate(port, lateness_s=0.5)
        assert (wrong, right + lost) == (0, 60)
        assert 4 <= lost <= 30
        assert right >= 30
        # Without the drain the same line gives wrong words and no error.
        right, wrong, lost = await alternate(port, lateness_s=0.0)
        assert wrong > 0


@pytest.mark.parametrize("way", WAYS)
async def test_a_late_answer_is_told_as_such_and_ends_the_wait(way: Way, tmp_path: Path) -> None:
    async with connected(way, tmp_path) as (port, line):
        line.faults[1] = (Fault(kind="late", delay=Duration(0.2)),)
        async with asyncio.timeout(5):
            reply = await ask(port, within_s=0.05, lateness_s=60.0)
        assert isinstance(reply, Silence)
        assert reply.late_s == pytest.approx(0.15, abs=0.1)


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancelled_exchange_leaves_the_line_clean(way: Way, tmp_path: Path) -> None:
    async with connected(way, tmp_path) as (port, line):
        line.faults[1] = (Fault(kind="late", delay=Duration(0.15), requests=Span(1, 1)),)
        asking = asyncio.create_task(ask(port, 0, within_s=0.05, lateness_s=0.4))
        await until(lambda: line.responder.requests[1] == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        for at in (1000, 2000):
            assert await ask(port, at) == words(at)


async def test_an_answer_that_follows_on_foreign_talk_is_thrown_away() -> None:
    """Another master's frame is heard first; our own answer comes 0.1 s behind it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(2):
            frame = await reader.readexactly(8)
            at, count = int.from_bytes(frame[2:4], "big"), frame[5]
            if number == 0:
                writer.write(rtu(9, b"\x03\x02\x00\x00"))
                await asyncio.sleep(0.1)
            body = b"".join(i.to_bytes(2, "big") for i in range(at, at + count))
            writer.write(rtu(1, bytes((3, len(body))) + body))
        with suppress(ConnectionError):
            await reader.read()
        writer.transport.abort()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    number = server.sockets[0].getsockname()[1]
    port = Port(PortSettings("cellar", f"rtu+tcp://127.0.0.1:{number}", BAUD))
    await port.open()
    try:
        reply = await ask(port, 0, within_s=0.5, lateness_s=0.5)
        assert reply == Garbled("unit 9 answered instead of 1")
        assert await ask(port, 1000) == words(1000)
    finally:
        port.close()
        server.close()
        async with asyncio.timeout(5):
            await gone.wait()


# --- silence --------------------------------------------------------------------------------


async def test_the_silence_of_three_and_a_half_characters_is_kept(tmp_path: Path) -> None:
    with SimProcess(tmp_path / "bus", {1: "addresses"}, baudrate=9600) as line:
        port = Port(PortSettings("cellar", str(tmp_path / "bus"), 9600))
        await port.open()
        for i in range(40):
            assert await ask(port, 1000 * (i % 2), 2 + i % 5) == words(1000 * (i % 2), 2 + i % 5)
        port.close()
        found = line.stats()
        assert found["requests"] == 40
        assert found["short_gaps"] == 0
        use = found["use"]
        assert isinstance(use, float)
        assert use > 0.6  # not held by sleeping longer than needed


async def test_the_gap_a_driver_asks_for_is_kept(bus: PtyLine) -> None:
    port = Port(PortSettings("cellar", str(bus.path), BAUD))
    await port.open()
    for _ in range(10):
        await ask(port, gap_s=0.05)
    port.close()
    gaps = [exchange.gap_s for exchange in bus.exchanges if exchange.gap_s is not None]
    assert len(gaps) == 9
    assert min(gaps) >= 0.05


def test_line_times_follow_the_settings() -> None:
    plain = PortSettings("a", "/dev/x")
    assert plain.character_s == pytest.approx(10 / 9600)
    assert plain.silence_s == pytest.approx(35 / 9600)
    even = PortSettings("a", "/dev/x", 19200, "even", 1)
    assert even.character_s == pytest.approx(11 / 19200)
    assert even.silence_s == pytest.approx(3.5 * 11 / 19200)
    assert PortSettings("a", "rtu+tcp://h:1", 38400, "odd", 2).silence_s == 0.00175
    assert PortSettings("a", "tcp://h:1").silence_s == 0.0


# --- lost and found -------------------------------------------------------------------------


async def test_an_unplugged_adapter_is_a_port_error_and_opens_again(tmp_path: Path) -> None:
    async with connected("pty", tmp_path) as (port, line):
        for _ in range(3):
            assert await ask(port) == words()
            line.unplug()
            for _ in range(2):
                with pytest.raises(PortError, match=r"cellar: .*bus: "):
                    await ask(port, within_s=0.2)
            with pytest.raises(PortError, match=r"cellar: .*bus: .*No such file"):
                await port.open()
            line.replug()
            await port.open()


async def test_an_adapter_pulled_during_an_exchange_ends_it(tmp_path: Path) -> None:
    async with connected("pty", tmp_path) as (port, line):
        line.faults[1] = (Fault(kind="silent"),)
        asking = asyncio.create_task(ask(port, within_s=60.0))
        await until(lambda: line.responder.requests[1] == 1)
        line.unplug()
        async with asyncio.timeout(5):
            with pytest.raises(PortError, match=r"cellar"):
                await asking


@pytest.mark.parametrize("way", ["tcp", "rtu+tcp"])
async def test_a_restarted_converter_opens_again(way: Way, tmp_path: Path) -> None:
    async with connected(way, tmp_path) as (port, line):
        assert isinstance(line, TcpLine)
        for _ in range(3):
            assert await ask(port) == words()
            await line.stop()
            with pytest.raises(PortError, match=rf"cellar: {way.replace('+', '.')}://127"):
                await ask(port)
            with pytest.raises(PortError, match=r"cellar: .*://127\.0\.0\.1:\d+: .*failed"):
                await port.open()
            await line.start()
            await port.open()


async def test_a_connection_on_which_nothing_comes_is_opened_anew(tmp_path: Path) -> None:
    async with connected("tcp", tmp_path) as (port, line):
        assert isinstance(line, TcpLine)
        line.faults[1] = (Fault(kind="silent"),)
        for _ in range(3):
            assert await ask(port, within_s=0.02, lateness_s=0.02) == Silence()
        line.faults[1] = ()
        assert await ask(port) == words()
        assert line.connections == 2


# --- ports that do not open -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("/dev/no-such-port", "No such file"),
        ("tcp://127.0.0.1", "a host and a port are needed"),
        ("tcp://127.0.0.1:99999", "range"),
        ("rtu+tcp://:502", "a host and a port are needed"),
        (__file__, "configure|ioctl"),
    ],
)
async def test_what_is_no_port_is_told_with_line_and_url(url: str, why: str) -> None:
    with pytest.raises(PortError, match=why) as caught:
        await Port(PortSettings("cellar", url)).open()
    assert str(caught.value).startswith(f"cellar: {url}: ")


async def test_a_port_that_answers_too_late_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    settings = PortSettings("cellar", "tcp://127.0.0.1:502", open_within_s=0.02)
    with pytest.raises(PortError, match=r"cellar: tcp://127.0.0.1:502: no connection in time"):
        await Port(settings).open()


async def test_a_port_without_rights_is_told(bus: PtyLine) -> None:
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    else:
        bus.path.resolve().chmod(0)
    try:
        with pytest.raises(PortError, match=r"cellar: .*bus: .*Permission denied"):
            await Port(PortSettings("cellar", str(bus.path))).open()
    finally:
        if root:
            os.seteuid(0)


async def test_a_port_in_use_by_another_program_is_told(bus: PtyLine) -> None:
    hold = (
        "import fcntl, sys; port = open(sys.argv[1], 'rb+', buffering=0);"
        "fcntl.flock(port, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(bus.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == b"held\n"
        port = Port(PortSettings("cellar", str(bus.path), BAUD))
        with pytest.raises(PortError, match=r"cellar: .*bus: .*exclusively lock"):
            await port.open()
    finally:
        other.communicate(timeout=5)
    await port.open()
    assert await ask(port) == words()
    port.close()


async def test_a_device_that_vanishes_while_it_is_set_up_is_told(
    bus: PtyLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr(serial.serialposix.termios, "tcsetattr", gone)
    with pytest.raises(PortError, match=r"cellar: .*bus: .*Input/output error"):
        await Port(PortSettings("cellar", str(bus.path))).open()


async def test_a_port_never_opened_or_closed_is_told(bus: PtyLine) -> None:
    port = Port(PortSettings("cellar", str(bus.path), BAUD))
    with pytest.raises(PortError, match="not open"):
        await ask(port)
    await port.open()
    port.close()
    port.close()
    with pytest.raises(PortError, match="not open"):
        await ask(port)
