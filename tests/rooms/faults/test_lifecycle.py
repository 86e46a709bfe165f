"""The life of an alarm: delays, one for each identity, restarts, machines that cannot be judged."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.faults import Condition, LifeCycle
from agent.model import Alarm, AlarmState, Severity
from tests.rooms.control.testpump import stamp

RAISED, CLEARED = AlarmState.RAISED, AlarmState.CLEARED


def condition(
    key: str = "", device: str = "hp", raise_s: float = 30.0, clear_s: float = 20.0
) -> Condition:
    return Condition(
        "rule", device, Severity.S2, f"en {key}", f"zh {key}", key, None, None, raise_s, clear_s
    )


def states(alarms: tuple[Alarm, ...]) -> list[tuple[str, AlarmState]]:
    return [(alarm.key, alarm.state) for alarm in alarms]


def life(*seconds: tuple[float, bool], masked: frozenset[float] = frozenset()) -> list[str]:
    """What one condition, seen or not at these seconds, leads to: `30 raised`."""
    cycle, said = LifeCycle(), list[str]()
    for mono, seen in seconds:
        found = (condition(),) if seen else ()
        for alarm in cycle.step("hp", found, stamp(mono), masked=mono in masked):
            said.append(f"{mono:g} {alarm.state.value}")
    return said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ([(0, True), (29.9, True)], []),
        ([(0, True), (30, True)], ["30 raised"]),
        ([(0, True), (10, False), (31, True)], []),
        ([(0, True), (10, False), (31, True), (61, True)], ["61 raised"]),
        ([(0, True), (30, True), (40, True)], ["30 raised"]),
        ([(0, True), (30, True), (40, False), (59.9, False)], ["30 raised"]),
        ([(0, True), (30, True), (40, False), (60, False)], ["30 raised", "60 cleared"]),
        ([(0, True), (30, True), (40, False), (59, True), (60, False), (79, False)], ["30 raised"]),
    ],
)
def test_delays(seconds: list[tuple[float, bool]], said: list[str]) -> None:
    assert life(*seconds) == said


def test_a_masked_machine_neither_raises_nor_clears() -> None:
    masked = frozenset(range(10, 500, 10))
    assert life((0, True), (10, False), (490, False), (500, True), masked=masked) == []
    assert life((0, True), (30, True), (40, False), (400, False), masked=masked) == ["30 raised"]
    late = life((0, True), (30, True), (35, False), (40, False), (501, False), masked=masked)
    assert late == ["30 raised"]


def test_what_is_listed_may_change_on_a_masked_machine() -> None:
    cycle = LifeCycle()
    cycle.step("hp", (condition("a", raise_s=0.0),), stamp(0), masked=True)
    assert states(cycle.open) == [("a", RAISED)]


def test_the_cleared_alarm_is_the_raised_one() -> None:
    cycle = LifeCycle()
    (raised,) = cycle.step("hp", (condition("a", raise_s=0.0, clear_s=0.0),), stamp(5))
    (cleared,) = cycle.step("hp", (), stamp(6))
    assert cleared.id == raised.id == "hp:rule:a:20260114T040005Z"
    assert (cleared.opened_at, cleared.text_zh, cleared.severity) == (
        raised.opened_at,
        "zh a",
        Severity.S2,
    )
    assert cycle.open == ()


def test_an_alarm_outlives_a_restart_under_its_id() -> None:
    first = LifeCycle()
    (raised,) = first.step("hp", (condition("a", raise_s=0.0),), stamp(0))
    second = LifeCycle(first.open)
    assert second.open == (raised,)
    assert second.step("hp", (condition("a", raise_s=0.0),), stamp(3)) == ()
    assert second.step("hp", (), stamp(10)) == ()
    (cleared,) = second.step("hp", (), stamp(30))
    assert (cleared.id, cleared.state) == (raised.id, CLEARED)


def test_devices_do_not_touch_each_other() -> None:
    cycle = LifeCycle()
    cycle.step("hp", (condition("a", raise_s=0.0, clear_s=0.0),), stamp(0))
    assert cycle.step("other", (), stamp(999)) == ()
    assert len(cycle.open) == 1


def test_one_bad_reading_in_a_hundred_raises_nothing() -> None:
    cycle = LifeCycle()
    for sweep in range(1000):
        found = (condition(),) if sweep % 100 == 50 else ()
        assert cycle.step("hp", found, stamp(sweep * 10.0)) == ()


moments = st.lists(
    st.tuples(
        st.floats(0.1, 40.0),
        st.frozensets(st.sampled_from("abc")),
        st.booleans(),
        st.integers(0, 30).map(lambda n: n == 0),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(moments, st.floats(0, 60), st.floats(0, 60))
def test_whatever_happens(
    found: list[tuple[float, frozenset[str], bool, bool]], raise_s: float, clear_s: float
) -> None:
    """Against a plain model: since when each key was seen, or gone, with a clear view."""
    cycle, mono = LifeCycle(), 0.0
    seen: dict[str, float] = {}
    gone: dict[str, float] = {}
    ids: dict[str, str] = {}
    for wait_s, keys, masked, restart in found:
        mono += wait_s
        if restart:
            cycle, seen, gone = LifeCycle(cycle.open), {}, {}
        clear_after = dict.fromkeys(ids, 60.0 if restart else clear_s)
        changes = cycle.step(
            "hp",
            [condition(key, raise_s=raise_s, clear_s=clear_s) for key in sorted(keys)],
            stamp(mono),
            masked,
        )
        for key in "abc":
            if key in keys:
                gone.pop(key, None)
                seen.setdefault(key, mono)
            else:
                seen.pop(key, None)
                if masked:
                    gone.pop(key, None)
                else:
                    gone.setdefault(key, mono)
        for alarm in changes:
            if alarm.state is RAISED:
                assert alarm.key not in ids
                assert mono - seen[alarm.key] >= raise_s
                ids[alarm.key] = alarm.id
            else:
                assert not masked
                assert ids.pop(alarm.key) == alarm.id
                assert mono - gone[alarm.key] >= min(clear_s, clear_after.get(alarm.key, 60.0))
        assert {alarm.key: alarm.id for alarm in cycle.open} == ids
        for key in keys - ids.keys():
            assert mono - seen[key] < raise_s
