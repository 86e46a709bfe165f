"""Faults injected into simulated units: what is found, how fast, by which name, and false alarms.

Everything goes through the real pieces: columns of the physics, samples, detector, life cycle; what
is scored are the alarms. What counts as detected, right and false is said in `bench.faults.score`.
Seeds from 1000 upwards are for tuning; scored runs use others.
"""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.faults.plan import KINDS, SEVERITIES, WEATHERS
from bench.kit import Bench, Figures, Goal, Options

if TYPE_CHECKING:
    from bench.faults.work import Scope

TUNING_SEED = 1000
UNITS, MONTHS = 20, 630.0
QUICK = ("F04", "F06", "F07", "F15", "F19", "F24_low")


def run_bench(options: Options) -> Figures:
    """The whole run, or the part of it that the arguments name."""
    # The physics needs numpy, which a gateway and `python -m bench list` do without.
    from bench.faults.figures import figures  # noqa: PLC0415
    from bench.faults.tuning import told  # noqa: PLC0415
    from bench.faults.work import Runner  # noqa: PLC0415

    scope = _scope(options)
    results = Runner(options.jobs, options.progress).run(scope)
    if options.given.tuning:
        for line in told(results.outcomes, results.spans):
            options.progress(line)
    return figures(results.outcomes, results.spans, scope.kinds, scope.weathers)


def _scope(options: Options) -> Scope:
    from bench.faults.work import Scope  # noqa: PLC0415

    given = options.given
    kinds = tuple(kind.name for kind in KINDS if _chosen(kind.name, given.only))
    weathers = tuple(given.weathers.split(",")) if given.weathers else WEATHERS
    seed = options.seed + TUNING_SEED if given.tuning else options.seed
    severities = tuple(given.severities.split(",")) if given.severities else SEVERITIES
    months = given.months * min(1.0, options.share)
    scope = Scope(kinds, weathers, given.units, months, seed, severities)
    if given.only or given.weathers or given.severities:
        scope = replace(scope, extras=given.extras, ablations=given.ablations)
    if given.tuning:
        scope = replace(scope, calm_days=30.4, folder=given.shelf)
    if given.quick:
        scope = replace(
            scope,
            kinds=tuple(kind for kind in kinds if kind in QUICK),
            weathers=("frost",),
            severities=("medium",),
            units=2,
            months=2.0,
            calm_days=4.0,
            learn_days=4.0,
            fault_days=1.0,
            extras=False,
            ablations=False,
        )
    return scope


def _chosen(name: str, only: str) -> bool:
    return not only or any(
        name == one or name.split("_", maxsplit=1)[0] == one for one in only.split(",")
    )


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="a smoke run of two minutes")
    parser.add_argument(
        "--tuning",
        action="store_true",
        help="seeds of tuning, and every false alarm and every miss told",
    )
    parser.add_argument("--shelf", type=Path, help="folder that keeps the physics of tuning runs")
    parser.add_argument("--only", default="", help="these faults, with commas: F04,F12_open")
    parser.add_argument("--weathers", default="", help="of mild, frost, cold, with commas")
    parser.add_argument("--severities", default="", help="of mild, medium, severe, with commas")
    parser.add_argument("--units", type=int, default=UNITS, help="random units in each weather")
    parser.add_argument("--months", type=float, default=MONTHS, help="healthy device-months")
    parser.add_argument("--extras", action="store_true", help="extra questions in a part run too")
    parser.add_argument("--ablations", action="store_true", help="ways of seeing in a part run too")


BENCH = Bench(
    "faults",
    "Faults injected into simulated heat pumps with real physics: what is found, after how long, "
    "by which name; false alarms of healthy units; the unit's own fault code as a peer.",
    "30 s polls, quantised and noisy; 21 healthy days, then 14 with the fault, on 20 random units "
    "in each of 3 weathers; over 600 healthy device-months with what must stay silent",
    run_bench,
    (
        Goal("dispatch_false_per_device_month", "<=", 0.005),
        Goal("dispatch_false_upper95", "<=", 0.01),
        Goal("all_false_per_device_month", "<=", 0.05),
        Goal("top1", ">=", 0.85),
        Goal("top2", ">=", 0.95),
        Goal("misdiagnosed", "<=", 0.05),
        Goal("disturbed_moves", "<", 0.10),
        Goal("freeze_least_lead_h", ">=", 2),
        Goal("state_bytes", "<=", 8192),
        Goal("us_per_sample", "<=", 15),
    ),
    _arguments,
)
