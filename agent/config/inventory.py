"""What the gateway tells of itself upstream: its drivers, devices and homes, out of the lines."""

from __future__ import annotations

from agent.config.lines import LineConfig
from agent.drivers import Device, Driver
from agent.homes import Home, lacks
from agent.points import POINTS
from agent.uplink import DeviceCard, DriverCard, HomeCard, Inventory, PointCard


def inventory(lines: tuple[LineConfig, ...], homes: tuple[Home, ...]) -> Inventory:
    """Every driver in use once, every device, and every heat pump as the home it heats.

    A heat pump of no home that is configured stands for one of its own name.
    """
    used = {driver.name: driver for line in lines for driver in line.drivers}
    devices = {device.name: device for line in lines for device in line.devices}
    known = {home.heat_pump: home for home in homes}
    pumps = [device for device in devices.values() if device.kind == "heat_pump"]
    return Inventory(
        tuple(driver_card(driver) for driver in used.values()),
        tuple(_device(line, device) for line in lines for device in line.devices),
        tuple(_home(pump, known.get(pump.name) or Home(pump.name, pump.name)) for pump in pumps),
    )


def driver_card(driver: Driver) -> DriverCard:
    """What a driver is for, what it can do, and all its points."""
    found = driver.map
    return DriverCard(
        driver.name,
        driver.sha256,
        found.kind,
        found.grade,
        tuple(f"{cover.brand} {cover.model}" for cover in found.covers),
        {str(capability): point for capability, point in found.capabilities.items()},
        tuple(_point(driver, name) for name in found.points),
    )


def _point(driver: Driver, name: str) -> PointCard:
    point, rule = driver.map.point(name), driver.map.points[name]
    writable = rule.write is not None and driver.map.line.master != "controller"
    locked = writable and driver.map.unsure(name)
    en, zh = ("", "") if name in POINTS else (point.en, point.zh)
    return PointCard(name, point.unit.value, writable, locked, en, zh)


def _device(line: LineConfig, device: Device) -> DeviceCard:
    return DeviceCard(
        device.name, device.map.map, line.port.name, device.poll_s, device.monitor_only
    )


def _home(pump: Device, home: Home) -> HomeCard:
    supplied = {one.point: f"{one.device}.{one.source}" for one in home.supplies}
    return HomeCard(home.name, home.heat_pump, supplied, lacks(pump, home))
