"""A machine with a habit, on a real pty or socket, polled by the program's own line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.clock import Clock
from agent.drivers import Cost, Device, Hooks, RegisterMap, driver, load
from agent.facts import BlockFailed, BlockRead, Fact, LineChanged, WriteDone
from agent.line import Line, Port, PortSettings, Scheduler
from agent.model import Origin, PointId, Quality, Reading, Value, Write
from simulators.bus import PtyLine
from simulators.registers import RegisterImage
from simulators.tcp import TcpLine
from simulators.unit import factory_values

BAUD = 115200
HEAD = """
map: quirky
api: 1
covers: [{brand: Quirky, model: One}]
source: [made up for tests]
grade: draft
every: 50 ms
"""
QUICK = "line: {answer_within: 80 ms, worst_lateness: 40 ms}\n"


def map_of(points: str, top: str = QUICK) -> RegisterMap:
    """A map with these points, one a line, and whatever stands above them."""
    body = "".join(f"  {line}\n" for line in points.strip().splitlines())
    return load(f"{HEAD}{top}\npoints:\n{body}", "quirky.yaml")


def device_of(
    found: RegisterMap | str, hooks: Hooks | None = None, every_s: float = 0.05
) -> Device:
    """A device of a map, or of an installed driver by name."""
    if isinstance(found, str):
        known = driver(found)
        found, hooks = known.map, known.hooks
    return Device("hp", found, found.line.unit_id or 1, Cost.of_line(BAUD, 0.001), hooks, every_s)


@dataclass
class Pump:
    """A polled machine: its words, its wire, and what the program has been told so far."""

    device: Device
    image: RegisterImage
    peer: PtyLine | TcpLine
    line: Line
    facts: list[Fact] = field(default_factory=list)
    readings: dict[PointId, Reading] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, fact: Fact) -> None:
        self.facts.append(fact)
        if isinstance(fact, BlockRead):
            self.readings |= {reading.point: reading for reading in fact.readings}
        self.changed.set()

    async def until(self, true: Callable[[], object], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while not true():
                self.changed.clear()
                await self.changed.wait()

    async def sweeps(self, count: int = 1) -> None:
        """So many more rounds that began after this call."""
        wanted = self.ends + count + 1
        await self.until(lambda: self.ends >= wanted)

    async def write(self, point: PointId, value: Value, **more: Any) -> WriteDone:
        """What became of a write."""
        at = len(self.facts)
        self.line.send(Write(self.device.name, point, value, Origin.PLATFORM, "c", **more))

        def done() -> list[WriteDone]:
            return [fact for fact in self.facts[at:] if isinstance(fact, WriteDone)]

        await self.until(done)
        return done()[0]

    def value(self, point: PointId) -> Value | None:
        reading = self.readings.get(point)
        return reading.value if reading is not None and reading.good else None

    def quality(self, point: PointId) -> Quality | None:
        reading = self.readings.get(point)
        return reading.quality if reading is not None else None

    @property
    def ends(self) -> int:
        return sum(isinstance(f, BlockRead | BlockFailed) and f.sweep_end for f in self.facts)

    def answered(self) -> bool:
        """Whether the newest fact is a good reply."""
        return bool(self.facts) and isinstance(self.facts[-1], BlockRead)

    def failures(self) -> list[BlockFailed]:
        return [fact for fact in self.facts if isinstance(fact, BlockFailed)]

    def losses(self) -> int:
        return sum(isinstance(fact, LineChanged) and not fact.up for fact in self.facts)


@asynccontextmanager
async def polled(
    folder: Path,
    found: RegisterMap | str,
    way: str = "pty",
    *,
    set_up: Callable[[Pump], None] = lambda pump: None,
    hooks: Hooks | None = None,
    **peer: Any,
) -> AsyncIterator[Pump]:
    """The machine of a map on `pty`, `tcp` or `rtu+tcp`, polled until the block ends."""
    device = device_of(found, hooks)
    image = RegisterImage(device.map, device.unit_id, peer.pop("between", "zeros"))
    factory_values(image)
    units = dict.fromkeys(image.unit_ids, image)
    async with AsyncExitStack() as stack:
        wire: PtyLine | TcpLine
        if way == "pty":
            wire = PtyLine(units, folder / "bus", baudrate=BAUD, **peer)
            url = str(wire.path)
        else:
            wire = TcpLine(units, framing="tcp" if way == "tcp" else "rtu", **peer)
            await wire.start()
            stack.push_async_callback(wire.stop)
            url = f"{way}://127.0.0.1:{wire.port}"

        async def take(fact: Fact) -> None:
            await pump.take(fact)

        line = Line(
            Port(PortSettings("cellar", url, BAUD)), Scheduler([device]), take, Clock().stamp
        )
        pump = Pump(device, image, wire, line)
        set_up(pump)
        if isinstance(wire, PtyLine):
            wire.start()
            stack.callback(wire.close)
        task = asyncio.create_task(line.run(), name="line")
        try:
            yield pump
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
