"""R18: a bridge that lost its machine shows old values; behind a closed gate none is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.model import Quality
from tests.rooms.quirks.testquirk import Pump, polled


@pytest.mark.parametrize(
    ("name", "gate", "closed", "opened"),
    [
        ("samsung_ehs_mimb19n", "x_comm_status", 0x03, 0x07),
        ("samsung_ehs_mimb19n", "x_comm_status", 0x10, 0x17),
        ("hitachi_atw_mbs_02", "x_link_state", 1, 0),
        ("hitachi_atw_mbs_02", "x_link_state", 0xFFFF, 0),
    ],
)
async def test_r18_frozen_values_are_not_published(
    tmp_path: Path, name: str, gate: str, closed: int, opened: int
) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("water_supply_temp", 41)
        pump.image.poke(gate, opened)

    async with polled(tmp_path, name, set_up=furnish) as pump:
        await pump.until(lambda: pump.value("water_supply_temp") == 41)
        pump.image.poke(gate, closed)
        await pump.sweeps(1)
        assert pump.quality("water_supply_temp") is Quality.NOT_READY
        assert pump.readings["water_supply_temp"].value is None
        assert pump.readings[gate].raw == closed
        pump.image.set("water_supply_temp", 38)
        pump.image.poke(gate, opened)
        await pump.sweeps(1)
        assert pump.value("water_supply_temp") == 38
