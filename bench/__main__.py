"""`python -m bench NAME [--json]`; `all` runs every benchmark, `write` makes docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pkgutil import iter_modules
from time import monotonic

import bench
from agent.tables import table
from bench.kit import PAGE, Bench, Figures, Options, environment, flat, keep, page

BENCHES: dict[str, Bench] = {
    found.name: found
    for module in sorted(one.name for one in iter_modules(bench.__path__) if one.name != "__main__")
    if (found := getattr(import_module(f"bench.{module}"), "BENCH", None)) is not None
}


def main() -> int:
    """Exit code 0 when every goal was met, 1 when one was not, 2 for a wrong argument."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=[*BENCHES, "all", "write", "list"])
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--jobs", type=int, default=1, help="processes, where a run can use them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--share", type=float, default=1.0, help="do this share of the work (results not kept)"
    )
    arguments, rest = parser.parse_known_args()
    if arguments.name == "list":
        print(table(["name", "what"], [[b.name, b.what] for b in BENCHES.values()]))
        return 0
    if arguments.name == "write":
        PAGE.write_text(page(BENCHES), "utf-8")
        return 0
    chosen = list(BENCHES.values()) if arguments.name == "all" else [BENCHES[arguments.name]]
    good = [_one(bench, arguments, rest) for bench in chosen]
    if arguments.name == "all" and arguments.share == 1.0:
        PAGE.write_text(page(BENCHES), "utf-8")
    return 0 if all(good) else 1


def _one(bench: Bench, arguments: argparse.Namespace, rest: list[str]) -> bool:
    own = argparse.ArgumentParser(prog=f"python -m bench {bench.name}")
    if bench.arguments is not None:
        bench.arguments(own)
    given = own.parse_args(rest)
    started = monotonic()

    def progress(text: str) -> None:
        print(f"{bench.name} {monotonic() - started:7.1f} s  {text}", file=sys.stderr, flush=True)

    options = Options(arguments.seed, arguments.share, progress, arguments.jobs, given)
    about = environment(options)
    progress(bench.load)
    figures = bench.run(options)
    about["wall_s"] = round(monotonic() - started, 1)
    if arguments.share == 1.0 and not rest:
        keep(bench, figures, about)
    met = [goal.met(figures) for goal in bench.goals]
    if arguments.json:
        print(json.dumps({**figures, "bench": bench.name, "run": about}))
    else:
        print(_text(bench, figures))
    return False not in met


def _text(bench: Bench, figures: Figures) -> str:
    goals = {goal.key: goal for goal in bench.goals}
    rows = [
        [
            key,
            "" if value is None else value,
            str(goals.get(key, "")),
            _met(goals.get(key), figures),
        ]
        for key, value in flat(figures).items()
    ]
    return table(["figure", "value", "goal", "met"], rows)


def _met(goal: object, figures: Figures) -> str:
    met = getattr(goal, "met", None)
    return {True: "yes", False: "NO", None: ""}[met(figures)] if met else ""


if __name__ == "__main__":
    sys.exit(main())
