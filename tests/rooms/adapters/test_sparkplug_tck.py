"""Every assertion of Sparkplug 3.0 that applies to the edge node, by its id, on a real session.

One session is recorded at a real broker: what was published, and what the broker logged of
CONNECT, SUBSCRIBE, PUBLISH and DISCONNECT. Each id is one test on that recording.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
import pytest

from agent.config.outward import SparkplugSection
from agent.config.sections import DeviceSection, GatewaySection
from agent.model import AlarmState
from agent.uplink.adapters import AdapterSettings, LinkSettings, SparkplugSettings
from agent.uplink.adapters.payload import Datatype, Metric, Payload, decode, encode
from tests.peers.mosquitto import Mosquitto
from tests.rooms.adapters.hub import (
    Buffer,
    Ear,
    after,
    bridging,
    home,
    listening,
    silence,
    telemetry,
)

NODE = "spBv1.0/homes/{}/gw1"
NBIRTH, NDEATH, NCMD = NODE.format("NBIRTH"), NODE.format("NDEATH"), NODE.format("NCMD")
CLIENT = "homes-gw1-spb"
TABLE = Path(__file__).parents[3] / "docs" / "reference" / "sparkplug.md"
VALID = {Datatype.INT64, Datatype.DOUBLE, Datatype.BOOLEAN, Datatype.STRING}


@dataclass(frozen=True, slots=True)
class Heard:
    """One message: its topic, what the broker logged of it, and its payload."""

    topic: str
    qos: int
    retain: bool
    payload: Payload

    @property
    def kind(self) -> str:
        return self.topic.split("/")[2]

    @property
    def device(self) -> str | None:
        parts = self.topic.split("/")
        return parts[4] if len(parts) == 5 else None

    def metric(self, name: str) -> Metric:
        (found,) = [one for one in self.payload.metrics if one.name == name]
        return found


@dataclass(slots=True)
class Recording:
    """A run of the node: three sessions, the first ended on purpose, the second cut."""

    heard: list[Heard] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    rebirth_at: int = 0
    begun: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def of(self, *kinds: str) -> list[Heard]:
        return [one for one in self.heard if one.kind in kinds]

    def sessions(self) -> list[list[Heard]]:
        """The messages from each NBIRTH up to the next, deaths left out."""
        found: list[list[Heard]] = []
        for one in self.heard:
            if one.kind == "NBIRTH":
                found.append([])
            if one.kind != "NDEATH":
                found[-1].append(one)
        return found

    def at(self, words: str) -> list[int]:
        return [index for index, line in enumerate(self.log) if words in line]


def settings(broker: Mosquitto, host: str | None = None, writes: bool = True) -> AdapterSettings:
    link = LinkSettings(broker.url, reconnect_min_s=0.05, reconnect_max_s=0.1)
    return AdapterSettings(sparkplug=SparkplugSettings(link, "homes", "gw1", host, writes))


async def record(folder: Path) -> Recording:
    found = Recording(begun=datetime.now(UTC))
    buffer, core = Buffer(), home("hp1", "hp2")
    async with Mosquitto(folder) as broker, listening(broker) as (ear, client):
        async with bridging(settings(broker), core, buffer) as road:
            await first_session(road, ear, client, found)
        await ear.count(NDEATH, 1)
        async with bridging(settings(broker), core, buffer) as road:
            await ear.count(NBIRTH, 3)
            road.keep(telemetry("hp1", outdoor_temp=-9.0), after(400))
            address = broker.port
            async with aiomqtt.Client("127.0.0.1", address, identifier=CLIENT):
                await ear.count(NDEATH, 2)  # the broker tells the will
            await ear.count(NBIRTH, 4)
        await ear.count(NDEATH, 3)
        found.log = list(broker.log)
        sent = [m for m in ear.heard if m.topic.value.startswith("spBv1.0/homes/")]
        found.heard = [
            Heard(m.topic.value, *flags(found.log, m.topic.value), decode(bytes(m.payload)))
            for m in sent
            if "CMD" not in m.topic.value
        ]
    return found


async def first_session(road: Any, ear: Ear, client: aiomqtt.Client, found: Recording) -> None:
    await ear.count("/DBIRTH/gw1/hp2", 1)
    road.keep(telemetry("hp1", outdoor_temp=-7.5, power_on=True, mode="heat"), after(0))
    road.keep(telemetry("hp1", full=False, outdoor_temp=-8.0), after(10))
    road.keep(telemetry("hp1", outdoor_temp=-8.0, power_on=True, mode="heat"), after(20))
    road.keep(telemetry("hp1", full=False, outdoor_temp=None), after(30))
    road.keep(telemetry("hp2", water_supply_temp=31.0), after(40))
    road.keep(silence("hp2", AlarmState.RAISED), after(100))
    await ear.count("/DDEATH/", 1)
    road.keep(silence("hp2", AlarmState.CLEARED), after(200))
    await ear.count("/DBIRTH/gw1/hp2", 2)
    rebirth = Metric("Node Control/Rebirth", Datatype.BOOLEAN, True)
    found.rebirth_at = len(ear.on("spBv1.0/homes/"))
    await client.publish(NCMD, encode([rebirth], after(210), None), 0)
    await ear.count("/DBIRTH/gw1/hp2", 3)
    for number in range(260):  # more than the sequence numbers there are
        road.keep(telemetry("hp1", full=False, outdoor_temp=number / 10), after(300 + number))
    await ear.count("/DDATA/gw1/hp1", 263)


def flags(log: list[str], topic: str) -> tuple[int, bool]:
    """QoS and retain of what the node published there; the same for every message of a topic."""
    wanted = re.compile(r"Received PUBLISH from homes-gw1-spb \(d0, q(\d), r(\d), m\d+, '([^']*)'")
    found = {
        (int(m[1]), m[2] == "1") for line in log if (m := wanted.search(line)) and m[3] == topic
    }
    assert len(found) <= 1, f"{topic}: {found}"
    return found.pop() if found else (1, False)


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    with tempfile.TemporaryDirectory() as folder:
        yield asyncio.run(record(Path(folder)))


Check = Callable[[Recording], None]
CHECKS: dict[str, Check] = {}


def tck(*ids: str) -> Callable[[Check], Check]:
    def note(check: Check) -> Check:
        for one in ids:
            assert one not in CHECKS, f"{one} is checked twice"
            CHECKS[one] = check
        return check

    return note


FLOW = "message-flow-edge-node-birth-publish-"
DEVICE = "message-flow-device-birth-publish-"
COMMANDS = "operational-behavior-data-commands-"


# --- the session ------------------------------------------------------------------------------


@tck("principles-persistence-clean-session-311")
def clean(it: Recording) -> None:
    lines = [
        one for one in it.log if "New client connected" in one and CLIENT in one and "p2" in one
    ]
    assert len(lines) >= 3
    assert sum("c1" in one for one in lines) >= 3


@tck(
    FLOW + "will-message", FLOW + "will-message-topic", FLOW + "will-message-qos",
    FLOW + "will-message-will-retained", "payloads-ndeath-will-message",
    "payloads-ndeath-will-message-qos", "payloads-ndeath-will-message-retain",
)  # fmt: skip
def will(it: Recording) -> None:
    wills = it.at("Will message specified")
    assert len(wills) >= 3
    for index in wills:
        assert "(r0, q1)" in it.log[index]
        assert it.log[index + 1].strip().endswith(NDEATH)


@tck(
    FLOW + "will-message-payload", "topics-ndeath-payload", "topics-ndeath-seq",
    "payloads-ndeath-seq", "payloads-ndeath-bdseq", "topics-ndeath-topic",
)  # fmt: skip
def deaths(it: Recording) -> None:
    found = it.of("NDEATH")
    assert len(found) == 3
    for one in found:
        assert one.topic == NDEATH
        assert one.payload.seq is None
        assert [metric.name for metric in one.payload.metrics] == ["bdSeq"]
    assert [one.metric("bdSeq").value for one in found] == [0, 1, 2]


@tck(FLOW + "will-message-payload-bdSeq", "topics-nbirth-bdseq-increment")
def bdseq_counts_connections(it: Recording) -> None:
    births = [one.metric("bdSeq").value for one in it.of("NBIRTH")]
    assert births == [0, 0, 1, 2]  # the second is a rebirth


@tck("message-flow-edge-node-ncmd-subscribe", "message-flow-device-dcmd-subscribe")
def subscriptions(it: Recording) -> None:
    for topic in (NCMD, NODE.format("DCMD") + "/hp1", NODE.format("DCMD") + "/hp2"):
        assert it.at(f"{topic} (QoS 1)"), topic
    assert it.at(f"{NCMD} (QoS 1)")[0] < it.at(f"'{NBIRTH}'")[0]


@tck(FLOW + "connect", "principles-birth-certificates-order")
def births_come_first(it: Recording) -> None:
    sent = [line for line in it.log if f"Received PUBLISH from {CLIENT}" in line]
    assert NBIRTH in sent[0]
    for session in it.sessions():
        assert [one.kind for one in session[:3]] == ["NBIRTH", "DBIRTH", "DBIRTH"]


# --- births -----------------------------------------------------------------------------------


@tck(
    "topics-nbirth-topic", "topics-nbirth-mqtt", "payloads-nbirth-qos", "payloads-nbirth-retain",
    FLOW + "nbirth-topic", FLOW + "nbirth-qos", FLOW + "nbirth-retained", FLOW + "nbirth-payload",
    "payloads-nbirth-edge-node-descriptor",
)  # fmt: skip
def node_births(it: Recording) -> None:
    births = it.of("NBIRTH")
    assert len(births) == 4
    assert {(one.topic, one.qos, one.retain) for one in births} == {(NBIRTH, 0, False)}


@tck(
    "topics-nbirth-seq-num", "payloads-nbirth-seq", "payloads-sequence-num-req-nbirth",
    FLOW + "nbirth-payload-seq",
)  # fmt: skip
def node_births_begin_at_zero(it: Recording) -> None:
    assert [one.payload.seq for one in it.of("NBIRTH")] == [0] * 4


@tck(
    "topics-nbirth-bdseq-included", "topics-nbirth-bdseq-matching", "payloads-nbirth-bdseq",
    "payloads-nbirth-bdseq-repeat", FLOW + "nbirth-payload-bdseq",
    COMMANDS + "rebirth-action-3",
)  # fmt: skip
def bdseq_of_birth_is_that_of_the_will(it: Recording) -> None:
    number: Any = None
    for one in it.of("NBIRTH", "NDEATH"):
        assert one.metric("bdSeq").datatype == Datatype.INT64
        if one.kind == "NBIRTH":
            number = one.metric("bdSeq").value
        else:
            assert one.metric("bdSeq").value == number


@tck(
    "topics-nbirth-rebirth-metric", "payloads-nbirth-rebirth-req", COMMANDS + "rebirth-name",
    COMMANDS + "rebirth-datatype", COMMANDS + "rebirth-value", COMMANDS + "rebirth-name-aliases",
)  # fmt: skip
def rebirth_is_offered(it: Recording) -> None:
    for one in it.of("NBIRTH"):
        metric = one.metric("Node Control/Rebirth")
        assert (metric.datatype, metric.value) == (Datatype.BOOLEAN, False)


@tck(
    "topics-nbirth-timestamp", "payloads-nbirth-timestamp", "topics-dbirth-timestamp",
    "payloads-dbirth-timestamp", "topics-ddata-timestamp", "payloads-ddata-timestamp",
    "payloads-ddeath-timestamp", "payloads-timestamp-in-UTC",
)  # fmt: skip
def times_of_publishing(it: Recording) -> None:
    """All but NDEATH carry the UTC time at which they were published."""
    earliest = (it.begun - timedelta(seconds=1)).timestamp() * 1000
    for one in it.heard:
        if one.kind != "NDEATH":
            assert one.payload.at is not None
            assert earliest <= one.payload.at <= datetime.now(UTC).timestamp() * 1000 + 1000


@tck(
    "topics-nbirth-metrics", "operational-behavior-data-publish-nbirth-values",
    "topics-dbirth-metrics", "operational-behavior-data-publish-dbirth-values",
    "payloads-metric-datatype-req", "payloads-metric-datatype-value",
    "payloads-metric-datatype-value-type",
)  # fmt: skip
def births_name_type_and_value(it: Recording) -> None:
    nulls = 0
    for one in it.of("NBIRTH", "DBIRTH"):
        for metric in one.payload.metrics:
            assert metric.name
            assert metric.typed
            assert metric.datatype in VALID
            nulls += metric.value is None
    assert nulls  # nothing was read before the first births
    rebirth = next(one for one in it.of("DBIRTH")[3:] if one.device == "hp1")
    assert rebirth.metric("power_on").value is True
    assert rebirth.metric("mode").value == "heat"
    assert rebirth.metric("outdoor_temp").value is None  # it had become absent


@tck(
    "topics-dbirth-topic", "topics-dbirth-mqtt", "payloads-dbirth-qos", "payloads-dbirth-retain",
    DEVICE + "dbirth-topic", DEVICE + "dbirth-match-edge-node-topic", DEVICE + "dbirth-qos",
    DEVICE + "dbirth-retained", DEVICE + "dbirth-payload",
)  # fmt: skip
def device_births(it: Recording) -> None:
    topics = {NODE.format("DBIRTH") + name for name in ("/hp1", "/hp2")}
    assert {one.topic for one in it.of("DBIRTH")} == topics
    assert {(one.qos, one.retain) for one in it.of("DBIRTH")} == {(0, False)}


@tck(DEVICE + "nbirth-wait", "payloads-dbirth-order", "payloads-ddata-order")
def births_before_data(it: Recording) -> None:
    for session in it.sessions():
        kinds = [one.kind for one in session]
        assert "DDATA" not in kinds[:3]
        born: set[str | None] = set()
        for one in session:
            if one.kind == "DBIRTH":
                born.add(one.device)
            assert one.kind != "DDATA" or one.device in born


@tck(
    "topics-dbirth-seq", "payloads-dbirth-seq", "payloads-dbirth-seq-inc",
    DEVICE + "dbirth-payload-seq", "topics-ddata-seq-num", "payloads-ddata-seq",
    "payloads-ddata-seq-inc", "payloads-sequence-num-always-included",
    "payloads-sequence-num-incrementing", "topics-ddeath-seq-num", "payloads-ddeath-seq",
    "payloads-ddeath-seq-inc", "payloads-ddeath-seq-number",
)  # fmt: skip
def one_sequence_over_all_kinds(it: Recording) -> None:
    for session in it.sessions():
        numbers = [one.payload.seq for one in session]
        assert numbers == [index % 256 for index in range(len(session))]
    assert max(len(session) for session in it.sessions()) > 256


@tck(
    "topics-nbirth-metric-reqs", "topics-dbirth-metric-reqs",
    "operational-behavior-data-publish-nbirth", "operational-behavior-data-publish-dbirth",
)  # fmt: skip
def births_hold_all_that_will_be_sent(it: Recording) -> None:
    born: dict[str | None, set[str]] = {}
    for one in it.heard:
        names = {metric.name for metric in one.payload.metrics}
        if one.kind == "DBIRTH":
            born[one.device] = names
        elif one.kind == "DDATA":
            assert names <= born[one.device]


# --- data -------------------------------------------------------------------------------------


@tck("topics-ddata-topic", "topics-ddata-mqtt", "payloads-ddata-qos", "payloads-ddata-retain")
def device_data(it: Recording) -> None:
    topics = {NODE.format("DDATA") + name for name in ("/hp1", "/hp2")}
    assert {one.topic for one in it.of("DDATA")} <= topics
    assert {(one.qos, one.retain) for one in it.of("DDATA")} == {(0, False)}


@tck(
    "topics-ddata-payload", "operational-behavior-data-publish-dbirth-change",
    "principles-rbe-recommended",
)  # fmt: skip
def only_changes(it: Recording) -> None:
    first = [one for one in it.sessions()[0] if one.kind == "DDATA" and one.device == "hp1"]
    told = [{m.name: m.value for m in one.payload.metrics} for one in first]
    assert told[0] == {"outdoor_temp": -7.5, "power_on": True, "mode": "heat"}
    assert told[1:] == [{"outdoor_temp": -8.0}, {"outdoor_temp": None}]  # the full one had nothing


@tck("operational-behavior-data-publish-dbirth-order")
def data_in_order_of_time(it: Recording) -> None:
    for session in it.sessions():
        times = [
            metric.at
            for one in session
            if one.kind == "DDATA" and one.device == "hp1"
            for metric in one.payload.metrics
            if not metric.historical
        ]
        known = [at for at in times if at is not None]
        assert len(known) == len(times)
        assert known == sorted(known)


@tck(
    "payloads-name-birth-data-requirement", "payloads-metric-timestamp-in-utc",
    "payloads-name-requirement",
)  # fmt: skip
def every_metric_has_name_and_time(it: Recording) -> None:
    for one in it.of("NBIRTH", "DBIRTH", "DDATA"):
        assert all(metric.name and metric.at is not None for metric in one.payload.metrics)
    first = next(one for one in it.of("DDATA"))
    assert first.metric("outdoor_temp").at == after(0)


@tck("case-sensitivity-metric-names")
def names_differ_in_more_than_case(it: Recording) -> None:
    for one in it.of("NBIRTH", "DBIRTH"):
        names = [metric.name.lower() for metric in one.payload.metrics]
        assert len(names) == len(set(names))


@tck("payloads-metric-datatype-not-req")
def data_leaves_types_out(it: Recording) -> None:
    assert not any(metric.typed for one in it.of("DDATA") for metric in one.payload.metrics)


# --- death, leaving, rebirth ------------------------------------------------------------------


@tck("operational-behavior-device-ddeath", "topics-ddeath-topic", "topics-ddeath-mqtt")
def a_silent_machine_dies_and_is_born_again(it: Recording) -> None:
    (death,) = it.of("DDEATH")
    assert (death.topic, death.qos, death.retain) == (NODE.format("DDEATH") + "/hp2", 0, False)
    rest = it.heard[it.heard.index(death) + 1 :]
    following = next(one for one in rest if one.device == "hp2")
    assert following.kind == "DBIRTH"


@tck(
    "operational-behavior-edge-node-intentional-disconnect-ndeath",
    "operational-behavior-edge-node-intentional-disconnect-packet",
    "payloads-ndeath-will-message-publisher",
    "payloads-ndeath-will-message-publisher-disconnect-mqtt311",
)  # fmt: skip
def leaving_is_said_before_disconnect(it: Recording) -> None:
    said = [i for i in it.at(f"'{NDEATH}'") if f"Received PUBLISH from {CLIENT}" in it.log[i]]
    gone = it.at(f"Received DISCONNECT from {CLIENT}")
    assert said[0] < gone[0]


@tck(COMMANDS + "rebirth-action-1", COMMANDS + "rebirth-action-2")
def rebirth_begins_again(it: Recording) -> None:
    again = it.heard[it.rebirth_at : it.rebirth_at + 3]
    assert [(one.kind, one.device) for one in again] == [
        ("NBIRTH", None), ("DBIRTH", "hp1"), ("DBIRTH", "hp2"),
    ]  # fmt: skip


# --- names ------------------------------------------------------------------------------------


@tck(
    "topic-structure", "topic-structure-namespace-a",
    "topic-structure-namespace-device-id-associated-message-types",
    "topic-structure-namespace-device-id-non-associated-message-types",
    "topic-structure-namespace-unique-device-id", "case-sensitivity-sparkplug-ids",
)  # fmt: skip
def topics_are_built_as_told(it: Recording) -> None:
    for one in it.heard:
        parts = one.topic.split("/")
        assert (parts[0], parts[1], parts[3]) == ("spBv1.0", "homes", "gw1")
        assert len(parts) == (5 if parts[2].startswith("D") else 4)


@tck(
    "intro-group-id-string", "intro-group-id-chars", "topic-structure-namespace-valid-group-id",
    "intro-edge-node-id-string", "intro-edge-node-id-chars",
    "topic-structure-namespace-valid-edge-node-id", "intro-device-id-string",
    "intro-device-id-chars", "topic-structure-namespace-valid-device-id",
)  # fmt: skip
def ids_are_safe_in_a_topic(it: Recording) -> None:
    """The configuration refuses what a topic could not hold, for group, node, gateway, device."""
    for kind, name in (
        (SparkplugSection, "group"), (SparkplugSection, "node"),
        (GatewaySection, "gateway"), (DeviceSection, "name"),
    ):  # fmt: skip
        (found,) = [one for one in msgspec.structs.fields(kind) if one.name == name]
        for bad in ("a/b", "a+b", "a#b", ""):
            with pytest.raises(msgspec.ValidationError):
                msgspec.convert(bad, found.type)
        assert msgspec.convert("gw-1", found.type) == "gw-1"


# --- a primary host ---------------------------------------------------------------------------


async def host_session(folder: Path) -> list[str]:
    """What came between the host's words; births and deaths by their kind."""
    async with Mosquitto(folder) as broker, listening(broker) as (ear, client):

        async def says(host: str, online: bool, at: int) -> None:
            text = f'{{"online": {"true" if online else "false"}, "timestamp": {at}}}'
            await client.publish(f"spBv1.0/STATE/{host}", text, 1)
            await ear.said(f"STATE/{host}", lambda s: s["timestamp"] == at)

        async with bridging(settings(broker, "scada"), home("hp1")):
            await broker.logged("spBv1.0/STATE/scada (QoS 1)")
            await says("other", True, 50)
            await says("scada", False, 100)
            await says("scada", True, 90)  # older than what was heard
            await says("scada", True, 110)
            await ear.count("DBIRTH", 1)
            await says("scada", False, 105)  # older: changes nothing
            await says("scada", False, 120)
            await ear.count("NDEATH", 1)
            await broker.logged("STATE/scada (QoS 1)", times=2)  # it comes again, and waits again
            await says("scada", True, 130)
            await ear.count("DBIRTH", 2)
        return [label(one.topic.value, bytes(one.payload)) for one in ear.heard]


def label(topic: str, payload: bytes) -> str:
    """`scada 110` for what a host said, the kind for what the node said."""
    if "STATE" in topic:
        return f"{topic.split('/')[2]} {json.loads(payload)['timestamp']}"
    return topic.split("/")[2]


@pytest.fixture(scope="module")
def hosted() -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield asyncio.run(host_session(Path(folder)))


HOST = "operational-behavior-edge-node-termination-host-offline"
HOSTED = {
    "operational-behavior-edge-node-birth-sequence-wait": ("scada 110", "NBIRTH"),
    FLOW + "phid-wait": ("scada 110", "NBIRTH"),
    FLOW + "phid-wait-id": ("other 50", "scada 100"),
    FLOW + "phid-wait-online": ("scada 100", "scada 90"),
    FLOW + "phid-wait-timestamp": ("scada 90", "scada 110"),
    HOST + "-timestamp": ("scada 105", "scada 120"),
    HOST: ("scada 120", "NDEATH"),
    FLOW + "phid-offline": ("scada 120", "NDEATH"),
    HOST + "-reconnect": ("scada 130", "NBIRTH"),
}


@pytest.mark.parametrize("tck_id", [f"tck-id-{one}" for one in sorted(HOSTED)])
def test_primary_host(tck_id: str, hosted: list[str]) -> None:
    before, behind = HOSTED[tck_id.removeprefix("tck-id-")]
    at = hosted.index(before)
    assert hosted[at + 1] == behind, hosted


@pytest.mark.parametrize("tck_id", [f"tck-id-{one}" for one in sorted(CHECKS)])
def test_edge_node(tck_id: str, recording: Recording) -> None:
    CHECKS[tck_id.removeprefix("tck-id-")](recording)


def test_the_table_of_assertions_and_the_tests_agree() -> None:
    rows = re.findall(r"^\| `tck-id-([^`]*)` \| (yes|no) \| (.*) \|$", TABLE.read_text(), re.M)
    applying = {name for name, applies, _ in rows if applies == "yes"}
    assert applying == CHECKS.keys() | HOSTED.keys()
    assert all(why.strip() for _, applies, why in rows if applies == "no")
    assert len(rows) == len({name for name, _, _ in rows})
    assert f"{len(applying)} of {len(rows)} apply" in TABLE.read_text()
