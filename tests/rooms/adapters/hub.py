"""A bridge at a real broker, what is kept, and everything anybody can overhear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiomqtt

from agent.control import ControlSettings
from agent.core import CoreSettings
from agent.drivers import Device, driver
from agent.drivers.planner import Cost
from agent.model import Alarm, AlarmState, Outcome, Result, Severity
from agent.records import Lane, Record, Stored, Telemetry
from agent.uplink import encode_body
from agent.uplink.adapters import AdapterSettings, Kept, bridges
from agent.uplink.adapters.bridge import Bridge
from agent.uplink.dial import Address
from tests.peers.mosquitto import Mosquitto

LIMIT_S = 30.0
BEGIN = datetime(2026, 1, 14, 4, 0, tzinfo=UTC)


class Buffer:
    """What the durable buffer lets an adapter see, in memory; no connection before the gate."""

    def __init__(self) -> None:
        self.state: dict[str, bytes] = {}
        self.stored: list[Stored] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
        found = [one for one in self.stored if one.lane is lane and one.seq > after]
        return tuple(found[:limit])

    async def save_state(self, key: str, value: bytes) -> None:
        self.state[key] = value

    async def load_state(self, key: str) -> bytes | None:
        await self.gate.wait()
        return self.state.get(key)


@dataclass(slots=True)
class Road:
    """Stands for the road: numbers records, gives them to the bridge, and hears commands."""

    bridge: Bridge
    buffer: Buffer
    commands: asyncio.Queue[dict[str, Any]]
    seq: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))

    def keep(self, record: Record, at: datetime, trusted: bool = True, told: bool = True) -> None:
        lane = {Telemetry: Lane.TELEMETRY, Alarm: Lane.ALARM, Result: Lane.RESULT}[type(record)]
        self.seq[lane] += 1
        stored = Stored(
            lane, self.seq[lane], at.isoformat(), 1.0, "b", trusted, encode_body(record)
        )
        self.buffer.stored.append(stored)
        if told:
            self.bridge.keep(Kept(lane, self.seq[lane], record, at, trusted))

    async def command(self) -> dict[str, Any]:
        async with asyncio.timeout(LIMIT_S):
            return await self.commands.get()


class Ear:
    """Everything published, in order; `count` waits for so many messages that fit."""

    def __init__(self) -> None:
        self.heard: list[aiomqtt.Message] = []
        self._changed = asyncio.Condition()

    async def listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            async with self._changed:
                self.heard.append(message)
                self._changed.notify_all()

    def on(self, part: str) -> list[aiomqtt.Message]:
        return [one for one in self.heard if part in one.topic.value]

    async def count(self, part: str, number: int) -> list[aiomqtt.Message]:
        async with asyncio.timeout(LIMIT_S), self._changed:
            try:
                await self._changed.wait_for(lambda: len(self.on(part)) >= number)
            except TimeoutError:
                topics = [one.topic.value for one in self.heard]
                raise AssertionError(f"{number} of {part} never came: {topics}") from None
        return self.on(part)

    async def said(self, part: str, fits: Callable[[Any], bool]) -> Any:
        """The first JSON under such a topic that fits."""

        def found() -> list[Any]:
            return [one for m in self.on(part) if fits(one := json.loads(bytes(m.payload)))]

        async with asyncio.timeout(LIMIT_S), self._changed:
            await self._changed.wait_for(lambda: bool(found()))
        return found()[0]


@asynccontextmanager
async def listening(broker: Mosquitto) -> AsyncIterator[tuple[Ear, aiomqtt.Client]]:
    address, ear = Address.parse(broker.url), Ear()
    async with aiomqtt.Client(address.host, address.port) as client:
        await client.subscribe("#", 1)
        task = asyncio.create_task(ear.listen(client))
        try:
            yield ear, client
        finally:
            task.cancel()
            await asyncio.wait({task})


def home(*names: str) -> CoreSettings:
    """Machines of one real map; water_setpoint, mode and power_on can be written."""
    found = driver("midea_mthermal_r290")
    devices = {
        name: Device(name, found.map, number, Cost(0.02, 0.002), found.hooks)
        for number, name in enumerate(names, 1)
    }
    return CoreSettings(devices, ControlSettings(None))  # type: ignore[arg-type]


def telemetry(device: str, full: bool = True, **values: Any) -> Telemetry:
    missing = {point: "absent" for point, value in values.items() if value is None}
    return Telemetry(device, {p: v for p, v in values.items() if v is not None}, missing, full)


def silence(device: str, state: AlarmState, name: str = "a1") -> Alarm:
    return Alarm(
        name, "communication_lost", device, state, Severity.S2, "does not answer", "无应答", BEGIN
    )


def verified(command: dict[str, Any]) -> Result:
    return Result(
        command["id"], command["device"], command["point"], Outcome.VERIFIED, "equal",
        command["value"], command["value"], command["issuer"],
    )  # fmt: skip


def after(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


@asynccontextmanager
async def bridging(
    settings: AdapterSettings, core: CoreSettings, buffer: Buffer | None = None
) -> AsyncIterator[Road]:
    """A bridge that runs; it must end within two seconds of being told to."""
    kept = buffer or Buffer()
    commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def on_command(payload: bytes, retained: bool) -> None:
        assert not retained
        commands.put_nowait(json.loads(payload))

    (bridge,) = bridges(settings, core, (), kept, on_command)
    task = asyncio.create_task(bridge.run())
    try:
        yield Road(bridge, kept, commands)
    finally:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=2.0)
        assert done
