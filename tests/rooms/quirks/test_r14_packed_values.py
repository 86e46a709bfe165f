"""R14: nibbles over two words, zones in low and high byte, a setpoint in the low byte only."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.model import Outcome
from simulators.registers import RegisterImage
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

TWO_WORDS = "{at: 146, bits: 4..7}, {at: 147, bits: 0..7}"
ZONES = """
water_setpoint: {at: 2, bits: 0..7, write: {low: 25, high: 60, step: 1}}
water_setpoint_z2: {at: 2, bits: 8..15, write: {low: 25, high: 60, step: 1}}
"""


@pytest.mark.parametrize(
    ("words", "celsius"),
    [([0x0010, 0x0081], 38.5), ([0xFFF0, 0xFFFB], -0.5), ([0x0000, 0x00FF], 25.5)],
)
def test_r14_twelve_bits_over_two_words(words: list[int], celsius: float) -> None:
    found = map_of(f"water_supply_temp: {{pack: [{TWO_WORDS}], type: s12, scale: 0.1}}")
    device = device_of(found)
    (block,) = device.plan()
    readings = device.decode(block, words)
    assert not isinstance(readings, str)
    assert readings[0].value == celsius


@pytest.mark.parametrize("celsius", [-12.4, -0.1, 0.0, 38.5])
def test_r14_haiers_remote_bus_packs_water_and_air(celsius: float) -> None:
    device = device_of("haier_yre27_r32")
    image = RegisterImage(device.map, device.unit_id)
    for point in ("water_supply_temp", "water_return_temp", "outdoor_temp"):
        image.set(point, celsius)
        assert image.get(point) == celsius


async def test_r14_two_zones_in_one_word_do_not_disturb_each_other(tmp_path: Path) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("water_setpoint", 40)
        pump.image.set("water_setpoint_z2", 35)

    async with polled(tmp_path, map_of(ZONES), set_up=furnish) as pump:
        await pump.sweeps(1)
        for point, value, other in (("water_setpoint", 45, 35), ("water_setpoint_z2", 30, 45)):
            done = await pump.write(point, value)
            assert (done.outcome, done.read_back) == (Outcome.VERIFIED, value)
            second = "water_setpoint_z2" if point == "water_setpoint" else "water_setpoint"
            assert pump.image.get(second) == other


def test_r14_sprsun_and_midea_say_so_in_their_maps() -> None:
    bits = device_of("midea_mthermal_r290").map.points["water_setpoint"].bits
    assert bits is not None
    assert (bits.low, bits.high) == (0, 7)
