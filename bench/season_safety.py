"""What must never happen in a winter: a house left cold by a dead gateway, or a wrong effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

from agent.config import Config, read
from agent.core import Core
from agent.facts import BlockRead, CommandReceived, Effect, Keep, Send, WriteDone
from agent.model import Command, Outcome, PointId, Quality, Reading, Result, Stamp, Value, Write
from bench.kit import Row
from simulators.closed_loop import CONFIG, ClosedLoop
from simulators.plants import Fixed, Inverter, VariantPlant
from simulators.weather import Weather, synthetic_winter

WATCHED_H = 72
ALIVE_C = 17.5
PARKED_C = 48.0  # of simulators/closed_loop.yaml
POWER_CUT_S = 900.0  # a longer one cools the house by itself, whatever controls it


def deaths(weather: Weather) -> list[Row]:
    """Each way in which a gateway ends, at the worst cold snap of the weather."""
    rows: list[Row] = []
    for kind, plant in (("fixed", Fixed), ("inverter", Inverter)):
        for forecast_h in (72, 0):
            rows += _deaths(kind, plant, weather, forecast_h)
    return rows


def _deaths(
    kind: str, plant: Callable[[Weather], VariantPlant], weather: Weather, forecast_h: int
) -> Iterator[Row]:
    config = outlasting(read(CONFIG)) if forecast_h else read(CONFIG)
    loop = ClosedLoop(config, plant(weather), weather)
    loop.forecast_h = forecast_h
    while loop.elapsed_s < snap_s(weather):
        loop.step()
    shared = {id(config): config, id(weather): weather}
    for path, end in PATHS.items():
        one = deepcopy(loop, dict(shared))
        end(one)
        coldest = min(one.step().room_c for _ in range(WATCHED_H * 6))
        yield {
            "path": path,
            "unit": kind,
            "forecast_h": forecast_h,
            "at": f"{weather.time(snap_s(weather)):%Y-%m-%d %H:%M}",
            "setpoint_left_c": float(one.told.get("water_setpoint", 45.0)),
            "coldest_72h_c": round(coldest, 2),
            "met": coldest >= ALIVE_C,
        }


def outlasting(config: Config) -> Config:
    """The same gateway, told to leave water for three days at every moment."""
    homes = tuple(
        replace(home, comfort=replace(home.comfort, outlast=True)) if home.comfort else home
        for home in config.core.control.homes
    )
    control = replace(config.core.control, homes=homes)
    return replace(config, core=replace(config.core, control=control))


def snap_s(weather: Weather) -> float:
    """Five in the afternoon of the day after which three days are colder than the day before."""
    days = [
        sum(hour.outdoor_c for hour in weather.hours[i : i + 24]) / 24
        for i in range(17, len(weather.hours) - 24, 24)
    ]
    falls = [days[i - 1] - sum(days[i : i + 3]) / 3 for i in range(10, len(days) - 3)]
    return (17 + 24 * (10 + falls.index(max(falls)))) * 3600.0


def _stopped(loop: ClosedLoop) -> None:
    loop.stop()


def _killed(loop: ClosedLoop) -> None:
    """kill -9; the service manager starts it again, with what it had saved."""
    loop.restart()


def _cut_off(loop: ClosedLoop) -> None:
    """Dead for good, or the bus cable pulled: the machine keeps its last word."""
    loop.tended = False


def _dark(loop: ClosedLoop) -> None:
    """A quarter of an hour without power for machine and gateway; both come back."""
    before = dict(loop.told)
    loop.tended = False
    loop.told = {**before, "power_on": False}
    loop.step(POWER_CUT_S)
    loop.told = before
    loop.restart()


PATHS: dict[str, Callable[[ClosedLoop], None]] = {
    "stopped: parked": _stopped,
    "kill -9, started again": _killed,
    "kill -9 for good, or cable pulled": _cut_off,
    "power lost for a quarter of an hour": _dark,
}


# --- the table of cases -------------------------------------------------------------------------


class Scene:
    """One core in the hands of a case: minutes pass, sensors say things, writes come out."""

    def __init__(self) -> None:
        self.core = Core(read(CONFIG).core)
        self.mono, self.trusted = 0.0, True
        self.start = synthetic_winter().start + timedelta(days=60, hours=12)
        self.shows: dict[PointId, Value | None] = {
            "power_on": True,
            "mode": "heat",
            "pump_mode": "demand",
            "water_hysteresis": 8,
            "water_setpoint": 40,
            "water_supply_temp": 36.0,
            "water_return_temp": 33.0,
            "outdoor_temp": -3.0,
            "indoor_temp": 18.3,
        }
        self.writes: list[Write] = []
        self.results: list[str] = []

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.start + timedelta(seconds=self.mono), self.mono, self.trusted)

    @property
    def setpoint(self) -> float:
        value = self.shows["water_setpoint"]
        assert isinstance(value, int | float)
        return float(value)

    def hours(self, count: float) -> Scene:
        """Let so many hours pass, with a look every ten minutes."""
        for _ in range(round(count * 6)):
            self.look()
            self.mono += 600.0
        return self

    def look(self) -> None:
        """The gateway reads every sensor."""
        readings = tuple(
            Reading(p, v, Quality.GOOD if v is not None else Quality.ABSENT)
            for p, v in self.shows.items()
        )
        self.take(self.core.step(BlockRead("hp", readings, self.stamp, sweep_end=True)))

    def take(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Keep) and isinstance(effect.record, Result):
                self.results.append(f"{effect.record.outcome.value}: {effect.record.why}")
            if isinstance(effect, Send):
                write = effect.write
                self.writes.append(write)
                self.shows[write.point] = write.value
                done = WriteDone(write, Outcome.VERIFIED, "", self.stamp, write.value)
                self.take(self.core.step(done))

    def order(self, point: PointId, value: Value, role: str) -> None:
        self.look()
        at = self.stamp.at
        command = Command(
            f"c{self.mono}", "bench", role, "hp", point, value, at, at + timedelta(minutes=5)
        )
        self.take(self.core.step(CommandReceived(command, self.stamp)))


def cases() -> list[Row]:
    """Each case with what is expected and whether it came so."""
    return [
        {"case": name, "expected": check.__doc__, "passed": check(Scene().hours(4))}
        for name, check in CASES.items()
    ]


def _override(scene: Scene) -> bool:
    """a change at the panel is not overwritten for four hours, then it is"""
    scene.shows["water_setpoint"] = 50
    scene.hours(3.9)
    kept = scene.setpoint == 50
    scene.hours(3)
    return kept and scene.setpoint < 50


def _app(scene: Scene) -> bool:
    """a resident's command stands against the rule for four hours"""
    scene.order("water_setpoint", 48, "resident")
    scene.hours(3.9)
    return scene.setpoint == 48


def _frost(scene: Scene) -> bool:
    """7 C in the room: park at once, whatever the resident chose"""
    scene.order("water_setpoint", 30, "resident")
    scene.shows["indoor_temp"] = 7.0
    scene.hours(0.4)
    return scene.setpoint == PARKED_C


def _cold_water(scene: Scene) -> bool:
    """4 C in the return: park at once"""
    scene.shows["water_return_temp"] = 4.0
    scene.hours(0.4)
    return scene.setpoint == PARKED_C


def _stale(scene: Scene) -> bool:
    """no room value: the learned curve without trim, two kelvin more, never below it"""
    before = scene.setpoint
    scene.shows["indoor_temp"] = None
    scene.hours(3)
    return scene.setpoint >= before and scene.setpoint <= 50


def _impossible(scene: Scene) -> bool:
    """45 C in the room is not believed: no lower than before"""
    before = scene.setpoint
    scene.shows["indoor_temp"] = 45.0
    scene.hours(3)
    return scene.setpoint >= before


def _clock(scene: Scene) -> bool:
    """without a trusted clock the plan is flat and the rule goes on"""
    scene.trusted = False
    scene.shows["outdoor_temp"] = -12.0
    before = scene.setpoint
    scene.hours(4)
    return scene.setpoint > before


def _emergency(scene: Scene) -> bool:
    """the platform's emergency parks the home until it ends"""
    scene.order("emergency", True, "platform")
    scene.hours(1)
    parked = scene.setpoint == PARKED_C
    scene.order("emergency", False, "platform")
    scene.hours(6)
    return parked and scene.setpoint < PARKED_C


def _not_the_residents(scene: Scene) -> bool:
    """a resident cannot order an emergency"""
    before = scene.setpoint
    scene.order("emergency", True, "resident")
    scene.hours(0.5)
    return abs(scene.setpoint - before) <= 3 and scene.results[-1].startswith("refused")


def _off(scene: Scene) -> bool:
    """switching off at -3 C outdoors is refused even to the platform"""
    scene.order("power_on", False, "platform")
    return scene.shows["power_on"] is True and scene.results[-1].startswith("refused: frost")


def _budget(scene: Scene) -> bool:
    """a room that swings every hour does not cost more than 24 writes a day"""
    for hour in range(48):
        scene.shows["indoor_temp"] = 16.5 if hour % 2 else 20.5
        scene.hours(1)
    written = [w for w in scene.writes if w.point == "water_setpoint"]
    return len(written) <= 2 * 24


CASES: dict[str, Callable[[Scene], bool]] = {
    "override at the panel": _override,
    "override by command": _app,
    "frost in the room": _frost,
    "frost in the water": _cold_water,
    "room sensor absent": _stale,
    "room sensor impossible": _impossible,
    "wrong clock": _clock,
    "emergency": _emergency,
    "emergency by a resident": _not_the_residents,
    "off in frost": _off,
    "write budget": _budget,
}
