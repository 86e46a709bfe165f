"""`trace check`: whether a recorded trace may be shared, and the files to send."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import msgspec

from agent import config, traces
from agent.cli.base import FAILED, MISSING, OK, Commands, command
from agent.cli.recorded import exchanges_of
from agent.config import Config, LineConfig
from agent.line.trace import Exchange
from agent.traces import About, Checked


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    text = "Traces of a bus, to be kept and shared."
    trace = commands.add_parser("trace", help=text, description=text)
    kinds = trace.add_subparsers(required=True, metavar="DO", help="what to do")
    check = command(kinds, "check", _check, as_json=True)
    check.add_argument("file", type=Path, help="the trace, as `record` wrote it")
    check.add_argument("config", help="the configuration it was recorded with")
    check.add_argument(
        "--firmware", default="unknown", help="of the machine, as its display or label says"
    )
    check.add_argument(
        "--folder", type=Path, default=Path(), help="where to write the files to send (here)"
    )
    check.add_argument(
        "--compared", action="store_true", help="you compared the readings with the display"
    )
    check.add_argument(
        "--simulated", action="store_true", help="the trace is of a simulator, not of a machine"
    )


def _check(arguments: argparse.Namespace) -> int:
    """Check that a trace is masked and understood, and write the files to send, one a device."""
    found = config.read(arguments.config)
    exchanges = exchanges_of(arguments.file)
    about = About(arguments.firmware, arguments.simulated, arguments.compared)
    checked = _apart(
        traces.check(_of(line, found, exchanges), device, one, about)
        for line in found.lines
        for device, one in zip(line.devices, line.drivers, strict=True)
    )
    heard = [one for one in checked if one.golden.readings]
    fit = [one for one in heard if not one.unmasked]
    try:
        files = [name for one in fit for name in _write(one, arguments.folder)]
    except OSError as error:
        print(f"{error.filename}: cannot be written: {error.strerror}", file=sys.stderr)
        return MISSING
    if arguments.json:
        told = [
            {"device": one.device, "unmasked": one.unmasked, "findings": one.findings}
            for one in checked
        ]
        print(json.dumps({"devices": told, "files": files}, ensure_ascii=False))
    else:
        for one in checked:
            _tell(one)
        _tell_what_to_send(files)
    return OK if heard and len(fit) == len(heard) else FAILED


def _of(line: LineConfig, found: Config, exchanges: Sequence[Exchange]) -> Sequence[Exchange]:
    """What was said on this line: unit ids begin anew on each. Where there is one, its name may
    have changed since.
    """
    if len(found.lines) == 1:
        return exchanges
    return [one for one in exchanges if one.line == line.port.name]


def _apart(checked: Iterable[Checked]) -> list[Checked]:
    """Two machines of one make go to two files."""
    made = list(checked)
    names = Counter(one.name for one in made)
    return [
        replace(one, name=f"{one.name}_{one.device}") if names[one.name] > 1 else one
        for one in made
    ]


def _write(one: Checked, folder: Path) -> tuple[str, str]:
    """The trace of one device and its golden readings; returns both names."""
    folder.mkdir(parents=True, exist_ok=True)
    trace, golden = folder / f"{one.name}.jsonl", folder / f"{one.name}.golden.json"
    lines = (msgspec.json.encode(exchange).decode() for exchange in one.exchanges)
    trace.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    text = json.dumps(asdict(one.golden), indent=1, ensure_ascii=False)
    golden.write_text(text + "\n", "utf-8")
    return str(trace), str(golden)


def _tell(one: Checked) -> None:
    if not one.golden.readings:
        print(f"{one.device}: the trace holds no answer of it")
        return
    print(f"{one.device}: {len(one.exchanges)} exchanges, {len(one.golden.readings)} readings")
    if one.unmasked:
        places = ", ".join(one.unmasked[:8])
        print(f"  not masked, so not to be shared: {places}; record again with this program")
    for finding in one.findings:
        print(f"  {finding}")


def _tell_what_to_send(files: list[str]) -> None:
    if not files:
        return
    print("\nCompare the readings with the machine's display, then send these files:")
    for name in files:
        print(f"  {name}")
    print("with a pull request into tests/traces/. 请先与机组显示屏核对读数，再提交以上文件。")
