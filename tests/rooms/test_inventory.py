"""What a gateway tells of itself: drivers once, devices, homes and what they lack."""

from __future__ import annotations

from pathlib import Path

from agent import config
from agent.drivers import driver
from agent.yamltext import parse

GATEWAY = """
gateway: gw-001
platform: {broker: "mqtt://127.0.0.1:1883"}
lines:
  - name: bus1
    port: /dev/ttyUSB0
    baudrate: 9600
    parity: none
    stop_bits: 1
    devices:
      - {name: hp1, driver: lambda_eul, unit_id: 1, every: 10 s}
      - {name: hp2, driver: phnix_khx_r290, unit_id: 2}
      - {name: hp3, driver: itho_amber, unit_id: 11}
      - {name: hp4, driver: phnix_khx_r290, unit_id: 4}
      - {name: room1, driver: xy_md02, unit_id: 21}
homes:
  - {name: east, heat_pump: hp2, points: {indoor_temp: {device: room1}}}
"""


def test_drivers_once_devices_and_homes() -> None:
    found = config.build(parse(GATEWAY, "gateway.yaml"), Path()).uplink.inventory
    assert [card.driver for card in found.drivers] == [
        "lambda_eul",
        "phnix_khx_r290",
        "itho_amber",
        "xy_md02",
    ]
    first = found.devices[0]
    assert (first.device, first.line, first.every_s) == ("hp1", "bus1", 10.0)
    assert [card.device for card in found.devices if card.monitor_only] == ["hp3"]
    homes = {home.heat_pump: home for home in found.homes}
    assert homes["hp2"].name == "east"
    assert homes["hp2"].supplied == {"indoor_temp": "room1.indoor_temp"}
    assert homes["hp2"].lacks == ("fault_alarm",)
    assert homes["hp4"].lacks == ("indoor_temp", "fault_alarm")


def test_a_driver_says_what_it_can_do_and_what_is_locked() -> None:
    found = config.build(parse(GATEWAY, "gateway.yaml"), Path()).uplink.inventory
    cards = {card.driver: card for card in found.drivers}
    phnix = cards["phnix_khx_r290"]
    assert phnix.map_sha256 == driver("phnix_khx_r290").sha256
    assert phnix.grade == "draft"
    assert phnix.capabilities["water_setpoint"] == "water_setpoint"
    points = {card.id: card for card in phnix.points}
    assert points["water_setpoint"].writable
    assert (points["outdoor_temp"].unit, points["outdoor_temp"].en) == ("degC", "")
    own = [card for card in phnix.points if card.id.startswith("x_")]
    assert all(card.en and card.zh for card in own)
    rules = driver("phnix_khx_r290").map.points
    unsure = {n for n, r in rules.items() if r.write and r.confidence in ("contra", "unverified")}
    assert {card.id for card in phnix.points if card.locked} == unsure
    assert not [card.id for card in cards["itho_amber"].points if card.writable]
