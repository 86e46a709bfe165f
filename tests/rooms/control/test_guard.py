"""The guard's table: every row with what it lets through and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.control import Admitted, Guard, GuardView, Refusal, Unneeded
from agent.drivers import Hooks
from agent.model import Demand, Origin, PointValue, Snapshot
from tests.rooms.control.testpump import RemoteFirst, demand, pump, snapshot

SAFE, RES, PLAT, PLAN = Origin.SAFETY, Origin.RESIDENT, Origin.PLATFORM, Origin.SCHEDULE
CONTROLLER = ("every: 10 s", "every: 10 s\nline: {master: controller}")


def view(**more: Any) -> GuardView:
    """A machine that was read 10 s ago, at +8 C, and not written today."""
    values = more.pop("values", {})
    defaults: dict[str, Any] = {
        "machine": pump(),
        "snapshot": snapshot(0.0, **values),
        "mono": 10.0,
        "writes_today": 0,
        "last_write_mono": None,
        "outdoor_c": 8.0,
    }
    return GuardView(**{**defaults, **more})


def of(point: str, value: Any, origin: Origin = PLAT, park: bool = False, **more: Any) -> Any:
    return Guard().judge(demand(point, value, origin, park=park), view(**more))


ALLOWED: dict[str, tuple[Any, ...]] = {
    "a plain setpoint": ("water_setpoint", 40.5, PLAT, {}),
    "contra when allowed": ("x_limit", 50, PLAT, {"allow_unverified": True}),
    "unverified when allowed": ("quiet_mode", True, PLAT, {"allow_unverified": True}),
    "read five minutes ago": ("water_setpoint", 40, PLAT, {"mono": 300.0}),
    "lower end": ("dhw_setpoint", 20.1, PLAT, {}),
    "upper end": ("water_setpoint", 60, PLAT, {}),
    "off at +6": ("power_on", False, RES, {"outdoor_c": 6.0}),
    "off at exactly +5": ("power_on", False, RES, {"outdoor_c": 5.0}),
    "on in the cold": ("power_on", True, RES, {"outdoor_c": -20.0, "values": {"power_on": False}}),
    "heat in the cold": ("mode", "heat", RES, {"outdoor_c": -20.0, "values": {"mode": "cool"}}),
    "auto without knowing": ("mode", "auto", RES, {"outdoor_c": None}),
    "fan when it is mild": ("mode", "fan", RES, {"outdoor_c": 20.0}),
    "grid lock when it is mild": ("sg_ready_mode", "forced_off", PLAT, {}),
    "grid wish in the cold": ("sg_ready_mode", "recommended_on", PLAT, {"outdoor_c": -9.0}),
    "water at 25": ("water_setpoint", 25, PLAT, {}),
    "cold water in cooling": ("water_setpoint", 20, PLAT, {"values": {"mode": "cool"}}),
    "curve not known": ("water_setpoint", 40, PLAT, {"values": {"weather_curve_on": None}}),
    "schedule falls 3 K": ("water_setpoint", 42, PLAN, {}),
    "schedule rises": ("water_setpoint", 60, PLAN, {}),
    "others fall": ("water_setpoint", 30, PLAT, {}),
    "interval over": ("water_setpoint", 44, PLAN, {"last_write_mono": -590.0}),
    "commands need no interval": ("water_setpoint", 44, PLAT, {"last_write_mono": 9.0}),
    "park needs no interval": ("water_setpoint", 44, PLAN, {"last_write_mono": 9.0}, True),
    "switch after 10 min": ("mode", "auto", RES, {"last_write_mono": -590.0}),
    "11 writes": ("water_setpoint", 40, PLAT, {"writes_today": 11}),
    "park at 23": ("water_setpoint", 44, SAFE, {"writes_today": 23}, True),
    "a point with a budget of 24": ("dhw_setpoint", 45, PLAT, {"writes_today": 23}),
}
REFUSED: dict[str, tuple[Any, ...]] = {
    "no such point": ("sauna_temp", 80, RES, {}, "hp has no point sauna_temp"),
    "read only": ("outdoor_temp", 20, RES, {}, "outdoor_temp cannot be written"),
    "only watched": ("water_setpoint", 40, RES, {"machine": pump(changes=CONTROLLER)}, "watched"),
    "contra": ("x_limit", 50, RES, {}, "contra in the map; allow_unverified is not set"),
    "unverified": ("quiet_mode", True, SAFE, {}, "unverified in the map"),
    "read too long ago": ("water_setpoint", 40, RES, {"mono": 300.1}, "has not answered lately"),
    "never read": ("water_setpoint", 40, RES, {"snapshot": Snapshot("hp")}, "not answered lately"),
    "too low": ("dhw_setpoint", 20.0, RES, {}, "the lowest is 20.1"),
    "too high": ("water_setpoint", 60.5, RES, {}, "the highest is 60"),
    "off the grid": ("water_setpoint", 40.3, RES, {}, "nearest are 40 and 40.5"),
    "no such word": ("mode", "party", RES, {}, "takes auto, cool"),
    "text for a number": ("water_setpoint", "hot", RES, {}, "takes a number"),
    "truth for a number": ("water_setpoint", True, RES, {}, "takes a number"),
    "number for a truth": ("power_on", 0, RES, {}, "takes true or false"),
    "not a number": ("water_setpoint", float("nan"), RES, {}, "takes a number"),
    "off at +4": ("power_on", False, RES, {"outdoor_c": 4.0}, "frost: 4 C outdoors, 5 needed"),
    "off without knowing": ("power_on", False, RES, {"outdoor_c": None}, "frost: the outdoor"),
    "cooling at +4": ("mode", "cool", RES, {"outdoor_c": 4.0}, "frost"),
    "hot water only at +4": ("mode", "dhw", RES, {"outdoor_c": 4.0}, "frost"),
    "cooling and hot water": ("mode", "cool_dhw", RES, {"outdoor_c": 4.0}, "frost"),
    "fan in the cold": ("mode", "fan", PLAT, {"outdoor_c": -9.0}, "frost"),
    "grid lock in the cold": ("sg_ready_mode", "forced_off", PLAT, {"outdoor_c": -9.0}, "frost"),
    "water below 25": ("water_setpoint", 24.5, RES, {}, "frost: heating water is kept at 25 C"),
    "the curve rules": (
        "water_setpoint",
        40,
        RES,
        {"values": {"weather_curve_on": True}},
        "no effect: weather_curve_on is true, not false",
    ),
    "schedule falls 3.5 K": ("water_setpoint", 41.5, PLAN, {}, "falls by more than 3 K"),
    "interval": ("water_setpoint", 44, PLAN, {"last_write_mono": -589.0}, "again in 1 s"),
    "switch within 10 min": ("mode", "auto", RES, {"last_write_mono": -589.0}, "again in 1 s"),
    "switching back on too": (
        "power_on",
        True,
        PLAT,
        {"last_write_mono": 0.0, "values": {"power_on": False}},
        "again in 290 s",
    ),
    "12 writes": ("water_setpoint", 40, RES, {"writes_today": 12}, "12 writes today; 12 are"),
    "park at 24": ("water_setpoint", 44, SAFE, {"writes_today": 24}, "24 are allowed", True),
}


@pytest.mark.parametrize("case", ALLOWED.values(), ids=ALLOWED)
def test_let_through(case: tuple[Any, ...]) -> None:
    point, value, origin, more, *park = case
    verdict = of(point, value, origin, bool(park), **more)
    assert isinstance(verdict, Admitted), verdict
    assert (verdict.write.point, verdict.write.value) == (point, value)
    assert (verdict.write.origin, verdict.write.before) == (origin, ())


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(case: tuple[Any, ...]) -> None:
    point, value, origin, more, why, *park = case
    verdict = of(point, value, origin, bool(park), **more)
    assert isinstance(verdict, Refusal), verdict
    assert why in verdict.why


@pytest.mark.parametrize(
    ("point", "value", "more", "passing"),
    [
        ("water_setpoint", 40, {"mono": 4000.0}, True),
        ("power_on", False, {"outdoor_c": None}, True),
        ("water_setpoint", 40, {"writes_today": 12}, True),
        ("mode", "auto", {"last_write_mono": 0.0}, True),
        ("x_limit", 50, {}, False),
        ("water_setpoint", 99, {}, False),
    ],
)
def test_what_may_pass_later_says_so(point: str, value: Any, more: Any, passing: bool) -> None:
    verdict = of(point, value, **more)
    assert isinstance(verdict, Refusal)
    assert verdict.passing is passing


@pytest.mark.parametrize("value", [45, 45.0])
def test_what_is_so_already_needs_no_write_even_without_budget(value: float) -> None:
    assert of("water_setpoint", value, writes_today=24) == Unneeded(45)


def test_a_machine_polled_slowly_may_be_older() -> None:
    slow = pump(changes=("every: 10 s", "every: 10 min"))
    assert isinstance(of("water_setpoint", 40, machine=slow, mono=1800.0), Admitted)
    assert isinstance(of("water_setpoint", 40, machine=slow, mono=1800.1), Refusal)


def test_the_driver_says_what_is_written_before() -> None:
    verdict = of("dhw_setpoint", 45, machine=pump(hooks=RemoteFirst()))
    assert isinstance(verdict, Admitted)
    assert verdict.write.before == (("quiet_mode", True),)
    assert verdict.write.point == "dhw_setpoint"


class Broken(Hooks):
    """A vendor's mistake."""

    def before_write(self, demand: Demand, snapshot: Snapshot) -> tuple[PointValue, ...]:
        if demand.value == 45:
            raise KeyError("remote")
        return ()


@pytest.mark.parametrize(
    ("value", "why"), [(45, "failed: KeyError('remote')"), (46, "gave nothing to write")]
)
def test_a_hook_that_fails_is_a_refusal_and_says_so(value: int, why: str) -> None:
    verdict = of("dhw_setpoint", value, machine=pump(hooks=Broken()))
    assert isinstance(verdict, Refusal)
    assert verdict.why.startswith("before_write of the driver ")
    assert verdict.why.endswith(why)


@settings(deadline=None)
@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.text(max_size=5)), st.booleans())
def test_no_value_outside_the_maps_limits_ever_passes(value: Any, park: bool) -> None:
    for origin in Origin:
        verdict = of("water_setpoint", value, origin, park)
        if isinstance(verdict, Admitted):
            assert not isinstance(value, bool | str)
            assert 25 <= value <= 60
            assert (value * 2) % 1 == 0


@settings(deadline=None)
@given(st.sampled_from(["power_on", "mode"]), st.one_of(st.none(), st.floats(-40, 4.99)))
def test_nothing_stops_the_heating_in_the_cold(point: str, outdoor_c: float | None) -> None:
    for value in (False, "cool", "dhw", "fan", "cool_dhw"):
        for origin in Origin:
            verdict = of(point, value, origin, True, outdoor_c=outdoor_c)
            assert not isinstance(verdict, Admitted)
