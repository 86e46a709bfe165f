"""Whether `doctor` names what is wrong with a line, and says that all is well only where it is.

Each fault is made on the simulated pair (`simulators.wiring`), which knows nothing of the doctor;
what the adapter delivers is sampled from levels. Healthy lines are asked as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from agent.drivers import driver, names
from agent.line import Opener
from agent.scan import Fault, Patient, Setting, doctor
from bench.buses import Bus, draw_bus, draw_serial
from bench.kit import Bench, Figures, Goal, Options, Row
from simulators.adapter import LoopAdapter
from simulators.frames import rtu
from simulators.loop import run as run_skipping
from simulators.uart import MARK, SPACE, Ring, Serial
from simulators.variant import machine
from simulators.weather import Weather, synthetic_winter
from simulators.wiring import Pair, Talker, Wiring

DRAWS, HEALTHY = 5, 10
USUAL = (4800, 9600, 19200)
FAST = (19200, 38400, 57600, 115200)
PROPAGATION_M_S, REFLECTED = 2e8, 0.8  # twisted pair; what an open end throws back
_TEXTS = (
    (b"$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76\r\n", 4800, 1.0),
    (b"\r\n+CREG: 2\r\n\r\nOK\r\nNO CARRIER\r\n", 115200, 0.8),
    (b"[   12.345678] usb 1-1: new full-speed USB device number 2\r\n", 115200, 0.5),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A line as it is meant, and what stands there instead."""

    patient: Patient
    pair: Pair | None

    @property
    def opener(self) -> Opener | None:
        return LoopAdapter(self.pair).attach if self.pair is not None else None


Make = Callable[[Random, Weather, int], Case]


def _case(bus: Bus, wiring: Wiring, chance: Random, talkers: tuple[Talker, ...] = ()) -> Case:
    meant = Setting(bus.serial.baudrate, bus.serial.parity, bus.serial.stop_bits)
    patient = Patient("simulated", meant, dict(bus.families))
    return Case(patient, bus.pair(wiring, talkers, chance.random()))


def _bus(chance: Random, weather: Weather, baudrates: tuple[int, ...] = USUAL) -> Bus:
    return draw_bus(chance, weather, chance.randint(1, 4), draw_serial(chance, baudrates))


def _healthy(chance: Random, weather: Weather, n: int) -> Case:
    return _case(_bus(chance, weather), Wiring(), chance)


def _swapped(chance: Random, weather: Weather, n: int) -> Case:
    return _case(_bus(chance, weather), Wiring(swapped=True), chance)


def _unterminated(chance: Random, weather: Weather, n: int) -> Case:
    """A long line at a fast rate: the swing dies away by a fifth with each way there and back."""
    round_trip_s = 2 * chance.uniform(300, 1000) / PROPAGATION_M_S
    ring = Ring(round_trip_s / (1 - REFLECTED), chance.uniform(0.003, 0.01))
    return _case(_bus(chance, weather, FAST), Wiring(ring=ring), chance)


def _other_settings(chance: Random, weather: Weather, which: str) -> Case:
    bus = _bus(chance, weather)
    wrong = bus.serial
    while (wrong.baudrate, wrong.parity) == (bus.serial.baudrate, bus.serial.parity):
        other = draw_serial(chance, USUAL)
        wrong = (
            replace(wrong, baudrate=other.baudrate)
            if which == "baud"
            else Serial(wrong.baudrate, other.parity, 1)
        )
    case = _case(bus, Wiring(), chance)
    meant = Setting(wrong.baudrate, wrong.parity, wrong.stop_bits)
    return replace(case, patient=replace(case.patient, setting=meant))


def _wrong_parity(chance: Random, weather: Weather, n: int) -> Case:
    return _other_settings(chance, weather, "parity")


def _wrong_baud(chance: Random, weather: Weather, n: int) -> Case:
    return _other_settings(chance, weather, "baud")


def _same_id(chance: Random, weather: Weather, n: int) -> Case:
    """A second machine of the same family was left at the first one's id."""
    bus = _bus(chance, weather)
    unit_id, family = next(iter(bus.families.items()))
    twin = machine(family.map, unit_id, weather, chance)
    twin.serial = bus.serial
    twin.delay_s = bus.units[0].delay_s + chance.uniform(-0.003, 0.003)
    twin.delay_s = max(0.004, twin.delay_s)
    winner = chance.choice((MARK, SPACE))
    return _case(replace(bus, units=(*bus.units, twin)), Wiring(winner=winner), chance)


def _second_master(chance: Random, weather: Weather, n: int) -> Case:
    bus = _bus(chance, weather)
    asked = tuple(
        rtu(unit_id, bytes((3,)) + chance.randrange(200).to_bytes(2, "big") + b"\0\x0a")
        for unit_id in bus.families
    )
    talker = Talker(asked, bus.serial, chance.uniform(0.5, 4.0), chance.uniform(0.1, 1.0))
    return _case(bus, Wiring(), chance, (talker,))


def _no_power(chance: Random, weather: Weather, n: int) -> Case:
    case = _case(_bus(chance, weather), Wiring(), chance)
    return replace(case, pair=Pair((), Wiring(), (), 0))


def _wrong_port(chance: Random, weather: Weather, n: int) -> Case:
    """No such port, our own bytes come back, or somebody else's text."""
    case = _case(_bus(chance, weather), Wiring(), chance)
    if n % DRAWS == 0:
        return Case(replace(case.patient, url="/dev/ttyUSB-not-there"), None)
    if n % DRAWS == 1:
        return replace(case, pair=Pair((), Wiring(echo=True), (), 0))
    text, baudrate, every_s = _TEXTS[n % DRAWS - 2]
    return replace(case, pair=Pair((), Wiring(), (Talker((text,), Serial(baudrate), every_s),), 0))


FAULTS: dict[Fault, Make] = {
    Fault.SWAPPED: _swapped,
    Fault.NO_TERMINATION: _unterminated,
    Fault.WRONG_PARITY: _wrong_parity,
    Fault.WRONG_BAUD: _wrong_baud,
    Fault.SAME_ID: _same_id,
    Fault.SECOND_MASTER: _second_master,
    Fault.NO_POWER: _no_power,
    Fault.WRONG_PORT: _wrong_port,
}


def _run(options: Options) -> Figures:
    weather = synthetic_winter()
    draws = max(1, round(DRAWS * options.share))
    rows: list[Row] = []
    for fault, make in FAULTS.items():
        said = [_named(make, fault.value, n, weather, options) for n in range(draws)]
        rows.append(_row(fault, said))
        options.progress(f"{fault.value}: {rows[-1]['named']} of {draws}, said {said}")
    healthy = max(1, round(HEALTHY * options.share))
    well = [_named(_healthy, "healthy", n, weather, options) for n in range(healthy)]
    options.progress(f"healthy: {well}")
    return {
        "draws": draws * len(FAULTS),
        "named": sum(int(str(row["named"])) for row in rows),
        "false_all_well": sum(int(str(row["all_well"])) for row in rows),
        "healthy": healthy,
        "false_alarms": sum(one != Fault.WELL for one in well),
        "per_fault": rows,
    }


def _named(make: Make, name: str, n: int, weather: Weather, options: Options) -> str:
    chance = Random(f"{options.seed}/{name}/{n}")
    case = make(chance, weather, n)
    drivers = tuple(driver(one) for one in names())
    return run_skipping(doctor(case.patient, drivers, opener=case.opener))[0].fault.value


def _row(fault: Fault, said: list[str]) -> Row:
    others = sorted({one for one in said if one != fault})
    return {
        "fault": fault.value,
        "draws": len(said),
        "named": said.count(fault.value),
        "all_well": said.count(Fault.WELL),
        "taken_for": ", ".join(others),
    }


BENCH = Bench(
    "doctor",
    "Eight faults of wiring on simulated pairs: which one the doctor names first, and whether it"
    " ever says all is well. Healthy lines beside them: how often it cries for nothing.",
    "5 draws of each of 8 faults and 10 healthy lines, 1 to 4 machines each; bits simulated, waits"
    " skipped. Swapped wires with bias resistors: without them they look like a dead line.",
    _run,
    (Goal("named", ">=", 36), Goal("false_all_well", "=", 0), Goal("false_alarms", "=", 0)),
)
