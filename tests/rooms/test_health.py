"""What counts as hanging: a loop or a thread that ends nothing, never a house in trouble."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.health import LineHealth, stuck
from tests.rooms.healths import WELL

LINE = WELL.lines["bus1"]
DEAD = replace(LINE, silences=300, garbled=0, lost=9)


@pytest.mark.parametrize(
    "health",
    [
        WELL,
        replace(WELL, connected=False),
        replace(WELL, disk_error="the disk is full"),
        replace(WELL, lines={"bus1": DEAD}),
        replace(WELL, lines={"bus1": replace(LINE, due_by=None)}),
        replace(WELL, turned_mono=WELL.mono - 70.0),
    ],
)
def test_trouble_that_a_restart_does_not_mend_is_no_reason(health: object) -> None:
    assert isinstance(health, type(WELL))
    assert stuck(health, 70.0) is None


@pytest.mark.parametrize(
    ("health", "named"),
    [
        (replace(WELL, turned_mono=WELL.mono - 71.0), "disk thread"),
        (replace(WELL, lines={"bus1": replace(LINE, due_by=999.0)}), "line bus1"),
        (replace(WELL, lines={"a": LINE, "b": LineHealth(0, 0, 0, 0, 0, 0, 0, 10.0)}), "line b"),
    ],
)
def test_what_hangs_is_named(health: object, named: str) -> None:
    assert isinstance(health, type(WELL))
    assert named in (stuck(health, 70.0) or "")
