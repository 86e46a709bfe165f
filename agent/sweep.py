"""One look at the bus for people: read every device once, or write one point and read it back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agent.clock import Clock
from agent.config import Config
from agent.control import Admitted, Guard, GuardView, Refusal
from agent.facts import BlockFailed, BlockRead, Fact, LineChanged, WriteDone, WriteRepeated
from agent.line import Line, Port, Scheduler
from agent.line.trace import Trace
from agent.model import Demand, Origin, Outcome, PointId, Snapshot, Value, Write
from agent.spool import Spool


async def _nobody_counts(device: str, point: PointId) -> None:
    """Whoever only reads has no write to count."""


@dataclass(slots=True)
class Seen:
    """What a look brought: the newest readings, what failed, and which devices are through."""

    snapshots: dict[str, Snapshot]
    failures: dict[str, str] = field(default_factory=dict)
    written: WriteDone | None = None
    repeated: Callable[[str, PointId], Awaitable[None]] = _nobody_counts
    lost: dict[str, str] = field(default_factory=dict)
    through: set[str] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, fact: Fact) -> None:
        """Collect one fact."""
        match fact:
            case BlockRead(device, readings, stamp, sweep_end):
                self.snapshots[device] = self.snapshots[device].with_readings(readings, stamp.mono)
                if sweep_end:
                    self.through.add(device)
            case BlockFailed(device, _, why, _, sweep_end):
                self.failures[device] = why
                if sweep_end:
                    self.through.add(device)
            case WriteDone():
                self.written = fact
            case WriteRepeated(device, point):
                await self.repeated(device, point)
            case LineChanged(line, True):
                self.lost.pop(line, None)
            case LineChanged(line, False, why):
                self.lost[line] = why
            case _:
                pass
        self.changed.set()


class Look:
    """The lines of a configuration, open for as long as a command needs them."""

    def __init__(self, config: Config, trace: Trace | None = None) -> None:
        self._config = config
        self._clock = Clock()
        names = [device.name for line in config.lines for device in line.devices]
        self.seen = Seen({name: Snapshot(name) for name in names})
        self._lines = tuple(
            Line(Port(line.port), Scheduler(line.devices), self.seen.take, self._clock.stamp, trace)
            for line in config.lines
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Look:
        self._tasks = [asyncio.create_task(line.run(), name=line.name) for line in self._lines]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def sweep(self, within_s: float) -> bool:
        """Until every device has been asked once; False when time ran out first."""
        return await self._until(lambda: self.seen.through >= set(self.seen.snapshots), within_s)

    async def write(self, device: str, point: str, value: Value, within_s: float) -> WriteDone:
        """Write through the guard, counted and journalled, and how it ended."""
        stamp = self._clock.stamp()
        spool = await Spool.open(self._config.spool, self._clock.boot)
        try:
            day = stamp.at.astimezone(self._config.timezone).date().isoformat()
            demand = Demand(device, point, value, Origin.RESIDENT, "command line")
            snapshot = self.seen.snapshots[device]
            view = GuardView(
                self._config.core.devices[device],
                snapshot,
                stamp.mono,
                spool.writes().get((device, point, day), 0),
                None,
                device in self._config.core.control.allow_unverified,
                snapshot.number("outdoor_temp"),
            )
            verdict = Guard().judge(demand, view)
            asked = Write(device, point, value, Origin.RESIDENT)
            if isinstance(verdict, Refusal):
                return WriteDone(asked, Outcome.REFUSED, verdict.why, stamp)
            if not isinstance(verdict, Admitted):
                return WriteDone(asked, Outcome.VERIFIED, "it already is so", stamp, value)
            for name in (*(name for name, _ in verdict.write.before), point):
                await spool.count_write(device, name, day)
            self.seen.repeated = lambda device, name: spool.count_write(device, name, day)
            detail = {"device": device, "point": point, "value": value, "by": "command line"}
            await spool.journal(stamp.at.isoformat(), "write", json.dumps(detail).encode())
            line = next(one for one in self._lines if device in one.scheduler.devices)
            line.send(verdict.write)
            await self._until(lambda: self.seen.written is not None, within_s)
        finally:
            await spool.close()
        late = WriteDone(asked, Outcome.FAILED, f"no answer within {within_s:g} s", stamp)
        return self.seen.written or late

    async def _until(self, condition: Callable[[], bool], within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self.seen.changed.clear()
                    await self.seen.changed.wait()
        except TimeoutError:
            return False
        return True
