"""R10: what a machine shows for a sensor that is not there never becomes a number."""

from __future__ import annotations

import pytest

from agent.drivers import names
from agent.model import Quality
from simulators.registers import RegisterImage
from tests.rooms.quirks.testquirk import device_of

SIGNS = [
    ("stiebel_wpm_isg", "outdoor_temp", 0x8000),
    ("lambda_eul", "water_supply_temp", 0x8000),
    ("lambda_eul", "outdoor_temp", 0xF448),  # 62536, else -300.0
    ("nibe_s_series", "water_supply_temp", 0x8000),
    ("midea_mthermal_r290", "water_supply_temp", 0x7FFF),
    ("chofu_aerona3", "x_outdoor_ext_temp", 65336),  # else -20.0
    ("hitachi_atw_mbs_02", "dhw_temp", 0xFF81),  # else -127
    ("hitachi_atw_mbs_02", "dhw_temp", 0xFFBD),  # else -67
]


@pytest.mark.parametrize(("name", "point", "raw"), SIGNS)
def test_r10_the_sign_has_no_value_and_leaves_its_block_alone(
    name: str, point: str, raw: int
) -> None:
    device = device_of(name)
    codec = device.codecs[point]
    shown = codec.decode([raw] * (codec.span[1] - codec.span[0] + 1), codec.span[0], device._known)
    assert raw in codec.absent
    assert shown.value is None
    assert shown.quality in (Quality.ABSENT, Quality.NOT_READY)


@pytest.mark.parametrize("name", names())
def test_r10_every_sign_of_every_map_is_no_number(name: str) -> None:
    """Set by the simulator, read by the plan: absent beside neighbours that keep their values."""
    device = device_of(name)
    image = RegisterImage(device.map, device.unit_id)
    silenced = []
    for point, codec in device.codecs.items():
        rule = device.map.points[point]
        whole = rule.bits is None and rule.mask is None and not rule.pack and not rule.plus
        if codec.absent and whole:
            image.set(point, None)
            silenced.append(point)
    for point in silenced:
        assert image.get(point) is None


def test_r10_a_sign_inside_a_block_does_not_reject_the_other_words() -> None:
    device = device_of("stiebel_wpm_isg")
    image = RegisterImage(device.map, device.unit_id)
    image.set("outdoor_temp", None)
    image.set("x_circuit1_temp", 31.5)
    block = next(b for b in device.plan() if {"outdoor_temp", "x_circuit1_temp"} <= set(b.points))
    request = block.request
    words = image.read(request.unit_id, request.table, request.at, request.count)
    assert not isinstance(words, int)
    readings = device.decode(block, words)
    assert not isinstance(readings, str)
    shown = {reading.point: reading for reading in readings}
    assert shown["outdoor_temp"].quality is Quality.ABSENT
    assert shown["x_circuit1_temp"].value == 31.5
