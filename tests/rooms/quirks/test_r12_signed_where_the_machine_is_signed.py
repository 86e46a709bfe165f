"""R12: outdoor temperatures below zero come out below zero, from every family."""

from __future__ import annotations

import pytest

from agent.drivers import driver, names
from simulators.registers import RegisterImage
from simulators.unit import factory_values
from tests.rooms.quirks.testquirk import device_of

PUMPS = [n for n in names() if "outdoor_temp" in driver(n).map.points]


@pytest.mark.parametrize("name", PUMPS)
@pytest.mark.parametrize("celsius", [-0.5, -7.0, -15.0])
def test_r12_cold_is_cold(name: str, celsius: float) -> None:
    device = device_of(name)
    image = RegisterImage(device.map, device.unit_id)
    factory_values(image, ("outdoor_temp",))
    image.set("outdoor_temp", celsius)
    step = float(device.map.points["outdoor_temp"].scale)
    for block in device.plan():
        request = block.request
        words = image.read(request.unit_id, request.table, request.at, request.count)
        assert not isinstance(words, int)
        readings = device.decode(block, words)
        assert not isinstance(readings, str)
        for reading in readings:
            if reading.point == "outdoor_temp":
                assert isinstance(reading.value, float | int)
                assert abs(reading.value - celsius) <= step / 2
                return
    raise AssertionError("never read")


def test_r12_there_are_families_to_prove_it_on() -> None:
    assert len(PUMPS) >= 16
