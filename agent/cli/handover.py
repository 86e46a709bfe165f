"""`handover`: the record of a finished installation, to be printed, and signed for the platform."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from agent import config
from agent.cli.base import FAILED, OK, Commands, command
from agent.handover import Handover, handover, signed
from agent.restored import kept_reports
from agent.tables import table


def add(commands: Commands) -> None:
    """Declare the command."""
    made = command(commands, "handover", _handover, config_file=True, as_json=True)
    made.add_argument("--html", type=Path, metavar="FILE", help="write a page to print, with label")


def _handover(arguments: argparse.Namespace) -> int:
    """Show what is installed and how its checks came out; also beside a gateway that runs.

    With `--json` the record, and the same as a JWS (ES256, the certificate under x5c) signed with
    the gateway's own key where it has one. The exit code is 0 when every device passed its ten
    polls and every heat pump its test write: `selftest --polls` and `--trial`, or the page.
    """
    found = config.read(arguments.config)
    reports = kept_reports(found.spool.path, found.core.devices)
    made = handover(found, reports, datetime.now(UTC).astimezone(found.timezone))
    jws, why = signed(made, found.enrol.folder if found.enrol is not None else None)
    if arguments.html is not None:
        from agent.handoverpage import sheet  # noqa: PLC0415 - needs the page's library

        try:
            arguments.html.write_text(sheet(made, why), "utf-8")
        except OSError as error:
            print(f"{arguments.html}: cannot be written: {error.strerror}", file=sys.stderr)
            return FAILED
    if arguments.json:
        record = json.loads(msgspec.json.encode(made))
        print(json.dumps({"handover": record, "jws": jws or None, "not_signed": why or None}))
    else:
        _print(made, why)
    return OK if made.complete else FAILED


def _print(made: Handover, why: str) -> None:
    rows = [
        [
            line.name,
            one.name,
            one.driver,
            one.unit_id,
            "; ".join(f"{test.order} {test.visit.value}" for test in one.tests),
            ", ".join(one.needs),
        ]
        for line in made.lines
        for one in line.machines
    ]
    print(f"{made.gateway}  {made.model} {made.version}  {made.made_at:%Y-%m-%d %H:%M}")
    print(table(["line", "device", "driver", "id", "checks", "still needed"], rows))
    print(why or "signed with the gateway's own key: --json")
