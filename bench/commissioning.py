"""Homes that nobody has set up, driven through the page from the box to the green light."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from statistics import median
from time import monotonic

from selenium.common.exceptions import WebDriverException

from agent import config
from agent.scan import ADVICE, Fault
from bench.buses import BAUDRATES, Bus, draw_bus
from bench.chromium import IS_HERE, MISSING, PHONE, chromium
from bench.commissionhomes import FreshHome
from bench.installerhands import GREEN_WITHIN_S, GaveUp, Hands, Job
from bench.kit import Bench, Figures, Goal, Options, Row
from simulators.uart import Serial
from simulators.weather import Weather, synthetic_winter
from simulators.wiring import Pair, Wiring

HOMES = 20
MOST_MACHINES = 3
FAULTY_SHARE = 0.4
WORDS = 160  # of a reason


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with the wire, and under which names the page must tell of it."""

    name: str
    wiring: Wiring
    powered: bool
    suspects: tuple[Fault, ...]


SOUND = Wrong("", Wiring(), True, ())
FAULTS = (
    Wrong("swapped", Wiring(swapped=True), True, (Fault.SWAPPED,)),
    # Without bias a swapped pair is as silent as a dead one: the advice names both.
    Wrong("swapped, no bias", Wiring(swapped=True, biased=False), True, (Fault.NO_POWER,)),
    Wrong("no power", Wiring(), False, (Fault.NO_POWER,)),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A home by chance."""

    bus: Bus
    wrong: Wrong


def draw(chance: Random, weather: Weather) -> Drawn:
    """One to three machines on a pair, a heat pump among them; some with a fault of the wire."""
    serial = Serial(chance.choice(BAUDRATES), "none", chance.choice((1, 2)))
    wrong = chance.choice(FAULTS) if chance.random() < FAULTY_SHARE else SOUND
    while True:
        bus = draw_bus(chance, weather, chance.randint(1, MOST_MACHINES), serial)
        if any(one.map.kind == "heat_pump" for one in bus.families.values()):
            return Drawn(bus, wrong)


def _home(drawn: Drawn, seed: str) -> Row:
    """One home, from the page's address to green; `why` says what became of it where it failed."""
    bus, wrong = drawn.bus, drawn.wrong
    pair = Pair(bus.units if wrong.powered else (), wrong.wiring, (), seed)
    plates = {unit_id: one.name for unit_id, one in bus.families.items()}
    row: dict[str, float | int | bool | str | None] = {
        "machines": " ".join(plates.values()),
        "ids": " ".join(map(str, plates)),
        "settings": f"{bus.serial.baudrate} 8N{bus.serial.stop_bits}",
        "wire": wrong.name,
        "green": False,
        "put_right": False,
    }
    names = {ADVICE[one].zh for one in wrong.suspects}
    with FreshHome(pair) as home, chromium(PHONE, "zh-CN") as page:

        async def put_right() -> None:
            pair.units, pair.wiring = tuple(bus.units), Wiring()

        def mend(suspects: tuple[str, ...]) -> bool:
            if names.isdisjoint(suspects) or (pair.wiring == Wiring() and pair.units):
                return False
            home.do(put_right())
            row["put_right"] = True
            return True

        job = Job(home.base, home.code, home.broker, "gw-0042", plates, mend)
        hands, begun = Hands(page, job), monotonic()
        try:
            hands.set_up()
            written_s = monotonic() - begun
            green_s = home.green_after(begun, written_s + GREEN_WITHIN_S)
            if green_s is None:
                raise GaveUp(f"not green: {home.light() or 'no page'}")
            hands.sees_green()
            made = {
                device.unit_id: device.map.map
                for line in config.read(home.config).lines
                for device in line.devices
            }
            if made != plates:
                raise GaveUp(f"written was {made}")
            row |= {"green": True, "seconds": round(green_s, 1), "written_s": round(written_s, 1)}
        except (GaveUp, WebDriverException) as error:
            row["why"] = " ".join(str(error).split())[:WORDS]
        writes = pair.writes
    return row | {
        "taps": hands.taps,
        "typed": hands.typed,
        "searches": hands.searches,
        "writes": writes,
    }


def _run(options: Options) -> Figures:
    if not IS_HERE:
        raise FileNotFoundError(MISSING)
    for name in ("agent", "asyncio"):  # a gateway in its box warns, and cuts off who still watches
        logging.getLogger(name).setLevel(logging.CRITICAL)
    weather = synthetic_winter()
    count = options.given.homes or max(1, round(HOMES * options.share))
    seeds = [f"{options.seed}/{n}" for n in range(count)]
    homes = [draw(Random(seed), weather) for seed in seeds]
    rows: list[Row] = []
    with ThreadPoolExecutor(max_workers=options.jobs) as pool:
        for row in pool.map(_home, homes, seeds):
            rows.append(row)
            done = "#" * len(rows) + "." * (count - len(rows))
            end = f"green after {row['seconds']} s" if row["green"] else f"NOT green: {row['why']}"
            options.progress(
                f"[{done}] {row['machines']} at {row['settings']} {row['wire']}: {end},"
                f" {row['taps']} taps"
            )
    green_s = [float(str(row["seconds"])) for row in rows if row["green"]]
    return {
        "homes": count,
        "at_once": options.jobs,
        "found": len(green_s),
        "max_taps": max(int(str(row["taps"])) for row in rows),
        "p50_seconds": round(median(green_s), 1) if green_s else None,
        "max_seconds": max(green_s, default=None),
        "machines": sum(len(one.bus.families) for one in homes),
        "wires_put_right": sum(bool(row["put_right"]) for row in rows),
        "writes": sum(int(str(row["writes"])) for row in rows),
        "each": rows,
    }


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--homes", type=int, help=f"so many homes ({HOMES})")


BENCH = Bench(
    "commissioning",
    "A gateway from its box: hands that need no time drive the page in a headless Chromium of a"
    " phone, from its address through login, search, mending the wire where the page names what is"
    " wrong, choosing each machine by its name plate, and writing, until the light is green: every"
    " heat pump answers and the platform has the readings. `seconds` are real ones from opening the"
    " page; typing a field is no tap.",
    "20 random homes with 1 to 3 machines of the installed serial families (8 % of a heat pump's"
    " words refused, a quarter answers zeros in holes), 2400 to 115,200 baud, one or two stop bits,"
    " factory ids or 1 to 32, two in five with a fault of the wire: swapped with and without bias,"
    " or no power. Bits simulated; set up, the gateway runs on a pty, which knows no parity:"
    " `scan` has the parities.",
    _run,
    (
        Goal("found", ">=", HOMES),
        Goal("max_taps", "<=", 12),
        Goal("p50_seconds", "<=", 180),
        Goal("writes", "=", 0),
    ),
    _arguments,
)
