"""The conformance test: our receiver passes, receivers that break one rule are caught by it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
import pytest

from agent.model import Alarm, Result
from agent.records import DayAccount, Notice, Telemetry
from agent.uplink import Encoding
from simulators import conformance, platform
from simulators.conformance import COMMITTED, RULES, Finding, check, main
from simulators.encodings import read_batch
from simulators.platform import Platform
from tests.peers.mosquitto import Mosquitto


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with Mosquitto(tmp_path) as found:
        yield found


def broken(found: tuple[Finding, ...]) -> set[str]:
    return {one.rule for one in found if one.ok is False}


def rules(*names: str) -> set[str]:
    return {rule.__doc__ or "" for rule in RULES if rule.__name__ in names}


async def test_our_receiver_keeps_every_rule(broker: Mosquitto, tmp_path: Path) -> None:
    async with Platform(broker.url, tmp_path / "p.db"):
        found = await check(broker.url)
    assert broken(found) == set()
    assert [one.ok for one in found] == [True] * len(RULES) + [None]


class Mutant(Platform):
    """A receiver whose acknowledgements go through `spoil` first; None is not sent."""

    async def _acknowledge(self, client: aiomqtt.Client, batches: list[Any]) -> None:
        mutant = self

        class Spoiled:
            async def publish(self, topic: str, payload: str, qos: int) -> None:
                ack = mutant.spoil(json.loads(payload), topic)
                if ack is not None:
                    await client.publish(ack.pop("topic", topic), json.dumps(ack), qos)

        await super()._acknowledge(Spoiled(), batches)  # type: ignore[arg-type]

    def spoil(self, ack: dict[str, Any], topic: str) -> dict[str, Any] | None:
        return ack


class Holes(Mutant):
    def spoil(self, ack: dict[str, Any], topic: str) -> dict[str, Any]:
        return ack | {"ranges": [[ack["ranges"][0][0], ack["ranges"][-1][1]]]}


class Lane(Mutant):
    def spoil(self, ack: dict[str, Any], topic: str) -> dict[str, Any]:
        return ack | {"lane": "telemetry"}


class Epoch(Mutant):
    first: str = ""

    def spoil(self, ack: dict[str, Any], topic: str) -> dict[str, Any]:
        if not ack["epoch"].endswith(("k", "n")):
            self.first = ack["epoch"]
        return ack | {"epoch": self.first or ack["epoch"]}


class Contiguous(Mutant):
    """Waits for every number before it acknowledges, as if numbers never went missing."""

    def spoil(self, ack: dict[str, Any], topic: str) -> dict[str, Any] | None:
        return None if ack["ranges"][0][0] in {41, 101, 201} else ack


class Once(Mutant):
    """Says of a repeat nothing."""

    def spoil(self, ack: dict[str, Any], topic: str) -> dict[str, Any] | None:
        seen = self.__dict__.setdefault("seen", set())
        key = json.dumps(ack)
        if key in seen:
            return None
        seen.add(key)
        return ack


class Gateways(Mutant):
    """Tells the first gateway of everything."""

    def spoil(self, ack: dict[str, Any], topic: str) -> dict[str, Any]:
        first = self.__dict__.setdefault("first", topic)
        return ack | {"topic": first}


class Text(Mutant):
    def spoil(self, ack: dict[str, Any], topic: str) -> dict[str, Any]:
        return ack | {"ranges": [f"{first}-{last}" for first, last in ack["ranges"]]}


@pytest.mark.parametrize(
    ("mutant", "caught"),
    [
        (Holes, "only_sent"),
        (Lane, "lanes"),
        (Epoch, "epochs"),
        (Contiguous, "thinned"),
        (Once, "again"),
        (Gateways, "gateways"),
        (Text, "plain"),
    ],
)
async def test_a_receiver_that_breaks_a_rule_is_caught(
    mutant: type[Mutant], caught: str, broker: Mosquitto, tmp_path: Path
) -> None:
    async with mutant(broker.url, tmp_path / "p.db"):
        found = await check(broker.url, within_s=0.6)
    assert rules(caught) <= broken(found)


async def test_a_receiver_that_reads_json_only_is_caught(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hear nothing of a gateway whose encoding nobody chose."""

    def json_only(payload: bytes) -> dict[str, Any]:
        if payload.startswith(b"#compact"):
            raise ValueError("unknown encoding")
        return read_batch(payload)

    monkeypatch.setattr(platform, "read_batch", json_only)
    async with Platform(broker.url, tmp_path / "p.db"):
        found = await check(broker.url, within_s=0.6)
    assert broken(found) == rules("compact")


def test_the_compact_batch_says_what_the_plain_one_says() -> None:
    plain = conformance._batch(("gw", "e", "telemetry"), [111, 113])
    packed = conformance._compact(plain)
    assert packed.startswith(f"#{Encoding.COMPACT_DEFLATE}\n".encode())
    assert read_batch(packed)["records"][1]["body"] == read_batch(plain)["records"][1]["body"]
    assert [one["seq"] for one in read_batch(packed)["records"]] == [111, 113]


@pytest.mark.parametrize(
    ("lane", "kind"),
    [
        ("telemetry", Telemetry),
        ("alarm", Alarm),
        ("result", Result),
        ("notice", Notice),
        ("account", DayAccount),
    ],
)
def test_the_records_it_plays_are_those_of_a_gateway(lane: str, kind: type) -> None:
    msgspec.convert(conformance._BODIES[lane], kind)


EARLY = """
import asyncio, sys
from pathlib import Path
from simulators import platform

class Early(platform.Platform):
    async def _commit_for_ever(self, client):
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            batches, self._waiting = self._waiting, []
            await self._acknowledge(client, batches)
            await asyncio.sleep({late})
            self.archive.commit(batches)

platform.Platform = Early
asyncio.run(platform.serve(sys.argv[1], Path(sys.argv[2]), False))
"""
STORED = (
    "import sqlite3, sys; print(*(row[0] for row in sqlite3.connect(sys.argv[1]).execute("
    "'select seq from record where gateway = ? and epoch = ? and lane = ?', sys.argv[2:])))"
)


@pytest.mark.parametrize("early", [False, True])
async def test_an_acknowledgement_before_the_commit_is_caught_by_a_kill(
    early: bool, broker: Mosquitto, tmp_path: Path
) -> None:
    db = tmp_path / "p.db"
    (tmp_path / "early.py").write_text(EARLY.replace("{late}", "0.3"))
    ours = ["-m", "simulators.platform", "--broker", broker.url, "--db", str(db)]
    receiver = [sys.executable, *ours]
    if early:
        receiver = [sys.executable, str(tmp_path / "early.py"), broker.url, str(db)]
    asked = shlex.join([sys.executable, "-c", STORED, str(db)])
    stored = asked + " {gateway} {epoch} {lane}"
    found = await check(broker.url, 10.0, receiver, stored)
    assert found[-1].rule == COMMITTED
    assert found[-1].ok is not early


def test_without_a_broker_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--broker", "mqtt://127.0.0.1:1"]) == 3
    assert "mqtt://127.0.0.1:1" in capsys.readouterr().err
