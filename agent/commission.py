"""A gateway from its box: the line is searched, a person decides, the configuration is written.

The page's installer and the command `scan` are two hands on the same search and the same writer.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import glob
from pathlib import Path

from msgspec.structs import replace

from agent import config
from agent.drivers import Driver, driver, usable
from agent.errors import FileError, Mistake, PortError
from agent.light import LOOKS, Light
from agent.line import Opener
from agent.model import Reading
from agent.network import Found as Looked
from agent.network import look
from agent.scan import (
    ADVICE,
    WITHIN_S,
    Choice,
    Finding,
    Found,
    Patient,
    Search,
    Wanted,
    configuration,
    doctor,
    is_free,
    search,
    supplied,
)
from agent.web import Ended, Install, Rooms, Wish
from agent.web.setup import Guessed, Hint, Machine, Reached, Setup, Shown
from agent.web.view import Depth, Lamp, Live, Service, Text
from agent.yamltext import parse

PORTS = ("/dev/heatpump/*", "/dev/serial/by-id/*", "/dev/ttyUSB*", "/dev/ttyACM*", "/dev/ttyAMA*")
QUICK_S = 32.0  # enough for the likely ids at every setting of a quiet line
ASKED_AGAIN = 3  # ids the doctor asks: the search has asked them all
ANSWER_GOES_OUT_S = 1.0  # the page says "written" before the program ends
NAMED = {"heat_pump": "hp", "meter": "meter", "sensor": "room"}
MODELS_SHOWN = 3


def ports_here() -> tuple[str, ...]:
    """The serial ports of this machine, each by the name that says most."""
    found: dict[str, str] = {}
    for name in (one for pattern in PORTS for one in sorted(glob(pattern))):
        found.setdefault(os.path.realpath(name), name)
    return tuple(found.values())


def text_before(path: Path) -> str:
    """What stands in a file that is to be completed; empty where there is none.

    Raises FileError for a configuration that names lines already, or one that cannot be read.
    """
    try:
        text = path.read_text("utf-8") if path.is_file() else ""
    except UnicodeDecodeError:
        raise FileError([Mistake(str(path), 1, "", "is not UTF-8 text")]) from None
    except OSError as error:
        raise FileError([Mistake(str(path), 1, "", f"cannot be read: {error.strerror}")]) from None
    if not is_free(text):
        message = "is a configuration already, and stays as it is; move it away, or name another"
        raise FileError([Mistake(str(path), 1, "", message)])
    return text


def write_configuration(path: Path, text: str) -> None:
    """Put this text in the file's place, whole or not at all, once it is right; who may read the
    file stays as it was.

    Raises FileError for a text that is wrong, OSError when it cannot be written.
    """
    config.build(parse(text, str(path)), path.parent)
    fresh = path.with_name(f".{path.name}.new")
    before = path.stat() if path.exists() else None
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if before is not None:
            os.fchmod(handle, before.st_mode & 0o777)  # whatever the umask of a service
            if os.geteuid() == 0:  # else root would take the file from the service
                os.fchown(handle, before.st_uid, before.st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


@dataclass(frozen=True, slots=True)
class _Order:
    port: str
    all_ids: bool


class Commission:
    """Sets up the gateway of one configuration file; `written` is called when that is done.

    `run` it while the page is served. One search at a time; nothing is written to the line.
    """

    def __init__(
        self,
        path: Path,
        written: Callable[[], None],
        ports: Callable[[], Sequence[str]] = ports_here,
        opener: Opener | None = None,
    ) -> None:
        fresh = config.fresh(path)
        self.page = fresh.page
        self._path, self._written, self._ports, self._opener = path, written, ports, opener
        self._drivers: tuple[Driver, ...] = ()
        self._found: Search | None = None
        self._order: _Order | None = None
        self._wake = asyncio.Event()
        self._state = Setup("ready", fresh.gateway, not fresh.broker, broker=fresh.broker)

    @property
    def rooms(self) -> Rooms:
        """What the page may know of a gateway that is not set up: little, and how to do it."""
        install = Install(self._now, self._network, self._search, self._decide, self._write)
        return Rooms(self._live, _nothing, _nobody, install)

    async def run(self) -> None:
        """Search whenever somebody has asked for it; end with the program once all is written."""
        self._state = replace(self._state, network=_reached(await look("")))
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._state.stage == "written":
                await asyncio.sleep(ANSWER_GOES_OUT_S)
                self._written()
            elif self._order is not None:
                await self._look(self._order)
                self._order = None

    # --- what the page may call -------------------------------------------------------------

    def _now(self) -> Setup:
        return replace(self._state, ports=tuple(self._ports()))

    async def _network(self, broker: str) -> Text | None:
        tried = broker if self._state.asks_broker else self._state.broker
        found = _reached(await look(tried))
        self._state = replace(self._state, network=found, broker=tried)
        return None

    def _search(self, port: str, all_ids: bool) -> Text | None:
        if self._order is not None:
            return Text("正在扫描，请稍候。", "A search is under way.")
        if self._state.stage == "written":
            return Text("配置已写入。", "The configuration is written already.")
        if port not in self._ports() and not port.startswith(("/dev/", "tcp://", "rtu+tcp://")):
            return Text(
                "端口应为 /dev/…、tcp://主机:端口 或 rtu+tcp://主机:端口。",
                "A port is /dev/..., tcp://host:port or rtu+tcp://host:port.",
            )
        self._order, self._found = _Order(port, all_ids), None
        says = Text("正在打开端口", "opening the port")
        self._state = replace(
            self._state, stage="searching", port=port, setting="", says=says, machines=(), hints=()
        )
        self._wake.set()
        return None

    def _decide(
        self, unit_id: int, taken: bool, chosen: str, name: str, serves: int
    ) -> Text | None:
        machines = {one.unit_id: one for one in self._state.machines}
        machine = machines.get(unit_id)
        if machine is None or self._state.stage != "found":
            return Text("没有这台设备。", "There is no such machine.")
        chosen = chosen or machine.driver
        if taken and chosen not in [one.driver for one in machine.guesses]:
            return Text("它与这个驱动不符。", "It does not fit that driver.")
        others = [one.name for one in machines.values() if one.taken and one is not machine]
        if taken and name in others:
            return Text("这个名称已经用了。", "That name is taken.")
        if taken and serves and (serves not in machines or machine.kind == "heat_pump"):
            return Text("没有这台热泵。", "There is no such heat pump.")
        same = [
            one.name
            for one in machines.values()
            if one.taken and one is not machine and serves and one.serves == serves
            if one.kind == machine.kind
        ]
        if taken and same:
            return Text(f"{same[0]} 已经量它了。", f"{same[0]} measures for it already.")
        machines[unit_id] = replace(
            machine, taken=taken, driver=chosen, name=name, serves=serves if taken else 0
        )
        self._state = replace(self._state, machines=tuple(machines.values()))
        return None

    async def _write(self, gateway: str, broker: str) -> Text | None:
        taken = [one for one in self._state.machines if one.taken]
        if self._found is None or not taken or self._state.stage != "found":
            return Text("先扫描并核对设备。", "Search and compare the machines first.")
        pumps = {one.unit_id: one for one in taken if one.kind == "heat_pump"}
        left = [one.name for one in taken if one.serves and one.serves not in pumps]
        if left:
            en = f"The heat pump that {left[0]} measures for is left out."
            return Text(f"{left[0]} 所属的热泵没有选用。", en)
        chosen = {one.unit_id: self._choice(one, pumps.get(one.serves)) for one in taken}
        try:
            before = text_before(self._path)
            text = configuration(self._found, chosen, gateway, broker, before=before)
            await asyncio.to_thread(write_configuration, self._path, text)
        except FileError as error:
            said = "; ".join(one.message for one in error.mistakes)
            return Text(f"配置不对：{said}", f"The configuration would be wrong: {said}")
        except OSError as error:
            return Text(f"写不进去：{error.strerror}", f"It cannot be written: {error.strerror}")
        self._state = replace(self._state, stage="written", gateway=gateway)
        self._wake.set()
        return None

    def _choice(self, one: Machine, pump: Machine | None) -> Choice:
        compared = bool(one.values)
        if pump is None:
            return Choice(one.driver, one.name, compared)
        maps = {it.name: it.map for it in self._drivers}
        supplies = supplied(maps[one.driver], maps[pump.driver])
        return Choice(one.driver, one.name, compared, pump.name, supplies)

    # --- the line ---------------------------------------------------------------------------

    def _tell(self, en: str, zh: str) -> None:
        self._state = replace(self._state, says=Text(zh, en))

    async def _look(self, order: _Order) -> None:
        """Search; where nobody answers, find out why."""
        if not self._drivers:
            self._drivers = await asyncio.to_thread(_installed)
        wanted = Wanted(somebody_s=WITHIN_S if order.all_ids else QUICK_S)
        try:
            found = await search(order.port, self._drivers, wanted, self._tell, self._opener)
        except PortError:
            found = None  # the doctor says what is wrong with it
        if found is not None and found.units:
            self._found = found
            machines = _machines(found.units, {one.name: one for one in self._drivers})
            setting = str(found.setting or "")
            self._state = replace(self._state, stage="found", setting=setting, machines=machines)
            return
        patient = Patient(order.port, None, {}, ASKED_AGAIN)
        findings = await doctor(patient, self._drivers, self._tell, self._opener)
        hints = tuple(_hint(one) for one in findings)
        self._state = replace(self._state, stage="nobody", hints=hints)

    def _live(self) -> Live:
        look = LOOKS[Light.NO_BUS]
        text = Text("尚未安装调试。", "Not set up yet.")
        lamp = Lamp(Light.NO_BUS.value, look.colour, text)
        return Live(self._state.gateway, datetime.now(UTC), False, False, 0, lamp, (), set_up=False)


def _reached(found: Iterable[Looked]) -> tuple[Reached, ...]:
    return tuple(Reached(one.question, one.good, Text(one.zh, one.en)) for one in found)


def _installed() -> tuple[Driver, ...]:
    return tuple(driver(name) for name in usable())


def _machines(found: Iterable[Found], drivers: dict[str, Driver]) -> tuple[Machine, ...]:
    """The machines as they are shown, each with a name nobody else has."""
    counts: dict[str, int] = {}
    made: list[Machine] = []
    for one in found:
        guesses = tuple(
            Guessed(guess.driver, _models(drivers[guess.driver]), guess.sure)
            for guess in one.verdict.guesses
        )
        best = drivers[guesses[0].driver] if guesses else None
        kind = best.map.kind if best is not None else "heat_pump"
        counts[kind] = counts.get(kind, 0) + 1
        values = tuple(_shown(reading, best) for reading in one.values) if best else ()
        name, chosen = f"{NAMED[kind]}{counts[kind]}", guesses[0].driver if guesses else ""
        made.append(Machine(one.unit_id, kind, name, chosen, guesses, values))
    pumps = [one.unit_id for one in made if one.kind == "heat_pump" and one.guesses]
    kinds = [one.kind for one in made if one.guesses]
    return tuple(
        # Who of two meters measures the pump only a person knows.
        replace(one, serves=pumps[0])
        if len(pumps) == 1 and one.kind != "heat_pump" and kinds.count(one.kind) == 1
        else one
        for one in made
    )


def _models(one: Driver) -> str:
    covers = [f"{cover.brand} {cover.model}" for cover in one.map.covers]
    more = " …" if len(covers) > MODELS_SHOWN else ""
    return ", ".join(covers[:MODELS_SHOWN]) + more


def _shown(reading: Reading, one: Driver) -> Shown:
    label = one.map.point(reading.point)
    unit = label.unit.value.replace("degC", "°C")
    assert reading.value is not None
    return Shown(Text(label.zh, label.en), reading.value, unit)


def _hint(one: Finding) -> Hint:
    advice = ADVICE[one.fault]
    return Hint(
        Text(advice.zh, advice.en),
        Text(one.zh, one.en),
        Text(advice.next_zh, advice.next_en),
        one.sure,
    )


async def _nobody(wish: Wish) -> Ended:
    """Nothing can be wished of a gateway that has no heat pump yet."""
    return Ended("refused", "no heat pump is configured yet")


async def _nothing() -> Service:
    """What a technician sees before anything runs."""
    depth = Depth({}, None, 0, 0, 0, None, False, 0, 0, 0, 0)
    return Service({}, (), depth, (), ())
