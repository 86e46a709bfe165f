"""Runs one heating season of the reference home in seconds: `python -m simulators.season`.

Two ways of heating without a gateway are the baselines that savings are measured against:
A, water at 45 degC all winter with no regard to the room; B, the same with a room thermostat at
18.4 +-0.3 degC that holds the compressor. The circulation pump runs all winter in both.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.errors import FileError
from simulators.heatpump import FIXED_SPEED, INVERTER, HeatPump, Inputs, Plant
from simulators.house import House
from simulators.weather import Weather, read_weather, synthetic_winter

STEP_S = 60.0
WARM_UP_S = 72 * 3600.0
COMFORT_C = 18.0

Controller = Callable[[Plant], Inputs]
PLANTS = {"fixed": FIXED_SPEED, "inverter": INVERTER}


@dataclass(frozen=True, slots=True)
class SeasonResult:
    """A season's account after the warm-up: electricity of compressor, pump and standby in kWh.

    `scop` is heat over all that electricity, `supply_c` the supply temperature weighted by heat,
    `kh_below_18` the kelvin-hours the room lacked to 18 degC, `starts` those of the compressor.
    """

    kwh: float
    scop: float
    mean_room_c: float
    supply_c: float
    kh_below_18: float
    starts: int
    hours: float


def baseline_a(setpoint_c: float = 45.0) -> Controller:
    """Constant water, whatever the room."""
    inputs = Inputs(water_setpoint=setpoint_c)
    return lambda plant: inputs


def baseline_b(setpoint_c: float = 45.0, room_c: float = 18.4, half_k: float = 0.3) -> Controller:
    """Constant water behind a room thermostat with its own hysteresis."""
    calling = Inputs(water_setpoint=setpoint_c)
    satisfied = Inputs(water_setpoint=setpoint_c, heat_call=False)
    inputs = calling

    def decide(plant: Plant) -> Inputs:
        nonlocal inputs
        if plant.house.room_c <= room_c - half_k:
            inputs = calling
        elif plant.house.room_c >= room_c + half_k:
            inputs = satisfied
        return inputs

    return decide


BASELINES: dict[str, Callable[[], Controller]] = {"A": baseline_a, "B": baseline_b}


def run_season(plant: Plant, decide: Controller, warm_up_s: float = WARM_UP_S) -> SeasonResult:
    """Run the plant to the end of its weather; `decide` is asked every minute what to tell it."""
    end_s = plant.weather.length_s
    while plant.elapsed_s < min(warm_up_s, end_s):
        plant.advance(STEP_S, decide(plant))
    energy_j, heat_j, starts = plant.energy_j, plant.heat_j, plant.pump.starts
    minutes = 0
    room = lacking = weighted = 0.0
    house, pump = plant.house, plant.pump
    while plant.elapsed_s < end_s:
        room_c = house.room_c
        room += room_c
        lacking += max(0.0, COMFORT_C - room_c)
        plant.advance(STEP_S, decide(plant))
        weighted += pump.supply_c * pump.heat_w * STEP_S
        minutes += 1
    if not minutes:
        raise ValueError(f"the weather ends before the warm-up of {warm_up_s / 3600:g} h does")
    energy_j, heat_j = plant.energy_j - energy_j, plant.heat_j - heat_j
    return SeasonResult(
        kwh=energy_j / 3.6e6,
        scop=heat_j / energy_j,
        mean_room_c=room / minutes,
        supply_c=weighted / heat_j if heat_j else house.water_c,
        kh_below_18=lacking / 60.0,
        starts=pump.starts - starts,
        hours=minutes / 60.0,
    )


def reference_plant(weather: Weather, kind: str = "fixed") -> Plant:
    """The reference home in its starting state with a `fixed` or `inverter` heat pump."""
    return Plant(House(), HeatPump(PLANTS[kind]), weather)


def main(arguments: list[str] | None = None) -> int:
    """The command; prints the account and returns the exit code: 2 for unusable weather."""
    parser = argparse.ArgumentParser(prog="python -m simulators.season", description=__doc__)
    parser.add_argument("--weather", type=Path, metavar="FILE", help="hourly CSV; else made up")
    parser.add_argument("--baseline", choices=tuple(BASELINES), default="A")
    parser.add_argument("--plant", choices=tuple(PLANTS), default="fixed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    try:
        weather = read_weather(chosen.weather) if chosen.weather else synthetic_winter()
        result = run_season(reference_plant(weather, chosen.plant), BASELINES[chosen.baseline]())
    except (OSError, FileError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    account = {name: round(value, 3) for name, value in asdict(result).items()}
    if chosen.json:
        print(json.dumps({"baseline": chosen.baseline, "plant": chosen.plant, **account}))
    else:
        print("\n".join(f"{name:12} {value:g}" for name, value in account.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
