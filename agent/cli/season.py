"""`season`: a recorded season in figures and as a picture, and what it saved over another one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.account.days import Day
from agent.account.report import Span, spans
from agent.cli.base import OK, Commands, command
from agent.cli.spans import as_json, months, saving
from agent.config.tariff import read_tariff, shipped
from agent.seasonplot import draw
from agent.seasontable import days_of, read_season


def add(commands: Commands) -> None:
    """Declare the command."""
    season = command(commands, "season", _season, as_json=True)
    season.add_argument("file", help="CSV: at, active_power, outdoor_temp, indoor_temp, ...")
    season.add_argument(
        "--baseline", metavar="FILE", help="the same home without control, to compare with"
    )
    season.add_argument(
        "--tariff",
        default="beijing_rural",
        help=f"one of {', '.join(shipped())}, or a YAML file (beijing_rural)",
    )
    season.add_argument(
        "--timezone",
        type=_zone,
        default=ZoneInfo("Asia/Shanghai"),
        metavar="NAME",
        help="where its days and prices begin (Asia/Shanghai)",
    )
    season.add_argument(
        "--plot",
        nargs="?",
        const="season.svg",
        metavar="FILE",
        help="draw it as .svg, .png or .pdf (season.svg)",
    )


def _season(arguments: argparse.Namespace) -> int:
    """Sum up a recorded season by month: energy, cost, comfort, writes, saving with interval."""
    rows = read_season(Path(arguments.file))
    tariff = read_tariff(arguments.tariff)
    days = days_of(rows, "schedule", arguments.timezone, tariff)
    if arguments.plot is not None:
        draw(rows, days, arguments.timezone, Path(arguments.plot))
    every: tuple[Day, ...] = days
    if arguments.baseline is not None:
        before = read_season(Path(arguments.baseline))
        every = (*days_of(before, "machine", arguments.timezone, tariff), *days)
    found = spans(days, "before_after", every)
    if arguments.json:
        print(json.dumps([as_json(span) for span in found], ensure_ascii=False))
    else:
        _print(found, tariff.currency, arguments)
    return OK


def _print(found: Sequence[Span], currency: str, arguments: argparse.Namespace) -> None:
    print(months(found))
    print(f"prices in {currency}, tariff {arguments.tariff}")
    if arguments.plot is not None:
        print(f"picture: {arguments.plot}")
    if arguments.baseline is None:
        return
    print()
    for line in saving(found[-1], currency):
        print(line)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"no time zone is named {name!r}; allowed: an IANA name such as Asia/Shanghai"
        raise argparse.ArgumentTypeError(message) from None
