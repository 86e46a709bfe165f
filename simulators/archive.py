"""What the reference platform remembers: every record once, in one SQLite file to be asked.

It knows no broker; a batch comes in as it was read from the wire.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

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


class Record(msgspec.Struct, frozen=True):
    seq: int
    at: str
    mono: float
    boot: str
    trusted: bool
    body: dict[str, Any]


class Batch(msgspec.Struct, frozen=True):
    gateway: str
    epoch: str
    lane: str
    sent_at: str
    records: tuple[Record, ...]


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


class Archive:
    """The file; `counters` are those of the receiver that fills it."""

    def __init__(self, path: Path | str, counters: Counters) -> None:
        self.counters = counters
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("pragma journal_mode=wal; pragma synchronous=full;" + _TABLES)

    def close(self) -> None:
        """Nothing can be asked or kept after this."""
        self._db.close()

    def keep_devices(self, gateway: str, payload: bytes) -> None:
        """What `up/devices` said, in place of what it said before."""
        self._db.execute("insert or replace into devices values (?, ?)", (gateway, payload))

    def keep_state(self, gateway: str, state: str, at: str, payload: str) -> None:
        """What `up/state` said, in place of what it said before."""
        row = (gateway, state, at, payload)
        self._db.execute("insert or replace into state values (?, ?, ?, ?)", row)

    def commit(self, batches: list[Batch]) -> None:
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

    def _store(self, batch: Batch, record: Record, received_at: str) -> None:
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

    def _heed(self, batch: Batch, notice: dict[str, Any]) -> None:
        """Numbers that will not come are no loss on the way; a boot's clock has become right."""
        if notice["kind"] == "clock_set":
            clock = (batch.gateway, notice["boot"], notice["mono"], notice["at"])
            self._db.execute("insert or replace into clock values (?, ?, ?, ?)", clock)
        if notice.get("lane") is not None:
            names = ("lane", "first", "last", "kind", "records")
            gone = (batch.gateway, batch.epoch, *(notice.get(name) for name in names))
            self._db.execute("insert into gone values (?, ?, ?, ?, ?, ?, ?)", gone)

    def _list(self, table: str, batch: Batch, record: Record, body: str, names: str) -> None:
        fields = [str(record.body.get(name, "")) for name in names.split()]
        row = (batch.gateway, *fields, record.at, body)
        self._db.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)

    # --- asking ----------------------------------------------------------------------------

    def results(self, command_id: str) -> list[dict[str, Any]]:
        """Every result of a command, oldest first; more than one is a broken promise."""
        query = "select body from result where command_id = ?"
        return [json.loads(row[0]) for row in self._db.execute(query, (command_id,))]

    def alarms(self, gateway: str) -> list[dict[str, Any]]:
        """Every change of an alarm of this gateway, in the order of arrival."""
        query = "select body from alarm where gateway = ? order by rowid"
        return [json.loads(row[0]) for row in self._db.execute(query, (gateway,))]

    def standing(self, gateway: str) -> dict[str, dict[str, Any]]:
        """The newest record of every alarm that has not come to its end, by its id.

        `(id, seq)` names a change of an alarm: what comes late, or twice, changes nothing.
        """
        newest: dict[str, dict[str, Any]] = {}
        for one in self.alarms(gateway):
            if one.get("seq", 0) >= newest.get(one["id"], {}).get("seq", 0):
                newest[one["id"]] = one
        return {name: one for name, one in newest.items() if one.get("life") != "normal"}

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


def _placed(
    at: str, trusted: int, mono: float, set_mono: float | None, set_at: str | None
) -> datetime:
    if trusted or set_at is None or set_mono is None:
        return datetime.fromisoformat(at)
    return datetime.fromisoformat(set_at) - timedelta(seconds=set_mono - mono)
