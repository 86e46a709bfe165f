"""Scan and doctor on a TCP address: no settings, and converters that answer for absent machines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Literal

import pytest

from agent.drivers import driver, names
from agent.scan import Fault, Patient, Wanted, doctor, search
from simulators.tcp import TcpLine
from simulators.variant import machine
from simulators.weather import synthetic_winter

DRIVERS = tuple(driver(name) for name in names())
FAMILY = driver("daikin_homehub")


@asynccontextmanager
async def served(
    framing: Literal["tcp", "rtu"], closes_after: int | None = None
) -> AsyncIterator[int]:
    """The port of a converter with one machine behind it."""
    unit = machine(FAMILY.map, 1, synthetic_winter(), Random(2))
    line = TcpLine({1: unit.registers}, framing=framing, closes_after=closes_after)
    await line.start()
    try:
        yield line.port
    finally:
        await line.stop()


@pytest.mark.parametrize(("framing", "scheme"), [("tcp", "tcp"), ("rtu", "rtu+tcp")])
async def test_a_machine_behind_a_converter(framing: Literal["tcp", "rtu"], scheme: str) -> None:
    async with served(framing) as port:
        seen = await search(f"{scheme}://127.0.0.1:{port}", DRIVERS, Wanted(ids=(1,)))
    assert [(one.unit_id, one.verdict.driver) for one in seen.units] == [(1, FAMILY.name)]
    assert seen.setting is None


async def test_a_healthy_converter_is_well() -> None:
    async with served("tcp") as port:
        said = await doctor(Patient(f"tcp://127.0.0.1:{port}", None, {1: FAMILY}), DRIVERS)
    assert said[0].fault is Fault.WELL


@pytest.mark.parametrize("closes_after", [1, 20])
async def test_a_converter_that_hangs_up_hides_nobody(closes_after: int) -> None:
    async with served("tcp", closes_after) as port:
        url = f"tcp://127.0.0.1:{port}"
        seen = await search(url, DRIVERS, Wanted(ids=(1,)))
        said = await doctor(Patient(url, None, {1: FAMILY}), DRIVERS)
    assert [(one.unit_id, one.verdict.driver) for one in seen.units] == [(1, FAMILY.name)]
    assert said[0].fault is Fault.WELL
