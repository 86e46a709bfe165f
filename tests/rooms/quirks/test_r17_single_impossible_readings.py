"""R17: single impossible readings are rejected by limits of range and step, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.control import ControlSettings
from agent.core import Core, CoreSettings
from agent.drivers import driver, names
from agent.facts import BlockRead, Keep
from agent.jump import LEAPS, Jump
from agent.model import Quality
from agent.records import Telemetry
from tests.rooms.control.testpump import stamp
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

POINTS = "water_supply_temp: {at: 0, type: s16, scale: 0.1, low: -30, high: 110, jump: 25}"


async def test_r17_a_spike_is_no_value_and_neither_is_the_old_one(tmp_path: Path) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("water_supply_temp", 40.0)

    async with polled(tmp_path, map_of(POINTS), set_up=furnish) as pump:
        await pump.sweeps(1)
        pump.image.set("water_supply_temp", 99.0)
        await pump.until(lambda: pump.quality("water_supply_temp") is Quality.OUT_OF_RANGE)
        spike = pump.readings["water_supply_temp"]
        assert (spike.value, spike.raw) == (99.0, 990)
        assert pump.value("water_supply_temp") is None, "the old value passed for a new one"
        pump.image.set("water_supply_temp", 41.0)
        await pump.until(lambda: pump.value("water_supply_temp") == 41.0)


@pytest.mark.parametrize(
    ("values", "believed"),
    [
        ([40, 41, 99, 41], [True, True, False, True]),
        ([40, 99, 98, 99, 99], [True, False, False, True, True]),  # it really is so hot
        ([40, 99, -20, 80, 5, 41], [True, False, False, False, False, True]),  # spikes in a row
        ([40, 65, 90], [True, True, True]),  # as far as it may leap
        ([99], [True]),
    ],
)
def test_r17_leaps(values: list[float], believed: list[bool]) -> None:
    jump = Jump(25.0)
    assert [jump.believes(value) for value in values] == believed


@given(st.lists(st.floats(-50, 150), min_size=1, max_size=40))
def test_r17_who_is_believed_after_a_leap_was_confirmed(values: list[float]) -> None:
    jump, run = Jump(25.0), 0
    last: float | None = None
    for value in values:
        leaps = last is not None and abs(value - last) > 25.0
        run = run + 1 if leaps else 0
        if jump.believes(value):
            assert not leaps or run >= LEAPS
            last = value
            run = 0


def test_r17_in_telemetry_the_point_has_a_reason_instead_of_a_number() -> None:
    device = device_of(map_of(POINTS))
    core = Core(CoreSettings({"hp": device}, ControlSettings(stamp(0).at.tzinfo)))  # type: ignore[arg-type]
    block = device.plan()[0]
    told = []
    for second, word in ((0.0, 400), (10.0, 990)):
        readings = device.decode(block, [word])
        assert not isinstance(readings, str)
        effects = core.step(BlockRead("hp", readings, stamp(second), True))
        told += [e.record for e in effects if isinstance(e, Keep)]
    assert isinstance(told[-1], Telemetry)
    assert "water_supply_temp" not in told[-1].values
    assert told[-1].missing["water_supply_temp"] == "out_of_range"


def test_r17_water_and_air_have_both_limits_in_every_map() -> None:
    for name in set(names()) - {"simulated_pump"}:
        for point in ("water_supply_temp", "water_return_temp", "outdoor_temp"):
            rule = driver(name).map.points.get(point)
            if rule is not None:
                assert None not in (rule.low, rule.high, rule.jump), f"{name} {point}"
