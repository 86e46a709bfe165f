"""`consent` and `reset`: what the household decides about its data, and how all of it goes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from agent import config, consent, identity
from agent.cli.base import FAILED, OK, WRONG, Commands, command, quiet
from agent.enrol.step import USED
from agent.errors import FileError, Mistake
from agent.spool import erase
from agent.web.keys import Keys


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    group = command(commands, "consent", _show)
    group.description = "Whether the household lets its readings leave the house."
    steps = group.add_subparsers(required=True, metavar="STEP")
    for name, run in (("show", _show), ("give", _give), ("withdraw", _withdraw)):
        step = command(steps, name, run, config_file=True, as_json=name == "show")
        if name != "show":
            step.add_argument(
                "--by",
                default="resident",
                choices=("resident", "installer"),
                help="who says so (resident)",
            )
    reset = command(commands, "reset", _reset, config_file=True)
    reset.add_argument("--yes", action="store_true", help="do it; without it only say what goes")
    reset.add_argument(
        "--identity", type=Path, metavar="FOLDER", help="delete key and certificate here as well"
    )


# --- consent ------------------------------------------------------------------------------------


def _show(arguments: argparse.Namespace) -> int:
    """Show what holds and every decision so far; exit code 1 while no reading may leave."""
    quiet(arguments)
    found = config.read(arguments.config)
    path = consent.place(found.spool.path)
    made = consent.decisions(path)
    given = made[-1].given if made else not found.consent_here
    if arguments.json:
        told = [{"given": one.given, "at": one.at.isoformat(), "by": one.by} for one in made]
        print(json.dumps({"file": str(path), "given": given, "decisions": told}))
        return OK if given else FAILED
    for one in made:
        print(f"{one.at:%Y-%m-%d %H:%M} UTC  {'given' if one.given else 'withdrawn'} by {one.by}")
    print("readings may leave the house" if given else "no reading leaves the house")
    return OK if given else FAILED


def _give(arguments: argparse.Namespace) -> int:
    """Let readings leave the house; a running gateway begins within seconds."""
    return _decide(arguments, given=True)


def _withdraw(arguments: argparse.Namespace) -> int:
    """Let no reading leave any more; those not sent yet are deleted. Alarms are still sent."""
    return _decide(arguments, given=False)


def _decide(arguments: argparse.Namespace, given: bool) -> int:
    quiet(arguments)
    path = consent.place(config.read(arguments.config).spool.path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = consent.decide(path, given, arguments.by)
    print(f"{'given' if given else 'withdrawn'} by {made.by}, {made.at:%Y-%m-%d %H:%M} UTC; {path}")
    return OK


# --- reset --------------------------------------------------------------------------------------


def _reset(arguments: argparse.Namespace) -> int:
    """Delete what the gateway knows of the household: records, lessons, PIN, configuration.

    Stop the gateway first. Key and certificate stay, so that the platform knows the gateway again,
    unless --identity names their folder. What the platform has it must delete itself.
    """
    quiet(arguments)
    path = Path(arguments.config)
    # Not read as a whole: neither a mistake in it nor an earlier reset may keep the data here.
    spool, left = str(config.buffer_of(path)), config.emptied(path)
    if not arguments.yes:
        print(f"would delete {spool}, its journal, lessons and decisions, and empty {path}")
        print("nothing was deleted; say --yes 未删除，确认请加 --yes", file=sys.stderr)
        return WRONG
    gone = [*erase(spool), *_deleted([consent.place(spool)])]
    keys = Keys(Path(spool).parent)
    if keys.has_pin:
        keys.set_pin(None)
        print("deleted the household's PIN 已删除住户密码")
    if arguments.identity is not None:
        gone += _deleted([arguments.identity / name for name in (*identity.FILES, USED)])
    _write(path, left)
    for one in gone:
        print(f"deleted 已删除 {one}")
    print(f"emptied 已清空 {path}")
    print("the household's data are gone from this gateway 本网关上的用户数据已全部删除")
    return OK


def _deleted(paths: list[Path]) -> list[Path]:
    gone = [one for one in paths if one.exists()]
    for one in gone:
        one.unlink()
    return gone


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise FileError([Mistake(str(path), 1, "", f"cannot be emptied: {error}")]) from None
