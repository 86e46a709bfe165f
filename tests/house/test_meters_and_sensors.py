"""A home whose pump knows neither its power nor the room: meters and a room sensor on its wire."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent import config
from agent.clock import Clock
from agent.core import Core
from agent.facts import BlockRead, Fact
from agent.homes import BASIC_SET
from agent.line import Line, Port, Scheduler
from agent.yamltext import parse
from simulators.cli import Simulator
from simulators.config import read_simulation

HOME = """
lines:
  bus1:
    kind: rtu
    port: {pty}
    baudrate: 9600
    units:
      - {{map: samsung_ehs_mimb19n, unit_id: 1}}
      - {{map: eastron_sdm120, unit_id: 11, beside: 1, registers: {{serial_number: 305419896}}}}
      - {{map: eastron_sdm630, unit_id: 12, beside: 1}}
      - {{map: chint_ddsu666, unit_id: 13, beside: 1}}
      - {{map: xy_md02, unit_id: 21, beside: 1}}
"""
GATEWAY = """
gateway: gw-001
platform: {{broker: "mqtt://127.0.0.1:1883"}}
lines:
  - name: bus1
    port: {pty}
    baudrate: 9600
    parity: none
    devices:
      - {{name: hp1, driver: samsung_ehs_mimb19n, unit_id: 1}}
      - {{name: sdm120, driver: eastron_sdm120, unit_id: 11}}
      - {{name: sdm630, driver: eastron_sdm630, unit_id: 12}}
      - {{name: ddsu666, driver: chint_ddsu666, unit_id: 13}}
      - {{name: room1, driver: xy_md02, unit_id: 21}}
homes:
  - name: east
    heat_pump: hp1
    points:
      indoor_temp: {{device: room1}}
      indoor_humidity: {{device: room1}}
      active_power: {{device: sdm120}}
      energy_total: {{device: sdm120}}
"""


METERS = {11: "sdm120", 12: "sdm630", 13: "ddsu666"}


async def swept(found: config.Config, core: Core, clock: Clock) -> None:
    """Let the lines run until every device has been through once."""
    through: set[str] = set()
    done = asyncio.Event()

    async def take(fact: Fact) -> None:
        core.step(fact)
        if isinstance(fact, BlockRead) and fact.sweep_end:
            through.add(fact.device)
        if through >= set(found.core.devices):
            done.set()

    lines = [
        Line(Port(line.port), Scheduler(line.devices), take, clock.stamp) for line in found.lines
    ]
    running = [asyncio.create_task(line.run()) for line in lines]
    async with asyncio.timeout(30.0):
        await done.wait()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_meters_and_a_room_sensor_complete_a_home_over_a_real_wire(tmp_path: Path) -> None:
    pty = tmp_path / "bus1"
    simulator = Simulator(read_simulation(HOME.format(pty=pty), "home.yaml"))
    for unit in simulator.units:
        unit.advance(3600.0)  # energy to show
    found = config.build(parse(GATEWAY.format(pty=pty), "gateway.yaml"))
    core, clock = Core(found.core), Clock()
    await simulator.start()
    try:
        await swept(found, core, clock)
    finally:
        await simulator.stop()
    units = simulator.lines["bus1"].units
    shown = units[1].shown
    pictures = core.complete(clock.stamp().mono)
    for unit_id, name in METERS.items():
        for point in ("active_power", "energy_total", "supply_voltage", "input_current"):
            assert pictures[name].number(point) == pytest.approx(shown[point], rel=1e-6), name
        assert pictures[name].value("active_power") == units[unit_id].value("active_power")
    assert pictures["sdm120"].value("serial_number") == 305419896
    home, sensor = pictures["hp1"], pictures["room1"]
    assert home.number("indoor_temp") == pytest.approx(shown["indoor_temp"], abs=0.05)
    assert home.number("indoor_humidity") == pytest.approx(shown["indoor_humidity"], abs=0.05)
    assert home.value("active_power") == pictures["sdm120"].value("active_power")
    assert home.mono["indoor_temp"] == sensor.mono["indoor_temp"]
    assert all(home.value(point) is not None for point in BASIC_SET)
    assert found.core.devices["hp1"].has("fault_code")
    own = core.snapshots["hp1"]
    assert own.value("active_power") is None
