"""R19: what is written at one address is proved at the one where the machine shows it."""

from __future__ import annotations

from pathlib import Path

from agent.model import Outcome
from simulators.bus import PtyLine
from tests.rooms.quirks.testquirk import Pump, device_of, polled


async def test_r19_haier_is_written_at_40003_and_proved_at_40103(tmp_path: Path) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("x_zone1_control_source", "water_main_controller")
        pump.image.set("water_setpoint", 40.0)

    async with polled(tmp_path, "haier_atw_r290", set_up=furnish) as pump:
        await pump.sweeps(1)
        done = await pump.write("water_setpoint", 44.5)
        assert (done.outcome, done.read_back) == (Outcome.VERIFIED, 44.5)
        assert isinstance(pump.peer, PtyLine)
        frames = [e.request for e in pump.peer.exchanges]
        written = next(i for i, frame in enumerate(frames) if frame[1] in (6, 16))
        assert int.from_bytes(frames[written][2:4], "big") == 40003
        assert frames[written + 1][1] == 3
        assert int.from_bytes(frames[written + 1][2:4], "big") == 40103


def test_r19_hitachi_has_two_addresses_for_each_point() -> None:
    device = device_of("hitachi_atw_mbs_02")
    for name, rule in device.map.points.items():
        if rule.write is not None and rule.write.at is not None:
            assert device.read_back(name).request.at == rule.at != rule.write.at
