"""R25: a wire may have its own master, and one machine may answer under two unit ids."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.control import Guard, GuardView, Refusal
from agent.drivers import ReadRequest
from agent.line.exchanges import Ear, Heard
from agent.model import Outcome
from simulators.bus import Master, PtyLine
from simulators.faults import Fault
from simulators.frames import rtu
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
