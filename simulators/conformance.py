"""Plays two gateways to a platform's receiver and says whether it keeps the contract.

`python -m simulators.conformance --broker mqtt://127.0.0.1:1883 [--json]`

With `--receiver` it starts the receiver itself, kills it in the moment of an acknowledgement, and
asks with `--stored` what was kept: an acknowledgement before the commit shows only so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
import time
import uuid
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiomqtt
import msgspec

from agent.tables import table

WITHIN_S = 10.0
"""A gateway sends again after this: an answer that takes longer costs mobile data."""
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule of the contract: `ok` None when it could not be checked."""

    rule: str
    ok: bool | None
    said: str


@dataclass(slots=True)
class Player:
    """Two gateways at the broker: what they sent and what was acknowledged to them."""

    client: aiomqtt.Client
    within_s: float
    one: str = field(default_factory=lambda: f"conf-{uuid.uuid4().hex[:8]}-a")
    two: str = field(default_factory=lambda: f"conf-{uuid.uuid4().hex[:8]}-b")
    epoch: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    sent: dict[Key, set[int]] = field(default_factory=dict)
    acked: dict[Key, list[int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        """Take in acknowledgements until cancelled."""
        async for message in self.client.messages:
            async with self.heard:
                self._take(message.topic.value.split("/")[2], bytes(message.payload))
                self.heard.notify_all()

    def _take(self, gateway: str, payload: bytes) -> None:
        try:
            ack = json.loads(payload)
            key = (gateway, str(ack["epoch"]), str(ack["lane"]))
            numbers = [n for first, last in ack["ranges"] for n in _range(first, last)]
        except (ValueError, KeyError, TypeError) as error:
            self.wrong.append(f"an acknowledgement cannot be read: {payload[:80]!r} ({error!r})")
            return
        never = sorted(set(numbers) - self.sent.get(key, set()))
        if never:
            self.wrong.append(f"{never[:3]} of {key[1:]} acknowledged to {gateway}, never sent")
        self.acked.setdefault(key, []).extend(numbers)

    async def send(
        self,
        numbers: Iterable[int],
        lane: str = "telemetry",
        gateway: str | None = None,
        epoch: str | None = None,
        pack: Callable[[bytes], bytes] = bytes,
    ) -> Key:
        """Publish a batch; returns what it counts under."""
        key = (gateway or self.one, epoch or self.epoch, lane)
        listed = list(numbers)
        self.sent.setdefault(key, set()).update(listed)
        await self.publish(key[0], lane, pack(_batch(key, listed)))
        return key

    async def publish(self, gateway: str, lane: str, payload: bytes) -> None:
        """Publish bytes as a gateway would."""
        await self.client.publish(f"hp/1/{gateway}/up/{lane}", payload, 1)

    async def missing(self, key: Key, numbers: Iterable[int], times: int = 1) -> str:
        """Empty when all were acknowledged so often within the time; else what was not."""
        wanted = list(numbers)

        def lacking() -> list[int]:
            acked = self.acked.get(key, [])
            return [number for number in wanted if acked.count(number) < times]

        with suppress(TimeoutError):
            async with asyncio.timeout(self.within_s), self.heard:
                await self.heard.wait_for(lambda: not lacking())
        left = lacking()
        return f"not acknowledged within {self.within_s:g} s: {left[:5]} of {key}" if left else ""


async def plain(it: Player) -> str:
    """a batch is acknowledged"""
    return await it.missing(await it.send(range(1, 11)), range(1, 11))


async def again(it: Player) -> str:
    """a repeat is acknowledged again"""
    key = await it.send(range(1, 11))
    return await it.missing(key, range(1, 11), times=2)


async def overlap(it: Player) -> str:
    """a batch of old and new records is acknowledged"""
    return await it.missing(await it.send(range(6, 16)), range(11, 16))


async def order(it: Player) -> str:
    """later records before earlier ones are acknowledged, both"""
    await it.send(range(21, 31))
    key = await it.send(range(16, 21))
    return await it.missing(key, range(16, 31))


async def thinned(it: Player) -> str:
    """numbers a gateway has thinned out are neither waited for nor acknowledged"""
    key = await it.send([41, 43, 47, 60])
    return await it.missing(key, [41, 43, 47, 60])


async def lanes(it: Player) -> str:
    """alarms, results, notices and accounts are acknowledged in their lanes"""
    sent = [(await it.send([1, 2], lane), lane) for lane in _BODIES if lane != "telemetry"]
    found = [await it.missing(key, [1, 2]) for key, _ in sent]
    return next(filter(None, found), "")


async def epochs(it: Player) -> str:
    """a new epoch begins at 1 again and is acknowledged with its name"""
    return await it.missing(await it.send(range(1, 6), epoch=it.epoch + "n"), range(1, 6))


async def gateways(it: Player) -> str:
    """the same numbers of another gateway are its own"""
    return await it.missing(await it.send(range(1, 6), gateway=it.two), range(1, 6))


async def deflated(it: Player) -> str:
    """a deflated batch is read, as its message says"""
    key = await it.send([101, 102], pack=lambda raw: b"#json+deflate\n" + zlib.compress(raw))
    return await it.missing(key, [101, 102])


async def compact(it: Player) -> str:
    """a compact batch, which a gateway sends if nobody chose another, is read"""
    key = await it.send([111, 113], pack=_compact)
    return await it.missing(key, [111, 113])


async def malformed(it: Player) -> str:
    """what cannot be read, and a batch of another's name, do not stop the rest"""
    await it.publish(it.one, "telemetry", b'{"gateway": ')
    await it.publish(it.one, "telemetry", b"\xff\xfe#what")
    other = _batch((it.two, it.epoch, "telemetry"), [900])
    await it.publish(it.one, "telemetry", other)  # a gateway speaks for itself only
    return await it.missing(await it.send([201]), [201])


async def flood(it: Player) -> str:
    """four full messages at once are acknowledged in time"""
    for begin in range(1000, 1800, 200):
        key = await it.send(range(begin, begin + 200))
    return await it.missing(key, range(1000, 1800))


async def only_sent(it: Player) -> str:
    """nothing is acknowledged that was not sent, and every acknowledgement can be read"""
    return "; ".join(dict.fromkeys(it.wrong))


RULES: tuple[Callable[[Player], Awaitable[str]], ...] = (
    plain, again, overlap, order, thinned, lanes, epochs, gateways, deflated, compact, malformed,
    flood, only_sent,
)  # fmt: skip
COMMITTED = "what is acknowledged is committed: it survives a kill in the same moment"


async def check(
    broker_url: str,
    within_s: float = WITHIN_S,
    receiver: Sequence[str] = (),
    stored: str = "",
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Finding, ...]:
    """Every rule, in order. Raises aiomqtt.MqttError when the broker cannot be had."""
    parts = urlsplit(broker_url)
    found: list[Finding] = []
    process = await _start(receiver) if receiver else None
    try:
        async with aiomqtt.Client(parts.hostname or "", parts.port or 1883) as client:
            player = Player(client, within_s)
            await client.subscribe([(f"hp/1/{g}/down/ack", 1) for g in (player.one, player.two)])
            listening = asyncio.create_task(player.listen(), name="conformance-listen")
            try:
                await _awake(player)
                for rule in RULES:
                    progress(rule.__doc__ or "")
                    why = await rule(player)
                    found.append(Finding(rule.__doc__ or "", not why, why or "kept"))
                found.append(await _committed(player, process, stored, progress))
            finally:
                listening.cancel()
                await asyncio.wait({listening})
    finally:
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
    return tuple(found)


async def _awake(player: Player) -> None:
    """A receiver that was just started may not have subscribed yet: knock until it answers."""
    until = time.monotonic() + player.within_s
    knocks = Player(player.client, 0.5, player.one, player.two, player.epoch, player.sent)
    knocks.acked, knocks.heard, knocks.wrong = player.acked, player.heard, player.wrong
    while time.monotonic() < until:
        key = await player.send([1], epoch=player.epoch + "k")
        if not await knocks.missing(key, [1]):
            return


async def _committed(
    it: Player,
    process: asyncio.subprocess.Process | None,
    stored: str,
    progress: Callable[[str], None],
) -> Finding:
    if process is None or not stored:
        return Finding(COMMITTED, None, "not checked: give --receiver and --stored")
    progress(COMMITTED)
    key = await it.send(range(5000, 5100))
    why = await it.missing(key, range(5000, 5100))
    process.kill()
    await process.wait()
    if why:
        return Finding(COMMITTED, False, why)
    names = dict(zip(("gateway", "epoch", "lane"), key, strict=True))
    asked = await asyncio.create_subprocess_exec(
        *(part.format(**names) for part in shlex.split(stored)), stdout=asyncio.subprocess.PIPE
    )
    text, _ = await asked.communicate()
    try:
        kept = {int(number) for number in text.decode().replace(",", " ").split()}
    except ValueError:
        return Finding(COMMITTED, None, "--stored must print numbers and nothing else")
    lost = sorted(set(range(5000, 5100)) - kept)
    said = f"acknowledged and gone after a kill: {lost[:5]}, {len(lost)} in all" if lost else "kept"
    return Finding(COMMITTED, not lost, said)


async def _start(command: Sequence[str]) -> asyncio.subprocess.Process:
    nowhere = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(*command, stdout=nowhere, stdin=nowhere)


def _range(first: object, last: object) -> range:
    if not isinstance(first, int) or not isinstance(last, int) or not 1 <= first <= last:
        raise ValueError(f"no range: {first!r}, {last!r}")
    return range(first, min(last, first + 1_000_000) + 1)


_WHEN = "2026-01-10T06:00:10.120000+00:00"
_BODIES: dict[str, dict[str, object]] = {
    "telemetry": {
        "device": "hp", "values": {"outdoor_temp": -7.5}, "missing": {"dhw_temp": "absent"},
        "full": True,
    },
    "alarm": {
        "id": "a1", "rule": "flow_low", "device": "hp", "state": "raised", "severity": "S2",
        "text_en": "Low flow.", "text_zh": "水流量低。", "opened_at": _WHEN,
    },
    "result": {
        "command_id": "c1", "device": "hp", "point": "power_on", "outcome": "verified",
        "why": "equal",
    },
    "notice": {"kind": "thinned", "lane": "telemetry", "first": 41, "last": 60, "records": 16},
    "account": {
        "home": "east", "device": "hp", "day": "2026-01-09", "tariff": "", "currency": "CNY",
        "kwh": 31.5, "kwh_by_rate": {}, "gross": 0.0, "refunds": {}, "unpriced_kwh": 31.5,
        "hours_by": {"schedule": 24.0}, "room_c": 19.5, "outdoor_c": -7.0, "setpoint_c": 42.0,
        "kh_below": 0.0, "writes": 4,
    },
}  # fmt: skip
"""One record of each lane, as a gateway writes it."""


def _batch(key: Key, numbers: Iterable[int]) -> bytes:
    gateway, epoch, lane = key
    now = datetime.now(UTC).isoformat()
    records = [
        {"seq": n, "at": now, "mono": float(n), "boot": "b", "trusted": True, "body": _BODIES[lane]}
        for n in numbers
    ]
    head = {"gateway": gateway, "epoch": epoch, "lane": lane, "sent_at": now, "records": records}
    return json.dumps(head, ensure_ascii=False).encode()


def _compact(raw: bytes) -> bytes:
    """The same telemetry in the encoding of a gateway where nobody chose another."""
    batch = json.loads(raw)
    sent_ms = round(datetime.fromisoformat(batch["sent_at"]).timestamp() * 1000)
    body = ["hp", True, [0, -75], [1, "absent"]]
    rows, seq, mono_ms, behind_ms = [], 0, 0, 0
    for one in batch["records"]:
        now_ms = round(one["mono"] * 1000)
        steps = (one["seq"] - seq, now_ms - mono_ms, sent_ms - now_ms - behind_ms)
        seq, mono_ms, behind_ms = one["seq"], now_ms, sent_ms - now_ms
        rows.append([*steps, 0, True, body])
    head = [batch["gateway"], batch["epoch"], batch["lane"], sent_ms]
    names = [["outdoor_temp", 1], ["dhw_temp", None]]
    packed = msgspec.msgpack.encode([*head, ["b"], names, rows])
    return b"#compact+deflate\n" + zlib.compress(packed)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 when every checked rule is kept, 1 when not, 3 without a broker."""
    parser = argparse.ArgumentParser(prog="python -m simulators.conformance", description=__doc__)
    parser.add_argument("--broker", required=True, help="mqtt://host:port")
    parser.add_argument("--within", type=float, default=WITHIN_S, help="seconds for an answer (10)")
    parser.add_argument("--receiver", default="", help="command that starts your receiver")
    parser.add_argument(
        "--stored", default="", help="command that prints stored numbers; {gateway} {epoch} {lane}"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    given = parser.parse_args(arguments)

    def progress(rule: str) -> None:
        print(f"... {rule}", file=sys.stderr)

    try:
        found = asyncio.run(
            check(given.broker, given.within, shlex.split(given.receiver), given.stored, progress)
        )
    except (aiomqtt.MqttError, OSError) as error:
        print(f"{given.broker}: {error}", file=sys.stderr)
        return 3
    kept = all(one.ok is not False for one in found)
    if given.json:
        print(json.dumps({"kept": kept, "rules": [asdict(one) for one in found]}))
    else:
        marks = {True: "ok", False: "BROKEN", None: "-"}
        print(table(["", "rule", "found"], [[marks[o.ok], o.rule, o.said] for o in found]))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
