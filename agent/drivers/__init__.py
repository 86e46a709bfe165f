"""What a pump is: register maps, exact values, read plans. Pure; knows no wire and no clock."""

from agent.drivers.codec import Encoded, Unfit
from agent.drivers.consistency import load
from agent.drivers.device import Device
from agent.drivers.hooks import Hooks
from agent.drivers.planner import Block, Cost, halves, plan
from agent.drivers.registermap import FaultCode, RegisterMap
from agent.drivers.registry import Driver, DriverSource, driver, names, refusals, usable
from agent.drivers.wire import ReadRequest, Request, WriteRequest

__all__ = [
    "Block",
    "Cost",
    "Device",
    "Driver",
    "DriverSource",
    "Encoded",
    "FaultCode",
    "Hooks",
    "ReadRequest",
    "RegisterMap",
    "Request",
    "Unfit",
    "WriteRequest",
    "driver",
    "halves",
    "load",
    "names",
    "plan",
    "refusals",
    "usable",
]
