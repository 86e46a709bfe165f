"""The reference home: its physics against figures computed elsewhere, its pump, a whole season."""

from __future__ import annotations

import json
import os
from datetime import datetime
from math import log, sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.points import POINTS, Unit
from simulators.heatpump import (
    FIXED_SPEED,
    INVERTER,
    HeatPump,
    HeatPumpParameters,
    Inputs,
    Plant,
    capacity_w,
    cop,
    defrost_factor,
    propane_bar,
)
from simulators.house import House, HouseParameters
from simulators.season import baseline_a, baseline_b, main, reference_plant, run_season
from simulators.weather import CHINA, Conditions, Weather, read_weather, synthetic_winter

MEASURED_WINTER = "HEATPUMP_WEATHER_2010"


def steady(outdoor_c: float, humidity_pct: float = 40.0, ghi_w_m2: float = 0.0) -> Weather:
    hour = Conditions(outdoor_c, humidity_pct, ghi_w_m2)
    return Weather(datetime(2010, 11, 1, tzinfo=CHINA), (hour,))


def plant(outdoor_c: float = -5.0, pump: HeatPumpParameters = FIXED_SPEED, **rest: float) -> Plant:
    return Plant(House(), HeatPump(pump), steady(outdoor_c, **rest))


# --- the house ------------------------------------------------------------------------------


def cooling() -> House:
    """The home left alone at -5 degC: no people, no sun, cold radiators."""
    return House(HouseParameters(internal_gain_w=0.0), room_c=20.0, mass_c=16.875, water_c=-5.0)


@pytest.mark.parametrize(("hours", "room_c"), [(1, 15.63), (6, 12.22), (12, 9.34), (24, 4.95)])
@pytest.mark.parametrize(("seconds", "off_by"), [(5.0, 0.007), (60.0, 0.02)])
def test_a_home_left_alone_cools_as_the_exact_solution_says(hours, room_c, seconds, off_by):
    house = cooling()
    for _ in range(round(hours * 3600 / seconds)):
        house.step(seconds, -5.0, 0.0, 0.0)
    assert house.room_c == pytest.approx(room_c, abs=off_by)


def test_its_two_time_constants_are_half_an_hour_and_a_day_and_a_third():
    """Prony's method: four samples half an hour apart give both decays of a sum of two."""
    house = cooling()
    samples = []
    for _ in range(4):
        samples.append(house.room_c + 5.0)
        house.step(1800.0, -5.0, 0.0, 0.0)
    a, b, c, d = samples
    total, product = (a * d - b * c) / (a * c - b * b), (b * d - c * c) / (a * c - b * b)
    root = sqrt(total * total / 4 - product)
    fast_h, slow_h = (-0.5 / log(total / 2 + sign * root) for sign in (-1, 1))
    assert fast_h == pytest.approx(0.49, abs=0.01)
    assert slow_h == pytest.approx(32.8, abs=0.1)


def test_18_degrees_at_minus_7_6_without_sun_take_6355_w():
    house = House()
    house.step(30 * 86400.0, -7.6, 0.0, 6355.0)
    assert house.room_c == pytest.approx(18.0, abs=0.005)
    assert house.emitted_w == pytest.approx(6355.0, abs=1.0)


def test_radiators_give_9_kw_at_30_kelvin_and_take_nothing_back():
    assert House(room_c=20.0, water_c=50.0).emitted_w == pytest.approx(9000.0)
    assert House(room_c=20.0, water_c=15.0).emitted_w == 0.0


@given(
    st.lists(
        st.tuples(st.floats(-20, 20), st.floats(0, 900), st.floats(0, 15_000), st.floats(1, 60)),
        min_size=1,
        max_size=50,
    )
)
def test_heat_in_is_heat_lost_and_heat_stored(steps):
    house = House()
    before, balance, through = house.stored_j, 0.0, 0.0
    for outdoor_c, ghi, heat_w, seconds in steps:
        net_w = heat_w + house.gain_w(ghi) - house.loss_w(outdoor_c)
        balance += net_w * seconds
        through += abs(net_w) * seconds
        house.step(seconds, outdoor_c, ghi, heat_w)
    assert house.stored_j - before == pytest.approx(balance, abs=1e-9 * through + 1e-3)


def test_a_long_step_is_many_steps_of_a_minute():
    at_once, by_minute = House(), House()
    at_once.step(3630.0, -5.0, 200.0, 8000.0)
    for seconds in [60.0] * 60 + [30.0]:
        by_minute.step(seconds, -5.0, 200.0, 8000.0)
    assert (at_once.room_c, at_once.mass_c) == (by_minute.room_c, by_minute.mass_c)
    assert at_once.water_c == by_minute.water_c


# --- the heat pump --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outdoor_c", "supply_c", "ratio", "kilowatt"),
    [
        (-20, 41, 2.09, 8.7),
        (-12, 41, 2.35, 10.5),
        (-12, 50, 2.12, 10.0),
        (-7, 45, 2.42, 11.4),
        (2, 45, 2.81, 13.5),
        (7, 35, 3.75, 15.3),
    ],
)
def test_the_map_of_the_unit(outdoor_c, supply_c, ratio, kilowatt):
    assert cop(FIXED_SPEED, supply_c, outdoor_c, 40.0) == pytest.approx(ratio, abs=0.006)
    assert capacity_w(FIXED_SPEED, supply_c, outdoor_c, 40.0) / 1000 == pytest.approx(
        kilowatt, abs=0.05
    )


@pytest.mark.parametrize(
    ("outdoor_c", "humidity_pct", "factor"),
    [
        (-1, 90, 0.9),
        (4.9, 99, 0.9),
        (-4, 70, 0.975),
        (-7, 95, 1),
        (0, 50, 1),
        (5, 95, 1),
        (-9, 95, 1),
    ],
)
def test_frost_takes_up_to_a_tenth_in_damp_air_round_freezing(outdoor_c, humidity_pct, factor):
    assert defrost_factor(outdoor_c, humidity_pct) == pytest.approx(factor)
    dry = cop(FIXED_SPEED, 45.0, outdoor_c, 0.0), capacity_w(FIXED_SPEED, 45.0, outdoor_c, 0.0)
    assert cop(FIXED_SPEED, 45.0, outdoor_c, humidity_pct) == pytest.approx(dry[0] * factor)
    assert capacity_w(FIXED_SPEED, 45.0, outdoor_c, humidity_pct) == pytest.approx(dry[1] * factor)


def test_a_running_unit_works_on_its_own_map():
    home = plant(-12.0)
    home.house.water_c = 37.0
    home.advance(300.0, Inputs())
    supply_c = home.pump.supply_c
    assert home.pump.heat_w == pytest.approx(capacity_w(FIXED_SPEED, supply_c, -12.0, 40.0))
    ratio = home.pump.heat_w / home.pump.compressor_w
    assert ratio == pytest.approx(cop(FIXED_SPEED, supply_c, -12.0, 40.0))


def test_an_inverter_gains_at_part_load():
    full, part = (cop(INVERTER, 41.0, -12.0, 40.0, fraction) for fraction in (1.0, 0.5))
    assert part == pytest.approx(full * 1.06)


@pytest.mark.parametrize(("pump", "weak_s"), [(FIXED_SPEED, 89), (INVERTER, 0)])
def test_the_first_90_seconds_of_a_fixed_speed_run_give_30_percent_for_full_power(pump, weak_s):
    home = plant(-5.0, pump)
    shares = []
    for _ in range(120):
        home.advance(1.0, Inputs())
        full = home.pump.fraction * capacity_w(pump, home.pump.supply_c, -5.0, 40.0)
        shares.append(home.pump.heat_w / full)
        assert home.pump.compressor_w > 1000
    assert [share < 0.32 for share in shares] == [True] * weak_s + [False] * (120 - weak_s)


@pytest.mark.parametrize("seconds", [1.0, 7.0, 60.0])
def test_runs_last_six_minutes_and_rests_five(seconds):
    """A thermostat that changes its mind at every step meets the unit's own timers."""
    home = plant(-5.0)
    spells: list[tuple[bool, float]] = []
    for index in range(int(2 * 3600 / seconds)):
        home.advance(seconds, Inputs(water_setpoint=60.0, heat_call=index % 2 == 0))
        if not spells or spells[-1][0] != home.pump.on:
            spells.append((home.pump.on, 0.0))
        spells[-1] = (home.pump.on, spells[-1][1] + seconds)
    whole = spells[1:-1]
    assert len(whole) > 10
    assert all(length >= (360 if on else 300) for on, length in whole)
    assert all(length <= (360 if on else 300) + 2 * seconds for on, length in whole)
    assert home.pump.starts == sum(on for on, _ in spells)


def test_the_thermostat_keeps_the_water_between_its_two_marks():
    home = plant(5.0)
    home.advance(4 * 3600.0, Inputs(water_setpoint=45.0))
    water = []
    for _ in range(12 * 60):
        home.advance(60.0, Inputs(water_setpoint=45.0))
        water.append(home.house.water_c)
    assert 37.0 < min(water) < 38.0
    assert 43.0 <= max(water) < 45.5  # the minimum run carries it past the upper mark


def test_an_inverter_settles_between_its_limits_without_cycling():
    home = plant(-7.0, INVERTER)
    home.advance(12 * 3600.0, Inputs(water_setpoint=42.0))
    starts = home.pump.starts
    home.advance(12 * 3600.0, Inputs(water_setpoint=42.0))
    assert home.pump.starts == starts
    assert 0.3 < home.pump.fraction < 1.0
    settled = home.pump.parameters.lowest_fraction - 0.05 + 0.1 * (42.0 - home.pump.supply_c)
    assert home.pump.fraction == pytest.approx(settled, abs=0.01)
    home.advance(600.0, Inputs(water_setpoint=60.0))
    assert home.pump.fraction == 1.0


# --- the plant and its readings -------------------------------------------------------------


@pytest.mark.parametrize("inputs", [Inputs(), Inputs(power_on=False), Inputs(mode="cool")])
@pytest.mark.parametrize("pump", [FIXED_SPEED, INVERTER])
def test_readings_carry_canonical_names_and_values_of_their_kind(inputs, pump):
    readings = plant(-5.0, pump).step(600.0, inputs)
    assert set(readings) <= set(POINTS)
    for name, value in readings.items():
        numeric = POINTS[name].unit is not Unit.NONE or name == "cop"
        assert isinstance(value, float) == numeric, name
    assert readings["power_on"] is inputs.power_on


def test_a_running_unit_shows_what_it_does():
    home = plant(-12.0)
    shown = home.step(900.0, Inputs(water_setpoint=50.0))
    assert (shown["compressor_on"], shown["pump_on"], shown["mode_active"]) == (True, True, "heat")
    assert (shown["compressor_frequency"], shown["water_flow"]) == (50.0, pytest.approx(21.0))
    assert (shown["outdoor_temp"], shown["indoor_temp"]) == (-12.0, home.house.room_c)
    across = float(shown["water_supply_temp"]) - float(shown["water_return_temp"])
    assert across * 0.35 * 4186 == pytest.approx(shown["thermal_power"])
    assert shown["active_power"] == pytest.approx(home.pump.compressor_w + 135.0)
    assert 60.0 < float(shown["discharge_temp"]) < 110.0
    assert float(shown["suction_temp"]) < -12.0 < float(shown["condensing_temp"])
    assert float(shown["high_pressure"]) > 4 * float(shown["low_pressure"])


def test_switched_off_nothing_runs_and_standby_remains():
    home = plant(-5.0)
    assert home.step(120.0, Inputs())["compressor_on"] is True
    shown = home.step(60.0, Inputs(power_on=False))
    assert (shown["compressor_on"], shown["pump_on"], shown["mode_active"]) == (False, False, "off")
    assert (shown["active_power"], shown["thermal_power"], shown["water_flow"]) == (15.0, 0.0, 0.0)
    assert shown["water_supply_temp"] == shown["water_return_temp"]
    assert home.step(60.0, Inputs(water_setpoint=60.0))["compressor_on"] is False  # still resting
    assert home.step(300.0, Inputs(water_setpoint=60.0))["compressor_on"] is True


@pytest.mark.parametrize("inputs", [Inputs(heat_call=False), Inputs(mode="cool")])
def test_without_a_call_for_heat_only_the_pump_runs(inputs):
    shown = plant(-5.0).step(600.0, inputs)
    assert (shown["compressor_on"], shown["pump_on"]) == (False, True)
    assert shown["active_power"] == 135.0


@pytest.mark.parametrize("seconds", [1.0, 10.0, 60.0])
def test_meters_add_up_the_powers_shown(seconds):
    home = plant(-5.0)
    electric = heat = 0.0
    for _ in range(int(7200 / seconds)):
        shown = home.step(seconds, Inputs())
        electric += float(shown["active_power"]) * seconds / 3.6e6
        heat += float(shown["thermal_power"]) * seconds / 3.6e6
    assert shown["energy_total"] == pytest.approx(electric)
    assert shown["heat_energy_total"] == pytest.approx(heat)
    assert home.elapsed_s == pytest.approx(7200.0)


def test_defrost_shows_for_the_share_that_frost_takes():
    home = plant(0.0, INVERTER, humidity_pct=90.0)
    shown = [home.step(60.0, Inputs(water_setpoint=50.0)) for _ in range(24 * 60)]
    running = [minute for minute in shown if minute["compressor_on"]]
    share = sum(bool(minute["defrost_active"]) for minute in running) / len(running)
    assert share == pytest.approx(0.10, abs=0.01)
    assert not any(minute["defrost_active"] for minute in shown if not minute["compressor_on"])


@pytest.mark.parametrize(
    ("at_c", "bar"), [(-20, 2.44), (0, 4.74), (20, 8.36), (45, 15.34), (60, 21.17)]
)
def test_propane_pressure_is_near_the_table(at_c, bar):
    assert propane_bar(at_c) == pytest.approx(bar, rel=0.02)


# --- a season -------------------------------------------------------------------------------


def test_the_measured_winter_2010_to_2011_gives_the_reference_account():
    path = os.environ.get(MEASURED_WINTER)
    if not path:
        pytest.skip(f"{MEASURED_WINTER} names no CSV of the winter 2010/11 at Beijing airport")
    weather = read_weather(Path(path))
    a = run_season(reference_plant(weather), baseline_a())
    assert a.kwh == pytest.approx(7267, rel=0.01)
    assert a.scop == pytest.approx(2.36, rel=0.01)
    assert a.supply_c == pytest.approx(44.3, abs=0.4)
    assert a.mean_room_c == pytest.approx(21.9, abs=0.1)
    b = run_season(reference_plant(weather), baseline_b())
    assert b.kwh == pytest.approx(5799, rel=0.01)


def test_the_made_up_winter_gives_the_pinned_accounts():
    """Pinned from this model, which met the measured winter's account; physics must not drift."""
    weather = synthetic_winter()
    a = run_season(reference_plant(weather), baseline_a())
    assert a.kwh == pytest.approx(7250, rel=0.01)
    assert a.scop == pytest.approx(2.368, rel=0.005)
    assert a.mean_room_c == pytest.approx(21.87, abs=0.1)
    assert a.supply_c == pytest.approx(44.62, abs=0.1)
    assert a.kh_below_18 == pytest.approx(73.4, rel=0.05)
    assert a.starts == pytest.approx(7475, rel=0.01)
    assert a.hours == 3624 - 72
    b = run_season(reference_plant(weather), baseline_b())
    assert b.kwh == pytest.approx(5697, rel=0.01)
    assert b.mean_room_c == pytest.approx(18.5, abs=0.1)
    inverter = run_season(reference_plant(weather, "inverter"), baseline_a())
    assert inverter.kwh == pytest.approx(6617, rel=0.01)


def ten_days(weather: Weather, seconds: float) -> float:
    home = reference_plant(weather)
    while home.elapsed_s < 10 * 86400:
        home.advance(seconds, Inputs())
    return home.energy_j / 3.6e6


def test_finer_steps_stay_near_the_reference_step():
    weather = synthetic_winter()
    assert ten_days(weather, 5.0) == pytest.approx(ten_days(weather, 60.0), rel=0.04)


def test_the_account_leaves_out_the_warm_up():
    weather = Weather(datetime(2010, 11, 1, tzinfo=CHINA), synthetic_winter().hours[: 5 * 24])
    whole = run_season(reference_plant(weather), baseline_a(), warm_up_s=0.0)
    after = run_season(reference_plant(weather), baseline_a(), warm_up_s=3 * 86400.0)
    assert (whole.hours, after.hours) == (120.0, 48.0)
    assert 0.3 * whole.kwh < after.kwh < 0.5 * whole.kwh
    with pytest.raises(ValueError, match="72 h"):
        run_season(reference_plant(steady(0.0)), baseline_a())


def test_the_command_prints_one_json_object(tmp_path, capsys):
    path = tmp_path / "cold.csv"
    rows = [f"2010-11-{1 + h // 24:02} {h % 24:02}:00,-3,60,0" for h in range(5 * 24)]
    path.write_text(
        "\n".join(["datetime_local,t_dry_bulb_c,rh_pct,ghi_model_w_m2", *rows]), "utf-8"
    )
    assert main(["--weather", str(path), "--baseline", "B", "--plant", "inverter", "--json"]) == 0
    account = json.loads(capsys.readouterr().out)
    assert (account["baseline"], account["plant"], account["hours"]) == ("B", "inverter", 48.0)
    assert account["kwh"] > 50
    assert {"scop", "mean_room_c", "supply_c", "kh_below_18", "starts"} <= account.keys()


def test_the_command_says_why_weather_cannot_be_used(tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    assert main(["--weather", str(path)]) == 2
    assert "bad.csv:1: no column" in capsys.readouterr().err
    assert main(["--weather", str(tmp_path / "none.csv")]) == 2
