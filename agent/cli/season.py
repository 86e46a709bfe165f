"""`season`: a recorded season in figures and as a picture, and what it saved over another one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.account.days import Day
from agent.account.report import Span, spans, told
from agent.account.savings import Factors, Saved
from agent.cli.base import OK, Commands, command
from agent.config.tariff import read_tariff, shipped
from agent.seasonplot import draw
from agent.seasontable import days_of, read_season
from agent.tables import table

HEADS = ("month", "days", "kWh", "room C", "outdoor C", "Kh<18", "writes", "gross", "net")


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
    season.add_argument("--timezone", type=_zone, default=ZoneInfo("Asia/Shanghai"))
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
        print(json.dumps([_as_json(span) for span in found], ensure_ascii=False))
    else:
        _print(found, tariff.currency, arguments)
    return OK


def _print(found: Sequence[Span], currency: str, arguments: argparse.Namespace) -> None:
    print(table(list(HEADS), [_row(span) for span in found]))
    print(f"prices in {currency}, tariff {arguments.tariff}")
    if arguments.plot is not None:
        print(f"picture: {arguments.plot}")
    if arguments.baseline is None:
        return
    whole, factors = found[-1], Factors()
    print(f"\nsaved against the home as found:    {told(whole.judged.as_found)}")
    print(f"saved at equal room temperature:    {told(whole.judged.equal_room)}")
    change = whole.judged.room_change_k
    if change is not None:
        print(f"room temperature against as found:  {change:+.1f} K")
    if isinstance(whole.judged.as_found, Saved):
        worth = whole.worth(whole.judged.as_found, factors)
        print(
            f"that is {worth.household:.0f} {currency} to the household, "
            f"{worth.public_purse:.0f} {currency} to the public purse, "
            f"{worth.coal_kg:.0f} kg of standard coal, {worth.co2_kg:.0f} kg of CO2"
        )
        print(f"  {factors.coal_kg_per_kwh} kg coal/kWh: {factors.coal_source}")
        print(f"  {factors.co2_kg_per_kwh} kg CO2/kWh: {factors.co2_source}")


def _row(span: Span) -> list[object]:
    return [
        span.name,
        span.days,
        f"{span.bill.kwh:.0f}",
        _one(span.room_c),
        _one(span.outdoor_c),
        f"{span.kh_below:.1f}",
        span.writes,
        f"{span.bill.gross:.2f}",
        f"{span.bill.net:.2f}",
    ]


def _one(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _as_json(span: Span) -> dict[str, object]:
    known = asdict(span)
    known["bill"] |= {"net": span.bill.net, "refunded": span.bill.refunded}
    for name, saved in (("as_found", span.judged.as_found), ("equal_room", span.judged.equal_room)):
        if isinstance(saved, Saved):
            known["judged"][name] |= {"share": saved.share}
            known["judged"][name] |= asdict(span.worth(saved, Factors()))
    return known | {"factors": asdict(Factors())}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"no time zone is named {name!r}; allowed: an IANA name such as Asia/Shanghai"
        raise argparse.ArgumentTypeError(message) from None
