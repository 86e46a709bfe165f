"""`drivers` and `decode`: what is installed, and what a dump of registers means."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from agent import drivertable
from agent.cli.base import FAILED, OK, WRONG, Commands, command, points_json, readings_table
from agent.drivers import Cost, Device, driver, names, refusals
from agent.dump import words_of
from agent.model import Snapshot
from agent.tables import table
from agent.yamltext import parse


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    command(commands, "drivers", _drivers, as_json=True)
    decode = command(commands, "decode", _decode, as_json=True)
    decode.add_argument(
        "driver", choices=names(), metavar="DRIVER", help="a name that `drivers` lists"
    )
    decode.add_argument("dump", help="YAML or JSON: function -> address -> word")


def _drivers(arguments: argparse.Namespace) -> int:
    """List the drivers installed: what each reads, what it can do, how far it was proved."""
    if arguments.json:
        print(json.dumps(drivertable.rows(), ensure_ascii=False))
    else:
        rows = [{**row, "brand": _cut(row["brand"])} for row in drivertable.short_rows()]
        print(table(list(rows[0]), [list(row.values()) for row in rows]))
    for why in refusals().values():
        print(why, file=sys.stderr)
    return OK


def _cut(text: str, most: int = 28) -> str:
    return text if len(text) <= most else text[: most - 2] + ".."


def _decode(arguments: argparse.Namespace) -> int:
    """Print a dump of registers as the readings a driver makes of them."""
    loaded = driver(arguments.driver)
    path = Path(arguments.dump)
    try:
        document = parse(path.read_text("utf-8"), str(path))
    except OSError as error:
        print(f"{path}: cannot be read: {error.strerror}", file=sys.stderr)
        return WRONG
    except UnicodeDecodeError:
        print(f"{path}: is not UTF-8 text", file=sys.stderr)
        return WRONG
    words = words_of(document)
    device = Device(arguments.driver, loaded.map, 1, Cost(0.0, 0.0), loaded.hooks)
    readings = device.decode_image(lambda name, at: words.get((name, at)))
    snapshot = Snapshot(arguments.driver).with_readings(readings, 0.0)
    if arguments.json:
        print(json.dumps(points_json(readings)))
    else:
        print(readings_table(device, snapshot))
    return OK if readings else FAILED
