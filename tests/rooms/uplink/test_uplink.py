"""The uplink against a real broker: what is acknowledged is forgotten, everything else is kept."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding as Form
from cryptography.hazmat.primitives.serialization import PublicFormat

from agent.errors import LinkError
from agent.records import Lane, Stored
from agent.uplink import (
    DeviceCard,
    Encoding,
    Inventory,
    RefusedCommand,
    Uplink,
    UplinkSettings,
    parse_command,
)
from agent.uplink.dial import Address
from agent.uplink.session import Incoming, MessageRefused, Session, Version
from agent.uplink.settings import SessionSettings
from agent.uplink.signing import TYPE
from agent.uplink.uplink import MOST_UNDONE
from simulators.broker import EmbeddedBroker
from simulators.platform import Platform
from tests.peers.mosquitto import Mosquitto, Tls

LIMIT_S = 8.0
G = "g1"


class MemoryOutbox:
    """The durable buffer's promises, kept in memory."""

    def __init__(self, epoch: str = "e1") -> None:
        self.epoch = epoch
        self.lanes: dict[Lane, dict[int, Stored]] = {lane: {} for lane in Lane}
        self.forgotten: dict[Lane, list[int]] = {lane: [] for lane in Lane}
        self.reads = 0
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self._next = dict.fromkeys(Lane, 1)
        self._stored = asyncio.Event()
        self._moved = asyncio.Condition()

    def put(self, lane: Lane, count: int = 1, size: int = 20) -> None:
        for _ in range(count):
            seq = self._next[lane]
            self._next[lane] += 1
            body = json.dumps({"device": "pump1", "n": seq, "pad": "x" * size}).encode()
            at = datetime.now(UTC).isoformat()
            self.lanes[lane][seq] = Stored(lane, seq, at, float(seq), "b1", True, body)
        self._stored.set()

    def newest(self, lane: Lane) -> int:
        self.asked.set()
        return self._next[lane] - 1

    async def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
        self.reads += 1
        await self.gate.wait()
        found = sorted(seq for seq in self.lanes[lane] if seq > after)
        return tuple(self.lanes[lane][seq] for seq in found[:limit])

    async def forget(self, lane: Lane, first: int, last: int) -> int:
        gone = [seq for seq in sorted(self.lanes[lane]) if first <= seq <= last]
        for seq in gone:
            del self.lanes[lane][seq]
        self.forgotten[lane] += gone
        async with self._moved:
            self._moved.notify_all()
        return len(gone)

    async def changed(self, timeout_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._stored.wait()
        self._stored.clear()

    def left(self, lane: Lane | None = None) -> int:
        return sum(len(self.lanes[one]) for one in ([lane] if lane else Lane))

    async def emptied(self, *lanes: Lane) -> None:
        async with asyncio.timeout(LIMIT_S), self._moved:
            await self._moved.wait_for(lambda: not any(self.left(one) for one in lanes or Lane))


class Gateway:
    """An uplink in its own task, and what it told us."""

    def __init__(self, settings: UplinkSettings, outbox: MemoryOutbox) -> None:
        self.commands: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        self.configs: asyncio.Queue[bytes] = asyncio.Queue()
        self.forecasts: asyncio.Queue[bytes] = asyncio.Queue()
        self.unsigned: asyncio.Queue[str] = asyncio.Queue()
        self.links: asyncio.Queue[tuple[bool, str]] = asyncio.Queue()
        self.broken: Exception | None = None
        self.uplink = Uplink(
            settings,
            outbox,
            on_command=self._command,
            on_unsigned=self.unsigned.put,
            on_forecast=self.forecasts.put,
            on_config=self.configs.put_nowait,
            on_link=lambda up, why: self.links.put_nowait((up, why)),
            boot="b1",
            version="0.1",
        )

    async def _command(self, payload: bytes, retained: bool) -> None:
        self.commands.put_nowait((payload, retained))
        if self.broken is not None:
            broken, self.broken = self.broken, None
            raise broken

    async def linked(self, up: bool) -> str:
        """Wait for the next change of the link to this side; returns why."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                now_up, why = await self.links.get()
                if now_up is up:
                    return why


def settings(url: str, **changes: Any) -> UplinkSettings:
    quick = UplinkSettings(
        G,
        url,
        batch_every_s=0.1,
        ack_timeout_s=2.0,
        reconnect_min_s=0.05,
        reconnect_max_s=0.2,
        backlog_every_s=0.01,
        backlog_wait_s=0.0,
        encoding=Encoding.JSON,
    )
    return replace(quick, **changes)


@asynccontextmanager
async def running(given: UplinkSettings, outbox: MemoryOutbox) -> AsyncIterator[Gateway]:
    """A gateway that runs; it must end within two seconds of being told to."""
    gateway = Gateway(given, outbox)
    task = asyncio.create_task(gateway.uplink.run(), name="uplink")
    try:
        yield gateway
    finally:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=2.0)
        assert done
        assert task.cancelled()


@asynccontextmanager
async def overhearing(url: str, topic: str = f"hp/1/{G}/#") -> AsyncIterator[Callable[[], Any]]:
    """A third party that hears everything; yields `await next()` for the next message."""
    address = Address.parse(url)
    async with aiomqtt.Client(address.host, address.port) as client:
        await client.subscribe(topic, 1)
        messages = aiter(client.messages)

        async def following() -> aiomqtt.Message:
            async with asyncio.timeout(LIMIT_S):
                return await anext(messages)

        yield following


async def batches(following: Callable[[], Any], lane: Lane, count: int) -> list[list[int]]:
    """The numbers in the next so many messages of a lane."""
    found: list[list[int]] = []
    while len(found) < count:
        message = await following()
        if message.topic.value.endswith(f"/up/{lane}"):
            found.append([one["seq"] for one in json.loads(message.payload)["records"]])
    return found


def session_settings(url: str, **changes: Any) -> SessionSettings:
    plain = SessionSettings(Address.parse(url), G, (f"hp/1/{G}/up/state", b"{}"), timeout_s=3.0)
    return replace(plain, **changes)


# --- records ---------------------------------------------------------------------------------


async def test_acknowledged_records_are_forgotten_and_all_arrived(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.ALARM, 3)
    outbox.put(Lane.RESULT, 2)
    outbox.put(Lane.TELEMETRY, 1450)
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url) as platform,
        running(settings(broker.url), outbox) as gateway,
    ):
        await outbox.emptied()
        assert outbox.forgotten[Lane.TELEMETRY] == list(range(1, 1451))
        assert platform.archive.numbers(G, "telemetry") == list(range(1, 1451))
        assert platform.archive.numbers(G, "alarm") == [1, 2, 3]
        assert platform.archive.holes(G) == []
        assert platform.archive.state(G) == "online"
        counters = gateway.uplink.counters
        assert (counters.sent, counters.acknowledged, counters.resent) == (1455, 1455, 0)
        assert (counters.refused, counters.faults, counters.reconnects) == (0, 0, 0)
        outbox.put(Lane.ALARM)
        await outbox.emptied()
        assert platform.archive.numbers(G, "alarm") == [1, 2, 3, 4]


async def test_alarms_leave_first_and_four_messages_fly_at_once(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    async with Mosquitto(tmp_path) as broker, overhearing(broker.url) as following:
        # Nobody acknowledges: what is heard is the window and no more.
        async with running(settings(broker.url, batch_records=2), outbox) as gateway:
            await gateway.linked(True)
            outbox.put(Lane.TELEMETRY, 10)
            outbox.put(Lane.RESULT, 1)
            outbox.put(Lane.ALARM, 1)
            heard = [(await following()).topic.value.rsplit("/")[-1] for _ in range(7)]
            assert heard == ["state", "alarm", "result", *["telemetry"] * 4]
            # The next are repeats of the oldest message of each lane.
            again = sorted([(await following()).topic.value.rsplit("/")[-1] for _ in range(3)])
            assert again == ["alarm", "result", "telemetry"]
        assert outbox.left() == 12


async def test_what_is_new_goes_before_what_waited_and_an_alarm_before_both(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 40)
    slow = {"batch_records": 10, "backlog_every_s": 0.4}
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url) as platform,
        overhearing(broker.url, f"hp/1/{G}/up/+") as following,
        running(settings(broker.url, **slow), outbox),
    ):
        assert await batches(following, Lane.TELEMETRY, 1) == [list(range(1, 11))]
        outbox.put(Lane.TELEMETRY, 1)
        outbox.put(Lane.ALARM, 1)
        kinds, numbers = [], []
        while len(numbers) < 4:
            message = await following()
            kinds.append(message.topic.value.rsplit("/")[-1])
            if kinds[-1] == "telemetry":
                numbers.append(json.loads(message.payload)["records"][0]["seq"])
        assert kinds.index("alarm") <= 1
        assert sorted(numbers[:2]) in ([11, 41], [41, 11])
        assert numbers[2:] == [21, 31]
        await outbox.emptied()
        assert platform.archive.holes(G) == []


async def test_what_is_made_while_connecting_is_live(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 40)
    async with (
        Mosquitto(tmp_path) as broker,
        overhearing(broker.url, f"hp/1/{G}/up/+") as following,
    ):
        broker.freeze()
        slow = {"batch_records": 10, "backlog_every_s": 0.4}
        async with running(settings(broker.url, **slow), outbox):
            await outbox.asked.wait()
            outbox.put(Lane.TELEMETRY, 1)
            broker.thaw()
            assert [41] in await batches(following, Lane.TELEMETRY, 2)


async def test_an_acknowledgement_forgets_nothing_that_never_left(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 40)
    slow = {"batch_records": 10, "backlog_every_s": 60.0, "ack_timeout_s": 60.0}
    async with (
        Mosquitto(tmp_path) as broker,
        overhearing(broker.url) as following,
        running(settings(broker.url, **slow), outbox) as gateway,
        aiomqtt.Client("127.0.0.1", broker.port) as other,
    ):
        await gateway.linked(True)
        outbox.put(Lane.TELEMETRY, 2)
        sent = sorted(await batches(following, Lane.TELEMETRY, 2))
        assert sent == [list(range(1, 11)), [41, 42]]
        ack = {"epoch": "e1", "lane": "telemetry", "ranges": [[1, 1000]]}
        await other.publish(f"hp/1/{G}/down/ack", json.dumps(ack), 1)
        async with asyncio.timeout(LIMIT_S):
            while outbox.left() > 30:
                async with outbox._moved:
                    await outbox._moved.wait()
        assert outbox.forgotten[Lane.TELEMETRY] == [*range(1, 11), 41, 42]


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_every_encoding_names_itself_and_is_read_by_the_platform(
    tmp_path: Path, encoding: Encoding
) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.ALARM, 1)
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url) as platform,
        aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5) as other,
    ):
        await other.subscribe(f"hp/1/{G}/up/alarm", 1)
        async with running(settings(broker.url, encoding=encoding), outbox):
            async with asyncio.timeout(LIMIT_S):
                message = await anext(aiter(other.messages))
            assert message.properties is not None
            assert message.properties.ContentType == str(encoding)
            named = message.payload.partition(b"\n")[0] if encoding is not Encoding.JSON else b""
            assert named == (b"" if encoding is Encoding.JSON else f"#{encoding}".encode())
            await outbox.emptied()
        assert platform.archive.numbers(G, "alarm") == [1]
        assert platform.counters.malformed == 0


async def test_only_signed_commands_are_believed_once_keys_are_named(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Form.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "platform.pem").write_bytes(public)

    def sign(payload: bytes) -> bytes:
        return jwt.PyJWS().encode(payload, private, "EdDSA", headers={"typ": TYPE}).encode()

    given = {"command_keys": (tmp_path / "platform.pem",)}
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url) as honest,
        running(settings(broker.url), MemoryOutbox()) as trusting,
    ):
        await trusting.linked(True)
        await honest.send_command(G, "hp", "water_setpoint", 44.0)
        assert b"water_setpoint" in (await trusting.commands.get())[0]
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url) as captured,
        Platform(broker.url, sign=sign) as honest,
        running(settings(broker.url, **given), MemoryOutbox()) as gateway,
    ):
        await gateway.linked(True)
        await captured.send_command(G, "hp", "water_setpoint", 60.0)
        await honest.send_command("g2", "hp", "water_setpoint", 60.0)
        token = sign(b'{"gateway":"g2","id":"1"}')
        async with aiomqtt.Client("127.0.0.1", broker.port) as other:
            await other.publish(f"hp/1/{G}/down/command", token, 1)
        wanted = await honest.send_command(G, "hp", "water_setpoint", 44.0)
        payload, _ = await gateway.commands.get()
        assert json.loads(payload)["id"] == wanted
        assert gateway.commands.empty()
        assert "not signed" in await gateway.unsigned.get()
        assert "g2" in await gateway.unsigned.get()
        assert gateway.uplink.counters.unsigned == 2


async def test_large_records_are_cut_into_messages_brokers_take(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 12, size=20_000)
    async with (
        Mosquitto(tmp_path) as broker,
        overhearing(broker.url) as following,
        Platform(broker.url) as platform,
        running(settings(broker.url), outbox),
    ):
        assert await batches(following, Lane.TELEMETRY, 3) == [
            [1, 2, 3, 4],
            [5, 6, 7, 8],
            [9, 10, 11, 12],
        ]
        await outbox.emptied()
        assert platform.counters.repeats == 0


async def test_a_killed_broker_loses_nothing(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 300)
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url) as platform,
        running(settings(broker.url), outbox) as gateway,
    ):
        await outbox.emptied()
        await broker.kill()
        await gateway.linked(False)
        outbox.put(Lane.TELEMETRY, 250)
        outbox.put(Lane.ALARM, 2)
        assert gateway.uplink.counters.connected_since is None
        await broker.start()
        await outbox.emptied()
        assert platform.archive.numbers(G, "telemetry") == list(range(1, 551))
        assert platform.archive.numbers(G, "alarm") == [1, 2]
        assert platform.archive.holes(G) == []
        assert gateway.uplink.counters.reconnects == 1


async def test_a_new_connection_repeats_what_was_under_way(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    async with Mosquitto(tmp_path) as broker:
        patient = settings(broker.url, batch_records=2, ack_timeout_s=60.0)
        async with running(patient, outbox) as gateway:
            await gateway.linked(True)
            async with overhearing(broker.url) as following:
                outbox.put(Lane.TELEMETRY, 6)
                first = await batches(following, Lane.TELEMETRY, 3)
            outbox.gate.clear()  # nothing is read before somebody listens again
            await broker.kill()
            await gateway.linked(False)
            await broker.start()
            async with overhearing(broker.url) as following:
                outbox.gate.set()
                second = await batches(following, Lane.TELEMETRY, 1)
                assert gateway.uplink.counters.resent == 2
        assert first == [[1, 2], [3, 4], [5, 6]]
        assert second == [[1, 2]]  # what is from before the connection goes one at a time


async def test_without_the_platform_nothing_is_forgotten(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 20)
    quick = {"ack_timeout_s": 0.5}
    async with (
        Mosquitto(tmp_path) as broker,
        overhearing(broker.url) as following,
        running(settings(broker.url, **quick), outbox) as gateway,
    ):
        first, second, third = await batches(following, Lane.TELEMETRY, 3)
        assert first == second == third == list(range(1, 21))
        assert outbox.left() == 20
        assert (gateway.uplink.counters.sent, gateway.uplink.counters.resent) == (20, 40)
        assert outbox.reads < 20 * len(Lane)  # it waits; it does not turn in circles
        async with Platform(broker.url) as platform:
            await outbox.emptied()
            assert platform.archive.numbers(G, "telemetry") == list(range(1, 21))


async def test_only_what_was_sent_in_this_epoch_can_be_acknowledged(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    async with (
        Mosquitto(tmp_path) as broker,
        overhearing(broker.url, f"hp/1/{G}/up/telemetry") as following,
        running(settings(broker.url, batch_every_s=600.0), outbox) as gateway,
        aiomqtt.Client("127.0.0.1", broker.port) as other,
    ):
        await gateway.linked(True)
        outbox.put(Lane.TELEMETRY, 5)
        await batches(following, Lane.TELEMETRY, 1)
        outbox.put(Lane.TELEMETRY, 3)  # not sent for ten minutes
        for ack in (
            {"epoch": "e0", "lane": "telemetry", "ranges": [[1, 5]]},
            {"epoch": "e1", "lane": "telemetry", "ranges": [[5, 1]]},
            {"epoch": "e1", "lane": "telemetry", "ranges": [[2, 3], [5, 1000]]},
        ):
            await other.publish(f"hp/1/{G}/down/ack", json.dumps(ack), 1)
        await batches(following, Lane.TELEMETRY, 1)  # the repeat of what is left
        assert outbox.forgotten[Lane.TELEMETRY] == [2, 3, 5]
        assert sorted(outbox.lanes[Lane.TELEMETRY]) == [1, 4, 6, 7, 8]


async def test_puback_mode_forgets_without_a_platform(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 30)
    outbox.put(Lane.ALARM, 2)
    async with (
        Mosquitto(tmp_path) as broker,
        running(settings(broker.url, acknowledge="puback"), outbox) as gateway,
    ):
        await outbox.emptied()
        assert gateway.uplink.counters.acknowledged == 32


# --- refusals --------------------------------------------------------------------------------

NO_TELEMETRY = f"""
topic readwrite hp/1/{G}/up/state
topic readwrite hp/1/{G}/up/alarm
topic readwrite hp/1/{G}/down/#
"""


async def test_a_refusing_puback_is_an_error_that_names_its_code(tmp_path: Path) -> None:
    async with (
        Mosquitto(tmp_path, acl=NO_TELEMETRY) as broker,
        Session(session_settings(broker.url)) as session,
    ):
        assert session.version is Version.V5
        assert await session.publish(f"hp/1/{G}/up/alarm", b"{}") < 0x80
        with pytest.raises(LinkError, match="0x87") as caught:
            await session.publish(f"hp/1/{G}/up/telemetry", b"{}")
        assert isinstance(caught.value, MessageRefused)
        assert caught.value.code == 0x87


@pytest.mark.parametrize("acknowledge", ["platform", "puback"])
async def test_a_refused_record_is_kept_and_the_other_lanes_go_on(
    tmp_path: Path, acknowledge: str
) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 4)
    outbox.put(Lane.ALARM, 2)
    async with (
        Mosquitto(tmp_path, acl=NO_TELEMETRY + "topic read #\ntopic write hp/1/+/down/#") as broker,
        Platform(broker.url),
        running(settings(broker.url, acknowledge=acknowledge), outbox) as gateway,
    ):
        await outbox.emptied(Lane.ALARM)
        outbox.put(Lane.ALARM)
        await outbox.emptied(Lane.ALARM)
        assert outbox.left(Lane.TELEMETRY) == 4
        assert gateway.uplink.counters.refused >= 1
        assert gateway.uplink.counters.reconnects == 0


async def test_a_password_that_is_refused_is_named(tmp_path: Path) -> None:
    passwords, secret = tmp_path / "passwords", tmp_path / "secret"
    passwords.touch(mode=0o600)
    tool = ["mosquitto_passwd", "-b", str(passwords), "gw", "right"]
    subprocess.run(tool, check=True, capture_output=True)
    async with Mosquitto(tmp_path, passwords=passwords) as broker:
        given = session_settings(broker.url, username="gw", password_file=secret)
        with pytest.raises(LinkError, match="password_file"):
            await Session(given).__aenter__()
        secret.write_text("wrong\n")
        with pytest.raises(LinkError, match=r"refused the connection.*Not authorized"):
            await Session(given).__aenter__()
        secret.write_text("right\n")
        async with Session(given) as session:
            await session.publish("x", b"y")


# --- silence ---------------------------------------------------------------------------------


async def test_a_frozen_broker_is_noticed_while_nothing_is_sent(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    quick = {"keepalive_s": 1, "answer_s": 0.5, "ack_timeout_s": 0.5}
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url) as platform,
        running(settings(broker.url, **quick), outbox) as gateway,
    ):
        await gateway.linked(True)
        broker.freeze()
        began = time.monotonic()
        assert "no answer to a ping" in await gateway.linked(False)
        assert time.monotonic() - began < 3.0
        outbox.put(Lane.TELEMETRY, 10)
        broker.thaw()
        await outbox.emptied()
        assert platform.archive.numbers(G, "telemetry") == list(range(1, 11))


async def test_a_frozen_broker_is_noticed_by_a_missing_puback(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    async with (
        Mosquitto(tmp_path) as broker,
        running(settings(broker.url, ack_timeout_s=0.4), outbox) as gateway,
    ):
        await gateway.linked(True)
        broker.freeze()
        outbox.put(Lane.ALARM)
        assert "no PUBACK" in await gateway.linked(False)
        assert outbox.left() == 1
        # and the end of `running` proves that a frozen broker does not hold up the shutdown


async def test_a_frozen_broker_does_not_hold_up_connecting_for_ever(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path) as broker:
        broker.freeze()
        with pytest.raises(LinkError, match="timed out"):
            await Session(session_settings(broker.url, timeout_s=0.3)).__aenter__()
        task = asyncio.create_task(Session(session_settings(broker.url)).__aenter__())
        done, _ = await asyncio.wait({task}, timeout=0.2)
        assert not done
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_nobody_there(tmp_path: Path) -> None:
    port = Mosquitto(tmp_path).port
    with pytest.raises(LinkError, match=f"127.0.0.1:{port} cannot be reached"):
        await Session(session_settings(f"mqtt://127.0.0.1:{port}")).__aenter__()


# --- down ------------------------------------------------------------------------------------


async def next_command(gateway: Gateway) -> tuple[bytes, bool]:
    async with asyncio.timeout(LIMIT_S):
        return await gateway.commands.get()


async def test_commands_arrive_also_those_sent_while_the_gateway_was_away(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    async with Mosquitto(tmp_path) as broker, Platform(broker.url) as platform:
        async with running(settings(broker.url), outbox) as gateway:
            await gateway.linked(True)
            first = await platform.send_command(G, "pump1", "water_setpoint", 40)
            payload, retained = await next_command(gateway)
            assert (json.loads(payload)["id"], retained) == (first, False)
        await platform.wait_state(G, "offline", LIMIT_S)
        second = await platform.send_command(G, "pump1", "water_setpoint", 41)
        async with running(settings(broker.url), outbox) as gateway:
            payload, retained = await next_command(gateway)
            assert (json.loads(payload)["id"], retained) == (second, False)
            assert gateway.commands.empty()


async def test_a_retained_command_is_known_as_such_now_and_later(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    async with Mosquitto(tmp_path) as broker, Platform(broker.url) as platform:
        async with running(settings(broker.url), outbox) as gateway:
            await gateway.linked(True)
            await platform.send_command(G, "pump1", "mode", "off", retain=True)
            live = await next_command(gateway)
        async with running(settings(broker.url), outbox) as gateway:
            later = await next_command(gateway)
        assert live[1] is later[1] is True
        refused = parse_command(*later, datetime.now(UTC), True)
        assert isinstance(refused, RefusedCommand)
        assert "retained" in refused.why


@pytest.mark.parametrize("kind", ["command", "forecast"])
async def test_what_takes_back_a_retained_message_is_no_message(kind: str, tmp_path: Path) -> None:
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url) as platform,
        running(settings(broker.url), MemoryOutbox()) as gateway,
    ):
        await gateway.linked(True)
        async with aiomqtt.Client("127.0.0.1", broker.port) as other:
            await other.publish(f"hp/1/{G}/down/{kind}", b"", 1, retain=True)
        sent = await platform.send_command(G, "pump1", "water_setpoint", 40)
        payload, _ = await next_command(gateway)
        assert json.loads(payload)["id"] == sent
        assert gateway.forecasts.empty()


async def test_a_command_that_could_not_be_handled_comes_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = MemoryOutbox()
    async with Mosquitto(tmp_path) as broker, Platform(broker.url) as platform:
        async with running(settings(broker.url), outbox) as gateway:
            await gateway.linked(True)
            gateway.broken = RuntimeError("disk full")
            await platform.send_command(G, "pump1", "mode", "off")
            first = await next_command(gateway)
            outbox.put(Lane.ALARM)
            await outbox.emptied()  # the connection lives on
            assert (gateway.uplink.counters.faults, gateway.uplink.counters.reconnects) == (1, 0)
        assert "disk full" in caplog.text
        async with running(settings(broker.url), outbox) as gateway:
            assert await next_command(gateway) == first
        async with running(settings(broker.url), outbox) as gateway:
            outbox.put(Lane.ALARM)
            await outbox.emptied()
            assert gateway.commands.empty()


async def test_many_commands_that_could_not_be_handled_do_not_stop_the_alarms(
    tmp_path: Path,
) -> None:
    outbox = MemoryOutbox()
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url) as platform,
        running(settings(broker.url), outbox) as gateway,
    ):
        await gateway.linked(True)
        for _ in range(MOST_UNDONE):
            gateway.broken = RuntimeError("disk full")
            await platform.send_command(G, "pump1", "mode", "off")
            await next_command(gateway)
        assert f"{MOST_UNDONE} messages could not be dealt with" in await gateway.linked(False)
        await gateway.linked(True)
        for _ in range(MOST_UNDONE):
            await next_command(gateway)  # and now they can
        outbox.put(Lane.ALARM)
        await outbox.emptied()


async def test_a_fault_in_the_buffer_is_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(MemoryOutbox):
        failures = 2

        async def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
            if self.failures:
                self.failures -= 1
                raise OSError("disk is gone")
            return await super().batch(lane, after, limit)

    outbox = Failing()
    outbox.put(Lane.RESULT, 2)
    async with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.url),
        running(settings(broker.url), outbox) as gateway,
    ):
        await outbox.emptied()
        assert gateway.uplink.counters.faults == 2
        assert caplog.text.count("Traceback") >= 2


async def test_a_link_lost_at_the_moment_of_stopping_does_not_hide_the_stop(tmp_path: Path) -> None:
    class Spiteful(MemoryOutbox):
        async def changed(self, timeout_s: float) -> None:
            try:
                await super().changed(600.0)
            except asyncio.CancelledError:
                raise LinkError("just now") from None

    async with Mosquitto(tmp_path) as broker:
        gateway = Gateway(settings(broker.url), Spiteful())
        task = asyncio.create_task(gateway.uplink.run())
        await gateway.linked(True)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=2.0)
        assert done
        assert task.cancelled()


async def test_configuration_arrives_and_the_last_will_is_left(tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    async with Mosquitto(tmp_path) as broker, overhearing(broker.url) as following:
        async with aiomqtt.Client("127.0.0.1", broker.port) as other:
            await other.publish(f"hp/1/{G}/down/config", b"new", 1, retain=True)
        async with running(settings(broker.url), outbox) as gateway:
            async with asyncio.timeout(LIMIT_S):
                assert await gateway.configs.get() == b"new"
            seen = [await following(), await following()]
            states = [json.loads(m.payload) for m in seen if m.topic.value.endswith("state")]
            assert states[0] | {"at": ""} == {
                "gateway": G,
                "state": "online",
                "at": "",
                "boot": "b1",
                "version": "0.1",
                "epoch": "e1",
            }
        assert json.loads((await following()).payload)["state"] == "offline"
        # A connection that ends without goodbye leaves the will.
        will = (f"hp/1/{G}/up/state", b'{"state":"lost"}')
        async with Session(session_settings(broker.url, will=will)) as session:
            assert session._client is not None
            await session._client.abandon()
            assert json.loads((await following()).payload)["state"] == "lost"


async def test_what_stands_on_the_lines_is_announced_once_and_retained(tmp_path: Path) -> None:
    told = {"device": "hp1", "driver": "acme", "line": "bus1", "every_s": 30.0}
    inventory = Inventory((), (DeviceCard(**told),))
    async with Mosquitto(tmp_path) as broker, overhearing(broker.url) as live:
        async with running(settings(broker.url, inventory=inventory), MemoryOutbox()) as gateway:
            assert await gateway.linked(True)
            async with Session(session_settings(broker.url)):  # takes the connection over
                assert await gateway.linked(False)
            assert await gateway.linked(True)
        heard = [(await live()).topic.value.rsplit("/")[-1] for _ in range(4)]
        assert heard == ["state", "devices", "state", "state"]
        async with overhearing(broker.url) as later:
            kept = {m.topic.value: m for m in [await later(), await later()]}
        message = kept[f"hp/1/{G}/up/devices"]
        assert message.retain
        assert json.loads(message.payload)["devices"] == [told]


async def test_a_namesake_takes_the_connection_over(tmp_path: Path) -> None:
    async with (
        Mosquitto(tmp_path) as broker,
        Session(session_settings(broker.url)) as session,
        Session(session_settings(broker.url)),
    ):
        with pytest.raises(LinkError, match="connection lost"):
            await anext(aiter(session.messages()))
        with pytest.raises(LinkError):
            await session.publish("x", b"y")


# --- versions and certificates ---------------------------------------------------------------


async def test_a_broker_without_version_5_is_spoken_to_in_its_own() -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 40)
    outbox.put(Lane.ALARM, 1)
    async with (
        EmbeddedBroker() as broker,
        Platform(broker.url) as platform,
        running(settings(broker.url, ack_timeout_s=0.5), outbox) as gateway,
    ):
        assert "3.1.1" in await gateway.linked(True)
        await outbox.emptied()
        assert platform.archive.holes(G) == []
        command_id = await platform.send_command(G, "pump1", "mode", "off")
        payload, _ = await next_command(gateway)
        assert json.loads(payload)["id"] == command_id


async def test_a_broker_that_hangs_up_on_version_5_is_tried_with_the_older() -> None:
    levels: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connect = await reader.read(1024)
        levels.append(connect[connect.index(b"MQTT") + 4])
        if levels[-1] == 4:
            writer.write(bytes([0x20, 2, 0, 0]))
            await reader.read(1024)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(2.0), Session(session_settings(url)) as session:
            assert session.version is Version.V311  # and not after the time-out of 3 s
        async with Session(session_settings(url), Version.V311):
            pass
    assert levels == [5, 4, 4]


def certificate(folder: Path, name: str, ca: str | None, subject: str, *more: str) -> None:
    """A key and a certificate, signed by `ca`, or by itself."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"]
    signer = ["-CA", f"{folder}/{ca}.pem", "-CAkey", f"{folder}/{ca}.key"] if ca else []
    command = ["openssl", "req", "-x509", *key, *files, *signer, "-subj", subject, *more]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    signs = ["-addext", "keyUsage=critical,keyCertSign"]  # Python 3.13 insists on it
    certificate(folder, "ca", None, "/CN=test ca", *signs)
    certificate(folder, "stranger", None, "/CN=another ca", *signs)
    leaf = ["-addext", "basicConstraints=critical,CA:FALSE"]
    alt = ["-addext", "subjectAltName=IP:127.0.0.1"]
    certificate(folder, "broker", "ca", "/CN=broker", *leaf, *alt)
    certificate(folder, "g1", "ca", f"/CN={G}", *leaf)
    return folder


@pytest.fixture
async def guarded(tmp_path: Path, keys: Path) -> AsyncIterator[Mosquitto]:
    tls = Tls(keys / "ca.pem", keys / "broker.pem", keys / "broker.key", require_certificate=True)
    async with Mosquitto(tmp_path, tls=tls) as broker:
        yield broker


async def test_both_sides_show_certificates(guarded: Mosquitto, keys: Path) -> None:
    outbox = MemoryOutbox()
    outbox.put(Lane.TELEMETRY, 500, size=300)
    files = {"ca": keys / "ca.pem", "certificate": keys / "g1.pem", "key": keys / "g1.key"}
    given = settings(guarded.url, acknowledge="puback", **files)
    async with running(given, outbox) as gateway:
        await outbox.emptied()
        assert gateway.uplink.counters.reconnects == 0


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"ca": "stranger.pem"}, r"certificate of 127.0.0.1:\d+ is refused: .*stranger.pem"),
        ({"ca": "ca.pem"}, r"(?i)certificate.required"),
        ({"ca": "missing.pem"}, r"ca .*missing.pem cannot be used"),
        (
            {"ca": "ca.pem", "certificate": "g1.pem", "key": "ca.key"},
            r"key .*ca.key cannot be used",
        ),
    ],
)
async def test_a_certificate_that_does_not_fit_is_named(
    guarded: Mosquitto, keys: Path, files: dict[str, str], words: str
) -> None:
    given = session_settings(guarded.url, **{name: keys / file for name, file in files.items()})
    with pytest.raises(LinkError, match=words):
        await Session(given).__aenter__()


async def test_plain_words_to_a_guarded_door_are_no_version_trouble(guarded: Mosquitto) -> None:
    with pytest.raises(LinkError):
        await Session(session_settings(guarded.url.replace("mqtts", "mqtt"))).__aenter__()


@pytest.mark.parametrize(
    "url", ["127.0.0.1:1883", "http://127.0.0.1", "mqtt://", "mqtt://host/path", "mqtt://host:x"]
)
def test_a_broker_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"broker|[Pp]ort"):
        UplinkSettings(G, url)


async def test_done_tells_the_broker(tmp_path: Path) -> None:
    """A message is redelivered with the next connection until it is done."""
    topic = f"hp/1/{G}/down/command"
    async with Mosquitto(tmp_path) as broker:
        given = session_settings(broker.url)
        async with Session(given) as session:
            await session.subscribe(topic)
            await session.publish(topic, b"one")
            undone: Incoming = await anext(aiter(session.messages()))
        async with Session(given) as session:
            again = await anext(aiter(session.messages()))
            assert (again.payload, undone.payload) == (b"one", b"one")
            session.done(again)
            await session.publish(topic, b"two")
            assert (await anext(aiter(session.messages()))).payload == b"two"
