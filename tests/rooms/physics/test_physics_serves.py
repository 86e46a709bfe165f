"""A unit of the physics behind shipped maps: frames say what it shows, and that it falls ill."""

from __future__ import annotations

import pytest
from pymodbus.client import AsyncModbusTcpClient

from agent.drivers import driver
from agent.model import Value
from simulators.cli import Simulator
from simulators.config import read_control, read_simulation
from simulators.illness import UnknownIllness
from simulators.physical import PhysicalPlant, plant_for
from simulators.physics import Fleet, Injection, draw_units, reference, weather
from simulators.registers import RegisterImage
from simulators.unit import PumpUnit

FILE = """
speed: 3600
seed: 3
lines:
  bridge:
    kind: tcp
    units:
      - {map: midea_mthermal_r290, unit_id: 1, physics: {weather: frost, days: 3%s}}
"""


def plant(kind: str = "frost", modes: tuple[str, ...] = ()) -> PhysicalPlant:
    return PhysicalPlant(Fleet(reference(1), weather(kind, 1, 3), 3), modes)


def run(unit: PhysicalPlant, hours: float, **inputs: Value) -> dict[str, Value]:
    for _ in range(round(hours * 60)):
        shown = unit.step(60.0, inputs)
    return dict(shown)


def test_it_heats_while_it_is_on_and_stops_when_told() -> None:
    unit = plant()
    assert run(unit, 0.5)["compressor_on"] is True
    shown = run(unit, 0.5, power_on=False)
    assert shown["compressor_on"] is False
    assert shown["mode_active"] == "off"


def test_words_are_those_of_its_machine() -> None:
    image = RegisterImage(driver("midea_mthermal_r290").map, 1)
    served = plant_for(image.map, Fleet(reference(1), weather("frost", 1, 3), 3))
    unit = PumpUnit(image, served, speed=60.0)
    unit.advance(30.0)
    assert unit.unsaid == {}
    shown = served.step(0.0, {})
    for point in ("water_supply_temp", "eev_steps", "fan_speed", "mode_active", "fault_code"):
        said = image.get(point)
        assert said == (pytest.approx(shown[point], abs=1.0) if said != "heat" else "heat"), point


def test_it_falls_ill_when_it_is_time_and_heals() -> None:
    unit = plant()
    healthy = run(unit, 1.0)["water_flow"]
    unit.ail(Injection("F04", 0.6), after_s=1800.0)
    assert run(unit, 0.4)["water_flow"] == pytest.approx(healthy, rel=0.15)
    assert float(run(unit, 0.4)["water_flow"]) < 0.6 * float(healthy)
    unit.heal()
    assert run(unit, 0.4)["water_flow"] == pytest.approx(healthy, rel=0.15)


def test_the_end_of_its_weather_leaves_it_as_it_was() -> None:
    unit = PhysicalPlant(Fleet(reference(1), weather("frost", 0.1, 3), 3))
    last = run(unit, 2.6)
    assert unit.step(600.0, {}) == last


def test_one_unit_serves_behind_one_address() -> None:
    with pytest.raises(ValueError, match="not 2"):
        PhysicalPlant(Fleet(draw_units(2, 1), weather("mild", 1, 1), 1))


def test_a_file_with_an_unknown_fault_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownIllness, match=r"F99: known are .*F01"):
        Simulator(read_simulation(FILE % ", ill: [{fault: F99}]", "simulation.yaml"))


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ('{"line": "bridge", "unit": 1, "ill": {"fault": "F04", "severity": "severe"}}', None),
        ('{"line": "bridge", "unit": 1, "ill": {"fault": "F04", "variant": "x"}}', "F04 x: known"),
        ('{"line": "bridge", "unit": 1, "heal": true}', None),
    ],
)
def test_a_line_on_the_control_channel_makes_it_ill(line: str, answer: str | None) -> None:
    simulator = Simulator(read_simulation(FILE % "", "simulation.yaml"))
    said = simulator.obey(read_control(line))
    assert said is None if answer is None else answer in str(said)


async def test_frames_carry_it_over_tcp() -> None:
    """An independent master reads warm water; a fault shows in the same words."""
    file = FILE % ", ill: [{fault: F28, after: 2 h}]"
    simulator = Simulator(read_simulation(file, "simulation.yaml"))
    (unit,) = simulator.units
    await simulator.start()
    client = AsyncModbusTcpClient("127.0.0.1", port=simulator.lines["bridge"].line.port)
    try:
        assert await client.connect()
        unit.advance(1.0)
        before = await client.read_holding_registers(104, count=21, device_id=1)
        unit.advance(2.0)
        after = await client.read_holding_registers(104, count=21, device_id=1)
    finally:
        client.close()
        await simulator.stop()
    assert 10 < before.registers[0] < 60
    assert before.registers[20] in (0, 183)
    assert after.registers[20] == 61
