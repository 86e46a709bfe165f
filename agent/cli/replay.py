"""`replay`: a trace or a table of values through core, faults and control, without a bus."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from agent import config
from agent.cli.base import OK, Commands, command
from agent.replay import replay


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    again = command(commands, "replay", _replay)
    again.add_argument("file", help="a trace, or a CSV or JSONL of timed values")
    again.add_argument("--config", help="configuration that says what stands on the line")


def _replay(arguments: argparse.Namespace) -> int:
    """Run a trace, or a CSV or JSONL of values, through core, faults and control."""
    found = config.read(arguments.config) if arguments.config else None
    for event in replay(Path(arguments.file), found):
        print(json.dumps(event, ensure_ascii=False, default=str))
    return OK
