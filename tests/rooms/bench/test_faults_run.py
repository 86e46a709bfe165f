"""Hours of a simulated unit through learning, a fork with a fault, detector and life cycle."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from agent.faults import possible
from bench.faults.fleets import Truth
from bench.faults.negatives import Calendars, beside
from bench.faults.outcome import MONTH_DAYS, Case
from bench.faults.stages import (
    Branch,
    Branches,
    Fault,
    Found,
    Learning,
    Learnt,
    Pair,
    learn,
    run_branches,
)
from bench.faults.watch import looks
from bench.faults.ways import DISTURBED, FULL, WAYS, decoded, names_of, seen
from bench.faults.work import Scope, batches, branches, learning
from simulators.physics import Fleet, draw_units, weather

HOURS = 1.0 / 24.0


@pytest.fixture(scope="module")
def found() -> Found:
    work = Learning((Pair("frost", 0),), 1001, 3 * HOURS, 3 * HOURS)
    branches = tuple(
        Branch(0, (Fault(kind, "severe"),), Case(kind, "severe", "frost", 0))
        for kind in ("F24_low", "F25_lost", "F22")
    )
    return run_branches(Branches(learn(work), branches))


def test_a_fault_is_detected_on_its_own_branch_and_not_on_its_twin(found: Found) -> None:
    by_kind = {one.case.fault: one for one in found.outcomes}
    lost = by_kind["F25_lost"].first
    assert lost is not None
    assert lost.rule == "communication_lost"
    assert 30.0 <= lost.opened_s <= 150.0
    assert by_kind["F22"].first is None  # three hours are not enough for a curve too high
    (twin,) = found.spans
    assert twin.opened == ()
    assert twin.samples > 300


def test_what_stood_is_kept_for_its_instants(found: Found) -> None:
    (lost,) = [one for one in found.outcomes if one.case.fault == "F25_lost"]
    assert set(lost.stood) == {"open", "hour"}  # three hours have no day
    assert [one.rule for one in lost.stood["hour"]] == ["communication_lost"]


def test_ways_of_seeing() -> None:
    columns = {
        "mono": np.arange(0.0, 300.0, 30.0)[:, None],
        "at": 1e9 + np.arange(0.0, 300.0, 30.0)[:, None],
        "_away": np.array([0, 0, 1, 0, 0, 0, 0, 0, 0, 0], dtype=float)[:, None],
        "water_flow": np.full((10, 1), 20.0),
        "coil_temp": np.array([5.0] * 9 + [-3276.8])[:, None],
    }
    full = seen(columns, 0, names_of(columns, FULL), FULL, 1)
    assert full.rows.shape == (9, 2)
    assert np.isnan(full.rows[-1]).tolist() == [False, True]
    assert names_of(columns, WAYS["no flow meter"]) == ("coil_temp",)
    slow = WAYS["60 s polls"]
    assert seen(columns, 0, ("water_flow",), slow, 1).mono.tolist() == [0.0, 120.0, 180.0, 240.0]
    shaken = seen(columns, 0, names_of(columns, DISTURBED), DISTURBED, 1)
    assert (np.abs(shaken.mono - full.mono) < 15.0).all()
    assert not np.array_equal(shaken.mono, full.mono)


def test_no_probe_shows_what_its_code_for_absent_would_be() -> None:
    rows = decoded(np.array([[150.0, 0.0], [-3276.8, -5.0]]), ("coil_temp", "low_pressure"))
    assert np.isnan(rows).tolist() == [[False, False], [True, False]]


def test_many_rows_at_once_are_looked_at_as_belief_looks_at_each() -> None:
    names = ("outdoor_temp", "water_flow", "mode_active", "fault_code")
    rows = np.array(
        [
            [-5.0, 18.0, 1.0, 0.0],
            [np.nan, 18.0, 1.0, 0.0],
            [-60.0, 200.0, 9999.0, 9999.0],  # the last that can be; modes and codes have no limit
            [-60.1, 18.0, 1.0, 0.0],
            [np.nan, 3276.7, 1.0, 0.0],
        ]
    )
    whole, plain = looks(rows, names)
    assert whole == [True, False, True, True, False]
    assert plain == [True, True, True, False, False]
    for row, expected in zip(rows.tolist(), plain, strict=True):
        columns = {n: [None if isnan(v) else v] for n, v in zip(names, row, strict=True)}
        assert possible(columns) is expected


def test_energy_lost_is_what_the_twin_would_not_have_used_for_the_same_heat() -> None:
    truth = Truth.of([0, 0])
    chunk = {
        "_power_w": np.tile([1000.0, 1500.0], (120, 1)),
        "_heat_w": np.tile([3000.0, 3000.0], (120, 1)),
        "_supply_c": np.tile([35.0, -1.0], (120, 1)),
        "_return_c": np.full((120, 2), 30.0),
        "fault_code": np.tile([183.0, 12.0], (120, 1)),
    }
    truth.add(chunk, [None, None])
    assert truth.lost(1) == pytest.approx(0.5)
    truth.add(chunk, [None, 4500.0])  # a quarter of an hour into the second hour
    truth.add(chunk, [None, 4500.0])
    assert truth.lost(1) == pytest.approx(0.625, rel=0.01)
    assert truth.code_s.tolist() == [float("inf"), 0.0]
    assert truth.frozen_s.tolist() == [float("inf"), 0.0]


def test_every_unit_has_its_own_calendar_and_the_same_one_every_time() -> None:
    first, second = (
        Calendars(("frost", "mild") * 6, 61.0, 7),
        Calendars(("frost", "mild") * 6, 61.0, 7),
    )
    assert first.events == second.events
    assert len({tuple(own) for own in first.events}) == 12
    names = {event.name for own in first.events for event in own}
    assert {"fog", "sun", "power_cut", "setback", "steps"} <= names
    assert beside(((0.0, "sun"), (7200.0, "fog")), 10_800.0) == "fog 1 h before"
    assert beside((), 5.0) == ""


def test_a_twin_is_counted_once() -> None:
    scope = Scope(("F04", "F06"), ("frost", "cold"), 3, 0.0, 1001, batch=7)
    work = learning(scope)
    learnt = Learnt(work, Fleet(draw_units(1, 1), weather("cold", 1, 1), 1), {}, ())
    groups = [{branch.pair for branch in batch.branches} for batch in batches(scope, learnt)]
    assert sorted(pair for group in groups for pair in group) == list(range(6))
    assert len(groups) > 1


def test_only_the_units_that_are_asked_more_are_seen_in_every_way() -> None:
    scope = Scope(("F04",), ("frost", "cold"), 4, 0.0, 1001, more_units=1, extras=False)
    work = learning(scope)
    assert [len(pair.ways) for pair in work.pairs] == [6, 1, 1, 1] * 2
    assert work.months == pytest.approx(2 * 9 * 21.0 / MONTH_DAYS)
    asked = {(one.pair, one.case.severity): one.ways for one in branches(scope, work)}
    assert asked[0, "medium"] == work.pairs[0].ways == work.ways
    assert {ways for key, ways in asked.items() if key not in ((0, "medium"), (4, "medium"))} == {
        ("full",)
    }
