"""The search of a line: its settings, who is on it, what they are, and three values of each.

Likely settings and ids come first, so that an ordinary bus is found in seconds; the time allowed
ends the search, and what was not tried is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agent.drivers import Cost, Device, Driver
from agent.line import Answer, Opener, frames_in
from agent.model import PointId, Reading, Snapshot
from agent.scan.expect import Place
from agent.scan.recognise import Verdict
from agent.scan.settings import (
    DIAL_IDS,
    FIRST_IDS,
    Parity,
    Setting,
    likely_ids,
    order,
    rounds,
)
from agent.scan.what import TRIES, what_is
from agent.scan.wire import Exchange, Tell, Wire, is_there

WITHIN_S = 300.0
SHOWN: tuple[PointId, ...] = (
    "water_supply_temp",
    "water_return_temp",
    "outdoor_temp",
    "indoor_temp",
    "indoor_humidity",
    "supply_voltage",
    "active_power",
    "energy_total",
)
VALUES_SHOWN = 3
LATE_IDS = 3  # so many questions earlier a late answer may have been asked for


@dataclass(frozen=True, slots=True)
class Found:
    """A machine on the line: its id, what it is, and the values to compare with its display."""

    unit_id: int
    verdict: Verdict
    values: tuple[Reading, ...] = ()

    def shows(self, driver: str) -> bool:
        """Whether the values were read by this driver: the first guess."""
        return bool(self.values) and self.verdict.guesses[0].driver == driver


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to search; None means search it. Given up after `somebody_s` without any answer."""

    baudrate: int | None = None
    parity: Parity | None = None
    ids: tuple[int, ...] = ()
    within_s: float = WITHIN_S
    somebody_s: float = WITHIN_S


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found. `tried` settings are complete when the time sufficed."""

    url: str
    setting: Setting | None
    units: tuple[Found, ...]
    tried: int
    settings: int
    questions: int
    seconds: float
    ended_early: bool
    noise: int


@dataclass(slots=True)
class Scan:
    """One search. `run` it once."""

    wire: Wire
    drivers: Sequence[Driver]
    wanted: Wanted = Wanted()
    tell: Tell = lambda en, zh: None
    _until: float = 0.0
    _noise: int = 0
    _tried: set[Setting | None] = field(default_factory=set)

    async def run(self) -> Search:
        """Search the line. Raises PortError when the port cannot be opened."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        self._until = start + min(self.wanted.within_s, self.wanted.somebody_s)
        settings: tuple[Setting | None, ...] = (None,)
        if not self.wire.is_network:
            settings = order(self.drivers, self.wanted.baudrate, self.wanted.parity)
        try:
            ids = await self._somebody(settings)
            early = loop.time() >= self._until
            self._until = start + self.wanted.within_s
            units = await self._who(ids) if ids else ()
            found = [await self._what(unit_id) for unit_id in units]
        finally:
            self.wire.close()
        kept = _without_companions(found, self.drivers)
        setting = _with_stop_bits(self.wire.setting if kept else None, kept, self.drivers)
        return Search(
            self.wire.url,
            setting,
            kept,
            len(self._tried),
            len(settings),
            self.wire.asked,
            round(loop.time() - start, 1),
            early or loop.time() >= self._until,
            self._noise,
        )

    # --- settings ---------------------------------------------------------------------------

    async def _somebody(self, settings: Sequence[Setting | None]) -> set[int]:
        """The first ids that answer; the wire is left at the settings at which they did."""
        ids = self._ids()
        for part in rounds(ids):
            for n, setting in enumerate(settings):
                self.tell(
                    f"{setting or self.wire.url}: {n + 1} of {len(settings)} settings,"
                    f" ids {min(part)} to {max(part)}",
                    f"{setting or self.wire.url}：第 {n + 1}/{len(settings)} 种设置，"
                    f"地址 {min(part)} 至 {max(part)}",
                )
                await self.wire.use(setting)
                found = await self._knock(part, stop_at_first=True)
                self._tried.add(setting)
                if found:
                    return found
                if self._late:
                    return set()
        return set()

    def _ids(self) -> tuple[int, ...]:
        """Whom to ask. A converter keeps silent for long over an absent id: there, dials only."""
        if self.wanted.ids:
            return self.wanted.ids
        every = likely_ids(self.drivers)
        if not self.wire.is_network:
            return every
        return tuple(one for i, one in enumerate(every) if i < FIRST_IDS or one <= DIAL_IDS)

    async def _knock(self, ids: Iterable[int], stop_at_first: bool = False) -> set[int]:
        """Which of these ids answer. After any noise the ids asked last are asked with patience."""
        found: set[int] = set()
        doubtful: set[int] = set()
        before: list[int] = []
        table, at = commonest(self.drivers)
        for unit_id in ids:
            if self._late:
                break
            exchange = await self.wire.knock(unit_id, table, at)
            if is_there(exchange):
                found.add(unit_id)
            elif exchange.heard:
                self._noise += 1
                doubtful |= {unit_id, *before} | _senders(exchange)
            if found and stop_at_first:
                break
            before = [*before[1 - LATE_IDS :], unit_id]
        for unit_id in sorted(doubtful - found):
            for _ in range(TRIES):
                if not is_there(await self.wire.ask(unit_id, table, at)):
                    continue
                found.add(unit_id)
                break
        return found

    async def _who(self, known: set[int]) -> tuple[int, ...]:
        """Every id that answers at the settings found."""
        ids = self._ids()
        found = set(known)
        step = 32
        rest = [one for one in ids if one not in known]
        for i in range(0, len(rest), step):
            self.tell(
                f"{self.wire.setting or ''}: {len(found)} found, {i} of {len(rest)} ids asked",
                f"{self.wire.setting or ''}：已找到 {len(found)} 台，已问 {i}/{len(rest)} 个地址",
            )
            found |= await self._knock(rest[i : i + step])
        return tuple(sorted(found))

    # --- what they are ----------------------------------------------------------------------

    async def _what(self, unit_id: int) -> Found:
        verdict = await what_is(self.wire, unit_id, self.drivers, self.tell)
        if not verdict.guesses:
            return Found(unit_id, verdict)
        best = next(one for one in self.drivers if one.name == verdict.guesses[0].driver)
        return Found(unit_id, verdict, await self._values(best, unit_id))

    async def _values(self, driver: Driver, unit_id: int) -> tuple[Reading, ...]:
        """Values for the display: each point by its own words, after those it depends on."""
        device = Device(driver.name, driver.map, unit_id, Cost(0.0, 0.0), driver.hooks)
        names = [name for name in SHOWN if device.has(name)]
        snapshot = Snapshot(driver.name)
        for name in [*_needed(device, names), *names]:
            if sum(one.point in names and one.good for one in snapshot.readings.values()) >= (
                VALUES_SHOWN
            ):
                break
            block = device.read_back(name)
            asked = block.request
            reply = (await self.wire.ask(asked.unit_id, asked.table, asked.at, asked.count)).reply
            if not isinstance(reply, Answer):
                continue
            readings = device.decode(block, reply.words)
            if not isinstance(readings, str):
                snapshot = snapshot.with_readings(readings, 0.0)
        return tuple(r for n, r in snapshot.readings.items() if n in names and r.good)

    @property
    def _late(self) -> bool:
        return asyncio.get_running_loop().time() >= self._until


def _needed(device: Device, names: Iterable[PointId]) -> list[PointId]:
    """Points without which these are not understood."""
    needed = [device.map.ready.point] if device.map.ready else []
    for name in names:
        rule = device.map.points[name]
        needed += [rule.switch.point] if rule.switch else []
        needed += list(rule.fitted_if)
    return list(dict.fromkeys(needed))


def _senders(exchange: Exchange) -> set[int]:
    return {frame[0] for frame in frames_in(exchange.heard)}


def commonest(drivers: Iterable[Driver]) -> Place:
    """The word that most maps have: whoever is there will more likely answer than refuse."""
    counts: dict[Place, int] = {}
    for driver in drivers:
        for place in {(r.table, at) for r in driver.map.points.values() for at in r.addresses}:
            counts[place] = counts.get(place, 0) + 1
    return max(sorted(counts), key=counts.__getitem__, default=("holding", 0))


def _without_companions(found: Sequence[Found], drivers: Sequence[Driver]) -> tuple[Found, ...]:
    """A machine with several ids is one machine: the ids its map names are not others."""
    maps = {driver.name: driver.map for driver in drivers}
    companions = {
        rule.unit_id
        for one in found
        if one.verdict.driver
        for rule in maps[one.verdict.driver].points.values()
        if rule.unit_id is not None and rule.unit_id != one.unit_id
    }
    return tuple(one for one in found if one.unit_id not in companions)


def _with_stop_bits(
    setting: Setting | None, found: Sequence[Found], drivers: Sequence[Driver]
) -> Setting | None:
    """Stop bits as the recognised maps want them: two when any does, which all understand.

    With parity there is one.
    """
    if setting is None or setting.parity != "none":
        return setting
    maps = {driver.name: driver.map for driver in drivers}
    wanted = [maps[one.verdict.driver].line.stop_bits or 1 for one in found if one.verdict.driver]
    return Setting(setting.baudrate, setting.parity, max(wanted, default=1))


async def search(
    url: str,
    drivers: Sequence[Driver],
    wanted: Wanted = Wanted(),
    tell: Tell = lambda en, zh: None,
    opener: Opener | None = None,
) -> Search:
    """Search a line. Raises PortError when it cannot be opened."""
    return await Scan(Wire(url, opener), drivers, wanted, tell).run()
