"""A household sees its pump: discovery, values, availability, and wishes as a resident."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.model import AlarmState
from agent.uplink.adapters import AdapterSettings, HomeAssistantSettings, LinkSettings
from tests.peers.mosquitto import Mosquitto
from tests.rooms.adapters.hub import after, bridging, home, listening, silence, telemetry, verified

CONFIG = "homeassistant/device/gw1_hp1/config"
STATE = "heatpump/gw1/hp1/state"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with Mosquitto(tmp_path) as found:
        yield found


def settings(broker: Mosquitto, **more: Any) -> AdapterSettings:
    link = LinkSettings(broker.url, reconnect_min_s=0.05, reconnect_max_s=0.1)
    return AdapterSettings(home_assistant=HomeAssistantSettings(link, "gw1", **more))


async def discovered(broker: Mosquitto, **more: Any) -> dict[str, Any]:
    async with listening(broker) as (ear, _), bridging(settings(broker, **more), home("hp1")):
        (message, *_) = await ear.count(CONFIG, 1)
        found: dict[str, Any] = json.loads(bytes(message.payload))
        return found


async def test_a_pump_is_found_by_one_retained_message(broker: Mosquitto) -> None:
    found = await discovered(broker)
    assert found["device"]["identifiers"] == ["gw1_hp1"]
    assert found["device"]["manufacturer"] == "Midea"
    assert found["origin"]["name"] == "heatpump-agent"
    supply = found["components"]["water_supply_temp"]
    assert (supply["platform"], supply["device_class"]) == ("sensor", "temperature")
    assert (supply["unit_of_measurement"], supply["state_class"]) == ("°C", "measurement")
    ids = [part["unique_id"] for part in found["components"].values()]
    assert len(ids) == len(set(ids))
    async with listening(broker) as (ear, _):  # who comes later finds it, too
        (message, *_) = await ear.count(CONFIG, 1)
        assert message.retain


@pytest.mark.parametrize(("writes", "platform"), [(False, "sensor"), (True, "number")])
async def test_only_where_writes_are_on_can_anything_be_set(
    broker: Mosquitto, writes: bool, platform: str
) -> None:
    found = await discovered(broker, writes=writes)
    assert found["components"]["water_setpoint"]["platform"] == platform
    assert any("command_topic" in part for part in found["components"].values()) is writes
    if writes:
        number = found["components"]["water_setpoint"]
        assert number["min"] < number["max"]
        assert number["step"] > 0


async def test_names_are_in_the_language_of_the_household(broker: Mosquitto) -> None:
    found = await discovered(broker, language="zh")
    assert found["components"]["water_supply_temp"]["name"] == "出水温度"


async def test_values_truth_and_what_is_missing(broker: Mosquitto) -> None:
    async with listening(broker) as (ear, _), bridging(settings(broker), home("hp1")) as road:
        road.keep(
            telemetry("hp1", water_supply_temp=31.5, outdoor_temp=-7.0, power_on=True), after(0)
        )
        first = await ear.said(STATE, lambda s: s["water_supply_temp"] == 31.5)
        assert (first["outdoor_temp"], first["power_on"]) == (-7.0, "ON")
        assert first["water_return_temp"] is None
        road.keep(
            telemetry("hp1", full=False, water_supply_temp=32.0, outdoor_temp=None), after(10)
        )
        second = await ear.said(STATE, lambda s: s["water_supply_temp"] == 32.0)
        assert (second["outdoor_temp"], second["power_on"]) == (None, "ON")


async def test_a_pump_that_is_silent_is_unavailable_and_the_alarm_is_shown(
    broker: Mosquitto,
) -> None:
    status = "heatpump/gw1/hp1/status"
    async with listening(broker) as (ear, _), bridging(settings(broker), home("hp1")) as road:
        await ear.count(status, 1)
        road.keep(telemetry("hp1", water_supply_temp=31.5), after(0))
        road.keep(silence("hp1", AlarmState.RAISED), after(70))
        road.keep(silence("hp1", AlarmState.CLEARED), after(100))
        heard = await ear.count(status, 4)
        assert [bytes(one.payload) for one in heard] == [
            b"offline", b"online", b"offline", b"online",
        ]  # fmt: skip
        await ear.said(STATE, lambda s: s["alarm"] == "ON")


async def test_all_is_unavailable_when_the_gateway_goes(broker: Mosquitto) -> None:
    async with listening(broker) as (ear, _):
        async with bridging(settings(broker), home("hp1")):
            await ear.count(CONFIG, 1)
        heard = await ear.count("heatpump/gw1/status", 2)
        assert [bytes(one.payload) for one in heard] == [b"online", b"offline"]


async def test_home_assistant_restarted_is_told_again(broker: Mosquitto) -> None:
    async with listening(broker) as (ear, client), bridging(settings(broker), home("hp1")):
        await ear.count(CONFIG, 1)
        await client.publish("homeassistant/status", b"online", 1)
        await ear.count(CONFIG, 2)


async def test_a_moved_slider_goes_the_command_road_as_a_resident(broker: Mosquitto) -> None:
    given = settings(broker, writes=True)
    async with listening(broker) as (ear, client), bridging(given, home("hp1")) as road:
        await ear.count(CONFIG, 1)
        await client.publish("heatpump/gw1/hp1/set/water_setpoint", b"45.0", 1)
        command = await road.command()
        assert command["role"] == "resident"
        assert (command["device"], command["point"], command["value"]) == (
            "hp1",
            "water_setpoint",
            45,
        )
        await client.publish("heatpump/gw1/hp1/set/power_on", b"OFF", 1)
        assert (await road.command())["value"] is False
        before = len(ear.on(STATE))
        road.keep(verified(command), after(3))
        await ear.count(STATE, before + 1)


async def test_a_wish_that_the_broker_kept_is_not_wished_anew(broker: Mosquitto) -> None:
    given = settings(broker, writes=True)
    async with listening(broker) as (ear, client):
        await client.publish("heatpump/gw1/hp1/set/water_setpoint", b"55.0", 1, retain=True)
        async with bridging(given, home("hp1")) as road:
            await ear.count(CONFIG, 1)
            await client.publish("heatpump/gw1/hp1/set/water_setpoint", b"45.0", 1)
            assert (await road.command())["value"] == 45
            assert road.commands.empty()


async def test_without_writes_a_slider_moves_nothing(broker: Mosquitto) -> None:
    async with listening(broker) as (ear, client), bridging(settings(broker), home("hp1")) as road:
        await ear.count(CONFIG, 1)
        await client.publish("heatpump/gw1/hp1/set/water_setpoint", b"45.0", 1)
        await client.publish("homeassistant/status", b"online", 1)
        await ear.count(CONFIG, 2)
        assert road.commands.empty()
