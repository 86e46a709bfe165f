"""Diagnosis: every fault finds itself among all others, and what fits none is no fault's name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent.faults import RULES
from agent.faults.diagnosis import Seen, Signature, diagnose, fitted, signature
from agent.faults.signals import SIGNALS

EVERY = [one for rule in RULES for one in rule.signatures]
NAMES = {one.name for one in SIGNALS} | {"clean"}
ERRORS = {one.name: 0.7 * one.fine for one in SIGNALS} | {"clean": 0.2}


def pattern(one: Signature, size: float) -> dict[str, Seen]:
    """What a fault of this size shows, on all signals."""
    return {n: Seen(size * one.typical.get(n, 0.0), ERRORS[n]) for n in NAMES}


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.fault} {next(iter(one.typical))}")
@pytest.mark.parametrize("size", [0.8, 1.0, 1.5])
def test_every_fault_is_its_own_first_suspect(one: Signature, size: float) -> None:
    told = diagnose(EVERY, pattern(one, size))
    assert told is not None
    assert told.suspects[0].fault == one.fault
    assert abs(told.best.size) == pytest.approx(size, rel=0.25)
    assert told.misfit < 1.0
    assert sum(suspect.weight for suspect in told.suspects) <= 1.01


@pytest.mark.parametrize("one", [one for one in EVERY if one.both], ids=lambda one: one.fault)
def test_an_offset_may_go_either_way(one: Signature) -> None:
    told = diagnose(EVERY, pattern(one, -1.0))
    assert told is not None
    assert told.suspects[0].fault == one.fault


def test_signatures_name_signals_that_exist() -> None:
    for one in EVERY:
        assert {*one.typical, *one.spread, *one.must} <= NAMES, one.fault
        assert any(one.typical.values())


def test_a_pattern_of_no_fault_fits_none() -> None:
    strange = {"flow": 40.0, "superheat": -6.0, "coil": 3.0, "power": 20.0}
    told = diagnose(EVERY, {n: Seen(strange.get(n, 0.0), ERRORS[n]) for n in NAMES})
    assert told is not None
    assert told.misfit > 4.0


def test_ice_and_dirt_look_alike_and_both_are_told() -> None:
    ice = next(one for one in EVERY if one.fault == "F09")
    told = diagnose(EVERY, {n: s for n, s in pattern(ice, 0.7).items() if n != "rest_air"})
    assert told is not None
    assert {"F07", "F09"} <= {one.fault for one in told.suspects}


def test_without_what_it_must_have_a_fault_is_no_suspect() -> None:
    fan = signature("F08", "fan -90\napproach 3.5", must=("fan",))
    seen: Mapping[str, Seen] = {"approach": Seen(3.5, 0.2)}
    assert fitted(fan, seen) is None
    assert diagnose([fan], seen) is None


def test_a_size_is_never_negative_but_for_what_goes_both_ways() -> None:
    fit = fitted(signature("F07", "approach 1"), {"approach": Seen(-2.0, 0.2)})
    assert fit is not None
    assert fit.size > 0
    assert fit.explained < 0
