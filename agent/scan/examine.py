"""The examination of a line that ought to work: what is asked and heard before anything is judged.

Reads only; more than one word at a time only from machines whose driver the configuration names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.drivers import Cost, Device, Driver, ReadRequest
from agent.errors import PortError
from agent.line import Opener, frames_in
from agent.scan.diagnose import Evidence, Finding, Misfit, diagnose
from agent.scan.search import commonest
from agent.scan.settings import Setting, likely_ids, order
from agent.scan.what import what_is
from agent.scan.wire import Exchange, Tell, Wire, is_there

LISTEN_S, LISTEN_ELSEWHERE_S = 6.0, 1.5
OVERHEAR_S = 15.0  # a controller that asks so seldom is not known
SHORT_READS, LONG_READS = 8, 8
LONG_LEAST = 12  # words that make a long answer
STRANGERS = 8  # ids asked on a line of which nothing is known


@dataclass(frozen=True, slots=True)
class Patient:
    """A line as it is meant: its settings, and the drivers by unit id as far as they are known.

    Where no unit is known, so many `strangers` are asked, the likely ids first.
    """

    url: str
    setting: Setting | None
    units: dict[int, Driver | None]
    strangers: int = STRANGERS

    @property
    def has_a_master(self) -> bool:
        """Whether another asks on this line, so that nothing may be put on it."""
        return any(
            one is not None and one.map.line.master == "passive" for one in self.units.values()
        )


async def examine(
    patient: Patient,
    drivers: Sequence[Driver],
    tell: Tell = lambda en, zh: None,
    opener: Opener | None = None,
) -> Evidence:
    """Everything that can be heard on this line, in about a minute."""
    wire = Wire(patient.url, opener)
    setting = None if wire.is_network else patient.setting or order(drivers)[0]
    try:
        await wire.use(setting)
        if patient.has_a_master:
            return await _overheard(wire, setting, drivers, tell)
        return await _heard(wire, setting, patient, drivers, tell)
    except PortError as error:
        return Evidence(setting, open_error=str(error))
    finally:
        wire.close()


async def _heard(
    wire: Wire,
    setting: Setting | None,
    patient: Patient,
    drivers: Sequence[Driver],
    tell: Tell,
) -> Evidence:
    tell("listening", "正在监听")
    idle = await wire.listen(LISTEN_S) if wire.is_serial_frames else b""
    ids = tuple(patient.units) or likely_ids(drivers)[: patient.strangers]
    exchanges: list[Exchange] = []
    for unit_id in ids:
        tell(f"asking unit {unit_id}", f"正在询问地址 {unit_id}")
        exchanges += await _questions(wire, unit_id, patient.units.get(unit_id), drivers)
    if any(is_there(one) for one in exchanges) and not patient.units:
        there = {one.request.unit_id for one in exchanges if is_there(one)}
        exchanges = [one for one in exchanges if one.request.unit_id in there]
    elsewhere: tuple[tuple[Setting, int], ...] = ()
    texts: list[bytes] = []
    if not any(is_there(one) for one in exchanges) and setting is not None:
        noisy = any(idle) or any(any(one.heard) for one in exchanges)
        elsewhere = await _elsewhere(wire, setting, ids, drivers, texts if noisy else None, tell)
    misfits: list[Misfit] = []
    if exchanges and all(is_there(one) for one in exchanges):
        for unit_id, configured in patient.units.items():
            misfits += await _misfit(wire, unit_id, configured, drivers, tell)
    return Evidence(setting, "", idle, tuple(exchanges), elsewhere, tuple(texts), tuple(misfits))


async def _overheard(
    wire: Wire, setting: Setting | None, drivers: Sequence[Driver], tell: Tell
) -> Evidence:
    """What the master of the line and its machines say to each other; nothing is sent."""
    tell("listening", "正在监听")
    idle = await wire.listen(OVERHEAR_S)
    elsewhere: tuple[tuple[Setting, int], ...] = ()
    for other in order(drivers) if setting is not None and not frames_in(idle) else ():
        tell(f"listening at {other}", f"正在 {other} 下监听")
        await wire.use(other)
        frames = frames_in(await wire.listen(LISTEN_S))
        if frames:
            elsewhere = ((other, frames[0][0]),)
            break
    return Evidence(setting, idle=idle, elsewhere=elsewhere, has_a_master=True)


async def _misfit(
    wire: Wire, unit_id: int, configured: Driver | None, drivers: Sequence[Driver], tell: Tell
) -> list[Misfit]:
    """Whether a machine is surely another than its driver says; doubt is no misfit."""
    if configured is None:
        return []
    verdict = await what_is(wire, unit_id, drivers, tell)
    if verdict.driver is None or verdict.driver == configured.name:
        return []
    return [Misfit(unit_id, configured.name, verdict.driver, verdict.guesses[0].sure)]


async def _questions(
    wire: Wire, unit_id: int, driver: Driver | None, drivers: Sequence[Driver]
) -> list[Exchange]:
    """Short questions, and long ones where the driver is known; fewer to one who is not there."""
    short, long = _requests(unit_id, driver, drivers)
    found: list[Exchange] = []
    for i in range(SHORT_READS):
        one = short[i % len(short)]
        found.append(await wire.ask(unit_id, one.table, one.at, one.count))
        if i == 2 and not any(exchange.heard for exchange in found):
            return found
    for i in range(LONG_READS if long else 0):
        one = long[i % len(long)]
        found.append(await wire.ask(one.unit_id, one.table, one.at, one.count))
    return found


def _requests(
    unit_id: int, driver: Driver | None, drivers: Sequence[Driver]
) -> tuple[list[ReadRequest], list[ReadRequest]]:
    """Single words and the longest blocks of the driver's own plan."""
    if driver is None:
        table, at = commonest(drivers)
        return [ReadRequest(unit_id, table, at, 1)], []
    device = Device(driver.name, driver.map, unit_id, Cost.of_line(9600, 0.02), driver.hooks)
    blocks = [block.request for block in device.plan() if block.request.unit_id == unit_id]
    blocks.sort(key=lambda one: -one.count)
    short = [ReadRequest(unit_id, one.table, one.at, 1) for one in blocks[:4]]
    return short, [one for one in blocks[:3] if one.count >= LONG_LEAST]


async def _elsewhere(
    wire: Wire,
    setting: Setting,
    ids: Sequence[int],
    drivers: Sequence[Driver],
    texts: list[bytes] | None,
    tell: Tell,
) -> tuple[tuple[Setting, int], ...]:
    """Whether somebody answers at other settings, and what is said there unasked."""
    table, at = commonest(drivers)
    for other in order(drivers):
        if (other.baudrate, other.parity) == (setting.baudrate, setting.parity):
            continue
        tell(f"trying {other}", f"正在尝试 {other}")
        await wire.use(other)
        if texts is not None:
            texts.append(await wire.listen(LISTEN_ELSEWHERE_S))
        for unit_id in ids:
            if is_there(await wire.knock(unit_id, table, at)):
                return ((other, unit_id),)
    return ()


async def doctor(
    patient: Patient,
    drivers: Sequence[Driver],
    tell: Tell = lambda en, zh: None,
    opener: Opener | None = None,
) -> tuple[Finding, ...]:
    """What is wrong with this line, the surest first."""
    return diagnose(await examine(patient, drivers, tell, opener))
