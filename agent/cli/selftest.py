"""`selftest`: what the last tests of each machine found; and the tests, at the machine."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial

import msgspec

from agent import config
from agent.cli.base import FAILED, OK, WRONG, Commands, command, quiet, seconds
from agent.control.testchecks import worst_first
from agent.model import Check, Outcome, Visit
from agent.pollcheck import ORDER as POLL_CHECK
from agent.restored import kept_reports
from agent.selftest import ORDER, TRIAL, Report
from agent.tables import table
from agent.trial import carry_out

_RANK = {Visit.NOW: 0, Visit.SOON: 1, Visit.NONE: 2}
_HEADS = {
    "en": ["visit", "device", "test", "tested", "came out", "found"],
    "zh": ["上门", "设备", "测试", "测试时间", "结果", "发现"],
}
_VISITS_ZH = {"now": "立即", "soon": "尽快", "none": "不需要"}
LONGEST_S = 5400.0
_RUNS = (
    ("--run", ORDER, "test this heat pump"),
    ("--polls", POLL_CHECK, "watch ten polls of this device"),
    ("--trial", TRIAL, "write 1 K to this heat pump and put it back,"),
)


def add(commands: Commands) -> None:
    """Declare the command."""
    made = command(commands, "selftest", _selftest, config_file=True, as_json=True)
    which = made.add_mutually_exclusive_group()
    for flag, order, what in _RUNS:
        which.add_argument(
            flag,
            dest="chosen",
            metavar="DEVICE",
            type=partial(_chosen, order),
            help=f"{what} now (gateway stopped)",
        )
    made.add_argument("--lang", choices=("en", "zh"), default="en", help="of the texts (en)")
    made.add_argument(
        "--within", type=seconds, default=LONGEST_S, metavar="S", help="for a test (5400)"
    )


def _selftest(arguments: argparse.Namespace) -> int:
    """List the last tests of each machine, what needs a visit first; or run one.

    `--polls` watches ten polls of any device: how many were answered, late or damaged, and whether
    its temperatures stand; six minutes where it is polled every 30 s, as most are. `--trial` moves
    a heat pump's water setpoint by 1 K, reads it back and restores it; cut off on the way, the next
    start restores it. `--run` switches the pump on, asks for 2 K more water temperature, sees that
    water flows, that the compressor starts and heat comes, and puts back what it found: 15 to 60
    minutes. On a gateway that runs they are ordered at the page or by the platform. The exit code
    is 1 when a visit is needed.
    """
    quiet(arguments)
    found = config.read(arguments.config)
    if arguments.chosen is not None:
        order, device = arguments.chosen
        return _run(found, order, device, arguments)
    reports = sorted(
        kept_reports(found.spool.path, found.core.devices),
        key=lambda one: (_RANK[one.visit], one.device),
    )
    _print(reports, found.timezone, arguments)
    return OK if reports and all(one.well for one in reports) else FAILED


def _chosen(order: str, device: str) -> tuple[str, str]:
    return order, device


def _run(found: config.Config, order: str, device: str, arguments: argparse.Namespace) -> int:
    if device not in found.core.devices:
        names = ", ".join(found.core.devices)
        print(f"no device is named {device}; there are {names}", file=sys.stderr)
        return WRONG
    if order == POLL_CHECK:
        every_s = found.core.devices[device].poll_s
        print(f"{device} is polled every {every_s:g} s, ten polls are watched", file=sys.stderr)
    done = asyncio.run(carry_out(found, device, order, True, arguments.within))
    if done.outcome is Outcome.REFUSED or not done.checks:
        print(done.why, file=sys.stderr)
        return FAILED
    visit = worst_first(done.checks)[0].visit
    report = Report(device, datetime.now(UTC), done.outcome, visit, done.checks, order)
    _print([report], found.timezone, arguments)
    return OK if report.well else FAILED


def _print(reports: Sequence[Report], zone: tzinfo, arguments: argparse.Namespace) -> None:
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
            one.order,
            f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}",
            one.outcome.value,
            "; ".join(_words(check, chinese) for check in one.checks),
        ]
        for one in reports
    ]
    print(table(_HEADS[arguments.lang], rows))


def _words(check: Check, chinese: bool) -> str:
    said = check.zh if chinese else check.en
    return f"{said} {json.dumps(dict(check.values), ensure_ascii=False)}" if check.values else said
