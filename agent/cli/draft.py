"""`driver new`: asks what it must know, or takes arguments, and writes a package with one map."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import get_args

from agent.cli.base import MISSING, OK, WRONG, Commands, command, modbus_unit
from agent.cli.targets import read_text
from agent.kit.draft import About, Numbers, Row, draft, rows_of
from agent.kit.machine import BAUDS
from agent.kit.package import package

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HEADS = "number,name,type,scale,unit,access,remark"
_ASKED = {
    "name": "name of the map, such as acme_kfr_120",
    "brand": "brand, such as Acme",
    "model": "model, such as KFR-120W",
    "source": "where the table is from: maker, document, revision, date",
}


def add_new(do: Commands) -> None:
    """Declare `driver new`."""
    new = command(do, "new", _new)
    new.add_argument("name", nargs="?", metavar="NAME", help=_ASKED["name"])
    new.add_argument("--brand", help=_ASKED["brand"])
    new.add_argument("--model", help=_ASKED["model"])
    new.add_argument("--source", help=_ASKED["source"])
    new.add_argument("--csv", metavar="FILE", help=f"the vendor's point list: {_HEADS}")
    new.add_argument(
        "--numbers",
        choices=get_args(Numbers),
        default="classic",
        help="how the list counts: 30001 and 40001 (classic), from 1, or as on the wire",
    )
    new.add_argument("--baudrate", type=int, choices=BAUDS, metavar="BAUD", help="such as 9600")
    new.add_argument("--parity", choices=("none", "even", "odd"), help="of the serial line")
    new.add_argument("--unit-id", type=modbus_unit, metavar="N", help="factory setting, 1 to 247")
    new.add_argument(
        "--folder", metavar="DIR", help="where the package goes (heatpump-BRAND, or -MAP)"
    )


def _new(arguments: argparse.Namespace) -> int:
    """Start a driver: a package with a map made from a point list, or from what you type."""
    given = {key: getattr(arguments, key) for key in _ASKED}
    missing = [key for key, value in given.items() if not value]
    people = sys.stdin.isatty()
    if not people and (missing or not arguments.csv):
        wanted = ["NAME" if key == "name" else f"--{key}" for key in missing]
        wanted += [] if arguments.csv else ["--csv"]
        print(f"without a terminal to ask on, give {', '.join(wanted)}", file=sys.stderr)
        return WRONG
    given |= {key: _ask(_ASKED[key]) for key in missing}
    if not _NAME.fullmatch(given["name"]):
        print(f"{given['name']!r} is no name; use a-z, 0-9 and _", file=sys.stderr)
        return WRONG
    about = About(
        **given,
        baudrate=arguments.baudrate,
        parity=arguments.parity,
        unit_id=arguments.unit_id,
        numbers=arguments.numbers,
    )
    return _write(about, _rows(arguments, about), arguments.folder)


def _ask(what: str) -> str:
    answer = ""
    while not answer:
        answer = input(f"{what}: ").strip()
    return answer


def _rows(arguments: argparse.Namespace, about: About) -> tuple[Row, ...]:
    if arguments.csv:
        return rows_of(read_text(Path(arguments.csv)), arguments.csv, about.numbers)
    print(f"Now the points, one a line, as {_HEADS}; an empty line or Ctrl-D ends.")
    print("Such as: 30101,outlet water,INT16,0.1,degC,R,0x7FFF: no sensor")
    return rows_of("\n".join([_HEADS, *_typed()]), "typed", about.numbers)


def _typed() -> Iterator[str]:
    with suppress(EOFError):
        while line := input("> ").strip():
            yield line


def _write(about: About, rows: tuple[Row, ...], folder: str | None) -> int:
    files = package(about.name, about.brand, draft(about, rows))
    project = next(path for path in files if path.endswith("__init__.py")).split("/", 1)[0]
    root = Path(folder or project.replace("_", "-"))
    there = [str(root / name) for name in files if (root / name).exists()]
    if there:
        print(f"{there[0]} exists; nothing was written", file=sys.stderr)
        return WRONG
    try:
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, "utf-8")
    except OSError as error:
        print(f"{root}: cannot be written: {error.strerror}", file=sys.stderr)
        return MISSING
    points = [row for row in rows if row.readable]
    own = sum(row.name.startswith("x_") for row in points)
    print(f"{root}: {len(points)} points, {len(points) - own} of them under canonical names")
    if len(points) < len(rows):
        print(f"{len(rows) - len(points)} left out that can only be written; the map names them")
    print(f"check it with: heatpump-agent driver check {root}")
    return OK
