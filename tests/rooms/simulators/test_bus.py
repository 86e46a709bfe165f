"""Simulated lines against independent peers: pymodbus, and bytes on the wire."""

import asyncio
import os
import select
import socket
from contextlib import suppress
from time import monotonic

import pytest
from pymodbus.client import AsyncModbusTcpClient, ModbusSerialClient
from pymodbus.framer import FramerType

from agent.drivers import driver
from agent.yamltext import Duration, Span
from simulators.bus import PtyLine
from simulators.busprocess import SimProcess
from simulators.faults import Fault
from simulators.frames import crc16, rtu
from simulators.registers import AddressWords, RegisterImage
from simulators.tcp import TcpLine
from simulators.unit import factory_values

# Of each shipped machine a point, what it shows, its address and word; then where the setpoint is
# written and read, a word that is taken and one that is beyond the limits. Midea's high byte is the
# setpoint of zone 2.
MACHINES = {
    "midea_mthermal_r290": ("water_supply_temp", -7, 105, 0xFFF9, 2, 2, 0x052A, 0x05F0),
    "haier_atw_r290": ("outdoor_temp", -0.5, 40141, 0xFFFB, 40003, 40103, 84, 255),
    "samsung_ehs_mimb19n": ("water_supply_temp", 41.5, 66, 415, 68, 68, 420, 900),
}


def machine(name: str) -> RegisterImage:
    image = RegisterImage(driver(name).map, 7)
    factory_values(image)
    image.set(MACHINES[name][0], MACHINES[name][1])
    return image


class Wire:
    """The master's end of a pty, byte by byte."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def ask(self, pdu: bytes, length: int, unit_id: int = 1, within_s: float = 2.0) -> bytes:
        """Send a request; the bytes that follow, at most `length`, until `within_s` has passed."""
        os.write(self.fd, rtu(unit_id, pdu))
        return self.hear(length, within_s)

    def hear(self, length: int, within_s: float) -> bytes:
        until, heard = monotonic() + within_s, b""
        while len(heard) < length and (left := until - monotonic()) > 0:
            if select.select((self.fd,), (), (), left)[0]:
                heard += os.read(self.fd, length - len(heard))
        return heard

    def close(self) -> None:
        os.close(self.fd)


def read(at: int, count: int) -> bytes:
    return b"\x03" + at.to_bytes(2, "big") + count.to_bytes(2, "big")


def reply(*words: int, unit_id: int = 1) -> bytes:
    body = b"".join(word.to_bytes(2, "big") for word in words)
    return rtu(unit_id, bytes((3, len(body))) + body)


@pytest.fixture
def line(tmp_path):
    line = PtyLine({1: AddressWords(), 2: AddressWords()}, tmp_path / "bus", baudrate=115200)
    line.start()
    yield line
    line.close()


@pytest.fixture
def wire(line):
    wire = Wire(line.path)
    yield wire
    wire.close()


def test_the_check_bytes_are_those_of_the_standard():
    # The example of Modbus over Serial Line V1.02, appendix B: 02 07 -> 41 12.
    assert crc16(b"\x02\x07") == b"\x41\x12"


@pytest.mark.parametrize("name", MACHINES)
def test_pymodbus_reads_and_writes_each_machine_over_rtu(tmp_path, name):
    _, _, at, word, write_at, read_at, setpoint, too_high = MACHINES[name]
    line = PtyLine({7: machine(name)}, tmp_path / "bus", baudrate=115200)
    line.start()
    client = ModbusSerialClient(str(line.path), baudrate=115200, timeout=1, retries=0)
    try:
        assert client.connect()
        assert client.read_holding_registers(at, count=1, device_id=7).registers == [word]
        assert not client.write_register(write_at, setpoint, device_id=7).isError()
        found = client.read_holding_registers(read_at, count=1, device_id=7).registers
        assert found == [setpoint]
        assert not client.write_registers(write_at, [setpoint - 2], device_id=7).isError()
        assert client.write_register(write_at, too_high, device_id=7).exception_code == 3
        assert client.read_holding_registers(9999, count=1, device_id=7).exception_code == 2
    finally:
        client.close()
        line.close()


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
@pytest.mark.parametrize("name", MACHINES)
async def test_pymodbus_reads_and_writes_each_machine_over_tcp(name, framing):
    _, _, at, word, write_at, read_at, setpoint, too_high = MACHINES[name]
    line = TcpLine({7: machine(name)}, framing=framing)
    await line.start()
    framer = FramerType.SOCKET if framing == "tcp" else FramerType.RTU
    client = AsyncModbusTcpClient("127.0.0.1", port=line.port, framer=framer, timeout=1, retries=0)
    try:
        assert await client.connect()
        assert (await client.read_holding_registers(at, count=1, device_id=7)).registers == [word]
        assert not (await client.write_register(write_at, setpoint, device_id=7)).isError()
        found = (await client.read_holding_registers(read_at, count=1, device_id=7)).registers
        assert found == [setpoint]
        assert (await client.write_register(write_at, too_high, device_id=7)).exception_code == 3
        found = await client.read_holding_registers(9999, count=1, device_id=7)
        assert found.exception_code == 2
    finally:
        client.close()
        await line.stop()


def test_bits_and_many_words_go_over_the_wire(line):
    client = ModbusSerialClient(str(line.path), baudrate=115200, timeout=1, retries=0)
    try:
        assert client.connect()
        assert not client.write_coils(100, [True, False, True], device_id=1).isError()
        assert client.read_coils(100, count=3, device_id=1).bits[:3] == [True, False, True]
        assert not client.write_coil(101, True, device_id=1).isError()
        assert client.read_coils(100, count=3, device_id=1).bits[:3] == [True, True, True]
        assert client.read_discrete_inputs(4, count=2, device_id=1).bits[:2] == [False, True]
        assert not client.write_registers(50, [1, 2, 3], device_id=1).isError()
        assert client.read_holding_registers(49, count=5, device_id=1).registers == [
            49,
            1,
            2,
            3,
            53,
        ]
        assert client.read_input_registers(50, count=1, device_id=1).registers == [50]
    finally:
        client.close()


# --- time -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("baudrate", "expected_s"), [(9600, 0.1458), (19200, 0.0729)])
def test_sixty_words_take_as_long_as_on_a_real_line(tmp_path, baudrate, expected_s):
    """T(60) = (8 + 5 + 120) characters and two silences of 3.5, 10 bits a character.

    By the clock no answer may come sooner; how much later depends on what else this machine does.
    """
    with SimProcess(tmp_path / "bus", {1: "addresses"}, baudrate=baudrate) as line:
        wire, silence_s, times = Wire(tmp_path / "bus"), 35 / baudrate, []
        for _ in range(5):
            start = monotonic()
            assert len(wire.ask(read(0, 60), 125)) == 125
            times.append(monotonic() - start + silence_s)
            while monotonic() < start + times[-1]:
                pass
        wire.close()
        assert min(times) >= 0.98 * expected_s
        stats = line.stats()
    assert stats["replies"] == 5
    assert stats["short_gaps"] == 0
    assert stats["busy_s"] == pytest.approx(5 * expected_s, rel=0.001)


def test_a_request_too_soon_is_counted(line, wire):
    """Above 19,200 baud the silence no longer shrinks."""
    assert line.silence_s == 0.00175
    for _ in range(200):  # on a busy machine many a request comes late by itself
        wire.ask(read(0, 2), 9)
        gaps = [exchange.gap_s for exchange in line.exchanges]
        if any(gap is not None and gap < 0.00175 for gap in gaps):
            break
    assert gaps[0] is None
    assert line.stats()["short_gaps"] == sum(gap < 0.00175 for gap in gaps[1:]) > 0


def test_a_slow_unit_does_not_hold_up_the_other(line, wire):
    line.faults[1] = (Fault(kind="slow", delay=Duration(0.5)),)
    wire.ask(read(10, 1), 0)
    assert wire.ask(read(20, 1), 14, unit_id=2) == reply(20, unit_id=2) + reply(10)


# --- faults on the wire -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Fault(kind="silent"), b""),
        (Fault(kind="short"), reply(5, 6)),
        (Fault(kind="long", words=2), reply(5, 6, 7, 0, 0)),
        (Fault(kind="garbled"), reply(5, 6, 7)[:-2] + bytes(b ^ 0xFF for b in reply(5, 6, 7)[-2:])),
        (Fault(kind="wrong_unit"), reply(5, 6, 7, unit_id=2)),
        (Fault(kind="shifted"), reply(90, 91, 92)),
        (Fault(kind="exception_2"), rtu(1, b"\x83\x02")),
        (Fault(kind="exception_2", at=(Span(7, 7),)), rtu(1, b"\x83\x02")),
        (Fault(kind="exception_2", at=(Span(8, 9),)), reply(5, 6, 7)),
        (Fault(kind="busy"), rtu(1, b"\x83\x06")),
        (Fault(kind="gateway"), rtu(1, b"\x83\x0b")),
        (Fault(kind="silent", requests=Span(5, 9)), reply(5, 6, 7)),
        (Fault(kind="silent", requests=Span(2, 2)), b""),
        (Fault(kind="silent", after=Duration(60)), reply(5, 6, 7)),
        (Fault(kind="silent", share=0.0), reply(5, 6, 7)),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_each_fault_shows_on_the_wire_and_ends(line, wire, fault, answer):
    assert wire.ask(read(90, 4), 13) == reply(90, 91, 92, 93)
    line.faults[1] = (fault,)
    assert wire.ask(read(5, 3), len(answer) or 1, within_s=2.0 if answer else 0.2) == answer
    assert wire.ask(read(5, 1), 7, unit_id=2) == reply(5, unit_id=2)
    line.faults[1] = ()
    assert wire.ask(read(5, 3), 11) == reply(5, 6, 7)
    assert wire.hear(1, 0.02) == b""


def test_a_late_reply_comes_after_the_next_request(line, wire):
    line.faults[1] = (Fault(kind="late", delay=Duration(0.15), requests=Span(1, 1)),)
    assert wire.ask(read(0, 2), 9, within_s=0.05) == b""
    assert wire.ask(read(1000, 2), 9) == reply(0, 1)
    assert wire.hear(9, 1.0) == reply(1000, 1001)


def test_another_master_talks_before_the_reply(line, wire):
    line.faults[1] = (Fault(kind="second_master"),)
    heard = wire.ask(read(5, 1), 8 + 13 + 7)
    assert heard[:8] == rtu(0x60, b"\x03\x00\x10\x00\x04")
    assert heard[8:11] == b"\x60\x03\x08"
    assert crc16(heard[8:19]) == heard[19:21]
    assert heard[21:] == reply(5)


def test_noise_precedes_the_reply(line, wire):
    line.faults[1] = (Fault(kind="noise"),)
    heard = wire.ask(read(5, 1), 8)
    heard += wire.hear(3, 0.05)
    assert 8 <= len(heard) <= 11
    assert heard.endswith(reply(5))


def test_chance_is_the_same_for_the_same_seed(tmp_path):
    def struck(seed: int) -> list[bool]:
        line = PtyLine({1: AddressWords()}, tmp_path / "unused", seed=seed)
        line.faults[1] = (Fault(kind="silent", share=0.3),)
        replies = [line.responder.answer(1, read(0, 1), 0.0) for _ in range(200)]
        return [found is not None and found.pdu is None for found in replies]

    assert struck(1) == struck(1) != struck(2)
    assert 40 <= sum(struck(1)) <= 80


def test_bytes_that_are_no_request_are_not_answered(line, wire):
    os.write(wire.fd, b"\x01\x03\x00\x00\x00\x01\xff\xff")
    assert wire.hear(1, 0.1) == b""
    assert line.unheard == 1
    assert wire.ask(read(5, 1), 7) == reply(5)


def test_an_unplugged_port_is_gone_and_comes_back_under_its_name(line, wire):
    line.faults[2] = (Fault(kind="silent"),)
    line.unplug()
    assert not line.path.exists()
    with pytest.raises(OSError):  # noqa: PT011 - the message is the kernel's
        os.write(wire.fd, b"x")
    line.replug()
    again = Wire(line.path)
    assert again.ask(read(5, 1), 7) == reply(5)
    assert again.ask(read(5, 1), 1, unit_id=2, within_s=0.1) == b""
    again.close()


def test_a_file_in_the_way_is_not_removed(tmp_path):
    (tmp_path / "bus").write_text("mine")
    with pytest.raises(FileExistsError):
        PtyLine({1: AddressWords()}, tmp_path / "bus").start()
    assert (tmp_path / "bus").read_text() == "mine"


def test_a_line_in_its_own_process_obeys(tmp_path):
    with SimProcess(tmp_path / "bus", {1: "addresses"}, baudrate=115200) as line:
        wire = Wire(tmp_path / "bus")
        assert "done" in line.send('{"unit": 1, "fault": "silent"}')
        assert wire.ask(read(5, 1), 1, within_s=0.1) == b""
        assert "done" in line.send('{"unit": 1, "fault": null}')
        assert wire.ask(read(5, 1), 7) == reply(5)
        assert "unknown key" in str(line.send('{"unti": 1}')["error"])
        assert line.stats()["requests"] == 2
        wire.close()
    assert not (tmp_path / "bus").exists()


# --- TCP ------------------------------------------------------------------------------------


@pytest.fixture
async def server():
    line = TcpLine({1: AddressWords()})
    await line.start()
    yield line
    await line.stop()


async def exchange(line: TcpLine, pdu: bytes, number: int = 7, unit_id: int = 1) -> bytes:
    """One request on a connection of its own; what comes within 0.3 s or until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    head = number.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big")
    writer.write(head + bytes((unit_id,)) + pdu)
    try:
        return await asyncio.wait_for(reader.read(300), 0.3)
    except TimeoutError:
        return b""
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (None, "0007 0000 0005 01 0302 0005"),
        ("wrong_transaction", "0008 0000 0005 01 0302 0005"),
        ("wrong_unit", "0007 0000 0005 02 0302 0005"),
        ("garbled", "0007 a5a5 0005 01 0302 0005"),
        ("gateway", "0007 0000 0003 01 830b"),
        ("short", "0007 0000 0003 01 0300"),
        ("silent", ""),
    ],
)
async def test_each_fault_shows_on_tcp(server, kind, answer):
    server.faults[1] = (Fault(kind=kind),) if kind else ()
    assert await exchange(server, read(5, 1)) == bytes.fromhex(answer)


async def test_a_unit_that_is_not_there_is_the_bridges_answer(server):
    heard = await exchange(server, read(5, 1), unit_id=9)
    assert heard == bytes.fromhex("0007 0000 0003 09 830b")


async def test_a_converter_reboots_under_its_old_port(server):
    port = server.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await server.stop()
    with pytest.raises(OSError):  # noqa: PT011 - reset or refused, as the kernel likes
        await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        assert await reader.read(1) == b""
    writer.close()
    await server.start()
    assert server.port == port
    assert (await exchange(server, read(5, 1))).endswith(b"\x00\x05")


async def test_unplug_and_replug_in_a_row_end_with_the_line_up(server):
    server.unplug()
    server.replug()
    await server.settled()
    assert (await exchange(server, read(5, 1))).endswith(b"\x00\x05")


async def test_a_converter_with_one_socket_turns_the_second_away():
    line = TcpLine({1: AddressWords()}, one_connection=True)
    await line.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    writer.write(bytes.fromhex("000100000006 01") + read(5, 1))
    assert await reader.readexactly(11)
    second = socket.create_connection(("127.0.0.1", line.port))
    second.settimeout(2)
    assert await asyncio.to_thread(second.recv, 1) == b""
    second.close()
    assert line.turned_away == 1
    writer.write(bytes.fromhex("000200000006 01") + read(6, 1))
    assert (await reader.readexactly(11)).endswith(b"\x00\x06")
    writer.close()
    await line.stop()


async def test_rtu_over_tcp_takes_the_time_of_its_line():
    line = TcpLine({1: AddressWords()}, framing="rtu", baudrate=9600)
    await line.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    start = monotonic()
    writer.write(rtu(1, read(5, 10)))
    assert await reader.readexactly(25) == reply(*range(5, 15))
    # 8 + 25 characters and a silence of 3.5, 10 bits each
    assert monotonic() - start >= 36.5 * 10 / 9600
    writer.close()
    await line.stop()
