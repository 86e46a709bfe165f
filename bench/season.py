"""A winter under the closed loop: every variant of the home beside both baselines and the limit."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean, median
from time import monotonic, process_time
from typing import Any

from agent.config import Config, read
from bench.kit import Bench, Figure, Figures, Goal, Options, Row
from bench.optimum import least_kwh
from bench.season_money import bill_of, billing, modes
from bench.season_safety import cases, deaths
from simulators.closed_loop import (
    COMFORT_C,
    CONFIG,
    FLOOR_CONFIG,
    WARM_UP_S,
    ClosedLoop,
    run,
)
from simulators.closed_loop import Row as Step
from simulators.heatpump import HeatPump, HeatPumpParameters, Plant
from simulators.house import House, HouseParameters
from simulators.plants import VARIANTS, Blind, VariantPlant, drawn
from simulators.season import baseline_a, baseline_b, run_season
from simulators.weather import Weather, read_weather, synthetic_winter

HOMES = 50
BILLED_HOMES = 20
HOMES_SEED = 20261  # never used for tuning
REFERENCE = ("fixed", "inverter")


@dataclass(frozen=True, slots=True)
class Task:
    """One season of one home: what it is called, home and unit, as-found water, and weather."""

    name: str
    home: HouseParameters
    unit: HeatPumpParameters
    water_c: float
    weather: Weather
    season: str
    blind: bool = False
    forecast_h: int = 0


def season(task: Task) -> Row:
    """Both baselines, the limit and the controller over one season, as a row."""
    a, b = (
        run_season(Plant(House(task.home), HeatPump(task.unit), task.weather), decide)
        for decide in (baseline_a(task.water_c), baseline_b(task.water_c))
    )
    cpu, started = process_time(), monotonic()
    steps: list[Step] = []
    account = run(loop_of(task), task.weather.length_s, steps.append)
    cpu, wall = process_time() - cpu, monotonic() - started
    hours = int(WARM_UP_S // 3600)
    try:
        limit: float | None = least_kwh(task.home, task.unit, task.weather, COMFORT_C, hours)
    except ArithmeticError:
        limit = None
    return {
        "variant": task.name,
        "season": task.season,
        "kwh": round(account.kwh),
        **_yuan(steps),
        "a_kwh": round(a.kwh),
        "b_kwh": round(b.kwh),
        "limit_kwh": round(limit) if limit is not None else None,
        "score_a": _score(a.kwh, account.kwh, limit),
        "score_b": _score(b.kwh, account.kwh, limit),
        "room_c": round(account.mean_room_c, 2),
        "kh_below": round(account.kh_below, 1),
        "a_kh_below": round(a.kh_below_18, 1),
        "b_kh_below": round(b.kh_below_18, 1),
        "hours_over_22": round(account.hours_over_22, 1),
        "starts_per_hour": round(account.starts_per_hour, 2),
        "writes_mean": round(account.writes_per_day, 1),
        "writes_max": account.most_writes_a_day,
        "cpu_s": round(cpu, 1),
        "wall_s": round(wall, 1),
    }


def loop_of(task: Task, config: Config | None = None) -> ClosedLoop:
    """The closed loop of a task at its first minute."""
    plant = VariantPlant(task.home, task.unit, task.weather)
    loop = ClosedLoop(
        config or read(_config_of(task)), Blind(plant) if task.blind else plant, task.weather
    )
    loop.forecast_h = task.forecast_h
    return loop


def _config_of(task: Task) -> Path:
    return FLOOR_CONFIG if task.name.endswith("_floor") else CONFIG


def _yuan(steps: Sequence[Step]) -> Row:
    bill = bill_of(steps)
    return {"gross_yuan": round(bill.gross), "net_yuan": round(bill.net)}


def billed(task: Task) -> Row:
    """One season of one home in mode `bill`."""
    config = billing(read(_config_of(task)))
    steps: list[Step] = []
    account = run(loop_of(task, config), task.weather.length_s, steps.append)
    return {
        "variant": task.name,
        "kwh": round(account.kwh),
        **_yuan(steps),
        "room_c": round(account.mean_room_c, 2),
        "kh_below": round(account.kh_below, 1),
    }


def _score(baseline: float, kwh: float, limit: float | None) -> float | None:
    if limit is None or baseline <= limit:
        return None
    return round((baseline - kwh) / (baseline - limit), 3)


def variants(weathers: Sequence[tuple[str, Weather]], only: Iterable[str]) -> Iterator[Task]:
    """Every variant in every season; the reference homes also blind and with a forecast."""
    chosen = tuple(only) or (*VARIANTS, "fixed_blind", "inverter_blind")
    for season_name, weather in weathers:
        for name in chosen:
            blind = name.endswith("_blind")
            home, unit, water_c = VARIANTS[name.removesuffix("_blind")]
            yield Task(name, home, unit, water_c, weather, season_name, blind)


def random_homes(count: int, weather: Weather, season_name: str) -> Iterator[Task]:
    """Homes and units drawn from a seed of their own; as-found water is what -12 degC asks for."""
    random = Random(HOMES_SEED)
    for number in range(count):
        home, unit = drawn(random)
        above = (
            30.0 * (home.air_to_outdoor_w_k + home.mass_to_outdoor_w_k / 1.14)
        ) / home.radiator_k
        water_c = round(COMFORT_C + above ** (1 / home.radiator_exponent) + 4.5)
        yield Task(f"random {number}", home, unit, float(water_c), weather, season_name)


def _all(
    work: Callable[[Any], Row], tasks: Sequence[Any], options: Options, what: str
) -> list[Row]:
    """The rows of all tasks, with a bar that shows how far they are."""
    rows: list[Row] = []
    started = monotonic()

    def took(row: Row) -> None:
        rows.append(row)
        share = len(rows) / len(tasks)
        left_s = (monotonic() - started) * (1 / share - 1)
        bar = "#" * round(20 * share)
        options.progress(f"{what} [{bar:20}] {len(rows)}/{len(tasks)}, {left_s:.0f} s left")

    if options.jobs <= 1:
        for task in tasks:
            took(work(task))
        return rows
    with ProcessPoolExecutor(options.jobs) as pool:
        for row in pool.map(work, tasks):
            took(row)
    return rows


def run_bench(options: Options) -> Figures:
    """Variants, then random homes, then what must never happen."""
    weathers = _weathers(options)
    names = [name for name in (options.given.variants or "").split(",") if name]
    tasks = tuple(variants(weathers, names))
    rows = _all(season, tasks, options, "variants")
    first = weathers[0]
    count = round(options.given.homes * min(1.0, options.share))
    drawn_tasks = tuple(random_homes(count, first[1], first[0]))
    homes = _all(season, drawn_tasks, options, "homes")
    figures: dict[str, Figure | Sequence[Row]] = {
        **_scores(rows),
        **_limits([row for row in rows if not str(row["variant"]).endswith("_blind")]),
        **_robustness(rows, homes),
    }
    if not options.given.no_safety:
        options.progress("deaths")
        lost = deaths(first[1])
        told = cases()
        figures |= {
            "coldest_72h_after_death": min(_floats(lost, "coldest_72h_c"), default=None),
            "deaths_below_17_5": sum(row["met"] is False for row in lost),
            "cases_failed": sum(row["passed"] is False for row in told),
            "deaths": lost,
            "cases": told,
        }
    if not options.given.no_modes:
        own = [one for one in tasks if not one.blind and one.season == first[0]]
        bills = _all(billed, (*own, *drawn_tasks[:BILLED_HOMES]), options, "modes")
        mine = [row for row in (*rows, *homes) if row["season"] == first[0]]
        figures |= modes(mine, bills)
    return {**figures, "variants": rows, "homes": homes}


def _weathers(options: Options) -> list[tuple[str, Weather]]:
    files = options.given.weather or []
    if not files:
        return [("synthetic", synthetic_winter())]
    return [(path.stem, read_weather(path)) for path in files]


def _floats(rows: Iterable[Row], key: str) -> list[float]:
    return [float(row[key]) for row in rows if isinstance(row[key], int | float)]  # type: ignore[arg-type]


def _scores(rows: Sequence[Row]) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    for kind in REFERENCE:
        own = [row for row in rows if row["variant"] == kind]
        for letter in "ab":
            scores = _floats(own, f"score_{letter}")
            found[f"score_{letter}_{kind}"] = round(mean(scores), 3) if scores else None
        saved = [a - kwh for a, kwh in zip(_floats(own, "a_kwh"), _floats(own, "kwh"), strict=True)]
        found[f"saved_kwh_{kind}"] = round(mean(saved)) if saved else None
    return found | _over_fixed(rows)


def _over_fixed(rows: Sequence[Row]) -> dict[str, Figure]:
    """The inverter against the baselines of the fixed-speed unit, as a home that changes units."""
    fixed = {row["season"]: row for row in rows if row["variant"] == "fixed"}
    pairs = [(fixed[r["season"]], r) for r in rows if r["variant"] == "inverter" and fixed]
    found: dict[str, Figure] = {}
    for letter in "ab":
        baselines = _floats([old for old, _ in pairs], f"{letter}_kwh")
        news = [new for _, new in pairs]
        limits = _floats(news, "limit_kwh")
        if not pairs or len(limits) < len(pairs):
            return {}
        each = zip(baselines, _floats(news, "kwh"), limits, strict=True)
        shares = [(base - kwh) / (base - limit) for base, kwh, limit in each]
        found[f"score_{letter}_inverter_over_fixed"] = round(mean(shares), 3)
    return found


def _limits(rows: Sequence[Row]) -> dict[str, Figure]:
    if not rows:
        return {}
    return {
        "max_kh_below": max(_floats(rows, "kh_below")),
        "mean_writes_per_day": round(max(_floats(rows, "writes_mean")), 1),
        "max_writes_per_day": max(_floats(rows, "writes_max")),
        "starts_per_hour": max(_floats(rows, "starts_per_hour")),
        "season_cpu_s": max(_floats(rows, "cpu_s")),
        "season_wall_s": max(_floats(rows, "wall_s")),
    }


def _robustness(rows: Sequence[Row], homes: Sequence[Row]) -> dict[str, Figure]:
    """How far the median of the random homes lies behind the reference, in points of score A."""
    scores = _floats(homes, "score_a")
    reference = _floats([row for row in rows if row["variant"] in REFERENCE], "score_a")
    if not scores or not reference:
        return {}
    return {
        "homes": len(homes),
        "homes_median_score_a": round(median(scores), 3),
        "homes_points_behind": round(100 * (mean(reference) - median(scores)), 1),
        "homes_worst_kh_below": max(_floats(homes, "kh_below")),
    }


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--weather", type=Path, action="append", metavar="FILE", help="hourly CSV, again for more"
    )
    parser.add_argument("--homes", type=int, default=HOMES, help="random homes to run")
    parser.add_argument("--variants", default="", help="only these, with commas")
    parser.add_argument("--no-modes", action="store_true", help="leave out energy against bill")
    parser.add_argument("--no-safety", action="store_true", help="leave out deaths and cases")


BENCH = Bench(
    "season",
    "A heating season of the reference home and its variants under the unchanged core, beside the "
    "baselines A (fixed water) and B (with a thermostat) and the perfect-forecast limit.",
    "151 days of built-in weather, plant steps of 60 s, a look of the gateway every 10 min, write "
    "budget and intervals in force; 72 h of warm-up not counted; "
    f"{HOMES} random homes, {BILLED_HOMES} of them and every variant also in mode `bill`",
    run_bench,
    (
        Goal("score_a_fixed", ">=", 0.85),
        Goal("score_a_inverter", ">=", 0.93),
        Goal("score_b_fixed", ">=", 0.55),
        Goal("score_b_inverter", ">=", 0.80),
        Goal("max_kh_below", "<=", 10),
        Goal("mean_writes_per_day", "<=", 12),
        Goal("max_writes_per_day", "<=", 24),
        Goal("starts_per_hour", "<=", 3),
        Goal("deaths_below_17_5", "=", 0),
        Goal("cases_failed", "=", 0),
        Goal("season_cpu_s", "<=", 5),
        Goal("homes_points_behind", "<=", 10),
        Goal("homes_worst_kh_below", "<=", 25),
        Goal("bill_most_share", "<=", 1),
    ),
    _arguments,
)
