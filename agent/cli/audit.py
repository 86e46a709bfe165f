"""`audit`: the journal of everything that was asked of the machines, and whether it is whole."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from agent import config
from agent.cli.base import FAILED, OK, Commands, quiet
from agent.spool import journal_rows, verify_journal, write_counts
from agent.tables import table

YAML = (".yaml", ".yml")
MOST_ROWS = 1_000_000
"""More than a gateway writes in its life, and few enough for its memory."""


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    text = "The audit journal: who asked for what, what became of it; verify, show, writes."
    audit = commands.add_parser("audit", help=text, description=text)
    kinds = audit.add_subparsers(required=True, metavar="WHAT")
    for name, run in (("verify", _verify), ("show", _show), ("writes", _writes)):
        said = (run.__doc__ or "").strip()
        parser = kinds.add_parser(name, help=said, description=said)
        parser.add_argument("file", help="the gateway's YAML file, or the durable buffer itself")
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.set_defaults(run=run)
        if name == "verify":
            parser.add_argument(
                "--head", type=_head, metavar="ROW:HASH", help="as the platform has"
            )
        elif name == "show":
            parser.add_argument(
                "--last", type=_rows, metavar="N", default=20, help="how many rows (20)"
            )


def _rows(text: str) -> int:
    found = int(text) if text.isdecimal() and len(text) <= len(str(MOST_ROWS)) else 0
    if not 1 <= found <= MOST_ROWS:
        raise argparse.ArgumentTypeError(f"{text!r} is no count; allowed: 1 to {MOST_ROWS}")
    return found


def _head(text: str) -> tuple[int, str]:
    row, _, hash_ = text.partition(":")
    if not (row.isdecimal() and len(hash_) == 64):
        raise argparse.ArgumentTypeError(f"{text!r} is no head; allowed: 17:<64 hex digits>")
    return int(row), hash_.lower()


def _spool(arguments: argparse.Namespace) -> str:
    given: str = arguments.file
    return config.read(given).spool.path if Path(given).suffix in YAML else given


def _verify(arguments: argparse.Namespace) -> int:
    """Check that no row of the journal was changed, moved, taken out or cut off."""
    quiet(arguments)
    path = _spool(arguments)
    found = verify_journal(path, arguments.head)
    if arguments.json:
        print(json.dumps({"file": path, "rows": found.rows, "broken": found.broken,
                          "why": found.why, "hash": found.hash}))  # fmt: skip
    elif found.why is None:
        print(f"{path}: the journal is whole, {found.rows} rows; head {found.rows}:{found.hash}")
    else:
        print(f"{path}: the journal is NOT whole: {found.why}; {found.rows} rows read")
    return OK if found.why is None else FAILED


def _show(arguments: argparse.Namespace) -> int:
    """Show the newest rows of the journal, oldest first."""
    quiet(arguments)
    rows = journal_rows(_spool(arguments), arguments.last)
    if arguments.json:
        for number, at, kind, detail in rows:
            print(json.dumps({"row": number, "at": at, "kind": kind, "detail": json.loads(detail)}))
        return OK
    cells = [[number, at, kind, detail.decode()] for number, at, kind, detail in rows]
    print(table(["row", "at", "what", "detail"], cells))
    return OK


def _writes(arguments: argparse.Namespace) -> int:
    """Show how often each register was written: on the last day it was, and for life."""
    quiet(arguments)
    days: dict[tuple[str, str], tuple[str, int]] = {}
    life: dict[tuple[str, str], int] = {}
    for device, point, day, count in write_counts(_spool(arguments)):
        if day:
            days[device, point] = (day, count)  # the days come in order
        else:
            life[device, point] = count
    rows = [(*place, *days.get(place, ("", 0)), count) for place, count in life.items()]
    heads = ("device", "point", "last_day", "that_day", "for_life")
    if arguments.json:
        print(json.dumps([dict(zip(heads, row, strict=True)) for row in rows]))
    else:
        print(table([head.replace("_", " ") for head in heads], [list(row) for row in rows]))
    return OK
