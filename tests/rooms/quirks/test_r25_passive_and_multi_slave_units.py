"""R25: a wire may have its own master, and one machine may answer under two unit ids."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.control import Guard, GuardView, Refusal
from agent.drivers import ReadRequest, WriteRequest
from agent.facts import BlockRead, Fact, WriteDone
from agent.line import Answer, Line, Port, PortSettings, Scheduler
from agent.line.exchanges import Ear, Heard
from agent.line.listener import Listener
from agent.line.port import Drop, Pipe, Take
from agent.line.trace import Trace
from agent.model import Origin, Outcome, Stamp, Write
from simulators.bus import Master, PtyLine
from simulators.faults import Fault
from simulators.frames import rtu
from simulators.loop import run
from tests.rooms.control.testpump import demand, snapshot
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

REMOTE = Master(((17, 3, 101, 6), (17, 3, 141, 16), (17, 3, 201, 1), (17, 3, 241, 22)))
TOP = """
blocks: [{at: 100, count: 4}, {at: 200, count: 2}]
line: {unit_id: 5, gap: 30 ms, master: passive, pause: 300 ms, answer_within: 0.2 s}
"""
POINTS = """
power_on: {at: 100, bits: 0, write: {}}
water_setpoint: {at: 101, write: {low: 25, high: 55, step: 1, confirm_within: 1 s}}
outdoor_temp: {at: 200, type: s16, scale: 0.1}
"""
START = datetime(2026, 1, 1, tzinfo=UTC)
OTHER = Master(((5, 3, 100, 4), (5, 3, 200, 2)))


def own_requests(pump: Pump) -> int:
    """Requests that came from us: the other master's are answered in its own thread."""
    assert isinstance(pump.peer, PtyLine)
    asked = sum(pump.peer.responder.requests.values())
    return asked - pump.peer.master_asked


async def test_r25_a_remote_is_overheard_and_never_disturbed(tmp_path: Path) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("water_supply_temp", 38.5)
        pump.image.set("outdoor_temp", -12.4)
        pump.image.set("power_on", True)

    driver = "haier_yre27_r32"
    async with polled(tmp_path, driver, set_up=furnish, master=REMOTE) as pump:
        await pump.sweeps(2)
        assert pump.value("water_supply_temp") == 38.5
        assert pump.value("outdoor_temp") == -12.4
        assert pump.value("power_on") is True
        assert own_requests(pump) == 0
        assert pump.device.monitor_only


async def test_r25_a_write_goes_into_the_pause_and_is_proved_by_the_masters_next_read(
    tmp_path: Path,
) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("water_setpoint", 40)

    async with polled(tmp_path, map_of(POINTS, TOP), set_up=furnish, master=OTHER) as pump:
        await pump.sweeps(1)
        for value in (45, 46, 47):
            done = await pump.write("water_setpoint", value)
            assert (done.outcome, done.read_back) == (Outcome.VERIFIED, value)
        # One bit: the rest of the word is taken from the master's read.
        done = await pump.write("power_on", True)
        assert (done.outcome, done.read_back) == (Outcome.VERIFIED, True)
        assert isinstance(pump.peer, PtyLine)
        assert pump.peer.collisions == 0
        assert own_requests(pump) == 4


async def test_r25_a_wire_that_falls_silent_is_told(tmp_path: Path) -> None:
    async with polled(tmp_path, map_of(POINTS, TOP), master=OTHER) as pump:
        await pump.sweeps(1)
        assert isinstance(pump.peer, PtyLine)
        pump.peer.hush()
        await pump.until(pump.failures)
        assert pump.failures()[0].why == "nothing is heard on the wire"


def test_r25_without_a_known_pause_nothing_is_written() -> None:
    passive = map_of(POINTS, TOP.replace(", pause: 300 ms", ""))
    assert device_of(passive).monitor_only
    assert not device_of(map_of(POINTS, TOP)).monitor_only
    view = GuardView(device_of(passive), snapshot(), 0.0, 0, None)
    verdict = Guard().judge(demand("water_setpoint", 40), view)
    assert isinstance(verdict, Refusal)
    assert "only watched" in verdict.why


@pytest.mark.parametrize("quiet_unit", [None, 11])
async def test_r25_two_unit_ids_are_one_machine(tmp_path: Path, quiet_unit: int | None) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("water_supply_temp", 38.5)  # unit 11
        pump.image.set("outdoor_temp", -12.4)  # unit 2
        if quiet_unit is not None:
            pump.peer.faults[quiet_unit] = (Fault(kind="gateway"),)

    async with polled(tmp_path, "itho_amber", set_up=furnish) as pump:
        await pump.until(lambda: pump.value("outdoor_temp") == -12.4)
        if quiet_unit is None:
            await pump.until(lambda: pump.value("water_supply_temp") == 38.5)
            assert pump.peer.responder.requests.keys() == {2, 11}


WORDS = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=20)


@given(WORDS, st.integers(0, 65000), st.binary(max_size=6), st.integers(1, 9))
@example([0, 3783], 0, b"", 1)  # the reply less its last byte, a zero, is a whole read
def test_r25_exchanges_are_heard_in_pieces_and_behind_noise(
    words: list[int], at: int, noise: bytes, piece: int
) -> None:
    asked = rtu(17, b"\x03" + at.to_bytes(2, "big") + len(words).to_bytes(2, "big"))
    body = b"".join(word.to_bytes(2, "big") for word in words)
    told = rtu(17, bytes((3, len(body))) + body)
    wire = noise + (asked + told) * 2
    ear = Ear()
    heard = [h for i in range(0, len(wire), piece) for h in ear.hear(wire[i : i + piece])]
    assert heard[-1] == Heard(ReadRequest(17, "holding", at, len(words)), tuple(words))
    assert len(heard) == 2
    assert ear.at_rest


def test_r25_a_damaged_reply_is_not_heard() -> None:
    asked, told = rtu(17, b"\x03\x00\x65\x00\x01"), bytearray(rtu(17, b"\x03\x02\x00\x07"))
    told[3] ^= 1
    assert list(Ear().hear(asked + bytes(told))) == []


def test_r25_a_master_that_asks_for_too_much_is_not_believed() -> None:
    asked = rtu(17, b"\x03\x00\x65\x00\x80")
    assert list(Ear().hear(asked + rtu(17, b"\x03\x02\x00\x07"))) == []


def at(mono: float) -> Stamp:
    return Stamp(START + timedelta(seconds=mono), mono)


def test_r25_a_write_whose_place_the_master_never_reads_ends() -> None:
    listener = Listener(device_of(map_of(POINTS, TOP)))
    listener.send(Write("hp", "water_setpoint", 45, Origin.RESIDENT, "c1"), 0.0)
    listener.send(Write("hp", "power_on", True, Origin.RESIDENT, "c2"), 0.0)
    asked, told = rtu(5, b"\x03\x00\xc8\x00\x02"), rtu(5, b"\x03\x04\x00\x01\x00\x02")
    facts: list[Fact] = []
    mono = 0.0
    while listener.writing and mono < 3600.0:
        mono += 10.0
        facts += listener.hear(asked + told, at(mono))
        request = listener.pause(mono)
        if request is not None:
            facts += listener.sent(Answer(request.words), at(mono))
    ends = [fact for fact in facts if isinstance(fact, WriteDone)]
    assert [(one.write.command_id, one.outcome) for one in ends] == [
        ("c1", Outcome.FAILED),
        ("c2", Outcome.FAILED),
    ]
    assert "could not be read" in ends[1].why


@pytest.mark.parametrize("first", [98, 100])
def test_r25_a_part_of_a_word_is_changed_in_the_word_the_master_has_read(first: int) -> None:
    points = POINTS.replace("at: 100, bits: 0", "at: 102, bits: 0")
    listener = Listener(device_of(map_of(points, TOP)))
    listener.send(Write("hp", "power_on", True, Origin.RESIDENT, "c1"), 0.0)
    words = [7] * (102 - first) + [0xA5FE, 9]
    asked = rtu(5, bytes((3, 0, first, 0, len(words))))
    body = b"".join(word.to_bytes(2, "big") for word in words)
    listener.hear(asked + rtu(5, bytes((3, len(body))) + body), at(1.0))
    assert listener.pause(1.0) == WriteRequest(5, 6, 102, (0xA5FF,))


@pytest.mark.parametrize("top", [TOP, TOP.replace(", master: passive, pause: 300 ms", "")])
def test_r25_a_write_ends_while_the_port_is_away(top: str) -> None:
    def away(*_: object) -> Pipe:
        raise OSError("no such port")

    async def story() -> list[Fact]:
        facts: list[Fact] = []

        async def take(fact: Fact) -> None:
            facts.append(fact)

        now = asyncio.get_running_loop().time
        port = Port(PortSettings("bus", "sim"), opener=away)
        line = Line(port, Scheduler([device_of(map_of(POINTS, top))]), take, lambda: at(now()))
        task = asyncio.create_task(line.run())
        await asyncio.sleep(1.0)
        line.send(Write("hp", "water_setpoint", 45, Origin.RESIDENT, "c1"))
        await asyncio.wait_for(line.settled(), 60.0)
        task.cancel()
        return facts

    (end,) = [fact for fact in run(story()) if isinstance(fact, WriteDone)]
    assert end.outcome is Outcome.FAILED


def test_r25_what_is_overheard_stands_in_the_trace_however_long_facts_take() -> None:
    class Overheard:
        """A controller that asks every 100 ms."""

        def __init__(self, settings: PortSettings, take: Take, drop: Drop) -> None:
            self._take = take
            self._ask()

        def _ask(self) -> None:
            self._take(rtu(5, b"\x03\x00\xc8\x00\x02") + rtu(5, b"\x03\x04\x00\x01\x00\x02"))
            self._timer = asyncio.get_running_loop().call_later(0.1, self._ask)

        def write(self, frame: bytes) -> None:
            raise AssertionError("nothing is sent")

        def close(self) -> None:
            self._timer.cancel()

    async def story() -> tuple[list[str], list[Fact]]:
        kept, facts = list[str](), list[Fact]()

        async def take(fact: Fact) -> None:
            facts.append(fact)
            await asyncio.sleep(0.08)

        now = asyncio.get_running_loop().time
        port = Port(PortSettings("bus", "sim"), opener=Overheard)
        scheduler = Scheduler([device_of(map_of(POINTS, TOP))])
        line = Line(port, scheduler, take, lambda: at(now()), Trace(kept.append))
        task = asyncio.create_task(line.run())
        await asyncio.sleep(10.0)
        task.cancel()
        return kept, facts

    kept, facts = run(story())
    read = [fact for fact in facts if isinstance(fact, BlockRead)]
    assert len(read) >= 90
    assert len(kept) >= len(read) - 3
    assert '"addr":200' in kept[0]
