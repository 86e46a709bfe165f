"""`claim`: the code that opens the local page, made here and told once."""

from __future__ import annotations

import argparse
import json

from agent import config
from agent.cli.base import FAILED, OK, Commands, command
from agent.web.keys import Keys


def add(commands: Commands) -> None:
    """Declare the command of this module."""
    claim = command(commands, "claim", _claim, config_file=True, as_json=True)
    claim.add_argument("--new", action="store_true", help="a new code instead of the old one")


def _claim(arguments: argparse.Namespace) -> int:
    """Make the code that opens the local page, for the label; exit code 1 when there is one.

    Only its hash is kept, so it is shown once. With `--new` the old one opens nothing any more.
    """
    keys = Keys(config.state_folder(arguments.config))
    if keys.claimed and not arguments.new:
        why = "there is a code already, and nobody can read it back; --new makes another"
        print(json.dumps({"code": None, "why": why}) if arguments.json else why)
        return FAILED
    code = keys.new_claim()
    print(
        json.dumps({"code": code})
        if arguments.json
        else f"{code}\nWrite it on the label 抄到标签上"
    )
    return OK
