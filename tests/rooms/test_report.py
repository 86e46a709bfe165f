"""Report by exception: what is told is enough to know every point within its deadband."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.model import Unit, Value
from agent.records import Telemetry
from agent.report import DEADBANDS, Reporter, rebuilt

UNITS = {"t": Unit.CELSIUS, "p": Unit.WATT, "mode": Unit.NONE, "n": Unit.NONE}


def seen(**values: Value) -> Telemetry:
    return Telemetry("hp", values, {})


def test_what_did_not_move_is_not_told() -> None:
    reporter = Reporter(UNITS, 900.0)
    first = seen(t=40.0, p=1000.0, mode="heat", n=1)
    assert reporter.report(first, 0.0) == first
    assert reporter.report(seen(t=40.2, p=1049.0, mode="heat", n=1), 10.0) is None
    told = reporter.report(seen(t=40.3, p=1049.0, mode="off", n=2), 20.0)
    assert told == Telemetry("hp", {"t": 40.3, "mode": "off", "n": 2}, {}, full=False)


def test_a_whole_number_with_a_unit_is_no_code() -> None:
    reporter = Reporter(UNITS, 900.0)
    reporter.report(seen(p=850, n=850), 0.0)
    assert reporter.report(seen(p=860, n=850), 10.0) is None
    assert reporter.report(seen(p=850, n=851), 20.0) == Telemetry("hp", {"n": 851}, {}, full=False)


def test_a_slow_drift_is_told_once_it_adds_up() -> None:
    reporter = Reporter(UNITS, 900.0)
    told = [reporter.report(seen(t=40.0 + i / 10), float(i)) for i in range(8)]
    assert [one.values["t"] for one in told if one] == [40.0, 40.3, 40.6]


def test_a_value_that_goes_missing_and_comes_back_is_told_both_times() -> None:
    reporter = Reporter(UNITS, 900.0)
    reporter.report(seen(t=40.0), 0.0)
    gone = Telemetry("hp", {}, {"t": "stale"})
    assert reporter.report(gone, 10.0) == Telemetry("hp", {}, {"t": "stale"}, full=False)
    assert reporter.report(gone, 20.0) is None
    back = reporter.report(seen(t=40.0), 30.0)
    assert back == Telemetry("hp", {"t": 40.0}, {}, full=False)


def test_every_quarter_of_an_hour_and_after_a_restart_all_is_told() -> None:
    reporter = Reporter(UNITS, 900.0)
    told = [reporter.report(seen(t=40.0), mono) for mono in (0.0, 899.9, 900.0, 910.0)]
    assert [one.full if one else None for one in told] == [True, None, True, None]
    reporter.restart()
    assert reporter.report(seen(t=40.0), 920.0) == seen(t=40.0)


def test_without_an_interval_every_record_is_full() -> None:
    reporter = Reporter(UNITS, 0.0)
    assert [reporter.report(seen(t=40.0), 1.0) for _ in range(3)] == [seen(t=40.0)] * 3


WHY = st.sampled_from(["stale", "absent"])
SWEEP = st.builds(
    lambda t, p, mode: Telemetry(
        "hp",
        {
            name: value
            for name, value in (("t", t), ("p", p), ("mode", mode))
            if value not in ("stale", "absent")
        },
        {name: str(v) for name, v in (("t", t), ("p", p)) if v in ("stale", "absent")},
    ),
    st.integers(200, 600).map(lambda n: n / 10) | WHY,
    st.integers(0, 3000).map(float) | WHY,
    st.sampled_from(["heat", "off"]),
)


@given(st.lists(SWEEP, min_size=1, max_size=40), st.sampled_from([0.0, 50.0, 900.0]))
def test_the_receiver_knows_every_point_within_its_deadband(
    sweeps: list[Telemetry], full_every_s: float
) -> None:
    reporter, picture = Reporter(UNITS, full_every_s), None
    for i, sweep in enumerate(sweeps):
        record = reporter.report(sweep, 10.0 * i)
        picture = picture if record is None else rebuilt(picture, record)
        assert picture is not None
        assert picture.full
        assert picture.missing == sweep.missing
        assert picture.values.keys() == sweep.values.keys()
        for point, value in sweep.values.items():
            told = picture.values[point]
            if isinstance(value, float) and isinstance(told, float):
                assert abs(told - value) < DEADBANDS[UNITS[point]]
            else:
                assert told == value
