"""R11: a default that looks real is told by the configuration word, not by its value."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.drivers import Encoded, Unfit
from agent.model import Quality
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

POINTS = """
x_tank: {at: 0, type: bool, en: tank, zh: 水箱}
dhw_temp: {at: 1, fitted_if: {x_tank: ["true"]}}
dhw_setpoint: {at: 2, fitted_if: {x_tank: ["true"]}, write: {low: 30, high: 60, step: 1}}
"""


@pytest.mark.parametrize(("fitted", "shown"), [(False, None), (True, 45)])
async def test_r11_a_machine_without_tank_shows_45_and_nobody_believes_it(
    tmp_path: Path, fitted: bool, shown: int | None
) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("x_tank", fitted)
        pump.image.poke("dhw_temp", 45)

    async with polled(tmp_path, map_of(POINTS), set_up=furnish) as pump:
        await pump.sweeps(1)
        assert pump.value("dhw_temp") == shown
        assert pump.readings["dhw_temp"].raw == 45
        assert pump.quality("dhw_temp") is (Quality.GOOD if fitted else Quality.ABSENT)


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("hitachi_atw_mbs_02", "dhw_temp"),
        ("hitachi_atw_mbs_02", "x_pool_temp"),
        ("midea_mthermal_r32", "indoor_temp"),
    ],
)
def test_r11_the_drivers_gate_what_their_machines_make_up(name: str, point: str) -> None:
    assert device_of(name).map.points[point].fitted_if


def test_r11_until_the_word_was_read_there_is_no_value_and_no_alarm_of_a_lost_sensor() -> None:
    device = device_of(map_of(POINTS))
    readings = device.decode(device.read_back("dhw_temp"), [45])
    assert not isinstance(readings, str)
    assert readings[0].quality is Quality.NOT_READY


def test_r11_a_part_that_is_not_there_is_not_set() -> None:
    device = device_of(map_of(POINTS))
    for word, kind in ((0, Unfit), (1, Encoded)):
        device.decode(device.read_back("x_tank"), [word])
        assert isinstance(device.encode("dhw_setpoint", 50), kind)
