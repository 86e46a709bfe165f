"""Own history: learnt once, frozen, silent outside what it knows; and least squares."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.faults.history import Bound, History, Terms, of_air, of_cold, unchanging
from agent.faults.linear import Sums
from agent.faults.own import DAY, DAYS, LATELY, ONE, PAIR, THREE, Own
from agent.faults.sample import Sample
from agent.faults.signals import Sources, measured, rested
from agent.faults.window import Window
from tests.rooms.faults.testheating import window

SOURCE = Sources(None, "evaporating_temp", "condensing_temp")
TERMS = Terms(least=100)
HOURS_LEARNT = 15 * 24


def seen(history: History, hour: float, **off: float) -> bool:
    one = window(hour, **off)
    return history.see(one, measured(one, SOURCE), hour * 3600.0)


def learnt(*names: str, terms: Terms = TERMS) -> History:
    history = History(names or ("condenser", "discharge"), 0.0, terms, of_cold)
    for hour in range(HOURS_LEARNT + 1):
        seen(history, float(hour))
        if hour % 24 == 23:
            history.day(0.0)
    assert history.frozen
    return history


@settings(deadline=None)
@given(
    st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=12, max_size=40, unique=True),
)
def test_sums_find_the_line_they_were_fed(
    weights: list[float], points: list[tuple[float, float]]
) -> None:
    sums = Sums(3, 1)
    for a, b in points:
        sums.add((1.0, a, b), (weights[0] + weights[1] * a + weights[2] * b,))
    solved = sums.solve()
    assert solved is not None
    for a, b in points:
        told = sum(w * x for w, x in zip(solved.weights[0], (1.0, a, b), strict=True))
        wanted = weights[0] + weights[1] * a + weights[2] * b
        assert told == pytest.approx(wanted, abs=0.01)


def test_leverage_is_small_in_the_middle_and_grows_outwards() -> None:
    sums = Sums(2, 1)
    for k in range(20):
        sums.add((1.0, k / 10 - 0.95), (0.0,))
    solved = sums.solve()
    assert solved is not None
    assert solved.leverage((1.0, 0.0)) == pytest.approx(1 / 20, rel=0.01)
    assert solved.leverage((1.0, 3.0)) > solved.leverage((1.0, 1.0)) > 1 / 20


def test_nothing_is_judged_before_fourteen_days_and_enough_stretches() -> None:
    history = History(("condenser",), 0.0, TERMS, of_cold)
    for hour in range(13 * 24):
        assert not seen(history, float(hour))
    assert not history.frozen
    few = History(("condenser",), 0.0, Terms(least=10_000), of_cold)
    for hour in range(HOURS_LEARNT):
        seen(few, float(hour))
    assert not few.frozen


def test_a_healthy_machine_stays_where_it_was() -> None:
    history = learnt()
    judged = [seen(history, HOURS_LEARNT + hour) for hour in range(72)]
    assert sum(judged) > 60
    assert all(abs(track.now) < 0.05 for track in history.tracks.values())
    assert history.healthy


def test_a_deviation_shows_in_kelvin_and_is_never_learnt() -> None:
    history = learnt()
    for hour in range(20 * 24):
        seen(history, HOURS_LEARNT + hour, condensing_temp=2.0)
        if hour % 24 == 23:
            history.day(0.0)
    condenser, discharge = history.tracks["condenser"], history.tracks["discharge"]
    assert condenser.now == pytest.approx(2.0, abs=0.1)
    assert condenser.days[-1] == pytest.approx(2.0, abs=0.1)
    assert discharge.days[-1] == pytest.approx(-2.0, abs=0.1)
    assert condenser.up > 5.0
    assert discharge.down > 5.0
    assert not history.healthy


def test_what_lies_outside_the_learnt_is_not_judged_but_learnt_while_all_is_well() -> None:
    history = learnt()
    strange = {"compressor_frequency": 60.0}
    assert not seen(history, HOURS_LEARNT + 1, **strange)
    for hour in range(200):
        seen(history, HOURS_LEARNT + hour, **strange)
    history.day(0.0)
    assert seen(history, HOURS_LEARNT + 201, **strange)


def test_what_lies_outside_is_not_learnt_while_something_is_wrong() -> None:
    history = learnt()
    for hour in range(24):
        seen(history, HOURS_LEARNT + hour, condensing_temp=3.0)
    for hour in range(200):
        seen(history, HOURS_LEARNT + 24 + hour, compressor_frequency=60.0, condensing_temp=3.0)
    history.day(0.0)
    assert not seen(history, HOURS_LEARNT + 240, compressor_frequency=60.0)


@pytest.mark.parametrize(
    ("beyond", "hz", "above_k", "judged"),
    [
        (3.0, 16.0, 6.0, True),
        (inf, 16.0, 6.0, False),
        (3.0, 16.0, 0.0, False),
        (3.0, 16.0, 0.5, False),  # so much it may be wrong there
        (3.0, 16.0, -6.0, False),
        (3.0, 60.0, 6.0, False),  # too far away
        (3.0, -20.0, 6.0, False),  # a fault makes it faster
    ],
)
def test_where_nothing_was_learnt_only_what_no_extrapolation_explains_counts(
    beyond: float, hz: float, above_k: float, judged: bool
) -> None:
    history = learnt("condenser", terms=replace(TERMS, beyond=beyond))
    track, fastest, slowest = history.tracks["condenser"], 15.0, 5.0
    before, hour = track.newest[-1], HOURS_LEARNT + (fastest if hz > 0.0 else slowest)
    shown = {"compressor_frequency": hz, "condensing_temp": 0.02 * hz + above_k}
    assert seen(history, hour, **shown) == judged
    newest = track.newest[-1]
    assert (4.0 < newest < 6.0 - 3.0 * track.sd) if judged else newest == before
    assert history.stretches == (0 if judged else 1)  # and what counts is never learnt


@pytest.mark.parametrize(
    ("scant", "hour", "held"),
    [
        (inf, 5.0, False),
        (0.01, 5.0, True),
        (0.12, 5.0, False),  # much was learnt there
        (0.12, 15.0, True),  # and nothing there
        (0.25, 15.0, False),
    ],
)
def test_where_little_was_learnt_one_stretch_counts_little_and_more_of_them_more(
    scant: float, hour: float, held: bool
) -> None:
    history = learnt("condenser", terms=replace(TERMS, scant=scant, beyond=3.0))
    track = history.tracks["condenser"]
    for later in (0.0, 0.1, 0.2):
        before = track.now
        shown = {"compressor_frequency": 16.0, "condensing_temp": 0.02 * 16.0 + 6.0}
        assert seen(history, HOURS_LEARNT + hour + later, **shown)
        if held:
            assert track.newest[-1] == pytest.approx(before + 2.0 * track.sd)
        else:
            assert track.newest[-1] > before + 6.0 * track.sd


def test_what_is_believed_less_for_another_reason_stays_so_where_little_was_learnt() -> None:
    history = learnt("condenser", terms=replace(TERMS, scant=0.01))
    track, one = history.tracks["condenser"], window(HOURS_LEARNT + 1.0, condensing_temp=6.0)
    before = track.now
    assert history.see(one, measured(one, SOURCE), HOURS_LEARNT * 3600.0, Bound(step_sd=1.0))
    assert track.newest[-1] == pytest.approx(before + track.sd)


def test_a_restart_changes_nothing() -> None:
    history = learnt()
    for hour in range(48):
        seen(history, HOURS_LEARNT + hour, condensing_temp=1.0)
    history.day(0.0)
    again = History(history.names, 0.0, TERMS, of_cold)
    again.restore(history.save())
    for one in (history, again):
        assert seen(one, HOURS_LEARNT + 49, condensing_temp=1.0)
    assert again.tracks["condenser"].now == pytest.approx(history.tracks["condenser"].now, abs=0.01)
    assert again.tracks["condenser"].days == pytest.approx(
        history.tracks["condenser"].days, abs=0.001
    )


def test_a_signal_without_a_newest_stretch_has_none_after_a_restart_either() -> None:
    history = learnt()
    seen(history, HOURS_LEARNT + 1, condensing_temp=1.0)
    history.tracks["discharge"].newest = ()
    again = History(history.names, 0.0, TERMS, of_cold)
    again.restore(history.save())
    assert [len(track.newest) for track in again.tracks.values()] == [1, 0]


def test_another_versions_state_is_begun_anew() -> None:
    history = History(("condenser",), 0.0, TERMS, of_cold)
    history.restore({"": (0.0, 1.0), "x": (1.0,)})
    assert not history.frozen


def test_relearning_forgets() -> None:
    history = learnt()
    history.relearn(1e7)
    assert not history.frozen
    assert not seen(history, HOURS_LEARNT + 5)


def test_without_inputs_the_mean_is_usual() -> None:
    history = History(("superheat",), 0.0, Terms(least=100, inputs=1), unchanging)
    for hour in range(HOURS_LEARNT):
        seen(history, float(hour))
    for hour in range(40):
        seen(history, HOURS_LEARNT + hour, suction_temp=3.0)
    assert history.tracks["superheat"].expected == pytest.approx(5.0)
    assert history.tracks["superheat"].now == pytest.approx(3.0, abs=0.01)


def test_an_input_that_is_missing_judges_nothing() -> None:
    history = learnt()
    one = window(1.0)
    without = type(one)(0.0, 600.0, (), {"compressor_frequency": 60.0, "water_supply_temp": 35.0})
    assert not history.see(without, measured(without, SOURCE), 0.0)
    assert of_air(without, {}) is None


@pytest.mark.parametrize(
    ("supply_c", "return_c", "told"),
    [
        ([40.0 - 0.1 * i for i in range(20)], [39.6 - 0.1 * i for i in range(20)], 0.4),
        ([40.0 - 0.2 * i for i in range(20)], [39.6 - 0.2 * i for i in range(20)], 0.4),
        ([62.0] * 12 + [57.0] + [28.0] * 7, [62.1] * 11 + [28.5] * 9, None),
        ([40.0] * 20, [40.0] * 11 + [28.0] * 9, None),
        ([63.0] * 17 + [57.5, 29.4, 27.2], [63.0] * 17 + [31.5, 28.1, 26.6], None),  # at its end
    ],
)
def test_water_of_a_tank_that_passes_at_rest_says_nothing_of_the_probes(
    supply_c: list[float], return_c: list[float], told: float | None
) -> None:
    kept = [
        Sample(30.0 * i, 0.0, water_supply_temp=supply, water_return_temp=back)
        for i, (supply, back) in enumerate(zip(supply_c, return_c, strict=True))
    ]
    found = rested(Window(0.0, 600.0, kept), 900.0, SOURCE).get("rest_water")
    assert found == (told if told is None else pytest.approx(told, abs=0.01))


def own_of(hours: int, frost_k: float = 0.0, since_s: float = 9e9, **off: float) -> Own:
    """A machine's own history after 15 healthy days and so many hours of something else."""
    own = Own(SOURCE, 0.0)
    for hour in range(HOURS_LEARNT + hours):
        shown = off if hour >= HOURS_LEARNT else {}
        own.window(window(hour, **shown), 900.0, hour * 3600.0, night=True)
        own.clean_coil(window(hour, **shown), (hour - 0.25) * 3600.0, 0.0, hour * 3600.0)
        if hour % 24 == 23:
            own.day(hour * 3600.0)
    return own


def test_a_sensor_that_is_off_moves_its_own_signals_only() -> None:
    own = own_of(48, liquid_temp=2.0)
    found = own.seen(DAYS, (HOURS_LEARNT + 48) * 3600.0)
    assert found["subcooling"].off == pytest.approx(-2.0, abs=0.1)
    others = {name: one.off for name, one in found.items() if name != "subcooling"}
    assert max(map(abs, others.values())) < 0.2


def test_an_iced_coil_moves_the_air_side_only() -> None:
    iced = dict.fromkeys(("evaporating_temp", "coil_temp", "suction_temp"), -3.0)
    own = own_of(48, **iced)
    found = own.seen(DAYS, (HOURS_LEARNT + 48) * 3600.0)
    assert found["clean"].off == pytest.approx(3.0, abs=0.1)
    others = {name: one.off for name, one in found.items() if name not in ("clean", "approach")}
    assert max(map(abs, others.values())) < 0.2


def test_where_little_was_learnt_the_error_is_wider() -> None:
    history = learnt()
    for hours in range(HOURS_LEARNT, HOURS_LEARNT + 60):
        assert seen(history, float(hours))
    assert 0.01 < history.reach < 0.2
    track = replace(history.tracks["condenser"], days=(1.0,), closed=0.0)
    sure, unsure = (DAY.seen("condenser", track, 0.0, doubt) for doubt in (0.04, 1.2))
    assert sure is not None
    assert unsure is not None
    assert unsure.error > 1.5 * sure.error


def test_what_grows_in_the_minutes_since_the_coil_was_bare_is_usual() -> None:
    own = Own(SOURCE, 0.0)
    for hour in range(HOURS_LEARNT + 20):
        bare_h = 0.15 + 0.05 * (hour % 4)
        frost_k = -10.0 * bare_h
        one = window(hour, evaporating_temp=frost_k)
        own.clean_coil(one, (hour - 1.0 / 12.0 - bare_h) * 3600.0, 0.0, hour * 3600.0)
    assert own.clean.tracks["approach"].now == pytest.approx(0.0, abs=0.15)


@pytest.mark.parametrize("strays", [1, 2, 3])
def test_one_stray_coil_does_not_count_in_the_mean_two_do_and_three_tell_all(strays: int) -> None:
    own = own_of(0)
    for hour in range(HOURS_LEARNT, HOURS_LEARNT + strays):
        at = hour * 3600.0
        own.clean_coil(window(hour, evaporating_temp=-6.0), at - 900.0, 0.0, at)
        horizons = (LATELY, ONE, PAIR, THREE)
        lately, one, pair, three = (own.seen(each, at)["clean"].off for each in horizons)
    assert (lately > 2.0) == (strays >= 2)
    assert abs(lately) < 0.5 or strays >= 2
    assert one == pytest.approx(6.0, abs=0.3)
    assert pair == pytest.approx(6.0 if strays >= 2 else 0.0, abs=0.3)
    assert three == pytest.approx(6.0 if strays >= 3 else 0.0, abs=0.3)


@pytest.mark.parametrize(
    ("bare_s", "started_s", "moved_k", "colder_k"),
    [
        (900.0, 4000.0, 0.8, 0.0),  # after a defrost
        (900.0, 850.0, 0.8, 0.0),  # the compressor stood still within it
        (900.0, 900.0, 0.04, 0.0),  # after a pause that thawed the coil
        (1200.0, 1200.0, 0.8, 0.0),  # by then it has settled
        (2400.0, 4000.0, 0.08, 0.0),  # long after a defrost
        (2400.0, 4000.0, 0.8, 25.0),  # and in air too cold for fog
    ],
)
def test_what_may_be_a_start_or_fog_counts_little_at_once_and_more_in_time(
    bare_s: float, started_s: float, moved_k: float, colder_k: float
) -> None:
    own, moved = Own(SOURCE, 0.0), list[float]()
    shown = {"outdoor_temp": -colder_k, "coil_temp": -colder_k, "evaporating_temp": -colder_k}
    for hour in range(HOURS_LEARNT):
        at, before_s = hour * 3600.0, (900.0, 1200.0, 2400.0)[hour % 3]
        own.clean_coil(window(hour, **shown), at - before_s, at - 4000.0, at)
    shown["evaporating_temp"] -= 4.0
    for hour in range(HOURS_LEARNT + 1, HOURS_LEARNT + 31):
        at = hour * 3600.0
        own.clean_coil(window(hour, **shown), at - bare_s, at - started_s, at)
        moved.append(own.clean.tracks["approach"].now)
    assert moved[0] == pytest.approx(moved_k, rel=0.3)
    assert moved[-1] > 1.0


@pytest.mark.parametrize(("faster_hz", "believed_k"), [(0.0, 4.0), (45.0, 4.0), (75.0, 0.4)])
def test_a_coil_at_a_frequency_hardly_ever_seen_counts_little_at_once(
    faster_hz: float, believed_k: float
) -> None:
    own, at = own_of(0), (HOURS_LEARNT + 5) * 3600.0
    shown = {"compressor_frequency": faster_hz, "evaporating_temp": -0.06 * faster_hz - 4.0}
    assert own.clean_coil(window(at / 3600.0, **shown), at - 900.0, 0.0, at)
    newest = own.clean.tracks["approach"].newest[-1]
    assert newest == pytest.approx(believed_k, abs=0.3)


@pytest.mark.parametrize(
    ("at_once_k", "thawed", "believed_k"),
    [
        (0.0, False, 0.3),  # fog: a spread and a half, of 0.2 K, above what it showed at once
        (-1.0, False, 0.3),  # less than usual at once is no reason to believe still less
        (2.0, False, 2.3),  # dirt, and frost on it
        (4.0, False, 4.0),  # dirt
        (0.0, True, 4.0),  # after a start the first stretch had not settled, and says nothing
    ],
)
def test_what_grows_on_a_coil_since_it_was_bare_is_frost(
    at_once_k: float, thawed: bool, believed_k: float
) -> None:
    own = Own(SOURCE, 0.0)

    def look(at: float, since_bare_s: float, off_k: float) -> None:
        shown = {"outdoor_temp": -25.0, "coil_temp": -25.0, "evaporating_temp": -25.0 - off_k}
        bare = at - since_bare_s
        own.clean_coil(window(at / 3600.0, **shown), bare, bare if thawed else 0.0, at)

    for hour in range(HOURS_LEARNT):
        look(hour * 3600.0, (900.0, 1200.0, 2400.0)[hour % 3], 0.0)
    look(HOURS_LEARNT * 3600.0, 900.0, at_once_k)
    look(HOURS_LEARNT * 3600.0 + 1500.0, 2400.0, 4.0)
    newest = own.clean.tracks["approach"].newest[-1]
    assert newest == pytest.approx(believed_k, abs=0.1)


def test_the_newest_stretch_is_known_over_a_restart_but_not_before_any_was_seen() -> None:
    own = own_of(48, evaporating_temp=-4.0)
    names, now = (*own.steady.names, *own.air.names), (HOURS_LEARNT + 48) * 3600.0
    again, older = Own(SOURCE, 0.0), Own(SOURCE, 0.0)
    again.restore(own.save(), names)
    lately = own.seen(LATELY, now)["clean"].off
    assert lately > 1.0
    assert again.seen(LATELY, now)["clean"].off == pytest.approx(lately, abs=0.01)
    assert "clean" in own.seen(THREE, now)
    assert "clean" not in again.seen(THREE, now)
    before = {
        name: {key: numbers for key, numbers in part.items() if key != "last"}
        for name, part in own.save().items()
    }
    older.restore(before, names)
    assert not older.seen(LATELY, now)


def test_a_state_of_before_the_reach_was_kept_goes_on() -> None:
    history = learnt()
    seen(history, HOURS_LEARNT + 1.0)
    saved = dict(history.save())
    again = History(history.names, 0.0, TERMS, of_cold)
    again.restore(saved)
    assert again.reach == pytest.approx(history.reach, abs=1e-4)
    again.restore(saved | {"": saved[""][:4]})
    assert again.frozen
    assert again.reach == 0.0
