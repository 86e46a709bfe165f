"""`claim`: the code of the label, which opens the local page; known afterwards by its hash only."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from agent import claim, config
from agent.cli.base import FAILED, OK, Commands, command
from agent.web.keys import Keys


def add(commands: Commands) -> None:
    """Declare the command of this module."""
    claims = command(commands, "claim", _claim, config_file=True, as_json=True)
    claims.add_argument("--new", action="store_true", help="another code instead of the old one")
    claims.add_argument("--code", type=Path, help="a file with the code that is on the label")


def _claim(arguments: argparse.Namespace) -> int:
    """Make the code that opens the local page, for the label; exit code 1 when there is one.

    Only its hash is kept, so it is shown once. With `--new` the old one opens nothing any more;
    with `--code` the code is not made but read, where a label is printed already.
    """
    keys = Keys(config.state_folder(arguments.config))
    if keys.claimed and not (arguments.new or arguments.code):
        why = "there is a code already, and nobody can read it back; --new makes another"
        print(json.dumps({"code": None, "why": why}) if arguments.json else why)
        return FAILED
    code = claim.read(arguments.code) if arguments.code else claim.make_code()
    keys.set_claim(code)
    if arguments.json:
        print(json.dumps({"code": None if arguments.code else code}))
    elif arguments.code:
        print("the code of the label opens the page")
    else:
        print(f"{code}\nWrite it on the label 抄到标签上")
    return OK
