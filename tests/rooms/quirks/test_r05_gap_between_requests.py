"""R5: between two requests a driver's own pause is kept."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from simulators.bus import PtyLine
from tests.rooms.quirks.testquirk import device_of, map_of, polled

POINTS = "\n".join(f"x_r{i}: {{at: {1000 * i}, en: a, zh: b}}" for i in range(4))
GAPS_S = {
    "samsung_ehs_mimb19n": 0.01,
    "lg_therma_v": 0.2,
    "mitsubishi_procon_mini": 0.2,
    "phnix_khx_r290": 0.3,
    "kolant_greenbro": 0.5,
}


@pytest.mark.parametrize("name", GAPS_S)
def test_r05_the_drivers_say_what_their_machines_need(name: str) -> None:
    assert float(device_of(name).map.line.gap) >= GAPS_S[name]


@pytest.mark.parametrize("gap_ms", [0, 60])
async def test_r05_the_gap_is_kept_between_reads_and_writes(tmp_path: Path, gap_ms: int) -> None:
    line = f"line: {{answer_within: 80 ms, worst_lateness: 40 ms, gap: {gap_ms} ms}}"
    points = POINTS + "\nwater_setpoint: {at: 9, write: {low: 25, high: 55, step: 1}}"
    async with polled(tmp_path, map_of(points, line)) as pump:
        await pump.sweeps(1)
        await pump.write("water_setpoint", 45)
        await pump.sweeps(1)
        assert isinstance(pump.peer, PtyLine)
        done = list(pump.peer.exchanges)
    gaps = [
        after.requested_mono - before.replied_mono
        for before, after in pairwise(done)
        if before.replied_mono is not None
    ]
    assert len(gaps) > 8
    assert min(gaps) >= gap_ms / 1000
