"""How far a point may be set: exact, and no answer of yesterday's limits."""

from decimal import Decimal

import pytest

from agent.drivers.bounds import Bounds
from agent.drivers.registermap import WriteRule
from agent.model import Reading, Snapshot


def shown(**limits: float) -> Snapshot:
    return Snapshot("hp", {name: Reading(name, value) for name, value in limits.items()})


def bounds(low: str, high: str, step: str) -> Bounds:
    write = WriteRule(
        low=Decimal(low), high=Decimal(high), step=Decimal(step), low_from="low", high_from="high"
    )
    return Bounds(write)


@pytest.mark.parametrize(
    ("low", "high", "step", "limits", "highest"),
    [
        ("20", "60", "0.5", {}, 60.0),
        ("20", "60", "0.5", {"high": 55.3}, 55.0),  # on the grid of the steps
        ("20", "60", "0.5", {"high": 70.0}, 60.0),
        ("20.3", "60", "0.1", {"high": 44.7}, 44.7),  # 0.1 is no binary number
    ],
)
def test_the_highest(
    low: str, high: str, step: str, limits: dict[str, float], highest: float
) -> None:
    assert bounds(low, high, step).highest(shown(**limits)) == highest


def test_the_highest_follows_what_the_machine_shows_now() -> None:
    found = bounds("20", "60", "1")
    answers = [found.highest(shown(**limits)) for limits in ({"high": 50.0}, {"high": 40.0}, {})]
    assert answers == [50.0, 40.0, 60.0]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (44.7, None),
        (44.75, "nearest are 44.7 and 44.8"),
        (25.0, "the lowest is 30"),
        (56.0, "the highest is 55"),
    ],
)
def test_objections(value: float, why: str | None) -> None:
    found = bounds("20", "60", "0.1").objection("p", value, shown(low=30.0, high=55.0))
    assert found is None if why is None else found is not None and why in found
