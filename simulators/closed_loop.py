"""Any plant under the unchanged controller: `python -m simulators.closed_loop --plant M:C --json`.

A plant is an object with `step(seconds, inputs) -> readings`; see docs/how-to/closed-loop.md. The
core of the gateway hears of its readings as if they had come over a bus, and its writes become the
plant's inputs as if a bus had carried them; guard, budgets and intervals are in force.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import import_module
from math import isfinite
from pathlib import Path

from agent.config import Config, read
from agent.core import Core, Restored
from agent.drivers import Device
from agent.errors import AgentError
from agent.facts import (
    BlockRead,
    Count,
    Effect,
    Fact,
    ForecastKnown,
    Save,
    Send,
    Stopping,
    WriteDone,
)
from agent.model import Outcome, PointId, Quality, Reading, Stamp, Value, Write
from simulators.unit import Plant
from simulators.weather import Weather, read_weather, synthetic_winter

CONFIG = Path(__file__).with_name("closed_loop.yaml")
FLOOR_CONFIG = Path(__file__).with_name("closed_loop_floor.yaml")
STEP_S = 600.0
FORECAST_EVERY_S = 3 * 3600.0
WARM_UP_S = 72 * 3600.0
COMFORT_C = 18.0
WARM_C = 22.0
COLUMNS = (
    "at", "outdoor_temp", "indoor_temp", "water_setpoint", "active_power", "writes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One step: the readings at its end, the mean power within it, and the writes before it."""

    at: datetime
    elapsed_s: float
    outdoor_c: float
    room_c: float
    setpoint_c: float
    power_w: float
    writes: int


class ClosedLoop:
    """A plant, and the core of a gateway that tends it as long as `tended` is true.

    `told` are the plant's inputs; `saved` what the core wanted remembered; `counted` the writes of
    each point and local day.
    """

    def __init__(self, config: Config, plant: Plant, weather: Weather) -> None:
        self.config, self.plant, self.weather = config, plant, weather
        self.elapsed_s, self.tended = 0.0, True
        self.told: dict[PointId, Value] = {}
        self.counted: Counter[tuple[PointId, str]] = Counter()
        self.saved: dict[str, object] = {}
        self.forecast_h = 0
        self._devices = {d.name: d for line in config.lines for d in line.devices}
        self._grids = {name: _grids(device) for name, device in self._devices.items()}
        self._before: dict[str, dict[PointId, Reading]] = {name: {} for name in self._devices}
        self._core = Core(config.core)
        self._boot_s = self._next_forecast_s = 0.0
        self.shown = plant.step(0.0, self.told)
        self._energy = self.shown.get("energy_total")

    def restart(self) -> None:
        """The gateway starts again with what the last one saved."""
        learned = self.saved.get("learned", {})
        assert isinstance(learned, dict)
        writes = {("hp", point, day): count for (point, day), count in self.counted.items()}
        self._core = Core(self.config.core, Restored(writes, learned=learned))
        self.tended, self._boot_s = True, self.elapsed_s
        self._next_forecast_s = self.elapsed_s

    def stop(self) -> None:
        """The gateway is told to end, and parks what it controls."""
        self._look()
        self._take(Stopping(self._stamp()))
        self.tended = False

    def step(self, seconds: float = STEP_S) -> Row:
        """Let the gateway look and write, then let the plant live so long."""
        before = self.counted.total()
        if self.tended:
            self._look()
        writes = self.counted.total() - before
        self.shown = self.plant.step(seconds, self.told)
        self.elapsed_s += seconds
        return self._row(seconds, writes)

    def _look(self) -> None:
        stamp = self._stamp()
        if self.forecast_h and self.elapsed_s >= self._next_forecast_s:
            self._next_forecast_s = self.elapsed_s + FORECAST_EVERY_S
            first = int(self.elapsed_s // 3600)
            hours = self.weather.hours[first : first + self.forecast_h]
            self._take(ForecastKnown(stamp.at, tuple(hour.outdoor_c for hour in hours), stamp))
        for name in self._devices:
            self._take(BlockRead(name, self._readings(name), stamp, sweep_end=True))

    def _readings(self, name: str) -> tuple[Reading, ...]:
        """What this device's sensors say, on the grids of its words."""
        shown, before = self.shown, self._before[name]
        found: list[Reading] = []
        for point, grid in self._grids[name].items():
            value = shown.get(point)
            if value is not None:
                value = _on_grid(value, grid)
                reading = before.get(point)
                if reading is None or reading.value != value:
                    reading = before[point] = Reading(point, value)
                found.append(reading)
            elif point == "indoor_temp":
                found.append(Reading(point, None, Quality.ABSENT))
        return tuple(found)

    def _take(self, fact: Fact) -> None:
        for effect in self._core.step(fact):
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Count(_, point, stamp):
                self.counted[point, stamp.day_in(self.config.timezone)] += 1
            case Save(key, value):
                self.saved[key] = value
            case Send(write):
                self._write(write)

    def _write(self, write: Write) -> None:
        for point, value in (*write.before, (write.point, write.value)):
            self.told[point] = value
        self._take(WriteDone(write, Outcome.VERIFIED, "read back", self._stamp(1.0), write.value))

    def _stamp(self, later_s: float = 0.0) -> Stamp:
        at = self.weather.time(self.elapsed_s + later_s).astimezone(UTC)
        return Stamp(at, self.elapsed_s - self._boot_s + later_s)

    def _row(self, seconds: float, writes: int) -> Row:
        shown = self.shown
        power = _number(shown.get("active_power"))
        energy = shown.get("energy_total")
        if isinstance(energy, float) and isinstance(self._energy, float):
            power = (energy - self._energy) * 3.6e6 / seconds
        self._energy = energy
        return Row(
            self.weather.time(self.elapsed_s).astimezone(UTC),
            self.elapsed_s,
            _number(shown.get("outdoor_temp")),
            _number(shown.get("indoor_temp")),
            _number(self.told.get("water_setpoint", shown.get("water_setpoint"))),
            power,
            writes,
        )


@dataclass(slots=True)
class Account:
    """A season's figures, counted after the warm-up. `kh_below` is in kelvin-hours."""

    kwh: float = 0.0
    hours: float = 0.0
    mean_room_c: float = 0.0
    kh_below: float = 0.0
    hours_over_22: float = 0.0
    starts_per_hour: float = 0.0
    writes_per_day: float = 0.0
    most_writes_a_day: int = 0

    def add(self, row: Row, seconds: float, room_c: float) -> None:
        """Count one step."""
        hours = seconds / 3600.0
        self.kwh += row.power_w * hours / 1000.0
        self.mean_room_c = (self.mean_room_c * self.hours + room_c * hours) / (self.hours + hours)
        self.hours += hours
        self.kh_below += max(0.0, COMFORT_C - room_c) * hours
        self.hours_over_22 += hours if room_c > WARM_C else 0.0


def run(loop: ClosedLoop, seconds: float, each: Callable[[Row], None] | None = None) -> Account:
    """Run to the end of the weather or for so many seconds; `each` gets every row."""
    account, starts = Account(), 0.0
    while loop.elapsed_s < seconds:
        counting = loop.elapsed_s >= WARM_UP_S
        if not counting:
            starts = _number(loop.shown.get("compressor_starts"))
        row = loop.step()
        if each is not None:
            each(row)
        if counting:
            account.add(row, STEP_S, row.room_c)
    ended = _number(loop.shown.get("compressor_starts"))
    account.starts_per_hour = (ended - starts) / max(account.hours, 1.0)
    account.writes_per_day, account.most_writes_a_day = writes_a_day(loop)
    return account


def writes_a_day(loop: ClosedLoop) -> tuple[float, int]:
    """Writes of the busiest point: mean a day over the run, and the most on one day."""
    days = max(1.0, loop.elapsed_s / 86400.0)
    points = {point for point, _ in loop.counted}
    means = [sum(n for (p, _), n in loop.counted.items() if p == one) / days for one in points]
    return max(means, default=0.0), max(loop.counted.values(), default=0)


def plant_of(name: str, weather: Weather) -> Plant:
    """The plant named `module:Class`, called with the weather. Raises AgentError."""
    module, _, attribute = name.partition(":")
    try:
        made: Plant = getattr(import_module(module), attribute)(weather)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise AgentError(f"plant {name}: {error}; a plant is named module:Class") from error
    return made


def main(arguments: list[str] | None = None) -> int:
    """The command. Exit code 2 for a plant, weather or configuration that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m simulators.closed_loop", description=__doc__)
    parser.add_argument("--plant", default="simulators.plants:Fixed", metavar="MODULE:CLASS")
    parser.add_argument("--weather", type=Path, metavar="FILE", help="hourly CSV; else made up")
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="FILE")
    parser.add_argument("--forecast", type=int, default=0, metavar="H", help="hours foretold")
    parser.add_argument("--days", type=_days, help="of the weather; else all of it")
    parser.add_argument("--out", type=Path, metavar="FILE", help="season table, a row in 10 min")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    try:
        weather = read_weather(chosen.weather) if chosen.weather else synthetic_winter()
        loop = ClosedLoop(read(chosen.config), plant_of(chosen.plant, weather), weather)
        loop.forecast_h = chosen.forecast
        rows: list[Row] = []
        length_s = weather.length_s if chosen.days is None else chosen.days * 86400.0
        account = run(loop, min(length_s, weather.length_s), rows.append)
        if chosen.out:
            write_table(chosen.out, rows)
    except (OSError, AgentError) as error:
        print(error, file=sys.stderr)
        return 2
    figures = {key: round(value, 3) for key, value in asdict(account).items()}
    if chosen.json:
        known = {key: value if isfinite(value) else None for key, value in figures.items()}
        print(json.dumps({"plant": chosen.plant, **known}))
    else:
        print("\n".join(f"{name:18} {value:g}" for name, value in figures.items()))
    return 0


def _days(text: str) -> float:
    found = float(text) if text.replace(".", "", 1).isdecimal() else 0.0
    if not (isfinite(found) and found > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed here; allowed: above 0")
    return found


def write_table(path: Path, rows: list[Row]) -> None:
    """The season as CSV: UTC, degC, watts, and the writes of each row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(_cells(row) for row in rows)


def _cells(row: Row) -> Iterator[object]:
    yield row.at.isoformat()
    for value in (row.outdoor_c, row.room_c, row.setpoint_c, row.power_w):
        yield round(value, 2)
    yield row.writes


def _grids(device: Device) -> Mapping[PointId, float]:
    return {name: float(rule.scale) for name, rule in device.map.points.items()}


def _on_grid(value: Value, grid: float) -> Value:
    return round(round(value / grid) * grid, 3) if isinstance(value, float) else value


def _number(value: Value | None) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


if __name__ == "__main__":
    sys.exit(main())
