"""Random units run, say the same for the same seed, and do not feel each other's faults."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.physics import (
    CODE_STATUS,
    SCENARIOS,
    SEVERITIES,
    Fleet,
    Injection,
    draw_units,
    weather,
)

HOURS_3 = 240


def test_the_same_seed_gives_the_same_columns() -> None:
    air = weather("frost", 1, 5)
    one, two = (Fleet(draw_units(3, 5), air, 5).run(HOURS_3) for _ in range(2))
    assert one.keys() == two.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])


def test_a_fault_in_one_unit_leaves_the_others_as_they_were() -> None:
    air = weather("frost", 1, 5)
    healthy, ill = Fleet(draw_units(3, 5), air, 5), Fleet(draw_units(3, 5), air, 5)
    ill.inject([None, Injection("F04", 0.6), None])
    one, two = healthy.run(HOURS_3), ill.run(HOURS_3)
    for name, values in one.items():
        np.testing.assert_array_equal(values[:, [0, 2]], two[name][:, [0, 2]])
    assert np.nanmax(two["water_flow"][:, 1]) < 0.6 * np.nanmax(one["water_flow"][:, 1])


@pytest.mark.parametrize("kind", ["mild", "frost", "cold"])
def test_every_fault_at_its_worst_gives_finite_truth(kind: str) -> None:
    faults = sorted(SEVERITIES)
    fleet = Fleet(draw_units(len(faults), 9), weather(kind, 1, 9), 9)
    fleet.run(120)
    fleet.inject([Injection(fault, SEVERITIES[fault]["severe"]) for fault in faults])
    columns = fleet.run(HOURS_3)
    for name in ("_heat_w", "_power_w", "_room_c", "_evaporating_c", "_condensing_c", "_frost_kg"):
        assert np.isfinite(columns[name]).all(), name
    assert columns["_room_c"].min() > 0.0
    assert columns["_condensing_c"].max() < 75.0


def test_no_healthy_life_brings_a_code_of_the_vendor() -> None:
    """What healthy units live through, two units each, from the second hour of a cold day on."""
    names = sorted(SCENARIOS)
    fleet = Fleet(draw_units(2 * len(names), 42), weather("cold", 1, 61), 61)
    fleet.run(240)
    for_s = {"power_cut": 3600.0, "summer": 7200.0}
    lives = [Injection(name, SCENARIOS[name], for_s=for_s.get(name, 0.0)) for name in names]
    fleet.inject([life for life in lives for _ in range(2)])
    codes = fleet.run(900)["fault_code"]
    assert set(np.unique(codes[~np.isnan(codes)])) <= set(CODE_STATUS)
