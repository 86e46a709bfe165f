"""From evidence to a verdict: how much it takes, how long it stands, when somebody is sent out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from agent.faults.diagnosis import Seen, signature
from agent.faults.own import LATELY, ONE, PAIR, THREE, Horizon, Own
from agent.faults.rule import Rule
from agent.faults.rules.condenser_fouling import CONDENSER_FOULING
from agent.faults.rules.evaporator_fouling import EVAPORATOR_FOULING
from agent.faults.rules.undercharge import UNDERCHARGE
from agent.faults.verdict import SURE, UNKNOWN, Judge, Verdict
from agent.faults.view import View
from agent.model import Severity, Suspect

DIRT = signature("F07", "approach 1.0", least=0.4)
SCALE = signature("F03", "condenser 1.0", least=0.4, swift=True)
AIRSIDE = signature("F07", "clean 1.0", least=0.4, airside=True)
ERROR = 0.15
CALM = {"approach": 0.0, "condenser": 0.0}


class Machine:
    """A history that says what it is told to say, over every horizon or over `only` one."""

    def __init__(self, **off: float) -> None:
        self.off: dict[str, float] = {**CALM, **off}
        self.error = ERROR
        self.means: dict[str, float] = {}
        self.only: Horizon | None = None
        self.loop = SimpleNamespace(tracks={})

    def seen(self, horizon: Horizon, now: float) -> dict[str, Seen]:
        if self.only not in (None, horizon):
            return {}
        return {name: Seen(value, self.error) for name, value in self.off.items()}

    def expected(self) -> dict[str, float]:
        return dict.fromkeys(self.off, 5.0)


def own(machine: Machine) -> Own:
    return cast(Own, machine)


def days(judge: Judge, machine: Machine, count: int) -> None:
    for _ in range(count):
        judge.day(own(machine), 0.0)


def test_health_has_no_verdict() -> None:
    judge = Judge((DIRT, SCALE))
    days(judge, Machine(), 5)
    assert judge.verdict is None


def test_a_day_is_a_hint_and_a_second_one_is_counted() -> None:
    judge = Judge((DIRT, SCALE))
    days(judge, Machine(approach=1.2), 1)
    assert judge.verdict is not None
    assert (judge.verdict.fault, judge.verdict.days) == ("F07", 1)
    days(judge, Machine(approach=1.2), 1)
    assert judge.verdict is not None
    assert judge.verdict.days == 2


def test_what_is_patient_is_told_when_a_second_day_says_the_same() -> None:
    offset = signature("F16", "approach 1.0", least=0.4, both=True, patient=True)
    judge = Judge((offset, SCALE))
    for off in (-1.2, 0.0, -1.2):
        days(judge, Machine(approach=off), 1)
        assert judge.verdict is None
    days(judge, Machine(approach=-1.2), 1)
    assert judge.verdict is not None
    assert judge.verdict.fault == "F16"


def test_what_is_overwhelming_is_sure_at_once_and_within_hours() -> None:
    judge = Judge((DIRT, SCALE))
    for _ in range(4):
        judge.look(own(Machine(condenser=2.0)), 0.0)
    assert judge.verdict is None
    judge.look(own(Machine(condenser=2.0)), 0.0)
    assert judge.verdict is not None
    assert judge.verdict.strength >= SURE


def test_what_is_plain_takes_three_looks() -> None:
    judge = Judge((DIRT, SCALE))
    judge.look(own(Machine(condenser=3.5)), 0.0)
    judge.look(own(Machine(condenser=3.5)), 0.0)
    assert judge.verdict is None
    judge.look(own(Machine(condenser=3.5)), 0.0)
    assert judge.verdict is not None
    assert judge.verdict.strength >= 400.0


def test_the_days_that_named_a_fault_are_counted() -> None:
    judge, machine = Judge((DIRT, SCALE)), Machine(approach=1.2)
    for count in (1, 2, 3):
        days(judge, machine, 1)
        assert judge.verdict is not None
        assert judge.verdict.days == count


def test_one_calm_look_begins_anew() -> None:
    judge = Judge((DIRT, SCALE))
    for off in (2.0, 2.0, 2.0, 2.0, 0.0, 2.0, 2.0):
        judge.look(own(Machine(condenser=off)), 0.0)
    assert judge.verdict is None


def test_what_is_not_swift_is_no_fault_within_hours() -> None:
    judge = Judge((DIRT, SCALE))
    for _ in range(20):
        judge.look(own(Machine(approach=5.0)), 0.0)
    assert judge.verdict is None


@pytest.mark.parametrize(("clean_k", "looks"), [(0.65, 3), (0.8, 2)])
def test_what_a_bare_coil_shows_again_is_told_within_hours(clean_k: float, looks: int) -> None:
    judge = Judge((AIRSIDE, SCALE))
    for _ in range(looks - 1):
        judge.look(own(Machine(clean=clean_k)), 0.0, clean=True)
    judge.look(own(Machine(clean=clean_k)), 0.0)  # another stretch, not of the coil
    assert judge.verdict is None
    judge.look(own(Machine(clean=clean_k)), 0.0, clean=True)
    assert judge.verdict is not None
    assert (judge.verdict.fault, judge.verdict.days) == ("F07", 0)


def test_what_a_few_bare_coils_show_plainly_is_told_at_once() -> None:
    judge = Judge((AIRSIDE, SCALE))
    judge.look(own(Machine(clean=1.15)), 0.0, clean=True)
    assert judge.verdict is None  # plain, but small
    judge.forget()
    judge.look(own(Machine(clean=1.25)), 0.0, clean=True)
    assert judge.verdict is not None


@pytest.mark.parametrize(
    ("horizon", "clean_k", "error", "told"),
    [
        (LATELY, 2.5, 0.25, True),  # chi square 100 of a mean
        (LATELY, 2.5, 0.3, False),
        (THREE, 1.25, 0.27, True),  # 4.6 standard errors
        (THREE, 1.25, 0.29, False),
        (THREE, 1.15, 0.2, False),
        (PAIR, 1.25, 0.35, True),  # 3.6
        (PAIR, 1.25, 0.37, False),
        (PAIR, 1.15, 0.2, False),
        (ONE, 5.0, 0.49, True),  # chi square 104 of a single look
        (ONE, 5.0, 0.51, False),
        (ONE, 1.9, 0.15, False),
    ],
)
def test_the_fewer_bare_coils_the_more_they_must_show(
    horizon: Horizon, clean_k: float, error: float, told: bool
) -> None:
    machine, judge = Machine(clean=clean_k), Judge((AIRSIDE, SCALE))
    machine.only, machine.error = horizon, error
    judge.look(own(machine), 0.0, clean=True)
    assert (judge.verdict is not None) is told


@pytest.mark.parametrize(("clean_k", "told"), [(2.3, False), (2.5, True)])
def test_a_single_bare_coil_must_stand_out_by_itself(clean_k: float, told: bool) -> None:
    dirt = signature("F07", "clean 1.0\nsubcooling 1.0\napproach 1.0", least=0.4, airside=True)
    machine, judge = Machine(clean=clean_k, subcooling=2.4, approach=2.4), Judge((dirt, SCALE))
    machine.only, machine.error = ONE, 0.3  # 7.7 and 8.3 standard errors; chi square 180 of all
    judge.look(own(machine), 0.0, clean=True)
    assert (judge.verdict is not None) is told


@pytest.mark.parametrize(("error", "told"), [(0.13, False), (0.11, True)])
def test_what_is_overwhelming_needs_one_look_at_a_bare_coil(error: float, told: bool) -> None:
    machine, judge = Machine(clean=1.1), Judge((AIRSIDE, SCALE))
    machine.error = error
    judge.look(own(machine), 0.0, clean=True)
    assert (judge.verdict is not None) is told


def test_what_dry_nights_show_clearly_is_told_within_the_hour() -> None:
    dirt = signature("F07", "approach 1.0", least=0.4, airside=True)
    judge = Judge((dirt, SCALE))
    for approach_k, looks in ((1.0, 5), (1.3, 2), (0.0, 1), (1.3, 2)):
        for _ in range(looks):
            judge.look(own(Machine(approach=approach_k)), 0.0, dry=True)
        judge.look(own(Machine(approach=1.3)), 0.0)  # another stretch, with ice or by day
        assert judge.verdict is None
    judge.look(own(Machine(approach=1.3)), 0.0, dry=True)
    assert judge.verdict is not None
    assert (judge.verdict.fault, judge.verdict.days) == ("F07", 0)


def test_a_bare_coil_tells_of_the_air_side_alone() -> None:
    judge = Judge((AIRSIDE, signature("F03", "condenser 1.0", least=0.4)))
    for _ in range(5):
        judge.look(own(Machine(clean=0.0, condenser=3.0)), 0.0, clean=True)
    assert judge.verdict is None


def test_what_cannot_be_learnt_when_it_is_there_from_the_start_is_known() -> None:
    large, likely = signature("F08", "clean 9.0"), signature("F09", "clean 7.5")
    judge = Judge((AIRSIDE, large, likely))
    assert judge.unlearnable(own(Machine())) == ()
    machine = Machine()
    machine.means = {"clean": 7.0}
    assert judge.unlearnable(own(machine)) == ("F07", "F09")  # half of all F09 is not found


def test_strong_but_small_is_no_fault() -> None:
    judge = Judge((signature("F07", "approach 9", least=0.4),))
    days(judge, Machine(approach=1.2), 3)
    assert judge.verdict is None


def test_a_verdict_stands_until_less_than_half_is_left() -> None:
    judge = Judge((DIRT, SCALE))
    days(judge, Machine(approach=1.2), 2)
    days(judge, Machine(approach=0.6), 1)
    assert judge.verdict is not None
    days(judge, Machine(approach=0.3), 1)
    assert judge.verdict is None


def test_another_name_must_be_clearly_ahead() -> None:
    judge = Judge((DIRT, SCALE))
    days(judge, Machine(approach=1.2), 1)
    days(judge, Machine(approach=0.0, condenser=1.5), 1)
    assert judge.verdict is not None
    assert (judge.verdict.fault, judge.verdict.days) == ("F03", 1)


def test_what_fits_nothing_is_told_without_a_name() -> None:
    judge = Judge((DIRT, SCALE))
    days(judge, Machine(approach=-4.0, condenser=-3.0), 1)
    assert judge.verdict is not None
    assert judge.verdict.fault == UNKNOWN


def test_against_machines_at_large_a_fault_is_a_hint_for_ever() -> None:
    judge, machine = Judge((DIRT, SCALE)), Machine()
    machine.means = {"subcooling": 3.3, "condenser": 4.9}
    days(judge, machine, 4)
    assert judge.verdict is not None
    assert (judge.verdict.fault, judge.verdict.early, judge.verdict.days) == ("F03", True, 0)
    machine.means = {"subcooling": 3.3, "condenser": 1.3}
    days(judge, machine, 1)
    assert judge.verdict is None


def test_a_repair_ends_it() -> None:
    judge = Judge((DIRT, SCALE))
    days(judge, Machine(approach=1.2), 2)
    judge.forget()
    assert judge.verdict is None


@pytest.mark.parametrize(
    ("rule", "size", "severity"),
    [
        (UNDERCHARGE, 0.5, Severity.S3),  # an eighth of the charge
        (UNDERCHARGE, 0.7, Severity.S2),
        (EVAPORATOR_FOULING, 0.6, Severity.S3),
        (EVAPORATOR_FOULING, 0.8, Severity.S2),
        (CONDENSER_FOULING, 3.0, Severity.S3),
        (CONDENSER_FOULING, 4.0, Severity.S2),
    ],
)
def test_what_is_small_sends_nobody(rule: Rule, size: float, severity: Severity) -> None:
    suspects, clean = (Suspect(rule.fault, 0.9),), {"clean": Seen(2.0, 0.2)}
    verdict = Verdict(rule.fault, size, suspects, clean, {"clean": 5.0}, days=3)
    view = cast(View, SimpleNamespace(judge=SimpleNamespace(verdict=verdict)))
    (found,) = rule.look(view, {})
    assert (found.severity or rule.severity) is severity
