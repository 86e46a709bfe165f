"""R26: a machine whose controller the gateway would replace is only watched."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent import config
from agent.control import Control, ControlSettings
from agent.drivers import driver
from agent.errors import FileError
from agent.facts import Send
from agent.model import Snapshot
from tests.rooms.control.testpump import command, pump, snapshot, stamp
from tests.rooms.quirks.testquirk import device_of

GATEWAY = """
gateway: gw
platform: {broker: "mqtt://127.0.0.1:1"}
lines: [{name: bus, port: /dev/ttyUSB0, devices: [{name: hp, driver: itho_amber}]}]
control:
  - {device: hp, point: water_setpoint, park: "45"}
"""


def test_r26_amber_is_only_watched_and_has_nothing_to_write() -> None:
    device = device_of("itho_amber")
    assert device.monitor_only
    assert not [name for name, rule in device.map.points.items() if rule.write]


def test_r26_control_of_it_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY, "utf-8")
    with pytest.raises(FileError, match=r"control\[0\]"):
        config.read(path)


def test_r26_even_a_writable_point_is_neither_written_nor_parked() -> None:
    controller = ("every: 10 s\n", "every: 10 s\nline: {master: controller}\n")
    machine = pump(changes=controller)
    assert machine.monitor_only
    control = Control(ControlSettings(ZoneInfo("Asia/Shanghai")), {"hp": machine}, {})
    seen: dict[str, Snapshot] = {"hp": snapshot(0.0)}
    effects = list(control.command(command("c", 40, "resident"), seen, stamp(0.0)))
    effects += list(control.park(seen, stamp(1.0)))
    assert not [effect for effect in effects if isinstance(effect, Send)]


def test_r26_who_is_controller_is_said_by_the_map() -> None:
    assert driver("itho_amber").map.line.master == "controller"
