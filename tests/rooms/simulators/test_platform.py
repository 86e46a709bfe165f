"""The reference platform: once each, acknowledged when stored, and it knows what is missing."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.archive import Hole
from simulators.broker import EmbeddedBroker
from simulators.platform import Platform, main, ranges
from tests.peers.mosquitto import Mosquitto

LIMIT_S = 8.0


class Sender:
    """A gateway by hand: what it sends is up to the test."""

    def __init__(self, client: aiomqtt.Client, gateway: str) -> None:
        self.client, self.gateway = client, gateway

    async def send(self, lane: str, *numbers: int, epoch: str = "e1", **body: object) -> None:
        records = [
            {"seq": n, "at": "2026-01-15T06:00:00Z", "mono": n / 2, "boot": "b", "trusted": True}
            | {"body": {"n": n, "where": "北京"} | body}
            for n in numbers
        ]
        await self.raw(lane, {"gateway": self.gateway, "epoch": epoch, "lane": lane}, records)

    async def raw(self, kind: str, message: dict[str, Any], records: list[Any]) -> None:
        payload = json.dumps(message | {"sent_at": "2026-01-15T06:00:00Z", "records": records})
        await self.client.publish(f"hp/1/{self.gateway}/up/{kind}", payload, 1)

    async def heard(self) -> dict[str, Any]:
        """The next message of the platform."""
        async with asyncio.timeout(LIMIT_S):
            message = await anext(aiter(self.client.messages))
        found: dict[str, Any] = json.loads(message.payload)
        return found


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with Mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
async def sender(broker: Mosquitto) -> AsyncIterator[Sender]:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.subscribe("hp/1/g1/down/#", 1)
        yield Sender(client, "g1")


async def test_each_record_is_stored_once_and_acknowledged_each_time(
    broker: Mosquitto, sender: Sender, tmp_path: Path
) -> None:
    async with Platform(broker.url, tmp_path / "db") as platform:
        await sender.send("telemetry", 1, 2, 3, 5)
        ack = await sender.heard()
        assert ack == {"epoch": "e1", "lane": "telemetry", "ranges": [[1, 3], [5, 5]]}
        await sender.send("telemetry", 3, 4)
        assert (await sender.heard())["ranges"] == [[3, 4]]
        assert platform.archive.numbers("g1", "telemetry") == [1, 2, 3, 4, 5]
        assert (platform.counters.stored, platform.counters.repeats) == (5, 1)
        await sender.send("telemetry", 1, epoch="e2")
        assert (await sender.heard())["epoch"] == "e2"
        assert platform.counters.stored == 6


async def test_what_is_acknowledged_is_on_disk(
    broker: Mosquitto, sender: Sender, tmp_path: Path
) -> None:
    async with Platform(broker.url, tmp_path / "db"):
        await sender.send("telemetry", *range(1, 51))
        await sender.heard()
        other = sqlite3.connect(tmp_path / "db")
        assert other.execute("select count(*) from record").fetchone() == (50,)
        other.close()
    async with Platform(broker.url, tmp_path / "db") as platform:
        await sender.send("telemetry", 50)
        assert (await sender.heard())["ranges"] == [[50, 50]]
        assert (platform.counters.stored, platform.counters.repeats) == (0, 1)


async def test_what_could_not_be_stored_is_not_acknowledged(
    broker: Mosquitto, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Platform(broker.url) as platform:
        store, failed = platform.archive._store, asyncio.Event()

        def full(batch: Any, record: Any, received_at: str) -> None:
            if record.seq == 2:
                failed.set()
                raise sqlite3.OperationalError("disk full")
            store(batch, record, received_at)

        monkeypatch.setattr(platform.archive, "_store", full)
        await sender.send("telemetry", 1, 2)
        async with asyncio.timeout(LIMIT_S):
            await failed.wait()
        monkeypatch.undo()
        await platform.wait_connections(2, LIMIT_S)
        assert platform.archive.numbers("g1", "telemetry") == []
        await sender.send("telemetry", 1, 2)
        assert (await sender.heard())["ranges"] == [[1, 2]]


async def test_messages_that_arrive_together_share_an_acknowledgement(
    broker: Mosquitto, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.platform.GROUP_S", 0.5)
    async with Platform(broker.url) as platform:
        async with asyncio.TaskGroup() as group:
            for number in range(1, 9):
                group.create_task(sender.send("alarm", number, id=f"a{number}"))
        await platform.wait_stored(8, LIMIT_S)
        assert (await sender.heard())["ranges"] == [[1, 8]]
        await sender.send("alarm", 9, id="a9")
        assert (await sender.heard())["ranges"] == [[9, 9]]  # and none in between
        assert [one["id"] for one in platform.archive.alarms("g1")] == [
            f"a{n}" for n in range(1, 10)
        ]


@pytest.mark.parametrize(
    ("message", "records"),
    [
        ({"gateway": "g2", "epoch": "e1", "lane": "alarm"}, []),
        ({"gateway": "g1", "epoch": "e1", "lane": "result"}, []),
        ({"gateway": "g1", "lane": "alarm"}, []),
        ({"gateway": "g1", "epoch": "e1", "lane": "alarm"}, [{"seq": "1"}]),
    ],
)
async def test_what_cannot_be_read_is_counted_and_not_acknowledged(
    broker: Mosquitto, sender: Sender, message: dict[str, Any], records: list[Any]
) -> None:
    async with Platform(broker.url) as platform:
        await sender.raw("alarm", message, records)
        await sender.send("alarm", 1)
        assert (await sender.heard())["ranges"] == [[1, 1]]
        assert (platform.counters.malformed, platform.counters.stored) == (1, 1)


async def test_holes_are_named(broker: Mosquitto, sender: Sender) -> None:
    async with Platform(broker.url) as platform:
        await sender.send("telemetry", 3, 4, 8, 9, 12)
        await sender.send("alarm", 1, 2)
        await sender.send("telemetry", 2, epoch="e2")
        await platform.wait_stored(8, LIMIT_S)
        assert platform.archive.holes("g1") == [
            Hole("e1", "telemetry", 1, 2),
            Hole("e1", "telemetry", 5, 7),
            Hole("e1", "telemetry", 10, 11),
            Hole("e2", "telemetry", 1, 1),
        ]
        assert platform.archive.holes("g2") == []


async def test_a_command_waits_for_its_result(broker: Mosquitto, sender: Sender) -> None:
    async with Platform(broker.url) as platform:
        sent = await platform.send_command("g1", "pump1", "water_setpoint", 41.5, 60, hold_s=5.0)
        command = await sender.heard()
        assert command["id"] == sent
        assert (command["value"], command["role"], command["hold_s"]) == (41.5, "platform", 5.0)
        with pytest.raises(TimeoutError):
            await platform.wait_result(sent, 0.01)
        waiting = asyncio.create_task(platform.wait_result(sent, LIMIT_S))
        await sender.send("result", 1, command_id="other", outcome="failed")
        await sender.send("result", 2, command_id=sent, outcome="verified")
        assert (await waiting)["outcome"] == "verified"
        assert len(platform.archive.results(sent)) == 1


async def test_a_broker_that_comes_back_is_found_again(broker: Mosquitto) -> None:
    async with Platform(broker.url) as platform:
        await broker.kill()
        await broker.start()
        await platform.wait_connections(2, LIMIT_S)
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            await Sender(client, "g1").send("telemetry", 1)
        await platform.wait_stored(1, LIMIT_S)


async def test_it_works_with_the_embedded_broker() -> None:
    async with (
        EmbeddedBroker() as broker,
        Platform(broker.url) as platform,
        aiomqtt.Client("127.0.0.1", broker.port) as client,
    ):
        await client.subscribe("hp/1/g1/down/#", 1)
        sender = Sender(client, "g1")
        await sender.send("telemetry", 1, 2)
        assert (await sender.heard())["ranges"] == [[1, 2]]
        state = json.dumps({"state": "online", "at": "2026-01-15T06:00:00Z"})
        await client.publish("hp/1/g1/up/state", state, 1, retain=True)
        await platform.wait_state("g1", "online", LIMIT_S)


async def test_both_programs_run_from_the_command_line(tmp_path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    module = [sys.executable, "-W", "error", "-m"]
    broker = await asyncio.create_subprocess_exec(
        *module, "simulators.broker", "--port", "0", stdout=pipe
    )
    assert broker.stdout is not None
    async with asyncio.timeout(LIMIT_S):
        words = (await broker.stdout.readline()).decode().split()
    assert words[:2] == ["listening", "on"]
    url = f"mqtt://{words[2]}"
    rest = ["--broker", url, "--db", str(tmp_path / "db"), "--json"]
    platform = await asyncio.create_subprocess_exec(
        *module, "simulators.platform", *rest, stdout=pipe
    )
    assert platform.stdout is not None
    async with asyncio.timeout(LIMIT_S):
        line = json.loads(await platform.stdout.readline())
    assert (line["stored"], line["connections"]) == (0, 1)
    for process in (platform, broker):
        process.terminate()
        await process.wait()


def test_the_command_line_wants_a_broker(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--db", "x"])
    assert "--broker" in capsys.readouterr().err


def test_only_plain_connections() -> None:
    with pytest.raises(ValueError, match="mqtt://"):
        Platform("mqtts://127.0.0.1")


@given(st.sets(st.integers(1, 60)))
def test_ranges_name_exactly_the_numbers(numbers: set[int]) -> None:
    found = ranges(numbers)
    named = [number for first, last in found for number in range(first, last + 1)]
    assert named == sorted(numbers)
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(found))
