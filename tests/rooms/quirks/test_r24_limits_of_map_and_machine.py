"""R24: nothing beyond the limits of sheet and machine; no dangerous word is writable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.drivers import Encoded, Unfit, driver, names
from agent.model import Outcome
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

POINTS = """
water_setpoint: {at: 0, write: {low: 5, high: 60, step: 1, low_from: x_min, high_from: x_max}}
x_min: {at: 10, en: lowest, zh: 下限}
x_max: {at: 11, en: highest, zh: 上限}
"""
DANGEROUS = re.compile(r"test|dry_?(up|out)|eeprom|factory|_stage|relay|calibrat|address|baud")


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(25, "verified"), (50, "verified"), (24, "refused"), (51, "refused"), (61, "refused")],
)
async def test_r24_the_machine_narrows_the_map(tmp_path: Path, value: int, outcome: str) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("x_min", 25)
        pump.image.set("x_max", 50)

    async with polled(tmp_path, map_of(POINTS), set_up=furnish) as pump:
        await pump.sweeps(1)
        done = await pump.write("water_setpoint", value)
        assert done.outcome == outcome, done.why
        assert bool(pump.image.log) is (done.outcome is Outcome.VERIFIED)


def test_r24_nothing_is_written_before_the_machine_has_said_how_far() -> None:
    device = device_of(map_of(POINTS))
    unknown = device.encode("water_setpoint", 40)
    assert isinstance(unknown, Unfit)
    assert unknown.why == "water_setpoint: the machine's own limit x_min is not known yet"
    device.decode(device.read_back("x_min"), [25])
    device.decode(device.read_back("x_max"), [50])
    assert isinstance(device.encode("water_setpoint", 40), Encoded)
    device.forget()
    assert isinstance(device.encode("water_setpoint", 40), Unfit)


def test_r24_a_machine_that_does_not_have_the_limit_is_held_to_the_map() -> None:
    device = device_of(map_of(POINTS))
    device.unsupported |= {"x_min", "x_max"}
    assert isinstance(device.encode("water_setpoint", 60), Encoded)
    assert isinstance(device.encode("water_setpoint", 61), Unfit)


def test_r24_midea_and_phnix_show_their_limits() -> None:
    for name in ("midea_mthermal_r290", "midea_mthermal_r32", "phnix_khx_r290"):
        rule = driver(name).map.points["water_setpoint"].write
        assert rule is not None
        assert rule.low_from or rule.high_from, name


@pytest.mark.parametrize("name", names())
def test_r24_no_dangerous_word_is_writable_from_control(name: str) -> None:
    for point, rule in driver(name).map.points.items():
        if rule.write is None:
            continue
        told = f"{point} {rule.en or ''}".lower()
        assert not DANGEROUS.search(told), point
