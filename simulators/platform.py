"""The reference platform: a small receiver that shows what the contract asks of a platform.

It stores every record once by `(gateway, epoch, lane, seq)` in its `archive`, ignores repeats, and
acknowledges only what is committed: repeats too, for the gateway may have lost the first
acknowledgement. It speaks MQTT 3.1.1 and knows the contract only from the wire.

`python -m simulators.platform --broker mqtt://127.0.0.1:1883 --db platform.sqlite [--json]`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiomqtt
import msgspec

from agent.model import Value
from simulators.archive import Archive, Batch, Counters
from simulators.encodings import read_batch

_log = logging.getLogger(__name__)

GROUP_S = 0.05
"""Messages that arrive within this time share one commit and one acknowledgement a lane."""
_AGAIN_S = 0.2


class Platform:
    """The receiver as an async context manager; reconnects by itself, keeps all in one file."""

    def __init__(
        self,
        broker_url: str,
        db: Path | str = ":memory:",
        sign: Callable[[bytes], bytes] = lambda payload: payload,
    ) -> None:
        """`sign` makes a signed command of a plain one. ValueError for an unusable address."""
        parts = urlsplit(broker_url)
        if parts.scheme != "mqtt" or not parts.hostname:
            raise ValueError(f"{broker_url!r} is no broker: mqtt://host:port")
        self._host, self._port = parts.hostname, parts.port or 1883
        self.counters = Counters()
        self.archive = Archive(db, self.counters)
        self._sign = sign
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[Batch] = []
        self._arrived = asyncio.Event()
        self._stopping = False
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        """Start; returns when the broker was reached for the first time."""
        self._task = asyncio.create_task(self.run(), name="platform")
        await self._until(lambda: self._client is not None)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping = True  # Python 3.11's wait_for and TaskGroup may lose a cancellation
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.archive.close()

    async def run(self) -> None:
        """Receive for ever; a lost broker is looked for again every fifth of a second."""
        while not self._stopping:
            try:
                async with aiomqtt.Client(self._host, self._port, keepalive=10) as client:
                    await client.subscribe("hp/1/+/up/#", 1)
                    await self._serve(client)
            except* (aiomqtt.MqttError, OSError, sqlite3.Error) as lost:
                _log.debug("begin again: %s", lost.exceptions)
            finally:
                self._client = None
            await asyncio.sleep(_AGAIN_S)

    async def _serve(self, client: aiomqtt.Client) -> None:
        self.counters.connections += 1
        self._waiting.clear()  # not acknowledged, so it comes again
        self._client = client
        await self._tell()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._commit_for_ever(client), name="platform-commit")
            async for message in client.messages:
                await self._receive(message.topic.value, bytes(message.payload))

    # --- receiving -------------------------------------------------------------------------

    async def _receive(self, topic: str, payload: bytes) -> None:
        _, _, gateway, _, kind = topic.split("/", 4)
        self.counters.messages += 1
        if kind == "devices":
            self.archive.keep_devices(gateway, payload)
            await self._tell()
            return
        if kind == "state":
            self._store_state(gateway, payload)
            await self._tell()
            return
        try:
            batch = msgspec.convert(read_batch(payload), Batch)
            if (batch.gateway, batch.lane) != (gateway, kind):
                raise ValueError("gateway or lane differ from the topic")
        except ValueError:
            self.counters.malformed += 1
            await self._tell()
            return
        self._waiting.append(batch)
        self._arrived.set()

    def _store_state(self, gateway: str, payload: bytes) -> None:
        try:
            state = json.loads(payload)
            row = (gateway, state["state"], state["at"], payload.decode())
        except (ValueError, KeyError, TypeError):
            self.counters.malformed += 1
            return
        self.archive.keep_state(*row)

    async def _commit_for_ever(self, client: aiomqtt.Client) -> None:
        while not self._stopping:
            await self._arrived.wait()
            await asyncio.sleep(GROUP_S)
            self._arrived.clear()
            batches, self._waiting = self._waiting, []
            self.archive.commit(batches)
            await self._tell()
            await self._acknowledge(client, batches)

    async def _acknowledge(self, client: aiomqtt.Client, batches: list[Batch]) -> None:
        numbers: dict[tuple[str, str, str], set[int]] = {}
        for batch in batches:
            lane = numbers.setdefault((batch.gateway, batch.epoch, batch.lane), set())
            lane.update(record.seq for record in batch.records)
        for (gateway, epoch, lane_name), lane in numbers.items():
            ack = {"epoch": epoch, "lane": lane_name, "ranges": ranges(lane)}
            # QoS 0: a lost one comes again with the repeat, and the gateway need not answer it.
            await client.publish(f"hp/1/{gateway}/down/ack", json.dumps(ack), 0)
            self.counters.acks += 1

    # --- commands --------------------------------------------------------------------------

    async def send_command(
        self,
        gateway: str,
        device: str,
        point: str,
        value: Value,
        ttl_s: float = 300.0,
        *,
        issuer: str = "reference-platform",
        role: str = "platform",
        hold_s: float | None = None,
        why: str = "",
        retain: bool = False,
        command_id: str | None = None,
    ) -> str:
        """Send a command and return its id; raises aiomqtt.MqttError without a broker."""
        if self._client is None:
            raise aiomqtt.MqttError("no broker")
        issued_at = datetime.now(UTC)
        message = (
            {
                "id": command_id or uuid.uuid4().hex,
                "gateway": gateway,
                "issuer": issuer,
                "role": role,
                "device": device,
                "point": point,
                "value": value,
                "issued_at": issued_at.isoformat(),
                "expires_at": (issued_at + timedelta(seconds=ttl_s)).isoformat(),
            }
            | ({} if hold_s is None else {"hold_s": hold_s})
            | ({"why": why} if why else {})
        )
        topic = f"hp/1/{gateway}/down/command"
        await self._client.publish(topic, self._sign(json.dumps(message).encode()), 1, retain)
        self.counters.commands += 1
        return str(message["id"])

    async def send_forecast(
        self,
        gateway: str,
        start: datetime,
        outdoor_c: Sequence[float],
        *,
        retain: bool = True,
    ) -> None:
        """Foretell the outdoor air by the hour; retained, so that a gateway back has it at once."""
        if self._client is None:
            raise aiomqtt.MqttError("no broker")
        message = {
            "gateway": gateway,
            "start": start.isoformat(),
            "outdoor_c": list(outdoor_c),
            "issued_at": datetime.now(UTC).isoformat(),
        }
        topic = f"hp/1/{gateway}/down/forecast"
        await self._client.publish(topic, self._sign(json.dumps(message).encode()), 1, retain)

    async def acknowledge(self, gateway: str, alarm_id: str, role: str = "platform") -> str:
        """Say that somebody has seen an alarm; returns the command's id. KeyError: none is open."""
        device = self.archive.standing(gateway)[alarm_id]["device"]
        return await self.send_command(gateway, device, "alarm_acknowledge", alarm_id, role=role)

    async def send_emergency(self, gateway: str, on: bool, hold_s: float | None = None) -> str:
        """Order every home of a gateway to its park values, or end that; returns the id."""
        return await self.send_command(gateway, "all", "emergency", on, hold_s=hold_s)

    async def wait_result(self, command_id: str, timeout_s: float) -> dict[str, Any]:
        """The first result of a command; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._until(lambda: bool(self.archive.results(command_id)))
        return self.archive.results(command_id)[0]

    async def wait_stored(self, count: int, timeout_s: float) -> None:
        """Wait until this receiver has stored so many new records; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._until(lambda: self.counters.stored >= count)

    async def wait_state(self, gateway: str, state: str, timeout_s: float) -> None:
        """Wait until a gateway is online or offline; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._until(lambda: self.archive.state(gateway) == state)

    async def wait_connections(self, count: int, timeout_s: float) -> None:
        """Wait until the broker was reached so many times; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._until(lambda: self.counters.connections >= count)

    async def _until(self, settled: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(settled)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers as the fewest [first, last] pairs, ascending."""
    result: list[list[int]] = []
    for number in sorted(set(numbers)):
        if result and number == result[-1][1] + 1:
            result[-1][1] = number
        else:
            result.append([number, number])
    return result


async def serve(broker_url: str, db: Path, as_json: bool) -> None:
    """Run until cancelled; one line of counters a second."""
    lines = 0
    async with Platform(broker_url, db) as platform:
        while True:
            counters = asdict(platform.counters)
            if as_json:
                print(json.dumps(counters), flush=True)
            else:
                if lines % 20 == 0:
                    print(" ".join(f"{name:>11}" for name in counters))
                print(" ".join(f"{value:>11}" for value in counters.values()), flush=True)
            lines += 1
            await asyncio.sleep(1.0)


def main(arguments: list[str] | None = None) -> int:
    """The command line; ends with Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m simulators.platform")
    parser.add_argument("--broker", required=True, help="mqtt://host:port")
    parser.add_argument("--db", required=True, type=Path, help="SQLite file, made when missing")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    given = parser.parse_args(arguments)
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(given.broker, given.db, given.json))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
