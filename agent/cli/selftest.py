"""`selftest`: which pump needs a visit before the season; and the test itself, at the machine."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from agent import config
from agent.cli.base import FAILED, OK, WRONG, Commands, command, quiet, seconds
from agent.model import Check, Outcome, Visit
from agent.restored import kept_reports
from agent.selftest import ORDER, Report
from agent.tables import table
from agent.trial import carry_out

_RANK = {Visit.NOW: 0, Visit.SOON: 1, Visit.NONE: 2}
_HEADS = {
    "en": ["visit", "device", "tested", "came out", "found"],
    "zh": ["上门", "设备", "测试时间", "结果", "发现"],
}
_VISITS_ZH = {"now": "立即", "soon": "尽快", "none": "不需要"}
LONGEST_S = 5400.0


def add(commands: Commands) -> None:
    """Declare the command."""
    made = command(commands, "selftest", _selftest, config_file=True, as_json=True)
    made.add_argument(
        "--run", dest="device", metavar="DEVICE", help="test this heat pump now (gateway stopped)"
    )
    made.add_argument("--lang", choices=("en", "zh"), default="en", help="of the texts (en)")
    made.add_argument(
        "--within", type=seconds, default=LONGEST_S, metavar="S", help="for a test (5400)"
    )


def _selftest(arguments: argparse.Namespace) -> int:
    """List the last self-test of each heat pump, what needs a visit first; or run one.

    A test switches the pump on, asks for 2 K more water temperature, sees that water flows, that
    the compressor starts and heat comes, and puts back what it found: 15 to 60 minutes. On a
    gateway that runs it is ordered by the platform. The exit code is 1 when a visit is needed.
    """
    quiet(arguments)
    found = config.read(arguments.config)
    if arguments.device is not None:
        return _run(found, arguments)
    reports = sorted(
        kept_reports(found.spool.path, found.core.devices),
        key=lambda one: (_RANK[one.visit], one.device),
    )
    _print(reports, arguments)
    return OK if reports and all(one.visit is Visit.NONE for one in reports) else FAILED


def _run(found: config.Config, arguments: argparse.Namespace) -> int:
    if arguments.device not in found.core.devices:
        names = ", ".join(found.core.devices)
        print(f"no device is named {arguments.device}; there are {names}", file=sys.stderr)
        return WRONG
    done = asyncio.run(carry_out(found, arguments.device, ORDER, True, arguments.within))
    if done.outcome is Outcome.REFUSED or not done.checks:
        print(done.why, file=sys.stderr)
        return FAILED
    visit = Visit(str(done.read_back))
    _print([Report(done.device, datetime.now(UTC), done.outcome, visit, done.checks)], arguments)
    return OK if visit is Visit.NONE and done.outcome is Outcome.VERIFIED else FAILED


def _print(reports: Sequence[Report], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(msgspec.json.encode(reports).decode())
        return
    chinese = arguments.lang == "zh"
    if not reports:
        print("还没有自检记录" if chinese else "no self-test is kept yet")
        return
    rows = [
        [
            _VISITS_ZH[one.visit] if chinese else one.visit.value,
            one.device,
            f"{one.at.astimezone():%Y-%m-%d %H:%M}",
            one.outcome.value,
            "; ".join(_words(check, chinese) for check in one.checks),
        ]
        for one in reports
    ]
    print(table(_HEADS[arguments.lang], rows))


def _words(check: Check, chinese: bool) -> str:
    said = check.zh if chinese else check.en
    return f"{said} {json.dumps(dict(check.values), ensure_ascii=False)}" if check.values else said
