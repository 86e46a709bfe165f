"""Frost, floors, compressor and park values: what control does before anybody's wish."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.control import Control, ControlSettings, HomeControl, Period, WeekSchedule
from agent.control.comfort import Comfort
from agent.control.guard import LEAST_OFF_S, LEAST_RUN_S
from agent.facts import Effect, Journal, Save, Send, WriteDone
from agent.model import Origin, Outcome, Value, Write
from tests.rooms.control.testpump import NOON, command, pump, readings, snapshot, stamp

CHINA = ZoneInfo("Asia/Shanghai")
EVERY = frozenset(range(7))
HOME = HomeControl(
    "hp",
    "water_setpoint",
    WeekSchedule((Period(EVERY, time(0), 42),)),
    45,
    ("hp", "indoor_temp"),
    CHINA,
)
COMFORT = replace(
    HOME, schedule=WeekSchedule(()), comfort=Comfort(WeekSchedule((Period(EVERY, time(0), 18),)))
)


class Scene:
    """One home whose machine does what it is told, in seconds of the test's choosing."""

    def __init__(self, *homes: HomeControl, changes: tuple[str, str] = ("", "")) -> None:
        self.device = pump(changes=changes)
        self.control = Control(ControlSettings(CHINA, homes or (HOME,)), {"hp": self.device}, {})
        self.shows: dict[str, Value | None] = {}
        self.told: list[Effect] = []

    def sweep(self, mono: float, **values: Value | None) -> list[tuple[str, Value]]:
        self.shows.update(values)
        effects = list(self.control.sweep({"hp": self.seen(mono)}, stamp(mono), mono))
        return self._carried_out(effects, mono)

    def ask(self, mono: float, point: str, value: Value, role: str = "resident") -> str:
        one = command(f"c{mono}", value, role, point, at=mono)
        effects = list(self.control.command(one, {"hp": self.seen(mono)}, stamp(mono)))
        if self._carried_out(effects, mono):
            return "written"
        return next(
            str(e.detail["why"]) for e in effects if isinstance(e, Journal) and e.kind == "result"
        )

    def stop(self, mono: float) -> list[tuple[str, Value]]:
        return self._carried_out(
            list(self.control.park({"hp": self.seen(mono)}, stamp(mono))), mono
        )

    def seen(self, mono: float) -> Any:
        return snapshot(mono, **self.shows)

    def _carried_out(self, effects: list[Effect], mono: float) -> list[tuple[str, Value]]:
        self.told += effects
        writes: list[Write] = [e.write for e in effects if isinstance(e, Send)]
        for write in writes:
            self.shows[write.point] = write.value
            done = WriteDone(write, Outcome.VERIFIED, "told", stamp(mono), write.value)
            self.told += list(self.control.write_done(done))
        return [(write.point, write.value) for write in writes]


COLD: dict[str, dict[str, Value]] = {
    "a room at 7.9": {"indoor_temp": 7.9},
    "a room below zero": {"indoor_temp": -3.0},
    "water at 4.9": {"water_supply_temp": 4.9},
}


@pytest.mark.parametrize("home", [HOME, COMFORT], ids=["schedule", "comfort"])
@pytest.mark.parametrize("cold", COLD.values(), ids=COLD)
def test_in_frost_the_machine_is_on_heats_and_is_parked(
    home: HomeControl, cold: dict[str, Value]
) -> None:
    scene = Scene(home)
    found = scene.sweep(0.0, power_on=False, mode="cool", water_setpoint=30, **cold)
    assert sorted(found) == [("mode", "heat"), ("power_on", True), ("water_setpoint", 45)]
    assert scene.sweep(60.0) == []


def test_frost_ends_a_lock_of_the_grid_which_stops_the_compressor() -> None:
    scene = Scene()
    found = scene.sweep(0.0, sg_ready_mode="forced_off", indoor_temp=15.0, water_setpoint=45)
    assert "sg_ready_mode" not in dict(found)
    assert ("sg_ready_mode", "normal") in scene.sweep(60.0, indoor_temp=7.0)
    assert scene.sweep(120.0) == []
    assert "safety's choice normal still holds" in scene.ask(180.0, "sg_ready_mode", "forced_off")


WARM: dict[str, dict[str, Value | None]] = {
    "a room at 8": {"indoor_temp": 8.0},
    "water at 5": {"water_supply_temp": 5.0},
    "a broken sensor": {"indoor_temp": -40.0},
    "a sensor without value": {"indoor_temp": None},
}


@pytest.mark.parametrize("values", WARM.values(), ids=WARM)
def test_what_is_no_frost_switches_nothing(values: dict[str, Value | None]) -> None:
    scene = Scene(COMFORT)
    found = scene.sweep(0.0, power_on=False, mode="cool", water_setpoint=45, **values)
    assert not {"power_on", "mode"} & {point for point, _ in found}


def test_a_mode_that_heats_is_left_as_it_is() -> None:
    assert Scene().sweep(0.0, mode="auto", indoor_temp=7.0) == []


def test_frost_outranks_the_resident_and_holds_until_two_kelvin_above() -> None:
    scene = Scene()
    assert scene.ask(0.0, "water_setpoint", 30) == "written"
    assert scene.sweep(60.0, indoor_temp=7.0) == [("water_setpoint", 45)]
    assert "safety's choice 45 still holds" in scene.ask(120.0, "water_setpoint", 30)
    assert "safety's choice True still holds" in scene.ask(180.0, "power_on", False)
    assert scene.sweep(2000.0, indoor_temp=9.9) == []
    assert "safety's choice" in scene.ask(2000.0, "water_setpoint", 30)
    scene.sweep(2600.0, indoor_temp=10.0)
    assert scene.ask(2600.0, "water_setpoint", 30) == "written"


def test_frost_keeps_to_the_hard_cap() -> None:
    scene = Scene()
    count = 0
    for n in range(36):  # twelve hours of a day in which somebody turns it down every 20 minutes
        count += len(scene.sweep(1200.0 * n, indoor_temp=6.0, water_setpoint=30))
    assert count == 24


def test_in_frost_a_machine_that_lets_nothing_be_switched_is_parked_all_the_same() -> None:
    scene = Scene(
        changes=("power_on: {at: 0, type: bool, write: {}}", "power_on: {at: 0, type: bool}")
    )
    found = scene.sweep(0.0, power_on=False, indoor_temp=7.0, water_setpoint=30)
    assert found == [("water_setpoint", 45)]


SWITCHING: dict[str, tuple[str, Value, Value, float]] = {
    "off after being switched on": ("power_on", True, False, LEAST_RUN_S),
    "on after being switched off": ("power_on", False, True, LEAST_OFF_S),
    "another mode": ("mode", "heat", "auto", LEAST_RUN_S),
}


@pytest.mark.parametrize("by", ["us", "somebody at the machine"])
@pytest.mark.parametrize("case", SWITCHING.values(), ids=SWITCHING)
def test_the_compressor_runs_ten_minutes_and_rests_five(
    case: tuple[str, Value, Value, float], by: str
) -> None:
    point, first, then, least_s = case
    other: Value = "cool" if point == "mode" else not first
    scene = Scene()
    scene.sweep(0.0, water_setpoint=42, **{point: other})
    if by == "us":
        assert scene.ask(1000.0, point, first) == "written"
    else:
        scene.sweep(1000.0, **{point: first})
    assert "again in" in scene.ask(1000.0 + least_s - 5.0, point, then)
    assert scene.ask(1000.0 + least_s, point, then) == "written"


def test_floors_never_get_more_water_than_they_bear() -> None:
    plan = WeekSchedule((Period(EVERY, time(0), 24),))
    floor = replace(COMFORT, park=35, highest_c=40.0, comfort=Comfort(plan, emitter="floor"))
    scene = Scene(floor)
    for n in range(60):
        scene.sweep(
            600.0 * n,
            outdoor_temp=-20.0,
            indoor_temp=12.0,
            water_setpoint=scene.shows.get("water_setpoint", 35),
        )
    assert scene.shows["water_setpoint"] == 40
    assert "bears 40 C at most" in scene.ask(40_000.0, "water_setpoint", 41)
    assert scene.stop(40_001.0) == [("water_setpoint", 35)]


def test_a_plan_above_what_the_emitter_bears_is_lowered_to_what_the_machine_takes() -> None:
    plan = WeekSchedule((Period(EVERY, time(0), 45),))
    scene = Scene(replace(HOME, schedule=plan, park=42, highest_c=42.3))
    assert scene.sweep(0.0, indoor_temp=18.0, water_setpoint=40) == [("water_setpoint", 42)]


def test_steps_are_counted_from_the_lowest_value_of_the_map() -> None:
    steps = ('low: 20, high: 60, step: 0.5, park: "45"', "low: 20.5, high: 60, step: 1")
    planned = replace(HOME, schedule=WeekSchedule((Period(EVERY, time(0), 45.5),)))
    scene = Scene(replace(planned, park=40.5, highest_c=42.3), changes=steps)
    assert scene.sweep(0.0, indoor_temp=18.0, water_setpoint=40.5) == [("water_setpoint", 41.5)]
    scene = Scene(replace(COMFORT, park=40.5, highest_c=44.3), changes=steps)
    found = scene.sweep(0.0, outdoor_temp=-20.0, indoor_temp=12.0, water_setpoint=40.5)
    for n in range(1, 60):
        found += scene.sweep(600.0 * n)
    assert found[-1] == ("water_setpoint", 43.5)
    assert not [one for one in scene.told if isinstance(one, Journal) and one.kind == "refused"]


def test_a_floor_found_hotter_than_it_bears_comes_down_at_once() -> None:
    plan = WeekSchedule((Period(EVERY, time(0), 18),))
    floor = replace(COMFORT, park=35, highest_c=40.0, comfort=Comfort(plan, emitter="floor"))
    scene = Scene(floor)
    for n in range(12):
        shown = scene.shows.get("water_setpoint", 47)
        scene.sweep(600.0 * n, outdoor_temp=5.0, indoor_temp=20.0, water_setpoint=shown)
    assert scene.shows["water_setpoint"] <= 40


def test_a_park_value_above_what_the_machine_takes_now_becomes_its_highest() -> None:
    limited = (
        "write: {low: 20, high: 60, step: 0.5, park",
        "write: {low: 20, high: 38, step: 0.5, park",
    )
    scene = Scene(changes=limited)
    scene.shows["water_setpoint"] = 30
    assert scene.stop(0.0) == [("water_setpoint", 38)]
    assert not [e for e in scene.told if isinstance(e, Journal) and e.kind == "not_parked"]


def test_the_machines_own_maximum_bounds_the_park_value_on_its_grid() -> None:
    limited = ("high: 60, step: 0.5, park", "high: 60, high_from: x_limit, step: 0.5, park")
    scene = Scene(changes=limited)
    scene.shows["water_setpoint"] = 30
    assert scene.device.highest("water_setpoint") is None, "not read yet"
    scene.device._known.update({one.point: one for one in readings(x_limit=41.3)})
    assert scene.device.highest("water_setpoint") == 41.0
    assert "highest is 41.3" in scene.ask(1.0, "water_setpoint", 45), "commands are not bent"
    assert scene.stop(1.0) == [("water_setpoint", 41.0)]


def test_parking_on_the_way_out_waits_for_no_timer() -> None:
    pump_home = replace(HOME, point="power_on", park=True, schedule=WeekSchedule(()))
    scene = Scene(pump_home)
    scene.sweep(0.0)
    assert scene.ask(1.0, "power_on", False) == "written"
    assert scene.stop(2.0) == [("power_on", True)]
    assert [e.write.origin for e in scene.told if isinstance(e, Send)][-1] is Origin.SAFETY


# --- emergency ----------------------------------------------------------------------------------


def emergency(scene: Scene, mono: float, on: bool, role: str = "platform", **more: Any) -> Any:
    one = command(f"e{mono}", on, role, "emergency", "all", at=mono, **more)
    return list(scene.control.command(one, {"hp": scene.seen(mono)}, stamp(mono)))


def test_an_emergency_parks_above_the_resident_and_ends_when_told() -> None:
    scene = Scene()
    assert scene.ask(0.0, "water_setpoint", 41) == "written"
    emergency(scene, 10.0, True)
    assert scene.sweep(20.0) == [("water_setpoint", 45)]
    assert "safety's choice 45" in scene.ask(30.0, "water_setpoint", 41)
    emergency(scene, 40.0, False)
    scene.sweep(50.0)
    assert scene.ask(60.0, "water_setpoint", 41) == "written"


def test_an_emergency_ends_by_itself() -> None:
    scene = Scene(replace(HOME, schedule=WeekSchedule(())))
    emergency(scene, 0.0, True, hold_s=3600.0)
    assert scene.sweep(1.0, water_setpoint=40) == [("water_setpoint", 45)]
    assert "safety's choice 45" in scene.ask(3599.0, "water_setpoint", 41)
    scene.sweep(3600.0)
    assert scene.ask(3601.0, "water_setpoint", 41) == "written"


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize(("left_s", "on"), [(60.0, True), (-1.0, False)])
def test_an_emergency_outlives_a_restart(left_s: float, on: bool, trusted: bool) -> None:
    first = Scene()
    (saved,) = [e.value for e in emergency(first, 0.0, True, hold_s=7200.0) if isinstance(e, Save)]
    assert saved == (NOON + timedelta(hours=2),)
    ends = NOON + timedelta(seconds=left_s)
    found = Control(ControlSettings(CHINA, (HOME,)), {"hp": pump()}, {}, emergency=ends)
    effects = list(found.sweep({"hp": snapshot(0.0, water_setpoint=42)}, stamp(0.0, trusted), 0.0))
    parked = [e.write.value for e in effects if isinstance(e, Send)]
    assert parked == ([45] if on or not trusted else [])


def test_only_the_platform_orders_an_emergency() -> None:
    scene = Scene()
    effects = emergency(scene, 0.0, True, "resident")
    assert not [e for e in effects if isinstance(e, Save)]
    assert scene.sweep(1.0, water_setpoint=42) == []
