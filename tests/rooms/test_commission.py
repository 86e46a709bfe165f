"""A gateway from its box, on a simulated pair: searched, a wire put right, decided, written."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent import config
from agent.commission import Commission, write_configuration
from agent.drivers import driver
from agent.errors import Unfinished
from agent.web import Install
from agent.web.setup import Setup
from simulators.adapter import LoopAdapter
from simulators.loop import run as run_skipping
from simulators.uart import Serial
from simulators.variant import Variant, machine
from simulators.weather import synthetic_winter
from simulators.wiring import Pair, Wiring

FRESH = """# kept
gateway: gateway-1
page: {listen: "127.0.0.1:1"}
lines: []  # nobody yet
"""
BROKER = "mqtt://127.0.0.1:1883"


class Box:
    """A gateway that nobody has set up, and the pair it is wired to."""

    def __init__(
        self, folder: Path, text: str = FRESH, more: Mapping[int, str] | None = None
    ) -> None:
        self.path = folder / "gateway.yaml"
        self.path.write_text(text)
        units = []
        for unit_id, name in {3: "midea_mthermal_r32", **(more or {})}.items():
            unit = machine(driver(name).map, unit_id, synthetic_winter(), Random(unit_id))
            assert isinstance(unit.registers, Variant)
            unit.registers.lacking, unit.registers.generous = frozenset(), False
            unit.serial = Serial(9600)
            units.append(unit)
        self.pair = Pair(units)
        self.port = str(folder / "port")
        self.done = asyncio.Event()

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        run_skipping(story)

    def commission(self) -> Commission:
        opener = LoopAdapter(self.pair).attach
        return Commission(self.path, self.done.set, lambda: (self.port,), opener)


def install(commission: Commission) -> Install:
    found = commission.rooms.install
    assert found is not None
    return found


async def searched(hands: Install, port: str, all_ids: bool = False) -> Setup:
    assert hands.search(port, all_ids) is None
    assert hands.now().stage == "searching"
    while hands.now().stage == "searching":
        await asyncio.sleep(0.1)
    return hands.now()


def test_a_wire_is_put_right_and_the_pump_is_found_named_and_written(tmp_path: Path) -> None:
    box = Box(tmp_path)

    async def story() -> None:
        commission = box.commission()
        hands, task = install(commission), asyncio.create_task(commission.run())
        assert hands.now().ports == (box.port,)
        box.pair.wiring = Wiring(swapped=True)
        nobody = await searched(hands, box.port)
        assert nobody.stage == "nobody"
        assert nobody.hints[0].name.zh == "A、B 接反"
        box.pair.wiring = Wiring()
        (found,) = (await searched(hands, box.port)).machines
        assert (found.unit_id, found.driver, found.kind) == (3, "midea_mthermal_r32", "heat_pump")
        assert found.guesses[0].sure > 0.9
        assert {one.name.en for one in found.values} >= {"supply water temperature"}
        refused = await hands.write("gw-7", BROKER)
        assert refused is not None
        assert "compare" in refused.en
        assert hands.decide(3, True, "eastron_sdm630", "hp", 0) is not None
        assert hands.decide(9, True, "", "hp", 0) is not None
        assert hands.decide(3, True, "", "living-room", 0) is None
        assert await hands.write("gw-7", BROKER) is None
        await box.done.wait()
        assert hands.search(box.port, False) is not None
        task.cancel()

    box.run(story())
    made = config.read(box.path)
    assert made.gateway == "gw-7"
    assert made.page is not None
    assert [device.name for line in made.lines for device in line.devices] == ["living-room"]
    assert made.lines[0].port.baudrate == 9600
    text = box.path.read_text("utf-8")
    assert text.startswith("# kept")
    assert "compared with its display" in text
    assert box.pair.writes == 0


def test_a_configuration_that_would_be_wrong_is_not_written(tmp_path: Path) -> None:
    box = Box(tmp_path)

    async def story() -> None:
        commission = box.commission()
        hands, task = install(commission), asyncio.create_task(commission.run())
        await searched(hands, box.port)
        assert hands.decide(3, True, "", "hp1", 0) is None
        refused = await hands.write("gw-7", "nowhere")
        assert refused is not None
        assert "would be wrong" in refused.en
        assert hands.now().stage == "found"
        task.cancel()

    box.run(story())
    assert box.path.read_text() == FRESH
    assert [one.name for one in tmp_path.iterdir()] == ["gateway.yaml"]


def test_a_platform_that_the_file_names_stays(tmp_path: Path) -> None:
    named = 'platform: {broker: "mqtt://10.1.1.1:1883", acknowledge: puback}\n'
    box = Box(tmp_path, FRESH + named)

    async def story() -> None:
        commission = box.commission()
        hands, task = install(commission), asyncio.create_task(commission.run())
        assert not hands.now().asks_broker
        await searched(hands, box.port)
        assert hands.decide(3, True, "", "hp1", 0) is None
        assert await hands.write("gw-7", "") is None
        task.cancel()

    box.run(story())
    assert config.read(box.path).gateway == "gw-7"
    assert named in box.path.read_text("utf-8")


def test_who_measures_for_the_pump_is_written_as_its_home(tmp_path: Path) -> None:
    box = Box(tmp_path, more={4: "eastron_sdm120", 5: "xy_md02"})

    async def story() -> None:
        commission = box.commission()
        hands, task = install(commission), asyncio.create_task(commission.run())
        found = await searched(hands, box.port)
        proposed = {one.unit_id: (one.kind, one.serves) for one in found.machines}
        assert proposed == {3: ("heat_pump", 0), 4: ("meter", 3), 5: ("sensor", 3)}
        assert hands.decide(4, True, "", "meter1", 5) is None
        assert hands.decide(5, True, "", "room1", 9) is not None
        assert hands.decide(3, True, "", "east", 4) is not None
        assert hands.decide(5, True, "", "room1", 3) is None
        refused = await hands.write("gw-7", BROKER)
        assert refused is not None
        assert "meter1" in refused.en
        assert hands.decide(4, True, "", "meter1", 3) is None
        assert hands.decide(3, True, "", "east", 0) is None
        assert await hands.write("gw-7", BROKER) is None
        task.cancel()

    box.run(story())
    (home,) = config.read(box.path).core.homes
    assert (home.name, home.heat_pump) == ("east", "east")
    assert {(one.point, one.device) for one in home.supplies} == {
        ("active_power", "meter1"),
        ("energy_total", "meter1"),
        ("indoor_temp", "room1"),
    }


def test_which_of_two_meters_is_the_pumps_a_person_says(tmp_path: Path) -> None:
    box = Box(tmp_path, more={4: "eastron_sdm120", 5: "eastron_sdm120"})

    async def story() -> None:
        commission = box.commission()
        hands, task = install(commission), asyncio.create_task(commission.run())
        found = await searched(hands, box.port)
        assert [one.serves for one in found.machines] == [0, 0, 0]
        assert hands.decide(3, True, "", "east", 0) is None
        assert hands.decide(4, True, "", "meter1", 3) is None
        refused = hands.decide(5, True, "", "meter2", 3)
        assert refused is not None
        assert "meter1" in refused.en
        assert hands.decide(5, True, "", "meter2", 0) is None
        assert await hands.write("gw-7", BROKER) is None
        task.cancel()

    box.run(story())
    (home,) = config.read(box.path).core.homes
    assert {one.device for one in home.supplies} == {"meter1"}


async def test_the_way_to_the_platform_is_tried(tmp_path: Path) -> None:
    hands = install(Box(tmp_path).commission())
    assert await hands.network("mqtt://127.0.0.1:1") is None
    steps = {one.question: one for one in hands.now().network}
    assert not steps["broker"].good
    assert "refuses" in steps["broker"].says.en
    assert hands.now().broker == "mqtt://127.0.0.1:1"


@pytest.mark.parametrize("port", ["", "/etc/passwd", "file:///etc/passwd", "ttyUSB0"])
def test_what_is_no_port_is_not_opened(tmp_path: Path, port: str) -> None:
    hands = install(Box(tmp_path).commission())
    refused = hands.search(port, False)
    assert refused is not None
    assert "tcp://" in refused.en
    assert hands.now().stage == "ready"


def test_a_port_that_does_not_open_is_named(tmp_path: Path) -> None:
    box = Box(tmp_path)

    async def story() -> None:
        commission = Commission(box.path, box.done.set, lambda: ())
        task = asyncio.create_task(commission.run())
        found = await searched(install(commission), "/dev/there-is-none")
        assert found.hints[0].name.en == "wrong port"
        task.cancel()

    box.run(story())


def test_nothing_can_be_wished_before(tmp_path: Path) -> None:
    rooms = Box(tmp_path).commission().rooms
    assert not rooms.live().set_up
    assert rooms.live().gateway == "gateway-1"
    with pytest.raises(Unfinished):
        config.read(tmp_path / "gateway.yaml")


def test_who_may_read_the_file_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(FRESH, "utf-8")
    path.chmod(0o640)
    lines = (
        f"platform: {{broker: {BROKER}}}\nlines: [{{name: bus1, port: /dev/ttyUSB0, devices:"
        " [{name: hp1, driver: midea_mthermal_r290, unit_id: 1}]}]"
    )
    right = FRESH.replace("lines: []", lines)
    before = os.umask(0o077)  # as the service's unit has it
    try:
        write_configuration(path, right)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
