"""How outcomes of injected faults become figures: what is detected, right, wrong, and false."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.faults.figures import figures
from bench.faults.outcome import DAY_S, MONTH_DAYS, Case, Healthy, Outcome, Seen
from bench.faults.plan import BY_NAME, GROUPS, KINDS, combinations
from bench.faults.score import (
    detected,
    diagnosis,
    false_alarms,
    leading,
    median_s,
    moved,
    right,
    suspects,
    upper95,
    wrong,
)
from bench.faults.tables import groups, matrix, met, peers, span_text, two_faults, unmodelled

CASE = Case("F04", "medium", "frost", 0)


def seen(rule: str, at_s: float, *names: str, severity: str = "S2", caused: bool = False) -> Seen:
    weights = tuple((name, 0.6 - 0.2 * k) for k, name in enumerate(names))
    return Seen(rule, "", severity, at_s, weights, caused)


def outcome(*opened: Seen, hour: tuple[Seen, ...] | None = None, **more: object) -> Outcome:
    stood = {"open": opened[:1], "hour": opened if hour is None else hour, "day": opened}
    return replace(Outcome(CASE, opened, stood), **more)


FLOW, COIL = seen("low_flow", 600.0, "F04"), seen("evaporator", 300.0, "F07", "F04")


@pytest.mark.parametrize(
    ("events", "months", "bound"),
    [(0, 300, 0.01), (1, 480, 0.01), (3, 780, 0.01), (0, 600, 0.005), (2, 1, 6.296)],
)
def test_the_upper_bound_is_that_of_poisson(events: int, months: float, bound: float) -> None:
    found = upper95(events, months)
    assert found is not None
    assert found == pytest.approx(bound, rel=0.015)
    assert upper95(events, 0.0) is None


def test_what_is_detected() -> None:
    table: dict[str, tuple[Outcome, bool]] = {
        "nothing": (outcome(), False),
        "an alarm": (outcome(FLOW), True),
        "of before the onset": (outcome(seen("low_flow", -5.0, "F04")), False),
        "the twin has it too": (outcome(FLOW, twin=frozenset({("low_flow", "")})), False),
        "only the unit's own code": (outcome(seen("vendor_fault", 5.0, "F28")), False),
        "under another rule's name": (outcome(seen("capacity", 9.0, "F21")), True),
    }
    for name, (one, expected) in table.items():
        assert (one.first is not None) is expected, name
        assert detected([one]) == float(expected), name


def test_the_leading_alarm_is_the_worst_then_the_oldest_and_a_consequence_comes_last() -> None:
    advice, late = seen("drift", 1.0, "F01", severity="S3"), seen("late", 900.0, "F13")
    assert leading([advice, FLOW, late]) == FLOW
    caused = seen("pump", 1.0, "F06", severity="S1", caused=True)
    assert leading([caused, advice]) == advice
    assert leading([]) is None


def test_the_cause_is_judged_by_what_stands_an_hour_later() -> None:
    changed = replace(COIL, suspects=(("F04", 0.7), ("F07", 0.3)))
    assert suspects(outcome(COIL, hour=(changed,))) == ("F04", "F07")
    assert suspects(outcome(COIL, hour=())) == ("F07", "F04")  # gone again: as it opened
    assert suspects(outcome(COIL, hour=(changed,)), "open") == ("F07", "F04")
    assert suspects(outcome()) == ()


@pytest.mark.parametrize(
    ("names", "top1", "top2", "misdiagnosed"),
    [
        (("F04",), True, True, False),
        (("F07", "F04"), False, True, False),
        (("F07", "F09", "F04"), False, False, True),
        (("unknown",), False, False, False),
        (("unknown", "F09"), False, False, True),
    ],
)
def test_right_and_wrong(
    names: tuple[str, ...], top1: bool, top2: bool, misdiagnosed: bool
) -> None:
    one = outcome(seen("rule", 60.0, *names))
    assert (right(one, 1), right(one, 2), wrong(one)) == (top1, top2, misdiagnosed)


def test_forms_of_a_fault_are_the_fault() -> None:
    leak = replace(outcome(seen("valve", 60.0, "F14")), case=replace(CASE, fault="F14_leak"))
    assert right(leak, 1)


def test_shares_are_of_all_that_was_detected() -> None:
    found = diagnosis([outcome(FLOW), outcome(COIL), outcome(seen("x", 1.0, "F01")), outcome()])
    assert found == {
        "top1": 0.3333,
        "top2": 0.6667,
        "misdiagnosed": 0.3333,
        "no_response": 0.25,
    }


def test_who_was_missed_counts_as_never_in_the_median() -> None:
    slow = outcome(seen("low_flow", 9000.0, "F04"))
    assert median_s([outcome(FLOW), slow, slow]) == 9000.0
    assert median_s([outcome(FLOW), outcome(), outcome()]) is None
    assert median_s([]) is None


def test_false_alarms_are_all_of_healthy_time() -> None:
    quiet = Healthy(Case("", "", "cold", 0), 304.0)
    loud = replace(quiet, opened=(FLOW, seen("drift", 5.0, "F01", severity="S3")))
    found = false_alarms([quiet, loud])
    assert found["device_months"] == 20.0
    assert (found["dispatch_false"], found["all_false"]) == (1, 2)
    assert found["dispatch_false_per_device_month"] == 0.05
    assert found["all_false_upper95"] == pytest.approx(6.296 / 20, rel=1e-3)
    assert false_alarms([])["dispatch_false_upper95"] is None


def test_how_far_a_figure_moved() -> None:
    assert moved(0.02, 0.022, 0.05) == 0.1
    assert moved(0.0, 0.001, 0.005) == 0.2
    assert moved(None, 0.1, 1.0) is None


def test_what_disturbance_moves_is_asked_of_the_same_units() -> None:
    """The unit that nobody has seen on a disturbed line is none of them."""

    def span(unit: int, way: str, *opened: Seen) -> Healthy:
        return Healthy(Case("", "", "winter", unit, way), 10 * MONTH_DAYS, opened)

    spans = [
        span(0, "full", FLOW),
        span(0, "disturbed", FLOW, COIL),
        span(1, "full", COIL, COIL, COIL),
    ]
    found = figures([], spans, [], [])
    assert found["all_false_per_device_month"] == 0.2
    assert found["all_false_per_device_month_same_units"] == 0.1
    assert found["all_false_per_device_month_disturbed"] == 0.2
    assert found["disturbed_moves"] == 1.0


def test_what_cannot_occur_says_why_and_is_not_dropped() -> None:
    rows = matrix([], ["F09", "F20_mains"], ("mild", "frost"))
    notes = [str(row["note"]) for row in rows]
    assert len(notes) == 3 + 3 + 2
    assert all(note.startswith("not applicable: ") for note in notes)
    assert any("too warm" in note for note in notes)
    every = list(combinations([kind.name for kind in KINDS], ("mild", "frost", "cold")))
    assert len(every) == len(KINDS) * 9


def test_every_kind_of_a_group_exists_and_stands_in_one_group() -> None:
    kinds = [kind for group in GROUPS for kind in group.kinds]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) <= set(BY_NAME)


def test_a_row_of_the_matrix() -> None:
    (row,) = [
        row for row in matrix([outcome(FLOW), outcome()], ["F04"], ("frost",)) if "units" in row
    ]
    assert (row["detected"], row["goal"], row["met"]) == (0.5, ">= 0.95 in 2.0 d", "NO")
    assert row["median"] == "never"


def test_groups_take_all_weathers_together() -> None:
    cold = replace(outcome(FLOW), case=replace(CASE, weather="cold"))
    (row,) = groups([outcome(FLOW), cold])
    assert (row["branches"], row["detected"], row["median"], row["met"]) == (
        2,
        1.0,
        "10 min",
        "yes",
    )


def test_the_unit_s_own_code_is_the_peer() -> None:
    late = outcome(FLOW, vendor_s=600.0 + 2 * DAY_S, lost_kwh=3.0)
    only = outcome(vendor_s=50.0, lost_kwh=20.0)
    (row,) = peers([late, only, outcome(FLOW, lost_kwh=5.0)])
    assert (row["own_code"], row["own_code_never"]) == (0.6667, 0.3333)
    assert (row["days_earlier"], row["ours_later"], row["only_own_code"]) == (2.0, 0, 1)
    assert (row["kwh_lost"], row["kwh_lost_14_days_missed"]) == (4.0, 20.0)


def test_two_at_once_and_what_nobody_knows() -> None:
    both = replace(
        outcome(seen("valve", 60.0, "F04"), seen("coil", 90.0, "F07")),
        case=replace(CASE, fault="F04+F07", study="two faults"),
    )
    (row,) = two_faults([both])
    assert (row["both_named"], row["wrong_name_leads"]) == (1.0, 0.0)
    case = replace(CASE, fault="U01", study="unmodelled")
    advice = replace(outcome(seen("anomaly", 9.0, "unknown", severity="S3")), case=case)
    (row,) = unmodelled([advice, replace(outcome(FLOW), case=case)])
    assert (row["advisory_without_a_name"], row["wrong_name"]) == (0.5, 0.5)
    assert row["wrong_name_dispatch"] == 0.5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, None), (60.0, "60 s"), (600.0, "10 min"), (9000.0, "2.5 h"), (3 * DAY_S, "3.0 d")],
)
def test_times_as_people_say_them(seconds: float | None, text: str | None) -> None:
    assert span_text(seconds) == text


def test_a_goal_needs_share_and_time() -> None:
    assert met(0.96, 3000.0, (0.95, 3600.0)) == "yes"
    assert met(0.96, None, (0.95, 3600.0)) == "NO"
    assert met(0.96, None, (0.95, None)) == "yes"
    assert met(0.90, 1.0, (0.95, None)) == "NO"
    assert met(0.90, 1.0, None) == ""
