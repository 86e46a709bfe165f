"""What the platform, or who has captured its broker, may send: any bytes on any topic."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import aiomqtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.facts import WriteDone
from agent.model import Outcome
from agent.records import Lane
from tests.fuzz.edges import corpus
from tests.fuzz.mutation import anything, changed
from tests.peers.mosquitto import Mosquitto
from tests.rooms.test_road import House, house, message
from tests.rooms.uplink.test_uplink import LIMIT_S, G, MemoryOutbox, running
from tests.rooms.uplink.test_uplink import settings as uplink_settings

TOPICS = {
    "command": "command",
    "ack": "acknowledgement",
    "forecast": "forecast",
    "config": "configuration",
}
SEEDS = {topic: [path.read_bytes() for path in corpus(edge)] for topic, edge in TOPICS.items()}
EASY = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def fresh() -> list[bytes]:
    """Commands that would be good at this moment: only these come through to the guard."""
    return [message(f"c{value}", value) for value in (26, 40, 44.5, 54, 99, -5)]


async def commanded(payloads: list[bytes], folder: Path) -> House:
    async with house(folder) as home:
        await home.read()
        for payload in payloads:
            await home.road.command(payload, retained=False)
            await home.road.forecast(payload)
            home.road.config_pushed(payload)
        await home.spool.commit()
        results = await home.spool.batch(Lane.RESULT, 0, 1000)
        ids = [json.loads(one.body)["command_id"] for one in results]
        assert len(ids) == len(set(ids))
        for write in home.line.sent:
            stamp = home.clock.stamp()
            await home.road.take(WriteDone(write, Outcome.VERIFIED, "", stamp, write.value))
        assert len(await home.spool.open_commands()) == 0
        return home


@given(st.data())
@settings(max_examples=40, **EASY)
def test_any_command_ends_in_a_result_or_in_the_journal(data: st.DataObject) -> None:
    payloads = data.draw(
        st.lists(anything(SEEDS["command"]) | changed(fresh()), min_size=1, max_size=5)
    )
    with TemporaryDirectory() as folder:
        home = asyncio.run(commanded(payloads, Path(folder)))
    for write in home.line.sent:
        assert write.point == "water_setpoint"
        assert 25 <= float(write.value) <= 55


async def sent_down(messages: list[tuple[str, bytes]], folder: Path) -> None:
    outbox = MemoryOutbox()
    async with Mosquitto(folder) as broker, running(uplink_settings(broker.url), outbox) as gateway:
        await gateway.linked(True)
        outbox.put(Lane.ALARM, 3)
        async with aiomqtt.Client("127.0.0.1", broker.port) as platform:
            for topic, payload in messages:
                await platform.publish(f"hp/1/{G}/down/{topic}", payload, 1)
            await platform.publish(f"hp/1/{G}/down/config", b"the last", 1)
        async with asyncio.timeout(LIMIT_S):
            while await gateway.configs.get() != b"the last":
                pass
        assert gateway.uplink.counters.reconnects == 0
        assert gateway.links.empty()


@given(st.data())
@settings(max_examples=6, **EASY)
def test_any_message_down_leaves_the_gateway_connected(data: st.DataObject) -> None:
    one = st.sampled_from(sorted(TOPICS)).flatmap(
        lambda topic: st.tuples(st.just(topic), anything(SEEDS[topic]))
    )
    messages = data.draw(st.lists(one, min_size=10, max_size=30))
    with TemporaryDirectory() as folder:
        asyncio.run(sent_down(messages, Path(folder)))


def test_what_is_kept_leaves_the_gateway_connected(tmp_path: Path) -> None:
    messages = [(topic, seed) for topic, seeds in SEEDS.items() for seed in seeds]
    asyncio.run(sent_down(messages, tmp_path))
