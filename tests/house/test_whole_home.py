"""The whole program against real peers: a pty line, TCP, mosquitto, the platform, kill -9."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from agent.spool import verify_journal
from simulators.stage import Stage
from simulators.tour import home_file

pytestmark = [pytest.mark.house, pytest.mark.timeout(90)]

GATEWAY = """\
gateway: gw-test
spool: {{path: {folder}/spool.db, commit_every: 1 s}}
platform: {{broker: "BROKER", batch_every: 500 ms, full_every: 1 ms, ack_timeout: 3 s}}
lines:
  - name: bus1
    port: {pty}
    devices:
      - {{name: midea, driver: midea_mthermal_r290, unit_id: 1, every: 1 s}}
      - {{name: haier, driver: haier_atw_r290, unit_id: 2, every: 1 s}}
  - name: bridge
    port: tcp://127.0.0.1:{port}
    devices:
      - {{name: samsung, driver: samsung_ehs_mimb19n, unit_id: 3, every: 1 s}}
control:
  - {{device: midea, park: 47, schedule: [{{start: "00:00", value: 44}}]}}
"""

MACHINES = {"midea", "haier", "samsung"}


class Home:
    """A stage and the newest word of its agent and of its simulator."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.agent: dict[str, Any] = {}
        self.pumps: dict[int, dict[str, Any]] = {}
        stage.sim.on_json = self._sim_said
        self._changed = asyncio.Event()

    def agent_said(self, line: dict[str, Any]) -> None:
        self.agent = line
        self._changed.set()

    def _sim_said(self, line: dict[str, Any]) -> None:
        if "status" in line:
            self.pumps = {unit["unit"]: unit for unit in line["status"]}
            self._changed.set()

    async def until(self, what: str, condition: Any, within_s: float = 30.0) -> None:
        """Wait for something to become true; says what was waited for when it does not."""
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            log = (self.stage.folder / "agent.log").read_text()[-2000:]
            pytest.fail(f"{what}: not within {within_s} s\n{self.pumps}\n{self.agent}\n{log}")

    @property
    def answering(self) -> set[str]:
        """The machines of which the agent knows a supply temperature."""
        devices = self.agent.get("devices", {})
        return {name for name, values in devices.items() if values["water_supply_temp"] is not None}

    def setpoint(self, unit: int) -> float:
        return float(self.pumps.get(unit, {}).get("water_setpoint", -1))

    async def publish(self, payload: dict[str, Any], retain: bool = False) -> None:
        async with aiomqtt.Client("127.0.0.1", self.stage.port) as client:
            topic = "hp/1/gw-test/down/command"
            await client.publish(topic, json.dumps(payload), qos=1, retain=retain)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    sim, pty, port = home_file(tmp_path, 1.0)
    gateway = GATEWAY.format(folder=tmp_path, pty=pty, port=port)
    async with Stage(tmp_path, sim, gateway, broker="mosquitto") as stage:
        found = Home(stage)
        await stage.start_agent(found.agent_said)
        await found.until("all three have answered", lambda: found.answering == MACHINES)
        yield found


def message(command_id: str, value: object, **other: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": command_id,
        "issuer": "tester",
        "role": "platform",
        "device": "haier",
        "point": "water_setpoint",
        "value": value,
        "issued_at": now.isoformat(),
        "expires_at": (now + timedelta(seconds=60)).isoformat(),
        **other,
    }


async def test_readings_of_all_three_reach_the_platform(home: Home) -> None:
    await home.stage.platform.wait_stored(12, 30.0)
    assert not home.stage.platform.archive.holes("gw-test")


async def test_a_command_reaches_the_register_and_comes_home_once(home: Home) -> None:
    platform = home.stage.platform
    command_id = await platform.send_command("gw-test", "haier", "water_setpoint", 42.5, ttl_s=30.0)
    result = await platform.wait_result(command_id, 20.0)
    assert (result["outcome"], result["read_back"]) == ("verified", 42.5)
    await home.until("the machine shows it", lambda: home.setpoint(2) == 42.5)
    assert len(platform.archive.results(command_id)) == 1


async def test_what_may_not_reach_the_bus_does_not(home: Home) -> None:
    """Retained, repeated, expired, out of range, off the grid, frozen: each ends in its result."""
    platform = home.stage.platform
    await home.publish(message("kept", 40.0), retain=True)
    await home.publish(message("kept", None), retain=True)
    past = datetime.now(UTC) - timedelta(hours=1)
    old = {"issued_at": past.isoformat(), "expires_at": (past + timedelta(minutes=1)).isoformat()}
    await home.publish(message("old", 40.0, **old))
    await home.publish(message("hot", 95.0))
    await home.publish(message("odd", 41.3))
    await home.publish(message("dark", False, point="power_on"))
    outcomes = {
        name: (await platform.wait_result(name, 20.0))["outcome"]
        for name in ("old", "hot", "odd", "dark")
    }
    assert outcomes == {"old": "expired", "hot": "refused", "odd": "refused", "dark": "refused"}
    first = message("once", 43.0)
    await home.publish(first)
    assert (await platform.wait_result("once", 20.0))["outcome"] == "verified"
    second = message("next", 44.0)
    await home.publish(second)
    assert (await platform.wait_result("next", 20.0))["outcome"] == "verified"
    await home.publish(first)  # again: it must not come true a second time
    await home.publish(message("last", 95.0))
    await platform.wait_result("last", 20.0)
    await home.until("the later command stands", lambda: home.setpoint(2) == 44.0)
    assert len(platform.archive.results("once")) == 1


async def test_a_retained_command_is_refused_after_a_reconnect(home: Home) -> None:
    """A broker keeps a retained command and hands it out at every connection: never to the bus."""
    await home.stage.stop_agent()
    before = home.setpoint(2)
    await home.publish(message("ghost", 41.0), retain=True)
    await home.stage.start_agent(home.agent_said)
    result = await home.stage.platform.wait_result("ghost", 30.0)
    assert result["outcome"] == "refused"
    assert "retained" in result["why"]
    assert home.setpoint(2) == before


async def test_kill_9_with_the_broker_away_loses_and_doubles_nothing(home: Home) -> None:
    stage = home.stage
    await stage.stop_broker()
    waiting = lambda: sum(home.agent["buffer"]["depth"].values())  # noqa: E731
    await home.until("records wait", lambda: waiting() >= 10)
    await stage.kill_agent()
    kept = waiting()
    await stage.start_agent(home.agent_said)
    home.agent = {}
    await home.until("they still wait", lambda: bool(home.agent) and waiting() >= kept)
    await stage.start_broker()
    await home.until("all delivered", lambda: home.agent["buffer"]["depth"]["telemetry"] <= 6, 45.0)
    numbers = stage.platform.archive.numbers("gw-test", "telemetry")
    assert len(numbers) == len(set(numbers))
    assert not stage.platform.archive.holes("gw-test")


async def test_stopping_leaves_the_controlled_pump_at_its_park_value(home: Home) -> None:
    await home.until("the schedule's value", lambda: home.setpoint(1) == 44)
    assert await home.stage.agent.stop(signal.SIGTERM) == 0
    await home.until("the park value", lambda: home.setpoint(1) == 47)
    journal = verify_journal(str(home.stage.folder / "spool.db"))
    assert (journal.rows > 3, journal.why) == (True, None)


async def test_a_silent_pump_leaves_the_others_alone_and_comes_back(home: Home) -> None:
    await home.stage.sim.say({"line": "bus1", "unit": 2, "fault": "silent"})
    replies = home.pumps.get(1, {}).get("replies", 0)
    await home.until("midea goes on", lambda: home.pumps[1]["replies"] > replies + 15)
    await home.stage.sim.say({"line": "bus1", "unit": 2, "fault": None})
    silent = home.pumps[2]["replies"]
    await home.until("haier answers again", lambda: home.pumps[2]["replies"] > silent + 5)


async def test_the_adapter_is_unplugged_and_back(home: Home) -> None:
    await home.stage.sim.say({"line": "bus1", "unplug": True})
    log = home.stage.folder / "agent.log"
    await home.until("the loss is logged", lambda: "line lost line=bus1" in log.read_text())
    await home.stage.sim.say({"line": "bus1", "unplug": False})
    replies = home.pumps[1]["replies"]
    await home.until("data is back", lambda: home.pumps[1]["replies"] > replies + 3)


async def test_forecast_and_emergency_reach_the_home_from_the_platform(home: Home) -> None:
    platform = home.stage.platform
    log = home.stage.folder / "agent.log"
    await home.until("the schedule", lambda: home.setpoint(1) == 44)
    await platform.send_forecast("gw-test", datetime.now(UTC), [-3.0 - n / 10 for n in range(72)])
    await platform.send_forecast("gw-test", datetime.now(UTC), [0.0, 40.0], retain=False)
    command_id = await platform.send_emergency("gw-test", True)
    result = await platform.wait_result(command_id, 20.0)
    assert (result["outcome"], result["why"]) == ("verified", "every home parks")
    await home.until("the park value", lambda: home.setpoint(1) == 47)
    resident = await platform.send_command("gw-test", "all", "emergency", False, role="resident")
    assert (await platform.wait_result(resident, 20.0))["outcome"] == "refused"
    text = log.read_text()
    assert "forecast hours=72" in text
    assert "forecast not taken" in text
