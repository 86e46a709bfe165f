"""Traces: every one kept here is replayed to its golden readings, and none names a machine."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import config, traces
from agent.cli import main
from agent.cli.recorded import exchanges_of
from agent.clock import Clock
from agent.drivers import Cost, Device, Driver, Hooks, ReadRequest, driver, load, names
from agent.line import Answer
from agent.line.trace import Trace, read_trace
from agent.model import Stamp
from agent.sweep import Look
from agent.yamltext import parse
from simulators.cli import Simulator
from simulators.config import read_simulation

HERE = Path(__file__).parent
KEPT = sorted(path.name.removesuffix(".jsonl") for path in HERE.glob("*.jsonl"))
WORKS = """
map: works
api: 1
covers: [{brand: "Works & Co", model: WP 9/2}]
source: [made up for tests]
grade: draft
points:
  water_supply_temp: {at: 10, type: s16, scale: 0.1}
  x_serial_number_1: {at: 12, type: ascii2, en: serial number 1, zh: 序列号1}
  x_serial_number_2: {at: 13, type: ascii2, en: serial number 2, zh: 序列号2}
  x_serial_number_low: {at: 14, bits: 0..7, en: serial number 3, zh: 序列号3}
faults:
  bits: [{at: 16, bit: 2, label: F2, en: fan fault, zh: 风机故障}]
"""


@pytest.mark.parametrize("name", KEPT)
def test_a_trace_is_replayed_to_its_golden_readings(name: str) -> None:
    golden: dict[str, Any] = json.loads((HERE / f"{name}.golden.json").read_text("utf-8"))
    one = driver(golden["driver"])
    device = Device("hp", one.map, golden["unit_id"], Cost(0.0, 0.0), one.hooks)
    about = traces.About("none", golden["simulated"], golden["compared"])
    found = traces.check(exchanges_of(HERE / f"{name}.jsonl"), device, one, about)
    assert json.loads(json.dumps(found.golden.readings)) == golden["readings"]
    assert found.unmasked == ()
    assert len(golden["readings"]) == len(one.map.points)


def test_a_trace_of_a_simulator_says_so_in_its_name_and_proves_no_map() -> None:
    assert KEPT
    proved = set()
    for name in KEPT:
        golden = json.loads((HERE / f"{name}.golden.json").read_text("utf-8"))
        assert name.startswith("Simulated-") is golden["simulated"]
        if golden["compared"] and not golden["simulated"]:
            proved.add(golden["driver"])
    better = {name for name in names() if driver(name).map.grade != "draft"}
    assert better <= proved


def works() -> Device:
    return Device("hp", load(WORKS, "works.yaml"), 1, Cost(0.0, 0.0))


def test_only_words_of_points_are_shared_and_serial_numbers_are_not() -> None:
    shared = {at for _, _, at in traces.shareable(works())}
    assert shared == {10, 16}  # 11 and 15 belong to nobody, 12 to 14 name the machine


def test_unmasked_words_are_found_with_their_place() -> None:
    device = works()
    lines: list[str] = []
    trace = Trace(lines.append)
    words = (412, 0, *(int.from_bytes(text, "big") for text in (b"SN", b"42")), 7, 9, 4)
    trace.keep(Clock().stamp(), "bus1", ReadRequest(1, "holding", 10, 7), Answer(words))
    one = Driver("works", device.map, Hooks(), "0" * 64)
    found = traces.check(read_trace(iter(lines)), device, one, traces.About("2.1 b"))
    assert found.unmasked == ("holding 12", "holding 13", "holding 14", "holding 15")
    assert found.name == "Works-Co_WP-9-2_2.1-b"


SIMULATED = """
lines:
  bus1:
    kind: rtu
    port: {pty}
    baudrate: 19200
    units: [{{map: eastron_sdm120, unit_id: 11, registers: {{serial_number: 305419896}}}}]
"""
GATEWAY = """
gateway: gw-001
platform: {{broker: "mqtt://127.0.0.1:1883"}}
lines:
  - name: bus1
    port: {pty}
    baudrate: 19200
    devices: [{{name: meter1, driver: eastron_sdm120, unit_id: 11}}]
"""


async def recorded(folder: Path, masked: bool) -> str:
    """A trace of one sweep of a meter whose serial number is 0x12345678."""
    pty, lines = folder / "bus1", list[str]()
    simulator = Simulator(read_simulation(SIMULATED.format(pty=pty), "sim.yaml"))
    found = config.build(parse(GATEWAY.format(pty=pty), "gateway.yaml"))
    mask = traces.mask_of(found) if masked else None
    await simulator.start()
    try:
        async with Look(found, Trace(lines.append, mask)) as look:
            assert await look.sweep(20.0), look.seen.failures
    finally:
        await simulator.stop()
    return "".join(lines)


def test_a_meters_serial_number_never_reaches_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gateway.yaml").write_text(GATEWAY.format(pty="/dev/ttyUSB0"), "utf-8")
    command = [str(tmp_path / "t.jsonl"), str(tmp_path / "gateway.yaml"), "--firmware", "1.0"]
    command = ["trace", "check", *command, "--folder", str(tmp_path / "send"), "--simulated"]
    for masked in (False, True):
        text = asyncio.run(recorded(tmp_path, masked))
        words = {w for line in text.splitlines() for w in json.loads(line).get("words", ())}
        assert ({0x1234, 0x5678} <= words) is not masked
        (tmp_path / "t.jsonl").write_text(text, "utf-8")
        assert main(command) == (0 if masked else 1)
        said = capsys.readouterr().out
        assert ("holding 64512, holding 64513" in said) is not masked
    names = sorted(path.name for path in (tmp_path / "send").iterdir())
    stem = "Simulated-Eastron_SDM120-Modbus_1.0"
    assert names == [f"{stem}.golden.json", f"{stem}.jsonl"]


TWO_LINES = """
gateway: gw-001
platform: {broker: "mqtt://127.0.0.1:1883"}
lines:
  - name: west
    port: /dev/a
    baudrate: 9600
    devices: [{name: one, driver: eastron_sdm120, unit_id: 1}]
  - name: east
    port: /dev/b
    baudrate: 9600
    devices:
      - {name: two, driver: eastron_sdm120, unit_id: 1}
      - {name: other, driver: haier_atw_r290, unit_id: 2}
"""


def test_unit_ids_begin_anew_on_every_line_and_two_of_a_make_go_to_two_files(
    tmp_path: Path,
) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(TWO_LINES, "utf-8")
    found = config.read(file)
    lines = list[str]()
    trace = Trace(lines.append, traces.mask_of(found))
    now = Stamp(datetime(2026, 1, 1, tzinfo=UTC), 1.0)
    volts = {"west": (0x4366, 0), "east": (0x4367, 0)}  # 230 and 231 V
    for name, words in volts.items():
        trace.keep(now, name, ReadRequest(1, "input", 0, 2), Answer(words))
    trace.keep(now, "west", ReadRequest(2, "holding", 0, 2), Answer((7, 7)))
    (tmp_path / "t.jsonl").write_text("".join(lines), "utf-8")
    assert '"words":[0,0]' in lines[2], "nobody of this line is known there"
    send = tmp_path / "send"
    assert (
        main(["trace", "check", str(tmp_path / "t.jsonl"), str(file), "--folder", str(send)]) == 0
    )
    goldens = [json.loads(path.read_text()) for path in sorted(send.glob("*.json"))]
    assert [one["readings"]["supply_voltage"]["value"] for one in goldens] == [230.0, 231.0]


@pytest.mark.parametrize(
    ("brand", "simulated", "name"),
    [("Acme", False, "Acme_WP-9-2_2.1"), ("永适", False, "works_WP-9-2_2.1"),
     ("永适", True, "Simulated-works_WP-9-2_2.1")],
)  # fmt: skip
def test_makers_of_no_latin_name_do_not_share_a_file(
    brand: str, simulated: bool, name: str
) -> None:
    found = load(WORKS.replace("Works & Co", brand), "works.yaml")
    about = traces.About("2.1", simulated)
    assert traces.file_name(Driver("works", found, Hooks(), ""), about) == name
