"""Thirteen hours without a broker in virtual time: polling, losses and memory."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from contextlib import suppress
from random import Random
from time import perf_counter

from agent.control import ControlSettings
from agent.core import Core, CoreSettings
from agent.drivers import Cost, Device, driver
from agent.drivers.wire import ReadRequest
from agent.facts import Keep
from agent.line import Scheduler
from agent.line.answers import Answer
from agent.line.scheduler import Idle, Turn
from agent.records import Lane
from agent.spool import Spool, SpoolSettings
from agent.thinning import fold
from agent.uplink import encode_body
from bench.card import Virtual
from bench.kit import Bench, Figures, Goal, Options
from bench.sweeps import DRIVER, NoisyPlant
from bench.wire import rss_mb
from simulators.registers import RegisterImage
from simulators.unit import PumpUnit, home
from simulators.weather import CHINA, synthetic_winter

HOURS = 13
ONLINE_HOURS = 1
EVERY_S = 10.0
EXCHANGE_S = 0.05
BATCH = 200


def run(options: Options) -> Figures:
    """Scheduler, codec, core and buffer as they are; only the wire and the clock are made."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Figures:
    offline_s = max(0.2, HOURS * options.share) * 3600.0
    online_s = max(0.1, ONLINE_HOURS * options.share) * 3600.0
    with tempfile.TemporaryDirectory() as folder:
        clock = Virtual()
        settings = SpoolSettings(f"{folder}/spool.db", 60.0)
        spool = await Spool.open(settings, "outage", clock.stamp, fold, wait=clock.wait)
        task = asyncio.create_task(spool.run(), name="committer")
        await clock.idle.wait()
        house = Home(spool, clock, options.seed)
        await house.live(online_s, online=True)  # warm
        online = await house.live(online_s, online=True)
        before = _rss()
        options.progress(f"online: {online:.4f} exchanges/s; now without broker")
        offline = await house.live(offline_s, online=False)
        grown = _rss() - before
        options.progress(f"offline: {offline:.4f} exchanges/s, {house.kept} records")
        arrived = await house.drain()
        status = spool.status()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await spool.close()
    return {
        "poll_rate_change": round(abs(offline / online - 1), 5),
        "lost": house.kept - arrived,
        "rss_growth_mb": round(grown, 1),
        "hours_offline": round(offline_s / 3600.0, 2),
        "records": house.kept,
        "file_mb": round(status.file_bytes / 1e6, 1),
        "slowest_exchange_ms": round(house.slowest_s * 1000, 1),
    }


def _rss() -> float:
    gc.collect()
    return rss_mb(os.getpid())


class Home:
    """One pump of 40 points on one line, asked every 10 s as its scheduler says.

    The time that scheduler, codec, core and buffer take passes on the line too: if the buffer grew
    slower with its depth, the poll rate would show it.
    """

    def __init__(self, spool: Spool, clock: Virtual, seed: int) -> None:
        self._spool, self._clock = spool, clock
        device = Device("hp1", driver(DRIVER).map, 1, Cost.of_line(9600, 0.01), every_s=EVERY_S)
        self._scheduler = Scheduler((device,))
        settings = CoreSettings({"hp1": device}, ControlSettings(CHINA, ()), full_every_s=0.0)
        self._core = Core(settings)
        self._image = RegisterImage(driver(DRIVER).map, 1)
        plant = NoisyPlant(home(synthetic_winter(), start_s=70 * 86_400.0), Random(seed))
        self._pump = PumpUnit(self._image, plant)
        self._pump_at = 0.0
        self.kept = 0
        self.got: set[int] = set()
        self.slowest_s = 0.0

    async def live(self, seconds: float, online: bool) -> float:
        """Exchanges per second of this time."""
        begun = self._clock.now
        end, count = begun + seconds, 0
        while self._clock.now < end:
            turn = self._scheduler.next(self._clock.now)
            if isinstance(turn, Idle):
                await self._clock.advance(max(0.001, min(turn.until, end) - self._clock.now))
                continue
            self._warm()
            await self._clock.advance(EXCHANGE_S)
            started = perf_counter()
            await self._exchange(turn, online)
            took = perf_counter() - started
            self.slowest_s = max(self.slowest_s, took)
            await self._clock.advance(took)
            count += 1
        return count / (self._clock.now - begun)

    def _warm(self) -> None:
        """The plant moves every ten seconds."""
        if self._clock.now - self._pump_at >= 10.0:
            self._pump.advance(self._clock.now - self._pump_at)
            self._pump_at = self._clock.now

    async def _exchange(self, turn: Turn, online: bool) -> None:
        asked = turn.request
        assert isinstance(asked, ReadRequest)
        words = self._image.read(asked.unit_id, asked.table, asked.at, asked.count)
        assert isinstance(words, tuple)
        for fact in self._scheduler.done(turn, Answer(words), self._clock.stamp()):
            for effect in self._core.step(fact):
                if isinstance(effect, Keep):
                    self._spool.append(effect.lane, effect.stamp, encode_body(effect.record))
                    self.kept += effect.lane is Lane.TELEMETRY
        if online and self.kept % 6 == 0:
            await self._acknowledge()

    async def _acknowledge(self) -> int:
        count = 0
        for lane in Lane:
            got = await self._spool.batch(lane, 0, BATCH)
            if got:
                count += await self._spool.forget(lane, got[0].seq, got[-1].seq)
                self.got |= {one.seq for one in got} if lane is Lane.TELEMETRY else set()
        return count

    async def drain(self) -> int:
        """The broker is back: all that the platform has in the end."""
        await self._spool.commit()
        while await self._acknowledge():
            pass
        return len(self.got)


BENCH = Bench(
    "outage13h",
    "Thirteen hours without a broker: change of the poll rate against the hour before, readings "
    "the platform does not have in the end, growth of resident memory. The scheduler, codec, "
    "core and buffer are the real ones and the time they take passes on the line; the wire "
    "is made.",
    "one pump of 40 points every 10 s (4,680 sweeps offline), whole records, 50 ms an exchange, "
    "commit every 60 s of virtual time",
    run,
    (
        Goal("poll_rate_change", "<", 0.01),
        Goal("lost", "=", 0),
        Goal("rss_growth_mb", "<=", 10),
    ),
)
