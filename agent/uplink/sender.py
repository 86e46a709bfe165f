"""What goes up in one connection: streams of records, each with its window, its time and its pace.

Order: alarms, results, notices, the readings made since the connection was begun, then those from
before. It knows the buffer and the session; connecting and listening are `uplink`'s.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Protocol

from agent.records import Lane, Stored
from agent.uplink.encoding import encode
from agent.uplink.flights import Flight, Flights
from agent.uplink.pace import Pace
from agent.uplink.ranges import Ranges
from agent.uplink.session import NO_SUBSCRIBER, MessageRefused, Session
from agent.uplink.settings import Counters, UplinkSettings
from agent.uplink.topics import Topics

_log = logging.getLogger("agent.uplink")

BATCH_BYTES = 96_000
"""Bodies in one message; public brokers cut at 128 KiB and more."""
_BREATH_S = 0.02


class Outbox(Protocol):
    """The durable buffer, as the uplink needs it; a number once given is never given again."""

    @property
    def epoch(self) -> str: ...

    def newest(self, lane: Lane) -> int:
        """The highest number given so far; 0 for none."""
        ...

    async def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
        """The first `limit` records with a number above `after`, ascending."""
        ...

    async def forget(self, lane: Lane, first: int, last: int) -> int:
        """Drop `first`..`last`, both included; returns how many there were."""
        ...

    async def changed(self, timeout_s: float) -> None:
        """Return when something was stored, or after `timeout_s`."""
        ...


@dataclass(slots=True)
class Sent:
    """What is remembered over connections: the numbers of each lane that ever left."""

    epoch: str
    numbers: dict[Lane, Ranges] = field(default_factory=lambda: {lane: Ranges() for lane in Lane})


class Sender:
    """The sending side of one connection; begins with the oldest record that was not forgotten."""

    def __init__(
        self,
        settings: UplinkSettings,
        outbox: Outbox,
        session: Session,
        sent: Sent,
        counters: Counters,
        now: Callable[[], datetime],
        before: int,
    ) -> None:
        """Readings up to number `before` are backlog, what came later is live."""
        self._settings, self._outbox, self._session = settings, outbox, session
        self._sent, self._counters, self._now = sent, counters, now
        self._topics = Topics(settings.gateway)
        self._wake = asyncio.Event()
        self._heard = self._telemetry_at = 0.0
        self._unheard = False
        mono = time.monotonic()
        self._pace = Pace(settings.backlog_every_s)
        self._pace.wait(mono, random.uniform(0.0, settings.backlog_wait_s))
        wait_s = settings.ack_timeout_s
        self._live = Flights(wait_s, settings.window, cursor=before)
        self._backlog = Flights(wait_s, 1, until=before)
        first = [lane for lane in Lane if lane is not Lane.TELEMETRY]
        self._streams = (
            *((lane, Flights(wait_s, settings.window)) for lane in first),
            (Lane.TELEMETRY, self._live),
            (Lane.TELEMETRY, self._backlog),
        )
        self._group = asyncio.TaskGroup()

    async def run(self) -> None:
        """Send for ever; ends with the LinkError of the session."""
        async with self._group as group:
            group.create_task(self._watch(), name="uplink-watch")
            group.create_task(self._send(), name="uplink-send")

    async def acknowledged(self, lane: Lane, first: int, last: int) -> None:
        """The platform has these: forget them. Numbers never sent are nobody's to acknowledge."""
        self._heard = time.monotonic()
        await self._forget(lane, first, last)
        for _, flights in self._streams:
            flights.hurry(self._heard)
        self._wake.set()

    async def _watch(self) -> None:
        while True:
            await self._outbox.changed(self._settings.batch_every_s)
            self._wake.set()
            await asyncio.sleep(_BREATH_S)  # what is stored together leaves together

    async def _send(self) -> None:
        while True:
            self._wake.clear()
            due = inf
            for lane, flights in self._streams:
                due = min(due, await self._send_stream(lane, flights))
            rest = None if due == inf else max(due - time.monotonic(), _BREATH_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._wake.wait()

    async def _send_stream(self, lane: Lane, flights: Flights) -> float:
        """Send what may leave now; returns the monotonic second at which more is due."""
        await self._resend(lane, flights)
        while not flights.full:
            found = await self._outbox.batch(lane, flights.cursor, self._settings.batch_records)
            records = _fit(tuple(one for one in found if one.seq <= flights.until))
            if not records:
                break
            full = len(found) >= self._settings.batch_records or len(records) < len(found)
            due = self._due(flights, full) if lane is Lane.TELEMETRY else 0.0
            if due > time.monotonic():
                return min(due, flights.next_due(self._heard))
            flight = flights.start({one.seq for one in records}, time.monotonic())
            self._launch(lane, flights, flight, records)
        return flights.next_due(self._heard)

    def _due(self, flights: Flights, full: bool) -> float:
        """When readings may leave: a part when its time has come, a backlog at its pace.

        What is left of a short absence goes at once.
        """
        mono = time.monotonic()
        if flights is self._backlog and not full and not flights.cursor:
            return mono
        if flights is self._backlog or full:
            if self._pace.may(mono):
                self._pace.wait(mono, self._settings.backlog_every_s)
                return mono
            return self._pace.due
        if mono >= self._telemetry_at:
            self._telemetry_at = mono + self._settings.batch_every_s
            return mono
        return self._telemetry_at

    async def _resend(self, lane: Lane, flights: Flights) -> None:
        for flight in flights.due(time.monotonic(), self._heard):
            if not flight.numbers:
                continue  # acknowledged while an earlier one was read
            found = await self._outbox.batch(lane, min(flight.numbers) - 1, len(flight.numbers))
            if flights.again(flight, {one.seq for one in found}, time.monotonic()):
                records = tuple(one for one in found if one.seq in flight.numbers)
                self._launch(lane, flights, flight, records)

    def _launch(
        self, lane: Lane, flights: Flights, flight: Flight, records: tuple[Stored, ...]
    ) -> None:
        sent = self._sent.numbers[lane]
        again = sum(one.seq in sent for one in records)
        self._counters.resent += again
        self._counters.sent += len(records) - again
        sent.add(records[0].seq, records[-1].seq)
        encoding, gateway = self._settings.encoding, self._settings.gateway
        payload = encode(encoding, gateway, self._sent.epoch, lane, self._now(), records)
        name = f"uplink-{lane}-{records[0].seq}"
        self._group.create_task(self._publish(lane, flights, flight, payload), name=name)

    async def _publish(self, lane: Lane, flights: Flights, flight: Flight, payload: bytes) -> None:
        topic, encoding = self._topics.up(lane), self._settings.encoding
        try:
            code = await self._session.publish(topic, payload, content_type=encoding)
        except MessageRefused as error:
            self._counters.refused += 1
            _log.log(logging.DEBUG if flight.refused else logging.WARNING, "%s", error)
            flights.landed(flight, time.monotonic(), refused=True)
        else:
            flights.landed(flight, time.monotonic(), refused=False)
            if self._settings.acknowledge == "puback":
                self._note_unheard(lane, code)
                await self._forget(lane, min(flight.numbers), max(flight.numbers))
        self._wake.set()

    def _note_unheard(self, lane: Lane, code: int) -> None:
        if code == NO_SUBSCRIBER and not self._unheard:
            _log.warning("the broker takes records that nobody subscribed to lane=%s", lane)
        self._unheard = code == NO_SUBSCRIBER

    async def _forget(self, lane: Lane, first: int, last: int) -> None:
        known = self._sent.numbers[lane].within(first, last)
        for one, other in known:
            self._counters.acknowledged += await self._outbox.forget(lane, one, other)
        mono = time.monotonic()
        if known and lane is Lane.TELEMETRY:
            self._counters.taken_mono = mono
        for of, flights in self._streams:
            for done in flights.acknowledge(first, last) if of is lane else ():
                if lane is Lane.TELEMETRY:
                    self._pace.answered(mono - done.sent, mono, random.random())


def _fit(records: tuple[Stored, ...]) -> tuple[Stored, ...]:
    """The first records that fit one message; never none of some."""
    size = 0
    for index, one in enumerate(records):
        size += len(one.body)
        if size > BATCH_BYTES and index:
            return records[:index]
    return records
