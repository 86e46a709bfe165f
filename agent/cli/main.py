"""The command line: `heatpump-agent COMMAND`. Every command explains itself with --help.

Exit codes: 0 well, 1 it did not work out, 2 a file or an argument is wrong, 3 a resource is
missing. A module of this folder declares its commands in `add`.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from agent import __version__, reference
from agent.cli import audit, drivers, identity, kit, look, replay, run, scan, season, trace
from agent.cli.base import FAILED, MISSING, OK, WRONG, Commands, command
from agent.errors import AgentError, DriverError, FileError

MODULES = (run, look, identity, drivers, kit, replay, season, trace, scan, audit)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
        stream=sys.stderr,
    )
    command: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return command(arguments)
    except FileError as error:
        for mistake in error.mistakes:
            print(mistake, file=sys.stderr)
        return WRONG
    except DriverError as error:
        print(error, file=sys.stderr)
        return WRONG
    except AgentError as error:
        print(error, file=sys.stderr)
        return MISSING
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return FAILED


def parser() -> argparse.ArgumentParser:
    """Every command and argument there is."""
    made = argparse.ArgumentParser(
        prog="heatpump-agent",
        description="Reads heat pumps over Modbus, watches them, controls them within limits, and "
        "sends every record to a platform over MQTT.",
        epilog="Exit codes: 0 well, 1 it did not work out, 2 a file or an argument is wrong, "
        "3 a resource is missing.",
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    made.add_argument("-v", "--verbose", action="store_true", help="log everything")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for module in MODULES:
        module.add(commands)
    _add_docs(commands)
    return made


def _add_docs(commands: Commands) -> None:
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
