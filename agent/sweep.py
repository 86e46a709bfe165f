"""One look at the bus for people: read every device once, or write one point and read it back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from agent.clock import Clock
from agent.config import Config
from agent.control import Control
from agent.facts import (
    BlockFailed,
    BlockRead,
    Count,
    Effect,
    Fact,
    Journal,
    Keep,
    LineChanged,
    Send,
    WriteDone,
    WriteRepeated,
)
from agent.line import Line, Port, Scheduler
from agent.line.trace import Trace
from agent.model import Command, Outcome, Result, Snapshot, Stamp, Value
from agent.remembered import recall
from agent.road import account
from agent.spool import Spool
from agent.thinning import fold


@dataclass(slots=True)
class Seen:
    """What a look brought: the newest readings, what failed, and which devices are through."""

    snapshots: dict[str, Snapshot]
    failures: dict[str, str] = field(default_factory=dict)
    writing: Callable[[Fact], Awaitable[None]] | None = None
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
            case WriteDone() | WriteRepeated() if self.writing is not None:
                await self.writing(fact)
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

    async def write(self, device: str, point: str, value: Value, within_s: float) -> Result:
        """Write as a resident's command does: guarded, counted, journalled, read back."""
        stamp = self._clock.stamp()
        spool = await Spool.open(self._config.spool, self._clock.boot, self._clock.stamp, fold)
        try:
            written = await recall(spool, stamp, self._clock.boot)
            desk = _Desk(self._config, spool, self._lines, written, self._clock.boot)
            self.seen.writing = desk.take
            command = Command(
                f"cli-{uuid4().hex}",
                "command line",
                "resident",
                device,
                point,
                value,
                stamp.at,
                stamp.at + timedelta(seconds=within_s),
            )
            await desk.ask(command, self.seen.snapshots, stamp)
            await self._until(lambda: desk.result is not None, within_s)
        finally:
            self.seen.writing = None
            await spool.close()
        why = f"no answer within {within_s:g} s"
        return desk.result or Result(command.id, device, point, Outcome.FAILED, why, value)

    async def _until(self, condition: Callable[[], bool], within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self.seen.changed.clear()
                    await self.seen.changed.wait()
        except TimeoutError:
            return False
        return True


class _Desk:
    """Control for one command, with a spool that counts and keeps the journal."""

    def __init__(
        self,
        config: Config,
        spool: Spool,
        lines: tuple[Line, ...],
        written: Mapping[tuple[str, str], float],
        boot: str,
    ) -> None:
        self._spool, self._lines, self._timezone = spool, lines, config.timezone
        self._boot = boot
        known = config.core
        self._control = Control(known.control, known.devices, spool.writes(), written)
        self.result: Result | None = None

    async def ask(self, command: Command, snapshots: Mapping[str, Snapshot], stamp: Stamp) -> None:
        """Let control decide about the command and carry out what follows."""
        await self._do(self._control.command(command, snapshots, stamp))

    async def take(self, fact: Fact) -> None:
        """What the line says of the write."""
        match fact:
            case WriteDone():
                await self._do(self._control.write_done(fact))
            case WriteRepeated(device, point, stamp):
                await self._do(self._control.write_repeated(device, point, stamp))
            case _:
                pass

    async def _do(self, effects: Iterator[Effect]) -> None:
        for effect in effects:
            match effect:
                case Count() | Journal():
                    await account(effect, self._spool, self._timezone, self._boot)
                case Send(write):
                    line = next(x for x in self._lines if write.device in x.scheduler.devices)
                    line.send(write)
                case Keep(_, Result() as result):
                    self.result = result
                case _:
                    pass
