"""Gates: what counts as comparable, and when something comes to an end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import pytest

from agent.faults import Sample
from agent.faults.gates import Gates
from agent.faults.rule import Event
from agent.faults.view import View
from agent.faults.window import trimmed
from agent.model import Machine
from tests.rooms.faults.testheating import Machine as Heating
from tests.rooms.faults.testheating import sample, stretch


def run(samples: Iterable[Sample]) -> tuple[View, list[tuple[int, Event]]]:
    """The view afterwards, and every event but samples and minutes with its minute."""
    view, gates = View(cast(Machine, Heating()), sample(0.0)), Gates()
    seen: list[tuple[int, Event]] = []
    last: float | None = None
    for one in samples:
        view.dt_s = one.mono - last if last is not None else 0.0
        view.now += view.dt_s
        view.last, view.sample, last = view.sample, one, one.mono
        events = Event(gates.step(view, one)) & ~(Event.SAMPLE | Event.MINUTE)
        if events & Event.DAY:
            gates.next_day(view)
        seen += [(round(one.mono / 60), event) for event in events]
    return view, seen


def minutes(seen: list[tuple[int, Event]], event: Event) -> list[int]:
    return [minute for minute, one in seen if one is event]


def joined(*parts: tuple[float, str]) -> list[Sample]:
    """One part after the other: so many minutes of a mode."""
    samples: list[Sample] = []
    for length, mode in parts:
        samples += stretch(len(samples) * 30.0, length, mode)
    return samples


@pytest.mark.parametrize(
    ("parts", "windows"),
    [
        ([(5.0, "idle"), (45.0, "heating")], [25, 36, 46]),
        ([(5.0, "idle"), (45.0, "hot_water")], []),
        ([(5.0, "idle"), (20.0, "heating"), (5.0, "idle")], [25]),  # half a window counts
        ([(5.0, "idle"), (13.0, "heating"), (5.0, "idle")], []),
        ([(30.0, "heating"), (4.0, "defrost"), (30.0, "heating")], [20, 30, 54]),
    ],
)
def test_steady_heating_is_what_windows_are_made_of(
    parts: list[tuple[float, str]], windows: list[int]
) -> None:
    _, seen = run(joined(*parts))
    assert minutes(seen, Event.WINDOW) == windows


def test_a_frequency_that_swings_makes_no_window() -> None:
    calm = [sample(k * 30.0, compressor_frequency=60.0) for k in range(90)]
    wild = [sample(k * 30.0, compressor_frequency=60.0 + 10.0 * (k % 2)) for k in range(90)]
    assert minutes(run(calm)[1], Event.WINDOW)
    assert not minutes(run(wild)[1], Event.WINDOW)


def test_a_heater_closes_the_gate() -> None:
    _, seen = run(stretch(0.0, 60.0, electric_heater_on=1.0))
    assert not minutes(seen, Event.WINDOW)


def test_the_coil_is_bare_8_to_20_minutes_after_a_defrost() -> None:
    view, seen = run(joined((60.0, "heating"), (5.0, "defrost"), (30.0, "heating")))
    assert minutes(seen, Event.DEFROST) == [65]
    assert minutes(seen, Event.CLEAN) == [79, 86]
    assert view.clean is not None
    assert view.clean.ended - view.clean.began == pytest.approx(330.0, abs=61.0)
    assert view.defrost is not None
    assert view.defrost.length_s == 300.0


@pytest.mark.parametrize(
    ("outdoor_c", "ends"), [(-8.0, [79, 86]), (-12.0, [79, 90, 100, 110, 116]), (None, [79, 86])]
)
def test_in_dry_cold_air_the_coil_stays_bare_for_longer(
    outdoor_c: float | None, ends: list[int]
) -> None:
    kept = joined((60.0, "heating"), (5.0, "defrost"), (70.0, "heating"))
    for one in kept:
        one.outdoor_temp = outdoor_c
    assert minutes(run(kept)[1], Event.CLEAN) == ends


def test_a_stop_ends_the_look_at_a_bare_coil() -> None:
    parts = (60.0, "heating"), (5.0, "defrost")
    _, seen = run(joined(*parts, (12.0, "heating"), (5.0, "idle")))
    assert minutes(seen, Event.CLEAN) == [77]  # half of it counts
    _, seen = run(joined(*parts, (10.0, "heating"), (5.0, "idle")))
    assert not minutes(seen, Event.CLEAN)


@pytest.mark.parametrize(
    ("frozen_min", "outdoor_c", "pause_min", "bare"),
    [
        (30.0, 6.0, 49.0, True),  # an hour of frost at least is taken to be there
        (30.0, 6.0, 40.0, False),
        (120.0, 6.0, 90.0, False),
        (120.0, 6.0, 99.0, True),  # 2 h of frost need 8 K h
        (30.0, 0.5, 600.0, False),  # nothing melts
    ],
)
def test_a_pause_makes_the_coil_bare_when_it_melts_what_has_frozen(
    frozen_min: float, outdoor_c: float, pause_min: float, bare: bool
) -> None:
    samples: list[Sample] = []
    parts = (0.0, 4.0, "defrost"), (4.0, frozen_min, "heating")
    for began, length, mode in (*parts, (4.0 + frozen_min, pause_min, "idle")):
        samples += stretch(began * 60.0, length, mode, outdoor_temp=outdoor_c, coil_temp=-4.0)
    start = (4.0 + frozen_min + pause_min) * 60.0
    samples += stretch(start, 1.0, outdoor_temp=outdoor_c, coil_temp=-4.0)
    view, _ = run(samples)
    assert (view.bare_at == pytest.approx(start, abs=31.0)) is bare


def test_standing_still_with_the_pump_on_is_rest() -> None:
    view, seen = run(joined((10.0, "heating"), (60.0, "idle")))
    assert minutes(seen, Event.STOP) == [10]
    assert minutes(seen, Event.REST) == [30, 40, 51, 62]
    assert view.run is not None
    assert view.run.length_s == 600.0


def test_minutes_that_nobody_saw_break_what_was_measured() -> None:
    before, after = list(stretch(0.0, 18.0)), list(stretch(18.0 * 60 + 1800.0, 18.0))
    _, seen = run([*before, *after])
    assert not minutes(seen, Event.WINDOW)


def test_a_stop_beside_a_defrost_is_known_as_such() -> None:
    view, _ = run(joined((30.0, "heating"), (5.0, "defrost"), (4.0, "heating"), (5.0, "idle")))
    assert view.run is not None
    assert view.run.defrost
    view, _ = run(joined((30.0, "heating"), (5.0, "idle")))
    assert view.run is not None
    assert not view.run.defrost


def test_a_day_ends_after_24_hours() -> None:
    _, seen = run(stretch(0.0, 24 * 60 + 5))
    assert minutes(seen, Event.DAY) == [1440]


def test_one_wild_value_in_ten_moves_no_mean() -> None:
    assert trimmed([20.0] * 9 + [900.0]) == 20.0
    assert trimmed([20.0, 22.0]) == 21.0
