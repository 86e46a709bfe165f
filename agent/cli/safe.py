"""`safe`: whether this gateway is set up safely, for the installer and the household."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime

from agent import config
from agent.cli.base import FAILED, OK, Commands, command, quiet
from agent.errors import Unfinished
from agent.safe import findings, fresh_findings


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "safe", _safe, config_file=True, as_json=True)


def _safe(arguments: argparse.Namespace) -> int:
    """Say whether this gateway is set up safely and what to do; exit code 1 while something is not.

    Looks at encryption, certificate, rights of keys, signed commands, open doors and support. What
    belongs to board and image, the serial console and a verified start, is told as advice.
    """
    quiet(arguments)
    now = datetime.now(UTC)
    try:
        found = findings(config.read(arguments.config), now)
    except Unfinished:
        found = fresh_findings(config.fresh(arguments.config), now)
    if arguments.json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            word = "ok " if one.good else "NOT" if one.needed else "may"
            print(f"{word}  {one.zh} {one.en}")
    return OK if all(one.good or not one.needed for one in found) else FAILED
