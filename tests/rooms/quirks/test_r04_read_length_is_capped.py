"""R4: no request of a driver is longer than its machine takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.drivers import names
from tests.rooms.quirks.testquirk import device_of, map_of, polled

POINTS = "\n".join(f"x_r{i}: {{at: {i}, en: a, zh: b}}" for i in range(60))
CAPS = {"haier_atw_r290": 50, "mitsubishi_procon_mini": 25, "kolant_greenbro": 40}


@pytest.mark.parametrize("name", names())
def test_r04_every_plan_keeps_the_cap_of_its_driver(name: str) -> None:
    device = device_of(name)
    cap = min(device.map.line.max_words, CAPS.get(name, 125))
    for block in device.plan():
        bits = block.request.table in ("coil", "discrete")
        assert block.request.count <= cap * (16 if bits else 1), block.request


async def test_r04_a_machine_that_fails_on_long_requests_is_read_whole(tmp_path: Path) -> None:
    top = "line: {answer_within: 80 ms, worst_lateness: 40 ms, max_words: 25}"
    async with polled(tmp_path, map_of(POINTS, top)) as pump:  # it refuses more than 25 words
        await pump.until(lambda: len(pump.readings) == 60)
        assert not pump.failures()
