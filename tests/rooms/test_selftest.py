"""Self-tests over a simulated home in virtual time: what is found, what is put back, who may."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import read
from agent.core import Core, Restored
from agent.facts import BlockFailed, CommandReceived, Effect, Failure, Keep, Stopping
from agent.model import Alarm, Command, PointId, Result, Severity, Value, Visit
from agent.selftest import Report
from simulators.closed_loop import ClosedLoop
from simulators.heatpump import FIXED_SPEED, HeatPump, Plant
from simulators.house import House
from simulators.plants import REFERENCE_HOME, HomePlant
from simulators.weather import synthetic_winter

WEATHER = synthetic_winter()
GATEWAY = """
gateway: gw
platform: {broker: "mqtt://127.0.0.1:1"}
lines:
  - {name: plant, port: /dev/null, devices: [{name: hp, driver: simulated_pump, unit_id: 1}]}
"""
GOVERNED = """
control:
  - {device: hp, park: 45, schedule: [{start: "00:00", value: 43}]}
"""
STEP_S = 10.0


class Broken:
    """A home whose machine does not do all it shows, or shows not all it does."""

    def __init__(self, **faults: Any) -> None:
        unit = replace(FIXED_SPEED, nominal_w=6000.0)
        plant = Plant(House(REFERENCE_HOME), HeatPump(unit), WEATHER)
        plant.house.water_c = faults.pop("water_c", 30.0)
        self.home, self.faults = HomePlant(plant), faults
        self.shown: dict[PointId, Value] = {}

    def step(self, seconds: float, inputs: Mapping[PointId, Value]) -> Mapping[PointId, Value]:
        ignored = {"power_on", "mode", "water_setpoint"} & self.faults.keys()
        told = {p: v for p, v in inputs.items() if p not in ignored}
        if self.faults.get("dead_compressor"):
            told["mode"] = "standby"
        shown = dict(self.home.step(seconds, {"water_setpoint": 40.0, **told}))
        if self.faults.get("dead_compressor"):
            shown["mode"] = "heat"
        shown |= {p: v for p, v in self.faults.items() if p in shown}
        if "spread_k" in self.faults and shown["compressor_on"]:
            shown["water_return_temp"] = shown["water_supply_temp"] - self.faults["spread_k"]
        self.shown = {p: v for p, v in shown.items() if v is not None}
        return self.shown


class Rig(ClosedLoop):
    """The closed loop, with orders and what became of them."""

    def __init__(self, folder: Path, text: str = GATEWAY, **faults: Any) -> None:
        file = folder / "gateway.yaml"
        file.write_text(text)
        self.results: list[Result] = []
        self.alarms: list[Alarm] = []
        super().__init__(read(file), Broken(**faults), WEATHER)  # type: ignore[arg-type]
        self.step(STEP_S)

    def _do(self, effect: Effect) -> None:
        if isinstance(effect, Keep) and isinstance(effect.record, Result):
            self.results.append(effect.record)
        super()._do(effect)

    def order(self, point: str = "self_test", value: Value = True, role: str = "service") -> Result:
        """Give a command; its result if it has one at once, else an empty one."""
        before, stamp = len(self.results), self._stamp()
        until = stamp.at + timedelta(hours=1)
        wish = Command("t", "crew-7", role, "hp", point, value, stamp.at, until)
        self._take(CommandReceived(wish, stamp))
        return self.results[-1] if len(self.results) > before else NOTHING

    def until_done(self, within_s: float = 5400.0) -> Result:
        """Let time pass until the test has its result."""
        ends = self.elapsed_s + within_s
        while not self.results and self.elapsed_s < ends:
            self.step(STEP_S)
        assert len(self.results) == 1
        return self.results[0]

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds / STEP_S)):
            self.step(STEP_S)


NOTHING = Result("", "", "", None, "")  # type: ignore[arg-type]


def steps(result: Result) -> list[tuple[str, str]]:
    return [(one.step, one.visit.value) for one in result.checks]


def test_a_healthy_pump_needs_no_visit_and_is_left_as_it_was_found(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    assert rig.order() is NOTHING
    result = rig.until_done()
    assert (result.outcome, result.read_back, steps(result)) == (
        "verified", "none", [("heat", "none")],
    )  # fmt: skip
    assert result.why == "visit none: it makes heat"
    assert 1.0 < float(str(result.checks[0].values["spread_k"])) < 8.0
    assert rig.told["water_setpoint"] == 40.0
    assert rig.counted.total() == 2
    assert rig.elapsed_s < 3600.0
    kept = msgspec.json.decode(
        msgspec.json.encode(rig.saved["self_test hp"]), type=tuple[Report, ...]
    )
    assert (kept[0].visit, kept[0].checks[0].zh) == (Visit.NONE, "制热正常")
    assert rig.saved["self_tests"] == ({},)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({"dead_compressor": True}, [("compressor", "now")]),
        ({"pump_on": False}, [("flow", "now")]),
        ({"spread_k": 0.2}, [("no_heat", "soon")]),
        ({"spread_k": 11.0}, [("low_flow", "soon")]),
        ({"water_setpoint": 41.0}, [("demand", "soon")]),
        ({"water_return_temp": None}, [("sensors", "soon"), ("heat_unknown", "none")]),
        ({"water_c": 43.0}, [("warm_already", "none")]),
    ],
)
def test_what_is_wrong_is_found_and_ranked(
    tmp_path: Path, faults: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    rig = Rig(tmp_path, **faults)
    rig.order()
    result = rig.until_done()
    assert steps(result) == expected
    assert (result.outcome, result.read_back) == ("verified", expected[0][1])
    assert rig.told.get("water_setpoint", 40.0) == 40.0 or "water_setpoint" in faults


def test_a_pump_that_was_off_is_switched_on_and_off_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, outdoor_temp=9.0)  # below 5 degC nobody may switch it off
    rig.told = {"power_on": False, "mode": "standby"}
    rig.step(STEP_S)
    rig.order()
    result = rig.until_done()
    assert steps(result) == [("heat", "none")]
    assert (rig.told["power_on"], rig.told["mode"]) == (False, "standby")


def test_a_pump_that_was_off_stays_on_in_the_cold(tmp_path: Path) -> None:
    rig = Rig(tmp_path, outdoor_temp=2.0)
    rig.told = {"power_on": False}
    rig.step(STEP_S)
    rig.order()
    result = rig.until_done()
    assert steps(result) == [("restore", "soon"), ("heat", "none")]
    assert rig.told["power_on"] is True


def test_a_schedule_has_its_point_back_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, GATEWAY + GOVERNED)
    rig.passes(60.0)
    assert rig.told["water_setpoint"] == 43
    rig.order()
    rig.passes(30.0)
    assert rig.told["water_setpoint"] == 45.0
    assert steps(rig.until_done()) == [("heat", "none")]
    rig.passes(900.0)  # the map's least time between two writes of a schedule
    assert rig.told["water_setpoint"] == 43


def test_frost_ends_a_test_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.order()
    rig.passes(60.0)
    rig.plant.faults["indoor_temp"] = 5.0  # type: ignore[attr-defined]
    result = rig.until_done(120.0)
    assert (result.outcome, steps(result)) == ("failed", [("frost", "now")])
    assert rig.told["water_setpoint"] == 40.0


def test_water_too_hot_ends_a_test(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.order()
    rig.passes(60.0)
    rig.plant.faults["water_supply_temp"] = 58.5  # type: ignore[attr-defined]
    assert steps(rig.until_done(120.0)) == [("hot", "soon")]


def test_a_resident_is_not_argued_with(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.order()
    rig.passes(60.0)
    assert rig.order("water_setpoint", 35.0, "resident") is NOTHING or rig.results
    rig.results.clear()  # the resident's own result
    result = rig.until_done(120.0)
    assert (result.outcome, steps(result)) == ("failed", [("outranked", "none")])
    assert rig.told["water_setpoint"] == 35.0
    rig.passes(600.0)
    assert rig.told["water_setpoint"] == 35.0


def test_it_ends_by_order_and_each_order_has_its_own_result(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.order()
    rig.passes(60.0)
    assert rig.order(value=True).why == "a self-test runs already"
    assert rig.order(value=False).why == "the test ends"
    rig.results.clear()
    result = rig.until_done(120.0)
    assert (result.outcome, steps(result)) == ("failed", [("stopped", "none")])
    assert rig.told["water_setpoint"] == 40.0
    rig.results.clear()
    assert rig.order(value=False).why == "no self-test runs"


@pytest.mark.parametrize(
    ("role", "value", "why"),
    [
        ("resident", True, "a resident begins no self-test"),
        ("vendor", True, "a vendor begins no self-test"),
        ("service", "yes", "self_test is true or false"),
    ],
)
def test_who_may_not(tmp_path: Path, role: str, value: Value, why: str) -> None:
    rig = Rig(tmp_path)
    result = rig.order(value=value, role=role)
    assert (result.outcome, result.why) == ("refused", why)
    rig.passes(120.0)
    assert rig.told == {}


def test_a_wish_that_stands_is_not_overridden(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.order("water_setpoint", 42.0, "platform")
    rig.passes(20.0)
    assert rig.order().why == "the platform's choice 42.0 of water_setpoint still holds"


def test_after_a_restart_what_was_found_is_put_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.order()
    rig.passes(60.0)
    assert rig.told["water_setpoint"] == 42.0
    (found,) = msgspec.json.decode(
        msgspec.json.encode(rig.saved["self_tests"]),
        type=tuple[dict[str, dict[str, float | int | bool | str]], ...],
    )
    assert found == {"hp": {"power_on": True, "water_setpoint": 40}}
    rig._take(Stopping(rig._stamp()))
    assert [(one.outcome, one.command_id) for one in rig.results] == [("failed", "t")]
    rig._core = Core(rig.config.core, Restored(self_tests=found))
    rig.passes(60.0)
    assert rig.told["water_setpoint"] == 40.0
    assert rig.saved["self_tests"] == ({},)
    assert len(rig.results) == 1


def test_a_machine_that_falls_silent_ends_its_test(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.order()
    rig.passes(60.0)
    for _ in range(20):
        rig.elapsed_s += STEP_S
        rig._take(BlockFailed("hp", Failure.SILENCE, "no answer", rig._stamp(), True))
    rig.step(STEP_S)
    result = rig.until_done(120.0)
    assert (result.outcome, steps(result)[0]) == ("failed", ("silent", "now"))


def test_an_urgent_alarm_ends_a_test(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    urgent = Alarm("a", "r", "hp", "raised", Severity.S1, "", "", rig._stamp().at)  # type: ignore[arg-type]
    rig._core = Core(rig.config.core, Restored(alarms=(replace(urgent, rule="no_flow"),)))
    rig.step(STEP_S)
    rig.order()
    assert steps(rig.until_done(120.0)) == [("alarm", "now")]


FAULTS: list[dict[str, Any]] = [
    {"indoor_temp": 5.0},
    {"water_supply_temp": 59.0},
    {"pump_on": False},
    {"compressor_on": False},
    {"water_return_temp": None},
    {"power_on": False},
]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from(FAULTS)), max_size=4),
    st.integers(0, 3000),
    st.booleans(),
)
def test_whatever_happens_little_is_written_and_all_is_put_back(
    happens: list[tuple[int, dict[str, Any]]], ends_at: int, ordered: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        rig.order()
        seen = {rig.told.get("water_setpoint", 40.0)}
        for looks, faults in happens:
            rig.plant.faults |= faults  # type: ignore[attr-defined]
            for _ in range(looks):
                rig.step(STEP_S)
                seen.add(rig.told.get("water_setpoint", 40.0))
        if ordered and not rig.results and rig.elapsed_s > ends_at:
            rig.order(value=False)
            rig.results.clear()
        rig.plant.faults.clear()  # type: ignore[attr-defined]
        if not rig.results:
            rig.until_done()
        rig.passes(1800.0)
    assert seen <= {40.0, 42.0}
    assert rig.told.get("water_setpoint", 40.0) == 40.0
    assert rig.told.get("power_on", True) is True
    assert rig.counted.total() <= 6
    assert len(rig.results) == 1


def test_a_trial_moves_the_setpoint_by_a_kelvin_reads_it_back_and_restores_it(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    assert rig.order("test_write") is NOTHING
    rig.passes(STEP_S)
    assert rig.told["water_setpoint"] == 41.0
    result = rig.until_done(120.0)
    assert (result.outcome, result.point) == ("verified", "test_write")
    assert [(one.step, dict(one.values)) for one in result.checks] == [
        ("moved", {"before": 40.0, "read_back": 41.0}),
        ("restored", {"water_setpoint": 40.0}),
    ]
    assert rig.told == {"water_setpoint": 40.0}
    assert rig.counted.total() == 2
    assert rig.elapsed_s < 120.0
    assert "test_write hp" in rig.saved
    assert "self_test hp" not in rig.saved


def test_a_trial_goes_down_where_up_is_not_allowed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, water_setpoint=58.0)
    rig.order("test_write")
    rig.passes(STEP_S)
    assert rig.told["water_setpoint"] == 57.0


def test_a_trial_that_the_machine_ignores_is_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path, water_setpoint=45.0)
    rig.order("test_write")
    result = rig.until_done()
    assert ("demand", "soon") in steps(result)


def test_a_trial_under_a_schedule_puts_back_what_it_found(tmp_path: Path) -> None:
    rig = Rig(tmp_path, GATEWAY + GOVERNED)
    rig.passes(60.0)
    before = rig.told["water_setpoint"]
    rig.order("test_write")
    result = rig.until_done(300.0)
    assert steps(result) == [("moved", "none"), ("restored", "none")]
    assert rig.told["water_setpoint"] == before


def test_a_trial_cut_off_is_put_back_at_the_next_start(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.order("test_write")
    rig.passes(STEP_S)
    assert rig.told["water_setpoint"] == 41.0
    rig._take(Stopping(rig._stamp()))
    (found,) = msgspec.json.decode(
        msgspec.json.encode(rig.saved["self_tests"]),
        type=tuple[dict[str, dict[str, float | int | bool | str]], ...],
    )
    rig._core = Core(rig.config.core, Restored(self_tests=found))
    rig.passes(60.0)
    assert rig.told["water_setpoint"] == 40.0
