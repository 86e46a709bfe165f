"""`driver new, check, simulate, doc`: for those who write drivers; needs no gateway, no broker."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.base import (
    FAILED,
    MISSING,
    OK,
    WRONG,
    Commands,
    command,
    modbus_unit,
    seconds,
    tcp_port,
)
from agent.cli.draft import add_new
from agent.cli.recorded import golden_of, recorded_of
from agent.cli.targets import Target, one_target, targets
from agent.drivers import RegisterMap, load
from agent.errors import FileError, Mistake
from agent.kit import Checked, Finding, Level, check, page
from agent.kit.replay import Replayed, replay
from agent.kit.report import ONLY_THE_MACHINE, as_json, as_text, golden_rows

if TYPE_CHECKING:
    from simulators.bus import PtyLine
    from simulators.tcp import TcpLine

SIMULATED = "/tmp/heatpump-sim"  # noqa: S108 - a name to type, on a vendor's own machine


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    text = "For those who write drivers: start one, check it, play its machine, make its page."
    kit = commands.add_parser("driver", help=text, description=text)
    do = kit.add_subparsers(required=True, metavar="DO")
    add_new(do)
    _add_check(do)
    _add_simulate(do)
    doc = command(do, "doc", _doc)
    doc.add_argument("map", metavar="MAP", help="a map file, or a driver that is installed")
    doc.add_argument("--out", metavar="FILE", help="where to write the page (the terminal)")


def _add_check(do: Commands) -> None:
    found = command(do, "check", _check, as_json=True)
    found.add_argument(
        "what", metavar="MAP|PACKAGE", help="a map file, a package's folder or name, or a driver"
    )
    found.add_argument(
        "--trace", metavar="FILE", help="recorded words: a trace of `record`, or a dump (YAML)"
    )
    found.add_argument(
        "--golden", metavar="FILE", help="what the display showed: point -> value (YAML, JSON)"
    )
    found.add_argument("--keep-golden", metavar="FILE", help="keep the readings of the trace here")
    found.add_argument("--unit-id", type=modbus_unit, metavar="N", help="whose words in the trace")
    found.add_argument("--strict", action="store_true", help="a warning is an error")


def _add_simulate(do: Commands) -> None:
    found = command(do, "simulate", _simulate, as_json=True)
    found.add_argument("map", metavar="MAP", help="a map file, or a driver that is installed")
    where = found.add_mutually_exclusive_group()
    where.add_argument("--port", metavar="PATH", help=f"name of the serial port ({SIMULATED}/MAP)")
    where.add_argument(
        "--tcp", type=tcp_port, metavar="PORT", help="Modbus TCP instead; 0 is any port"
    )
    found.add_argument(
        "--unit-id", type=modbus_unit, metavar="N", help="Modbus unit id (the map's, or 1)"
    )
    found.add_argument("--config", metavar="FILE", help="write a configuration that reads it")
    found.add_argument("--speed", type=seconds, default=1.0, metavar="X", help="of its time (1)")
    found.add_argument("--seconds", type=seconds, metavar="S", help="how long; else for ever")


# --- check ----------------------------------------------------------------------------------


def _check(arguments: argparse.Namespace) -> int:
    """Check a map, or all maps of a package, as far as it can be known without the machine."""
    needless = _without_trace(arguments)
    if needless:
        print(f"{needless} needs the recorded words too: --trace FILE", file=sys.stderr)
        return WRONG
    found = targets(arguments.what)
    if (arguments.trace or arguments.golden) and len(found) > 1:
        found = (one_target(arguments.what),)
    judged = [(one, *_judge(one, arguments)) for one in found]
    good = all(_passes(checked, more, arguments.strict) for _, checked, more in judged)
    if arguments.json:
        maps = [as_json(checked, more) for _, checked, more in judged]
        print(json.dumps({"ok": good, "maps": maps}, ensure_ascii=False))
        return OK if good else FAILED
    print("\n\n".join(as_text(checked, more) for _, checked, more in judged))
    if good and not arguments.trace:
        print("\n" + "\n".join(ONLY_THE_MACHINE))
    return OK if good else FAILED


def _without_trace(arguments: argparse.Namespace) -> str:
    """An option that says nothing without a trace; empty when there is one, or no such option."""
    given = {"--golden": arguments.golden, "--keep-golden": arguments.keep_golden}
    return "" if arguments.trace else next((name for name, value in given.items() if value), "")


def _judge(target: Target, arguments: argparse.Namespace) -> tuple[Checked, tuple[Finding, ...]]:
    checked = check(target.text, target.file, target.hooks)
    more = target.package
    if checked.map is not None and arguments.trace:
        replayed = _replayed(checked.map, target, arguments)
        more = (*more, *replayed.findings)
        if arguments.keep_golden:
            kept = golden_rows(tuple(replayed.snapshot.readings.values()))
            text = json.dumps(kept, ensure_ascii=False, indent=1) + "\n"
            _write(arguments.keep_golden, text)
    elif checked.map is not None and checked.map.grade != "draft":
        message = f"grade {checked.map.grade} claims a recorded trace; none was given"
        line = Finding(Level.WARNING, "grade", 1, "grade", message, "--trace FILE, or grade: draft")
        more = (*more, line)
    return checked, more


def _replayed(found: RegisterMap, target: Target, arguments: argparse.Namespace) -> Replayed:
    unit_id, recorded = recorded_of(Path(arguments.trace), found, arguments.unit_id)
    golden: Mapping[str, str] = {}
    if arguments.golden:
        golden = golden_of(Path(arguments.golden))
    return replay(found, recorded, golden, unit_id, target.hooks)


def _passes(checked: Checked, more: Iterable[Finding], strict: bool) -> bool:
    findings = (*checked.findings, *more)
    return not any(strict or finding.level is Level.ERROR for finding in findings)


def _write(file: str, text: str) -> None:
    """Raises FileError, which nobody takes for what a port says."""
    try:
        Path(file).write_text(text, "utf-8")
    except OSError as error:
        why = f"cannot be written: {error.strerror}"
        raise FileError([Mistake(file, 1, "", why, "a file in a folder that is there")]) from None


# --- doc ------------------------------------------------------------------------------------


def _doc(arguments: argparse.Namespace) -> int:
    """Print a driver's page in Markdown: machines, points, writes, faults, sources."""
    target = one_target(arguments.map)
    text = page(load(target.text, target.file), target.text)
    if arguments.out is None:
        print(text, end="")
        return OK
    _write(arguments.out, text)
    return OK


# --- simulate -------------------------------------------------------------------------------


def _simulate(arguments: argparse.Namespace) -> int:
    """Play the machine of a map on a serial port or over TCP, with values that move slowly."""
    # Only here does the program know its simulators; what runs on a gateway never loads them.
    from simulators import showcase  # noqa: PLC0415

    target = one_target(arguments.map)
    found = load(target.text, target.file)
    line = found.line
    unit_id = arguments.unit_id or line.unit_id or 1
    serial = arguments.port or arguments.tcp is None
    where = Path(arguments.port or f"{SIMULATED}/{found.map}") if serial else arguments.tcp
    unit = showcase.machine(found, unit_id, arguments.speed)
    served = showcase.line_of(unit, where, line.baudrate or 9600)
    tell = _tell(arguments, target, found, unit_id)
    try:
        asyncio.run(_until_stopped(showcase.serve(unit, served, tell, arguments.seconds)))
    except OSError as error:
        print(f"{where}: {error.strerror or error}", file=sys.stderr)
        return MISSING
    except (KeyboardInterrupt, asyncio.CancelledError):
        return OK
    return OK


async def _until_stopped(serving: object) -> None:
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    await serving  # type: ignore[misc]


def _tell(
    arguments: argparse.Namespace, target: Target, found: RegisterMap, unit_id: int
) -> Callable[[PtyLine | TcpLine], None]:
    """What to say once the machine answers: where it is, and how to read it."""

    def tell(line: PtyLine | TcpLine) -> None:
        port = str(line.path) if hasattr(line, "path") else f"tcp://127.0.0.1:{line.port}"
        text = _configuration(found, port, unit_id)
        if arguments.config:
            _write(arguments.config, text)
        if arguments.json:
            print(json.dumps({"ready": found.map, "port": port, "unit_id": unit_id}), flush=True)
            return
        file = arguments.config or "simulated.yaml"
        print(f"{found.map} answers at {port} as unit {unit_id}; Ctrl-C ends it")
        if target.driver is None:
            print("to read it, install the package of this map first (pip install FOLDER), then")
        if not arguments.config:
            print(f"save this as {file}:\n\n{text}")
        print(f"read it with: heatpump-agent read {file}", flush=True)

    return tell


def _configuration(found: RegisterMap, port: str, unit_id: int) -> str:
    serial = "" if "://" in port else ", parity: none, stop_bits: 1"
    if serial:
        serial = f", baudrate: {found.line.baudrate or 9600}{serial}"
    return (
        "gateway: gw-simulated\n"
        "timezone: Asia/Shanghai\n"
        "platform: {broker: mqtt://127.0.0.1:1883}   # not used by read\n"
        "lines:\n"
        f"  - {{name: line1, port: {port}{serial}, devices: [{{name: hp1, driver: {found.map}, "
        f"unit_id: {unit_id}}}]}}\n"
    )
