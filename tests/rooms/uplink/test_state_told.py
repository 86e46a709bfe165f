"""When the platform is told anew how the gateway fares."""

from __future__ import annotations

import msgspec
import pytest

from agent.light import Light
from agent.uplink.messages import StateHealth
from agent.uplink.uplink import LIGHT_AFTER_S, STATE_EVERY_S, _worth_telling

WELL = StateHealth(True, 60.0, {}, None, 4096, 0, 0, None, 0, {}, "normal", Light.GREEN)
ALARM = msgspec.structs.replace(WELL, light=Light.ALARM)
FULL = msgspec.structs.replace(WELL, disk_error="no space")
LATER = msgspec.structs.replace(WELL, running_s=70.0)


@pytest.mark.parametrize(
    ("told", "now", "after_s", "worth"),
    [
        (WELL, LATER, STATE_EVERY_S - 1, False),
        (WELL, LATER, STATE_EVERY_S, True),
        (WELL, FULL, 0.0, True),
        (WELL, ALARM, LIGHT_AFTER_S - 1, False),
        (WELL, ALARM, LIGHT_AFTER_S, True),
        (None, None, LIGHT_AFTER_S, False),
        (None, WELL, 0.0, True),
    ],
)
def test_worth_telling(
    told: StateHealth | None, now: StateHealth | None, after_s: float, worth: bool
) -> None:
    assert _worth_telling(told, now, after_s) is worth
