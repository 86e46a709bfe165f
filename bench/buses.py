"""Random buses for the benchmarks of commissioning: families, settings and unit ids by chance."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from agent.drivers import Driver, driver, names
from simulators.uart import Serial
from simulators.variant import machine
from simulators.weather import Weather
from simulators.wiring import Pair, Talker, Unit, Wiring

BAUDRATES = (2400, 4800, 9600, 19200, 38400, 57600, 115200)
SETTINGS = (("none", 1), ("none", 2), ("even", 1), ("odd", 1))
DIALS = range(1, 33)
MOST_UNITS = 6
GOOD = Wiring()


@dataclass(frozen=True, slots=True)
class Bus:
    """A pair with machines on it: what they are by unit id, and how they speak."""

    units: tuple[Unit, ...]
    families: dict[int, Driver]
    serial: Serial

    def pair(
        self, wiring: Wiring = GOOD, talkers: tuple[Talker, ...] = (), seed: object = 0
    ) -> Pair:
        """The pair with this wiring."""
        return Pair(self.units, wiring, talkers, seed)


def serial_drivers() -> tuple[Driver, ...]:
    """Drivers of machines that can stand on a serial pair and let themselves be asked.

    Left out: machines with a published TCP port and no baud rate, and those with a master of their
    own on the wire.
    """
    found = (driver(name) for name in names())
    return tuple(
        one
        for one in found
        if (one.map.line.baudrate or not one.map.line.tcp_port) and one.map.line.master != "passive"
    )


def draw_serial(chance: Random, baudrates: tuple[int, ...] = BAUDRATES) -> Serial:
    """Settings by chance, each alike."""
    parity, stop_bits = chance.choice(SETTINGS)
    return Serial(chance.choice(baudrates), parity, stop_bits)  # type: ignore[arg-type]


def draw_bus(
    chance: Random, weather: Weather, count: int | None = None, serial: Serial | None = None
) -> Bus:
    """A bus of 1 to 6 machines; every second keeps its factory id, the others have 1 to 32."""
    serial = serial or draw_serial(chance)
    drivers = serial_drivers()
    units: list[Unit] = []
    families: dict[int, Driver] = {}
    taken: set[int] = set()
    for _ in range(count or chance.randint(1, MOST_UNITS)):
        one = chance.choice(drivers)
        fixed = {r.unit_id for r in one.map.points.values() if r.unit_id is not None}
        if fixed & taken:
            continue
        own = one.map.line.unit_id if chance.random() < 0.5 else None
        free = [i for i in DIALS if i not in taken | fixed]
        unit_id = own if own is not None and own not in taken | fixed else chance.choice(free)
        unit = machine(one.map, unit_id, weather, chance)
        unit.serial = serial
        units.append(unit)
        families[unit_id] = one
        taken |= unit.ids
    return Bus(tuple(units), families, serial)
