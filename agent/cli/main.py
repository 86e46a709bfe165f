"""The command line: `heatpump-agent COMMAND`. Every command explains itself with --help.

Exit codes: 0 well, 1 it did not work out, 2 a file or an argument is wrong, 3 a resource is
missing. A module of this folder declares its commands in `add`; `tree` knows which there are.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from agent.cli.base import FAILED, MISSING, WRONG
from agent.cli.tree import parser
from agent.errors import AgentError, DriverError, FileError
from agent.files import in_words


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    wanted = next((word for word in words if not word.startswith("-")), None)
    arguments = parser(wanted).parse_args(words)
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
        stream=sys.stderr,
    )
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal without Chinese gets question marks
        sys.stdout.reconfigure(errors="replace")
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
    except OSError as error:  # a folder that may not be looked into, a disk that takes no more
        logging.getLogger("agent").debug("where it was", exc_info=True)
        print(in_words(error), file=sys.stderr)
        return MISSING
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, or Ctrl-D where an answer is needed
        return FAILED
