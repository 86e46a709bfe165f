"""Units with their plants, and the command that runs a whole home."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from agent.drivers import driver
from agent.errors import FileError
from simulators.cli import main
from simulators.config import read_control, read_simulation
from simulators.registers import RegisterImage
from simulators.unit import PumpUnit, home
from simulators.weather import synthetic_winter

HOME = Path(__file__).parents[3] / "simulators" / "home.yaml"


class FixedPlant:
    """A plant that always shows the same and remembers what it was told."""

    def __init__(self, **shown):
        self.shown, self.told, self.passed_s, self.steps = shown, {}, 0.0, 0

    def step(self, seconds, inputs):
        self.told, self.passed_s, self.steps = inputs, self.passed_s + seconds, self.steps + 1
        return self.shown


def unit(plant, name="haier_atw_r290", speed=1.0):
    return PumpUnit(RegisterImage(driver(name).map, 1), plant, speed)


def test_a_plant_shows_in_the_registers_and_hears_what_was_written():
    plant = FixedPlant(water_supply_temp=41.26, outdoor_temp=-7.0, active_power=1234, cop=3.1)
    pump = unit(plant)
    assert pump.image.get("water_supply_temp") == 41.3
    assert pump.image.get("outdoor_temp") == -7.0
    assert pump.value("cop") == 3.1
    assert pump.image.write(1, 6, 40003, (2 * 38,)) is None
    assert pump.image.write(1, 6, 40001, (0,)) is None
    pump.advance(1.0)
    assert plant.told["water_setpoint"] == 38.0
    assert plant.told["power_on"] is False
    assert plant.told["mode"] == "heat"


def test_what_was_written_is_not_overwritten_by_the_plant():
    pump = unit(FixedPlant(water_setpoint=50.0, power_on=True))
    pump.image.write(1, 6, 40003, (80,))
    pump.advance(5)
    assert pump.image.get("water_setpoint") == 40.0


def test_a_plants_sensor_counts_as_fitted_and_others_do_not():
    assert unit(FixedPlant(dhw_temp=48.0)).image.get("dhw_temp") == 48.0
    assert unit(FixedPlant()).image.get("dhw_temp") is None


def test_what_the_machine_has_no_words_for_is_told():
    pump = unit(FixedPlant(mode_active="defrost", outdoor_temp=-3.0))
    assert "defrost" in pump.unsaid["mode_active"]
    assert pump.image.get("outdoor_temp") == -3.0


@pytest.mark.parametrize(("speed", "steps"), [(1, 10), (60, 60), (3600, 600)])
def test_simulated_time_runs_at_its_speed(speed, steps):
    plant = FixedPlant()
    pump = unit(plant, speed=speed)
    before = plant.steps
    for _ in range(10):
        pump.advance(1.0)
    assert plant.passed_s == pytest.approx(10 * speed)
    assert plant.steps - before <= 600
    assert plant.steps - before >= steps


@pytest.mark.parametrize("name", ["midea_mthermal_r290", "haier_atw_r290"])
def test_a_home_warms_when_told_and_cools_when_switched_off(name):
    weather = synthetic_winter()
    pump = unit(home(weather, "fixed", share=0.5, start_s=70 * 86400), name, speed=3600)
    assert pump.unsaid == {}
    for _ in range(20):
        pump.advance(0.1)
    warm = pump.value("water_supply_temp")
    assert warm > 33
    assert pump.value("indoor_temp") > 15
    pump.image.set("power_on", False)
    for _ in range(40):
        pump.advance(0.1)
    assert pump.value("water_supply_temp") < warm - 10
    assert pump.value("mode_active") == "off"


def test_the_share_of_a_home_needs_its_share_of_power():
    weather, shares = synthetic_winter(), {}
    for share in (1.0, 0.5):
        plant = home(weather, "inverter", share, 70 * 86400)
        told = {"water_setpoint": 40.0, "power_on": True, "mode": "heat"}
        for _ in range(600):
            shown = plant.step(60, told)
        shares[share] = shown
    assert shares[0.5]["indoor_temp"] == pytest.approx(shares[1.0]["indoor_temp"], abs=0.1)
    ratio = shares[0.5]["heat_energy_total"] / shares[1.0]["heat_energy_total"]
    assert ratio == pytest.approx(0.5, abs=0.01)


def test_a_wrong_file_is_told_with_every_mistake():
    text = """
lines:
  bus1: {kind: rtu, port: bus1, units: [{map: a, unit_id: 1}, {map: b, unit_id: 1}]}
  net: {kind: tcp, port: 70000, units: []}
"""
    with pytest.raises(FileError) as caught:
        read_simulation(text, "sim.yaml")
    assert [mistake.path for mistake in caught.value.mistakes] == [
        "lines.bus1.port",
        "lines.bus1.units[1].unit_id",
        "lines.net.port",
    ]


def test_a_control_line_is_json():
    found = read_control('{"line": "bus1", "unit": 2, "fault": "late", "delay": "1 s"}')
    assert (found.line, found.unit, found.fault, found.delay) == ("bus1", 2, "late", 1.0)
    assert read_control('{"line": "bus1", "unit": 2, "fault": null}').fault is None
    assert read_control('{"line": "bus1", "unplug": true}').unplug is True
    with pytest.raises(FileError, match="silent"):
        read_control('{"line": "bus1", "unit": 2, "fault": "silnet"}')


class Command:
    """A running `heatpump-sim` and the JSON it prints."""

    def __init__(self, *arguments):
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "simulators.cli", *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def next(self, key):
        """The next message with this key; fails when the command ends before."""
        for text in self.process.stdout:
            message = json.loads(text)
            if key in message:
                return message
        pytest.fail(f"ended without {key}: {self.process.stderr.read()}")

    def send(self, key="done", **message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return self.next(key)

    def end(self):
        self.process.terminate()
        self.process.communicate(timeout=5)
        return self.process.returncode


@pytest.fixture
def example(tmp_path):
    """The example file with a port of its own."""
    text = HOME.read_text("utf-8").replace("/tmp/heatpump-sim", str(tmp_path))
    path = tmp_path / "home.yaml"
    path.write_text(text.replace("port: 15020", "port: 0"), "utf-8")
    return path


def test_the_example_runs_two_pumps_on_a_line_and_one_behind_tcp(example, tmp_path):
    command = Command(example, "--json")
    try:
        bus, bridge = command.next("ready"), command.next("ready")
        assert (bus["path"], bus["units"]) == (str(tmp_path / "bus1"), [1, 2])
        client = ModbusSerialClient(bus["path"], baudrate=9600, timeout=0.5, retries=0)
        assert client.connect()
        assert client.read_holding_registers(2, count=1, device_id=1).registers[0] & 0xFF == 45
        assert not client.write_register(40003, 70, device_id=2).isError()
        command.send(line="bus1", unit=2, fault="busy")
        assert client.read_holding_registers(40103, count=1, device_id=2).exception_code == 6
        command.send(line="bus1", unit=2, fault=None)
        assert client.read_holding_registers(40103, count=1, device_id=2).registers == [70]
        client.close()
        command.send(line="bus1", unplug=True)
        assert not os.path.lexists(bus["path"])
        command.send(line="bus1", unplug=False)
        assert os.path.lexists(bus["path"])
        tcp = ModbusTcpClient("127.0.0.1", port=bridge["port"], timeout=1, retries=0)
        assert tcp.connect()
        assert tcp.read_holding_registers(68, count=1, device_id=3).registers == [450]
        command.send(line="bridge", unit=3, fault="gateway")
        assert tcp.read_holding_registers(68, count=1, device_id=3).exception_code == 11
        tcp.close()
        assert "no line is named bus9" in command.send("error", line="bus9", unit=1)["error"]
        assert "no unit 3" in command.send("error", line="bus1", unit=3)["error"]
        rows = {row["unit"]: row for row in command.next("status")["status"]}
        while rows[3]["requests"] == 0:
            rows = {row["unit"]: row for row in command.next("status")["status"]}
        assert rows[1]["requests"] == rows[1]["replies"] == 1
        assert rows[2]["water_setpoint"] == 35.0
        assert -20 < rows[1]["outdoor"] < 15
        assert rows[3]["power"] > 0
        assert rows[3]["map"] == "samsung_ehs_mimb19n"
    finally:
        code = command.end()
    assert code == 0
    assert not os.path.lexists(tmp_path / "bus1")


def test_the_command_ends_by_itself_even_without_input(example):
    done = subprocess.run(
        [sys.executable, "-m", "simulators.cli", example, "--duration", "0.3"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(text)["ready"] for text in done.stdout.splitlines()] == ["bus1", "bridge"]


def test_the_command_ends_by_itself_with_its_input_closed(example):
    program = '"$0" -m simulators.cli "$1" --duration 0.3 <&-'
    done = subprocess.run(
        ["/bin/sh", "-c", program, sys.executable, example],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_is_wrong_ends_with_code_2(tmp_path):
    path = tmp_path / "sim.yaml"
    path.write_text("lines: {a: {kind: rut, units: []}}")
    command = Command(path)
    _, error = command.process.communicate(timeout=10)
    assert command.process.returncode == 2
    assert "lines.a.kind" in error
    assert "rtu_over_tcp" in error


def test_a_file_in_another_encoding_ends_with_code_2(tmp_path, capsys):
    wrong = tmp_path / "latin.yaml"
    wrong.write_bytes(b"speed: 1 # \xe9\nlines: {}\n")
    assert main([str(wrong)]) == 2
    assert f"{wrong}: is not UTF-8 text" in capsys.readouterr().err


def test_a_meter_stands_beside_a_unit_that_has_a_home() -> None:
    units = "{map: xy_md02, unit_id: 2, beside: 3}, {map: xy_md02, unit_id: 3, beside: 2}"
    text = (
        f"lines: {{bus: {{port: /tmp/bus, units: [{{map: nibe_s_series, unit_id: 1}}, {units}]}}}}"
    )
    with pytest.raises(FileError) as caught:
        read_simulation(text, "home.yaml")
    said = [f"{one.path}: {one.message}; {one.allowed}" for one in caught.value.mistakes]
    assert said == [
        "lines.bus.units[1].beside: unit 3 has no home here; 1",
        "lines.bus.units[2].beside: unit 2 has no home here; 1",
    ]
