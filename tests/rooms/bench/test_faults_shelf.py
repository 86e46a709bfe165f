"""Physics kept on disk for tuning: what comes from there is what was computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.faults.shelf import chunks, place
from simulators.physics import Fleet, draw_units, weather


@pytest.mark.parametrize("days", [0.0, 0.05])
def test_what_comes_from_a_shelf_is_what_was_computed(tmp_path: Path, days: float) -> None:
    def fleet() -> Fleet:
        return Fleet(draw_units(2, 1003), weather("frost", 2.0, 1003), 1003)

    shelf = place(tmp_path, "work", days)
    computed, kept, after = fleet(), fleet(), []
    first = list(chunks(computed, days, 60, shelf=shelf))
    again = list(chunks(kept, days, 60, shelf=shelf))
    assert len(again) == len(first)
    for one, other in zip(first, again, strict=True):
        for name in ("at", "water_supply_temp"):
            np.testing.assert_allclose(other[name], one[name], atol=0.001)
    for one in (computed, kept):
        after.append(one.run(10)["water_supply_temp"])
    np.testing.assert_array_equal(*after)
