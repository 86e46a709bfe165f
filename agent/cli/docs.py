"""`docs`: the reference that is generated from the code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent import reference
from agent.cli.base import FAILED, MISSING, OK, Commands, command
from agent.cli.tree import parser


def add(commands: Commands) -> None:
    """Declare the command."""
    docs = command(commands, "docs", _docs)
    docs.add_argument("--check", action="store_true", help="only say what is stale")
    docs.add_argument("--folder", default="docs/reference", help="where (docs/reference)")


def _docs(arguments: argparse.Namespace) -> int:
    """Write the generated reference, or check that it is up to date."""
    try:
        stale = reference.write(Path(arguments.folder), parser(), check=arguments.check)
    except OSError as error:
        print(f"{error.filename}: cannot be written: {error.strerror}", file=sys.stderr)
        return MISSING
    for name in stale:
        print(f"{name}: {'is stale; run heatpump-agent docs' if arguments.check else 'written'}")
    return FAILED if stale and arguments.check else OK
