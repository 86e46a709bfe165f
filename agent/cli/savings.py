"""`savings`: what each home used and saved, out of the gateway's own durable buffer."""

from __future__ import annotations

import argparse
import json

from agent import config
from agent.account.report import spans
from agent.cli.base import FAILED, OK, Commands, command, quiet
from agent.cli.spans import as_json, months, saving
from agent.config import Config
from agent.restored import kept_days


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "savings", _savings, config_file=True, as_json=True)


def _savings(arguments: argparse.Namespace) -> int:
    """What each home used and saved so far: months and season, both baselines, yuan, coal, CO2.

    Reads a copy of the durable buffer, so the gateway may run meanwhile; today is in it up to a
    quarter of an hour ago. The exit code is 1 when no home has any day yet.
    """
    quiet(arguments)
    given = config.read(arguments.config)
    told = [_home(given, home.name) for home in given.core.homes]
    if arguments.json:
        print(json.dumps({home: rows for home, rows, _ in told}, ensure_ascii=False, default=str))
    else:
        print("\n\n".join(text for _, _, text in told) or "no homes are named in this file")
    return OK if any(rows for _, rows, _ in told) else FAILED


def _home(given: Config, name: str) -> tuple[str, list[dict[str, object]], str]:
    """A home's name, its spans for programs, and the same for people."""
    days = kept_days(given.spool.path, name)
    if not days:
        return name, [], f"{name}: no day is kept yet"
    found = spans(days, given.savings)
    tariff = given.core.tariff
    lines = [
        f"{name}: {days[0].day} to {days[-1].day}",
        months(found),
        f"prices in {tariff.currency}, tariff {tariff.name}; savings by {given.savings}",
        "",
        *saving(found[-1], tariff.currency),
    ]
    left_out = found[-1].judged.left_out
    if left_out:
        lines.append("left out: " + ", ".join(f"{n} days {why}" for why, n in left_out.items()))
    return name, [as_json(span) for span in found], "\n".join(lines)
