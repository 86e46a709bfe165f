"""The reference platform: a small receiver that shows what the contract asks of a platform.

It stores every record once by `(gateway, epoch, lane, seq)`, ignores repeats, and acknowledges only
what is committed: repeats too, for the gateway may have lost the first acknowledgement. It speaks
MQTT 3.1.1 and knows the contract only from the wire.

`python -m simulators.platform --broker mqtt://127.0.0.1:1883 --db platform.sqlite [--json]`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiomqtt
import msgspec

from agent.model import Value
from simulators.encodings import read_batch

_log = logging.getLogger(__name__)

GROUP_S = 0.05
"""Messages that arrive within this time share one commit and one acknowledgement a lane."""
_AGAIN_S = 0.2
_TABLES = """
create table if not exists record (
    gateway text, epoch text, lane text, seq integer, at text, mono real, boot text,
    trusted integer, body text, received_at text, primary key (gateway, epoch, lane, seq)
) without rowid;
create table if not exists result (
    gateway text, command_id text, device text, point text, outcome text, why text, at text,
    body text
);
create index if not exists result_command on result (command_id);
create table if not exists alarm (
    gateway text, alarm_id text, rule text, device text, state text, severity text, at text,
    body text
);
create table if not exists gone (
    gateway text, epoch text, lane text, first integer, last integer, kind text, records integer
);
create table if not exists clock (
    gateway text, boot text, mono real, at text, primary key (gateway, boot)
);
create table if not exists state (gateway text primary key, state text, at text, body text);
create table if not exists devices (gateway text primary key, body blob);
"""
_HOLES = """
select epoch, lane, before + 1, seq - 1 from (
    select epoch, lane, seq,
           lag(seq, 1, 0) over (partition by epoch, lane order by seq) as before
    from record where gateway = ?
) where seq > before + 1 order by epoch, lane, seq
"""
_GONE = """
select first, last from gone
where gateway = ? and epoch = ? and lane = ? and last >= ? and first <= ? order by first
"""


class _Record(msgspec.Struct, frozen=True):
    seq: int
    at: str
    mono: float
    boot: str
    trusted: bool
    body: dict[str, Any]


class _Batch(msgspec.Struct, frozen=True):
    gateway: str
    epoch: str
    lane: str
    sent_at: str
    records: tuple[_Record, ...]


@dataclass(slots=True)
class Counters:
    """Numbers since the start of this receiver."""

    messages: int = 0
    stored: int = 0
    repeats: int = 0
    malformed: int = 0
    acks: int = 0
    alarms: int = 0
    results: int = 0
    notices: int = 0
    commands: int = 0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers of a lane that never arrived although later ones did; both ends included."""

    epoch: str
    lane: str
    first: int
    last: int


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
        self._db = sqlite3.connect(db, isolation_level=None)
        self._db.executescript("pragma journal_mode=wal; pragma synchronous=full;" + _TABLES)
        self._sign = sign
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[_Batch] = []
        self._arrived = asyncio.Event()
        self._stopping = False
        self._changed = asyncio.Condition()
        self.counters = Counters()

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
        self._db.close()

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
            self._db.execute("insert or replace into devices values (?, ?)", (gateway, payload))
            await self._tell()
            return
        if kind == "state":
            self._store_state(gateway, payload)
            await self._tell()
            return
        try:
            batch = msgspec.convert(read_batch(payload), _Batch)
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
        self._db.execute("insert or replace into state values (?, ?, ?, ?)", row)

    async def _commit_for_ever(self, client: aiomqtt.Client) -> None:
        while not self._stopping:
            await self._arrived.wait()
            await asyncio.sleep(GROUP_S)
            self._arrived.clear()
            batches, self._waiting = self._waiting, []
            self._commit(batches)
            await self._tell()
            await self._acknowledge(client, batches)

    def _commit(self, batches: list[_Batch]) -> None:
        """One transaction; the process may end at any point of it without harm."""
        received_at = datetime.now(UTC).isoformat()
        self._db.execute("begin immediate")
        try:
            for batch in batches:
                for record in batch.records:
                    self._store(batch, record, received_at)
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def _store(self, batch: _Batch, record: _Record, received_at: str) -> None:
        body = json.dumps(record.body, ensure_ascii=False)
        key = (batch.gateway, batch.epoch, batch.lane, record.seq)
        row = (*key, record.at, record.mono, record.boot, record.trusted, body, received_at)
        done = self._db.execute(
            "insert or ignore into record values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
        )
        if done.rowcount == 0:
            self.counters.repeats += 1
            return
        self.counters.stored += 1
        if batch.lane == "result":
            self.counters.results += 1
            self._list("result", batch, record, body, "command_id device point outcome why")
        if batch.lane == "alarm":
            self.counters.alarms += 1
            self._list("alarm", batch, record, body, "id rule device state severity")
        if batch.lane == "notice":
            self.counters.notices += 1
            self._heed(batch, record.body)

    def _heed(self, batch: _Batch, notice: dict[str, Any]) -> None:
        """Numbers that will not come are no loss on the way; a boot's clock has become right."""
        if notice["kind"] == "clock_set":
            clock = (batch.gateway, notice["boot"], notice["mono"], notice["at"])
            self._db.execute("insert or replace into clock values (?, ?, ?, ?)", clock)
        if notice.get("lane") is not None:
            names = ("lane", "first", "last", "kind", "records")
            gone = (batch.gateway, batch.epoch, *(notice.get(name) for name in names))
            self._db.execute("insert into gone values (?, ?, ?, ?, ?, ?, ?)", gone)

    def _list(self, table: str, batch: _Batch, record: _Record, body: str, names: str) -> None:
        fields = [str(record.body.get(name, "")) for name in names.split()]
        row = (batch.gateway, *fields, record.at, body)
        self._db.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)

    async def _acknowledge(self, client: aiomqtt.Client, batches: list[_Batch]) -> None:
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
        retain: bool = False,
        command_id: str | None = None,
    ) -> str:
        """Send a command and return its id; raises aiomqtt.MqttError without a broker."""
        if self._client is None:
            raise aiomqtt.MqttError("no broker")
        issued_at = datetime.now(UTC)
        message = {
            "id": command_id or uuid.uuid4().hex,
            "gateway": gateway,
            "issuer": issuer,
            "role": role,
            "device": device,
            "point": point,
            "value": value,
            "issued_at": issued_at.isoformat(),
            "expires_at": (issued_at + timedelta(seconds=ttl_s)).isoformat(),
        } | ({} if hold_s is None else {"hold_s": hold_s})
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

    async def send_emergency(self, gateway: str, on: bool, hold_s: float | None = None) -> str:
        """Order every home of a gateway to its park values, or end that; returns the id."""
        return await self.send_command(gateway, "all", "emergency", on, hold_s=hold_s)

    async def wait_result(self, command_id: str, timeout_s: float) -> dict[str, Any]:
        """The first result of a command; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._until(lambda: bool(self.results(command_id)))
        return self.results(command_id)[0]

    async def wait_stored(self, count: int, timeout_s: float) -> None:
        """Wait until this receiver has stored so many new records; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._until(lambda: self.counters.stored >= count)

    # --- asking ----------------------------------------------------------------------------

    def results(self, command_id: str) -> list[dict[str, Any]]:
        """Every result of a command, oldest first; more than one is a broken promise."""
        query = "select body from result where command_id = ?"
        return [json.loads(row[0]) for row in self._db.execute(query, (command_id,))]

    def alarms(self, gateway: str) -> list[dict[str, Any]]:
        """Every change of an alarm of this gateway, in the order of arrival."""
        query = "select body from alarm where gateway = ? order by rowid"
        return [json.loads(row[0]) for row in self._db.execute(query, (gateway,))]

    def numbers(self, gateway: str, lane: str) -> list[int]:
        """The numbers stored of a lane, ascending; of all epochs together."""
        query = "select seq from record where gateway = ? and lane = ? order by epoch, seq"
        return [row[0] for row in self._db.execute(query, (gateway, lane))]

    def devices(self, gateway: str) -> dict[str, Any]:
        """What `up/devices` said last; empty for never heard of."""
        row = self._db.execute("select body from devices where gateway = ?", (gateway,)).fetchone()
        return json.loads(row[0]) if row else {}

    def state(self, gateway: str) -> str | None:
        """What `up/state` said last: online, offline, or None for never heard of."""
        query = "select state from state where gateway = ?"
        row = self._db.execute(query, (gateway,)).fetchone()
        return None if row is None else str(row[0])

    def holes(self, gateway: str) -> list[Hole]:
        """What is missing between 1 and the highest number of each lane, and was not told gone."""
        raw = [Hole(*row) for row in self._db.execute(_HOLES, (gateway,)).fetchall()]
        return [left for hole in raw for left in self._untold(gateway, hole)]

    def _untold(self, gateway: str, hole: Hole) -> Iterator[Hole]:
        """The parts of a hole that no notice speaks of."""
        first = hole.first
        query = (gateway, hole.epoch, hole.lane, hole.first, hole.last)
        for begin, end in self._db.execute(_GONE, query).fetchall():
            if begin > first:
                yield Hole(hole.epoch, hole.lane, first, min(begin - 1, hole.last))
            first = max(first, end + 1)
        if first <= hole.last:
            yield Hole(hole.epoch, hole.lane, first, hole.last)

    def notices(self, gateway: str) -> list[dict[str, Any]]:
        """What the gateway said of its own records, clock, disk and journal, oldest first."""
        query = "select body from record where gateway = ? and lane = 'notice' order by epoch, seq"
        return [json.loads(row[0]) for row in self._db.execute(query, (gateway,))]

    def happened(self, gateway: str, lane: str) -> list[tuple[int, datetime]]:
        """(seq, instant) of a lane's records, in the order of their numbers.

        A record whose clock was not trusted is placed by the `clock_set` notice of its boot.
        """
        query = """
            select r.seq, r.at, r.trusted, r.mono, c.mono, c.at from record r
            left join clock c on c.gateway = r.gateway and c.boot = r.boot
            where r.gateway = ? and r.lane = ? order by r.epoch, r.seq
        """
        rows = self._db.execute(query, (gateway, lane)).fetchall()
        return [(seq, _placed(*row)) for seq, *row in rows]

    async def wait_state(self, gateway: str, state: str, timeout_s: float) -> None:
        """Wait until a gateway is online or offline; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._until(lambda: self.state(gateway) == state)

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


def _placed(
    at: str, trusted: int, mono: float, set_mono: float | None, set_at: str | None
) -> datetime:
    if trusted or set_at is None or set_mono is None:
        return datetime.fromisoformat(at)
    return datetime.fromisoformat(set_at) - timedelta(seconds=set_mono - mono)


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
