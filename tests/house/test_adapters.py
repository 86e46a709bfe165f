"""The whole program with every adapter on: a household sees its pump, and a slider moves it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from simulators.encodings import read_batch
from simulators.stage import Stage, free_port
from simulators.tour import home_file
from tests.rooms.adapters.hub import Ear
from tests.rooms.web.test_figures import get

pytestmark = [pytest.mark.house, pytest.mark.timeout(90)]

GATEWAY = """\
gateway: gw1
spool: {{path: {folder}/spool.db, commit_every: 1 s}}
platform: {{broker: "BROKER", batch_every: 500 ms, ack_timeout: 3 s}}
lines:
  - name: bus1
    port: {pty}
    devices:
      - {{name: midea, driver: midea_mthermal_r290, unit_id: 1, every: 1 s}}
      - {{name: haier, driver: haier_atw_r290, unit_id: 2, every: 1 s}}
adapters:
  home_assistant: {{broker: "BROKER", writes: true}}
  sparkplug: {{broker: "BROKER", group: homes}}
  thingsboard: {{broker: "BROKER"}}
metrics: {{listen: "127.0.0.1:{figures}"}}
"""


async def test_three_conventions_tell_of_one_home(tmp_path: Path) -> None:
    sim, pty, _ = home_file(tmp_path, 1.0)
    figures = free_port()
    given = GATEWAY.format(folder=tmp_path, pty=pty, figures=figures)
    async with Stage(tmp_path, sim, given, broker="mosquitto") as stage:
        ear = Ear()
        async with aiomqtt.Client("127.0.0.1", stage.port) as client:
            await client.subscribe("#", 1)
            listening = asyncio.create_task(ear.listen(client))
            try:
                await stage.start_agent()
                await told(ear)
                await moved(ear, client)
                await counted(figures)
            finally:
                listening.cancel()
                await asyncio.wait({listening})


async def told(ear: Ear) -> None:
    await ear.count("homeassistant/device/gw1_haier/config", 1)
    state = await ear.said("heatpump/gw1/haier/state", lambda s: s["water_supply_temp"] is not None)
    assert 5 < state["water_supply_temp"] < 70
    await ear.count("spBv1.0/homes/DBIRTH/gw1/haier", 1)
    await ear.count("spBv1.0/homes/DDATA/gw1/haier", 1)
    rows = await ear.said("v1/gateway/telemetry", lambda r: "gw1-haier" in r)
    assert rows["gw1-haier"][0]["values"]["water_supply_temp"] > 5


async def moved(ear: Ear, client: Any) -> None:
    """A slider of the household: a command as a resident, verified, and told to the platform."""
    await client.publish("heatpump/gw1/haier/set/water_setpoint", b"42.5", 1)
    await ear.said("heatpump/gw1/haier/state", lambda s: s["water_setpoint"] == 42.5)
    (message, *_) = await ear.count("hp/1/gw1/up/result", 1)
    result = read_batch(bytes(message.payload))["records"][0]["body"]
    assert (result["outcome"], result["issuer"]) == ("verified", "home_assistant")


async def counted(port: int) -> None:
    health = json.loads((await get(port, "/health"))[2])
    assert health["lines"]["bus1"]["sweeps"] > 2
    assert all(one["connected"] for one in health["adapters"].values())
    assert len(health["adapters"]) == 3
    assert health["writes_today"] == 1
