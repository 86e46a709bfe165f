"""The gateway API of ThingsBoard against a real broker: what its platform would read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.model import AlarmState
from agent.uplink.adapters import AdapterSettings, LinkSettings, ThingsBoardSettings
from tests.peers.mosquitto import Mosquitto
from tests.rooms.adapters.hub import (
    Buffer,
    after,
    bridging,
    home,
    listening,
    silence,
    telemetry,
    verified,
)

MS = 1_768_363_200_000  # after(0)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with Mosquitto(tmp_path) as found:
        yield found


def settings(broker: Mosquitto, writes: bool = False) -> AdapterSettings:
    link = LinkSettings(broker.url, reconnect_min_s=0.05, reconnect_max_s=0.1)
    return AdapterSettings(thingsboard=ThingsBoardSettings(link, "gw1", writes))


def call(method: str, params: object) -> bytes:
    data = {"id": 7, "method": method, "params": params}
    return json.dumps({"device": "gw1-hp1", "data": data}).encode()


async def test_machines_are_connected_and_described(broker: Mosquitto) -> None:
    async with listening(broker) as (ear, _), bridging(settings(broker), home("hp1")):
        said = await ear.said("v1/gateway/connect", lambda _: True)
        assert said == {"device": "gw1-hp1", "type": "midea_mthermal_r290"}
        about = await ear.said("v1/gateway/attributes", lambda _: True)
        assert about["gw1-hp1"]["brand"] == "Midea"
        assert about["gw1-hp1"]["units"]["water_supply_temp"] == "degC"
        assert about["gw1-hp1"]["answers"] is True


async def test_telemetry_has_its_own_time_and_says_what_was_kept(broker: Mosquitto) -> None:
    async with listening(broker) as (ear, _), bridging(settings(broker), home("hp1")) as road:
        road.keep(telemetry("hp1", outdoor_temp=-7.5, power_on=True), after(0))
        said = await ear.said("v1/gateway/telemetry", lambda _: True)
        assert said == {"gw1-hp1": [{"ts": MS, "values": {"outdoor_temp": -7.5, "power_on": True}}]}


async def test_an_untrusted_time_is_told_to_nobody(broker: Mosquitto) -> None:
    async with listening(broker) as (ear, _), bridging(settings(broker), home("hp1")) as road:
        road.keep(telemetry("hp1", outdoor_temp=1.0), after(0), trusted=False)
        road.keep(telemetry("hp1", outdoor_temp=2.0), after(10))
        said = await ear.said("v1/gateway/telemetry", lambda _: True)
        assert said["gw1-hp1"][0]["values"] == {"outdoor_temp": 2.0}


async def test_what_waited_in_the_buffer_is_told_after_what_is_new(broker: Mosquitto) -> None:
    buffer = Buffer()
    async with (
        listening(broker) as (ear, _),
        bridging(settings(broker), home("hp1"), buffer) as road,
    ):
        await ear.count("v1/gateway/connect", 1)
        for number in range(120):  # from before this start: nobody told the bridge
            road.keep(telemetry("hp1", outdoor_temp=float(number)), after(number), told=False)
        road.keep(telemetry("hp1", outdoor_temp=500.0), after(500))
        heard = await ear.count("v1/gateway/telemetry", 4)
        rows = [json.loads(bytes(one.payload))["gw1-hp1"] for one in heard]
        assert rows[0] == [{"ts": MS + 500_000, "values": {"outdoor_temp": 500.0}}]
        past = [row["values"]["outdoor_temp"] for some in rows[1:] for row in some]
        assert past == [float(number) for number in range(120)]
        counted = road.bridge.counters
        assert (counted.told, counted.past, counted.skipped) == (1, 120, 0)


async def test_what_the_platform_took_in_the_meantime_is_counted_as_skipped(
    broker: Mosquitto,
) -> None:
    buffer = Buffer()
    async with (
        listening(broker) as (ear, _),
        bridging(settings(broker), home("hp1"), buffer) as road,
    ):
        await ear.count("v1/gateway/connect", 1)
        for number in range(10):
            road.keep(telemetry("hp1", outdoor_temp=float(number)), after(number), told=False)
        del buffer.stored[:8]
        road.keep(telemetry("hp1", outdoor_temp=500.0), after(500))
        await ear.count("v1/gateway/telemetry", 2)
        road.keep(silence("hp1", AlarmState.RAISED), after(600))
        await ear.count("v1/gateway/telemetry", 3)
        assert (road.bridge.counters.past, road.bridge.counters.skipped) == (2, 8)


async def test_what_was_kept_without_a_broker_is_told_from_memory(broker: Mosquitto) -> None:
    buffer = Buffer()
    buffer.gate.clear()
    async with bridging(settings(broker), home("hp1"), buffer) as road:
        for number in range(60):
            road.keep(telemetry("hp1", outdoor_temp=float(number)), after(number))
        road.buffer.stored.clear()  # the platform, elsewhere, has taken all
        async with listening(broker) as (ear, _):
            buffer.gate.set()
            heard = await ear.count("v1/gateway/telemetry", 2)
            rows = [json.loads(bytes(one.payload))["gw1-hp1"] for one in heard]
            past = [row["values"]["outdoor_temp"] for some in rows for row in some]
            assert past == [float(number) for number in range(60)]


async def test_an_alarm_is_telemetry_and_an_attribute(broker: Mosquitto) -> None:
    async with listening(broker) as (ear, _), bridging(settings(broker), home("hp1")) as road:
        await ear.count("v1/gateway/connect", 1)
        road.keep(silence("hp1", AlarmState.RAISED), after(70))
        said = await ear.said("v1/gateway/attributes", lambda a: not a["gw1-hp1"]["answers"])
        assert said["gw1-hp1"]["alarms"] == ["S2 does not answer"]
        told = await ear.said("v1/gateway/telemetry", lambda _: True)
        values = told["gw1-hp1"][0]["values"]
        assert values["alarm"] == "raised S2 does not answer"
        record = values["alarm_record"]
        assert (record["id"], record["type"]) == ("a1", "communication_lost")
        assert (record["severity"], record["status"]) == ("MAJOR", "ACTIVE_UNACK")


async def test_an_rpc_becomes_a_command_and_its_answer_is_the_result(broker: Mosquitto) -> None:
    given = settings(broker, writes=True)
    async with listening(broker) as (ear, client), bridging(given, home("hp1")) as road:
        await ear.count("v1/gateway/connect", 1)
        await client.publish(
            "v1/gateway/rpc", call("set", {"point": "water_setpoint", "value": 45}), 1
        )
        command = await road.command()
        assert (command["role"], command["device"], command["value"]) == ("platform", "hp1", 45)
        road.keep(verified(command), after(2))
        answer = await ear.said("v1/gateway/rpc", lambda a: a["data"].get("success") is not None)
        assert (answer["device"], answer["id"], answer["data"]["success"]) == ("gw1-hp1", 7, True)


@pytest.mark.parametrize(
    "payload",
    [
        call("reboot", {}),
        call("set", {"point": "water_setpoint"}),
        call("set", None),
    ],
)
async def test_an_rpc_that_is_none_is_answered_with_why(broker: Mosquitto, payload: bytes) -> None:
    given = settings(broker, writes=True)
    async with listening(broker) as (ear, client), bridging(given, home("hp1")) as road:
        await ear.count("v1/gateway/connect", 1)
        await client.publish("v1/gateway/rpc", b"{", 1)  # nobody can answer this
        await client.publish("v1/gateway/rpc", payload, 1)
        heard = await ear.count("v1/gateway/rpc", 3)
        answer = json.loads(bytes(heard[2].payload))
        assert answer["data"]["success"] is False
        assert answer["data"]["why"]
        assert road.commands.empty()


async def test_the_token_comes_from_a_file_and_is_the_user_name(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("very-secret\n")
    async with Mosquitto(tmp_path) as broker:
        link = LinkSettings(broker.url, token_file=tmp_path / "token")
        given = AdapterSettings(thingsboard=ThingsBoardSettings(link, "gw1"))
        async with listening(broker) as (ear, _), bridging(given, home("hp1")):
            await ear.count("v1/gateway/connect", 1)
            await broker.logged("u'very-secret'")


async def test_going_is_said(broker: Mosquitto) -> None:
    async with listening(broker) as (ear, _):
        async with bridging(settings(broker), home("hp1")) as road:
            await ear.count("v1/gateway/connect", 1)
            assert road.commands.empty()
        assert (await ear.said("v1/gateway/disconnect", lambda _: True)) == {"device": "gw1-hp1"}
