"""`read` shows a home's heat pump with what others supply, and who does."""

from __future__ import annotations

from pathlib import Path

from agent import config
from agent.cli.look import _home_json, _home_table
from agent.model import Quality, Reading, Snapshot
from agent.sweep import Seen

EXAMPLE = Path(__file__).parents[2] / "configs" / "gateway.example.yaml"


def test_a_supplied_point_is_marked_by_whom() -> None:
    found = config.read(str(EXAMPLE))
    home = next(one for one in found.core.homes if one.supplies)
    supply = home.supplies[0]
    seen = Seen({name: Snapshot(name) for name in found.core.devices})
    for device, point, value in (
        (home.heat_pump, "water_supply_temp", 41.5),
        (supply.device, supply.source, 20.5),
    ):
        reading = Reading(point, value, Quality.GOOD)
        seen.snapshots[device] = seen.snapshots[device].with_readings((reading,), 1.0)
    points = _home_json(home, seen)
    assert points["water_supply_temp"]["from"] == home.heat_pump
    assert points[supply.point]["value"] == 20.5
    assert points[supply.point]["from"] == f"{supply.device}.{supply.source}"
    assert f"{supply.device}.{supply.source}" in _home_table(found, home, seen)
