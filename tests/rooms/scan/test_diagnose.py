"""The doctor: each finding from its evidence, and a whole examination over simulated bits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from agent.drivers import ReadRequest, driver, names
from agent.line import Answer, Garbled, PortSettings, Refused, Reply, Silence
from agent.line.frames import RtuFraming
from agent.scan import ADVICE, Evidence, Fault, Patient, Setting, diagnose, doctor
from agent.scan.wire import Exchange
from simulators.adapter import LoopAdapter
from simulators.frames import rtu
from simulators.loop import run
from simulators.uart import Serial
from simulators.variant import Variant, machine
from simulators.weather import synthetic_winter
from simulators.wiring import Pair, Wiring

Take = Callable[[bytes], None]
HERE, ELSEWHERE = Setting(9600, "none"), Setting(9600, "even")
GOOD = rtu(1, b"\x03\x02\x00\x07")
OTHER = rtu(1, b"\x03\x02\x01\x09")


def exchange(reply: Reply, heard: bytes, unit_id: int = 1, count: int = 1) -> Exchange:
    request = ReadRequest(unit_id, "holding", 0, count)
    return Exchange(HERE, request, reply, heard, RtuFraming().frame(request))


ANSWERED = exchange(Answer((7,)), GOOD)
SILENT = exchange(Silence(), b"")
BREAK = exchange(Garbled("1 bytes, then nothing"), b"\0")
ECHO = exchange(Garbled("8 bytes"), ANSWERED.sent)
TWICE = exchange(Answer((7,)), GOOD + OTHER)
SPOILT = exchange(Garbled("cut"), GOOD[:3] + b"\x11\x80\x04\xff\xff")
BENT = exchange(Garbled("wrong checksum"), bytes(5 + 60), count=30)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (Fault.WELL, Evidence(HERE, exchanges=(ANSWERED,) * 8)),
        (Fault.WELL, Evidence(HERE, exchanges=(exchange(Refused(2), GOOD[:5]),) * 8)),
        (Fault.WRONG_PORT, Evidence(HERE, open_error="no such file")),
        (Fault.WRONG_PORT, Evidence(HERE, idle=b"login: \r\nraspberrypi login: ")),
        (Fault.WRONG_PORT, Evidence(HERE, exchanges=(SILENT,), texts=(b"$GPGGA,1,2,3,4*76",))),
        (Fault.WRONG_PORT, Evidence(HERE, exchanges=(ECHO,) * 3)),
        (Fault.SWAPPED, Evidence(HERE, exchanges=(BREAK, BREAK, SILENT))),
        (Fault.NO_POWER, Evidence(HERE, exchanges=(SILENT,) * 3)),
        (Fault.WRONG_PARITY, Evidence(HERE, exchanges=(SILENT,), elsewhere=((ELSEWHERE, 1),))),
        (
            Fault.WRONG_BAUD,
            Evidence(HERE, exchanges=(SILENT,), elsewhere=((Setting(19200, "even"), 1),)),
        ),
        (Fault.SECOND_MASTER, Evidence(HERE, idle=b"\x00" + GOOD, exchanges=(ANSWERED,) * 8)),
        (Fault.SAME_ID, Evidence(HERE, exchanges=(ANSWERED, TWICE, TWICE))),
        (Fault.SAME_ID, Evidence(HERE, exchanges=(ANSWERED, *(SPOILT,) * 6))),
        (Fault.NO_TERMINATION, Evidence(HERE, exchanges=(*(ANSWERED,) * 8, BENT, BENT))),
        (Fault.UNIT_SILENT, Evidence(HERE, exchanges=(ANSWERED, exchange(Silence(), b"", 2)))),
        (Fault.WELL, Evidence(HERE, idle=b"\x00" + GOOD, has_a_master=True)),
        (Fault.NO_POWER, Evidence(HERE, has_a_master=True)),
        (Fault.DAMAGED, Evidence(HERE, idle=GOOD[:-1], has_a_master=True)),
        (Fault.WRONG_PARITY, Evidence(HERE, elsewhere=((ELSEWHERE, 1),), has_a_master=True)),
    ],
)
def test_each_fault_by_what_only_it_leaves(fault: Fault, seen: Evidence) -> None:
    assert diagnose(seen)[0].fault is fault


def test_an_echo_beside_good_answers_is_named() -> None:
    both = exchange(Answer((7,)), ANSWERED.sent + GOOD)
    assert diagnose(Evidence(HERE, exchanges=(both,) * 4))[0].fault is Fault.ECHO


def test_one_damaged_answer_is_not_well() -> None:
    seen = Evidence(HERE, exchanges=(*(ANSWERED,) * 199, SILENT))
    assert diagnose(seen)[0].fault is not Fault.WELL


def test_every_fault_has_advice_in_both_languages() -> None:
    assert set(ADVICE) == set(Fault)
    for advice in ADVICE.values():
        assert advice.next_en.isascii()
        assert not advice.next_zh.isascii()


@pytest.mark.parametrize(
    ("wiring", "meant", "fault"),
    [
        (Wiring(), Setting(9600, "none"), Fault.WELL),
        (Wiring(swapped=True), Setting(9600, "none"), Fault.SWAPPED),
        (Wiring(), Setting(9600, "even"), Fault.WRONG_PARITY),
        (Wiring(), Setting(19200, "none"), Fault.WRONG_BAUD),
    ],
)
def test_a_line_examined(wiring: Wiring, meant: Setting, fault: Fault) -> None:
    found = driver("haier_atw_r290")
    unit = machine(found.map, 3, synthetic_winter(), Random(3))
    unit.serial = Serial(9600)
    pair = Pair([unit], wiring)
    drivers = tuple(driver(name) for name in names())
    patient = Patient("sim", meant, {3: found})
    assert run(doctor(patient, drivers, opener=LoopAdapter(pair).attach))[0].fault is fault
    assert pair.writes == 0


@pytest.mark.parametrize(
    ("configured", "fault"),
    [("haier_atw_r290", Fault.WELL), ("kolant_greenbro", Fault.WRONG_DRIVER)],
)
def test_a_driver_of_another_machine_is_told(configured: str, fault: Fault) -> None:
    unit = machine(driver("haier_atw_r290").map, 3, synthetic_winter(), Random(3))
    assert isinstance(unit.registers, Variant)
    unit.registers.lacking, unit.registers.generous = frozenset(), False
    unit.serial = Serial(9600)
    pair = Pair([unit], Wiring())
    drivers = tuple(driver(name) for name in names())
    patient = Patient("sim", Setting(9600, "none"), {3: driver(configured)})
    found = run(doctor(patient, drivers, opener=LoopAdapter(pair).attach))
    assert [one.fault for one in found] == [fault]
    if fault is Fault.WRONG_DRIVER:
        assert "haier_atw_r290" in found[0].en
        assert configured in found[0].zh
    assert pair.writes == 0


@pytest.mark.parametrize(("meant", "fault"), [(HERE, Fault.WELL), (ELSEWHERE, Fault.WRONG_PARITY)])
def test_on_a_line_with_a_master_of_its_own_nothing_is_asked(meant: Setting, fault: Fault) -> None:
    asked: list[bytes] = []

    class Overheard:
        """A pair on which a controller and its machine talk at `HERE`, twice a second."""

        def __init__(self, settings: PortSettings, take: Take, drop: object) -> None:
            self._take, self._fits = take, settings.parity == HERE.parity
            self._timer = asyncio.get_running_loop().call_later(0.5, self._talk)

        def _talk(self) -> None:
            self._take(GOOD if self._fits else bytes(3))
            self._timer = asyncio.get_running_loop().call_later(0.5, self._talk)

        def write(self, frame: bytes) -> None:
            asked.append(frame)

        def close(self) -> None:
            self._timer.cancel()

    drivers = tuple(driver(name) for name in names())
    patient = Patient("sim", meant, {17: driver("haier_yre27_r32")})
    assert run(doctor(patient, drivers, opener=Overheard))[0].fault is fault
    assert asked == []
