"""What detection reads of a snapshot."""

from __future__ import annotations

import pytest

from agent.faults import sample_of
from agent.model import Quality, Reading, Snapshot
from tests.rooms.control.testpump import pump, stamp

READ = (
    Reading("outdoor_temp", -7.5),
    Reading("compressor_on", True),
    Reading("compressor_starts", 12),
    Reading("water_flow", None, Quality.ABSENT),
    Reading("indoor_temp", 21.0),
    Reading("mode_active", "dhw"),
    Reading("dhw_temp", 300.0, Quality.OUT_OF_RANGE),
    Reading("water_pressure", "code 7", Quality.GOOD),
    Reading("a_point_of_the_vendors", 5.0),
)


def test_a_sample_has_the_numbers_that_are_good_and_fresh() -> None:
    picture = Snapshot("hp").with_readings(READ, 100.0).with_readings(READ[:4], 130.0)
    found = sample_of(pump(), picture, stamp(131.0), None, {"indoor_temp": 30.0, "dhw_temp": 5.0})
    assert (found.outdoor_temp, found.compressor_on, found.compressor_starts) == (-7.5, 1.0, 12.0)
    assert (found.water_flow, found.indoor_temp, found.dhw_temp) == (None, None, None)
    assert (found.mode, found.water_pressure, found.fan_speed) == ("hot_water", None, None)
    assert found.bad.keys() == {"water_flow", "dhw_temp"}
    fresh = sample_of(pump(), picture, stamp(130.0), None, {"indoor_temp": 30.0})
    assert fresh.indoor_temp == 21.0


@pytest.mark.parametrize(("shown", "mode"), [("heat", "heating"), ("heat_dhw", None), (3.0, None)])
def test_a_mode_is_a_word(shown: str | float, mode: str | None) -> None:
    picture = Snapshot("hp").with_readings((Reading("mode_active", shown),), 0.0)
    assert sample_of(pump(), picture, stamp(0.0)).mode == mode


def test_a_lost_poll_shows_nothing() -> None:
    picture = Snapshot("hp").with_readings(READ, 0.0)
    found = sample_of(pump(), picture, stamp(0.0), "no answer")
    assert (found.lost, found.outdoor_temp, found.mode, found.bad) == ("no answer", None, None, {})
