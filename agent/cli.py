"""The command line: `heatpump-agent COMMAND`. Every command explains itself with --help.

Exit codes: 0 well, 1 it did not work out, 2 a file or an argument is wrong, 3 a resource is
missing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from pathlib import Path
from typing import TextIO

from agent import __version__, app, config, reference
from agent.drivers import Cost, Device, driver, names
from agent.dump import words_of
from agent.errors import AgentError, DriverError, FileError
from agent.line.trace import Trace
from agent.model import Outcome, Quality, Reading, Snapshot
from agent.replay import replay
from agent.status import Status
from agent.sweep import Look, Seen
from agent.tables import table
from agent.yamltext import parse

OK, FAILED, WRONG, MISSING = 0, 1, 2, 3
SWEEP_WITHIN_S = 60.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
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


# --- run ------------------------------------------------------------------------------------


def _run(arguments: argparse.Namespace) -> int:
    """Read, watch, control and send until stopped by SIGTERM or Ctrl-C."""
    found = config.read(arguments.config)
    asyncio.run(_run_until_stopped(found, arguments))
    return OK


async def _run_until_stopped(found: config.Config, arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, _reload, arguments.config)
    status = Status()
    show = (
        asyncio.create_task(status.show(arguments.json))
        if arguments.watch or arguments.json
        else None
    )
    try:
        await app.run(found, stop, status.started)
    finally:
        if show is not None:
            show.cancel()


def _reload(path: str) -> None:
    """A changed file is checked; a wrong one changes nothing, a right one asks for a restart."""
    log = logging.getLogger("agent")
    try:
        config.read(path)
    except FileError as error:
        for mistake in error.mistakes:
            log.error("configuration refused, the old one stays: %s", mistake)
        return
    log.info("configuration is right; restart to use it file=%s", path)


def _check(arguments: argparse.Namespace) -> int:
    """Say whether a configuration is right, and how busy its lines will be."""
    found = config.read(arguments.config)
    rows = [
        [
            line.port.name,
            device.name,
            device.map.map,
            device.unit_id,
            len(device.plan()),
            sum(block.request.count for block in device.plan()),
        ]
        for line in found.lines
        for device in line.devices
    ]
    if arguments.json:
        keys = ("line", "device", "driver", "unit_id", "requests", "registers")
        print(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))
    else:
        print(table(["line", "device", "driver", "unit", "requests", "registers"], rows))
        print(f"{arguments.config}: all is well")
    return OK


# --- read and write -------------------------------------------------------------------------


def _read(arguments: argparse.Namespace) -> int:
    """Ask every device once and show what it says."""
    found = config.read(arguments.config)
    _quiet(arguments)
    return asyncio.run(_read_once(found, arguments))


async def _read_once(found: config.Config, arguments: argparse.Namespace) -> int:
    async with Look(found) as look:
        await look.sweep(arguments.within)
        seen = look.seen
    if arguments.json:
        print(json.dumps(_as_json(seen)))
    else:
        _print_sweep(found, seen)
    return OK if any(snapshot.readings for snapshot in seen.snapshots.values()) else FAILED


def _as_json(seen: Seen) -> dict[str, object]:
    devices = {
        name: _points(snapshot.readings.values()) for name, snapshot in seen.snapshots.items()
    }
    return {"devices": devices, "failures": seen.failures, "lines_lost": seen.lost}


def _points(readings: Iterable[Reading]) -> dict[str, dict[str, object]]:
    return {r.point: {"value": r.value, "quality": r.quality.value, "raw": r.raw} for r in readings}


def _print_sweep(found: config.Config, seen: Seen) -> None:
    for name, snapshot in seen.snapshots.items():
        print(f"\n{name} ({found.core.devices[name].map.map})")
        if not snapshot.readings:
            print(f"  no answer: {seen.failures.get(name, 'time ran out')}")
            continue
        print(_readings(found.core.devices[name], snapshot))
    for line, why in seen.lost.items():
        print(f"\nline {line}: {why}")


def _readings(device: Device, snapshot: Snapshot) -> str:
    rows = [_row(device, reading) for reading in snapshot.readings.values()]
    return table(["point", "value", "unit", "quality", "name", "名称"], rows)


def _row(device: Device, reading: Reading) -> list[object]:
    point = device.map.point(reading.point)
    value = "" if reading.value is None else str(reading.value)
    quality = "" if reading.quality is Quality.GOOD else reading.quality.value
    return [reading.point, value, point.unit.value, quality, point.en, point.zh]


def _write(arguments: argparse.Namespace) -> int:
    """Write one point through the guard, read it back, and say what the machine made of it."""
    found = config.read(arguments.config)
    device = found.core.devices.get(arguments.device)
    if device is None:
        print(
            f"no device is named {arguments.device}; there are {', '.join(found.core.devices)}",
            file=sys.stderr,
        )
        return WRONG
    rule = device.map.points.get(arguments.point)
    value = device.value_of(arguments.point, arguments.value) if rule else None
    if rule is None or rule.write is None or value is None:
        writable = ", ".join(name for name, r in device.map.points.items() if r.write)
        print(
            f"{arguments.point} = {arguments.value} cannot be written; writable points: {writable}",
            file=sys.stderr,
        )
        return WRONG
    _quiet(arguments)
    return asyncio.run(_write_once(found, arguments, value))


async def _write_once(
    found: config.Config, arguments: argparse.Namespace, value: float | bool | str
) -> int:
    async with Look(found) as look:
        await look.sweep(arguments.within)
        done = await look.write(arguments.device, arguments.point, value, arguments.within)
    if done.outcome is not Outcome.VERIFIED:
        for line, why in look.seen.lost.items():
            print(f"line {line}: {why}", file=sys.stderr)
        said = {"outcome": done.outcome.value, "why": done.why}
        print(json.dumps(said) if arguments.json else done.why)
        return FAILED
    if arguments.json:
        print(json.dumps({"outcome": done.outcome.value, "read_back": done.read_back}))
    else:
        print(f"{arguments.device} {arguments.point} = {done.read_back} (read back)")
    return OK


# --- drivers, decode ------------------------------------------------------------------------


def _drivers(arguments: argparse.Namespace) -> int:
    """List the drivers installed, or show one driver's points."""
    rows = reference.driver_rows()
    if arguments.json:
        print(json.dumps(rows))
    else:
        heads = list(rows[0]) if rows else []
        print(table(heads, [list(row.values()) for row in rows]))
    return OK


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
        print(json.dumps(_points(readings)))
    else:
        print(_readings(device, snapshot))
    return OK if readings else FAILED


# --- record, replay, docs -------------------------------------------------------------------


def _record(arguments: argparse.Namespace) -> int:
    """Run the lines for a while and keep every exchange in a trace file."""
    found = config.read(arguments.config)
    try:
        with Path(arguments.file).open("w", encoding="utf-8") as file:
            return asyncio.run(_record_for(found, file, arguments))
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{arguments.file}: cannot be written: {error.strerror}", file=sys.stderr)
        return MISSING


async def _record_for(found: config.Config, file: TextIO, arguments: argparse.Namespace) -> int:
    kept = 0

    def put(text: str) -> None:
        nonlocal kept
        kept += 1
        file.write(text)
        if sys.stderr.isatty():
            print(f"\r{kept} exchanges", end="", file=sys.stderr, flush=True)

    async with Look(found, Trace(put, reference.masked(found))):
        await asyncio.sleep(arguments.seconds)
    print(f"{kept} exchanges in {arguments.file}")
    return OK if kept else FAILED


def _replay(arguments: argparse.Namespace) -> int:
    """Run a trace, or a CSV or JSONL of values, through core, faults and control."""
    found = config.read(arguments.config) if arguments.config else None
    for event in replay(Path(arguments.file), found):
        print(json.dumps(event, ensure_ascii=False, default=str))
    return OK


def _docs(arguments: argparse.Namespace) -> int:
    """Write the generated reference, or check that it is up to date."""
    try:
        stale = reference.write(Path(arguments.folder), _parser(), check=arguments.check)
    except OSError as error:
        print(f"{error.filename}: cannot be written: {error.strerror}", file=sys.stderr)
        return MISSING
    for name in stale:
        print(f"{name}: {'is stale; run heatpump-agent docs' if arguments.check else 'written'}")
    return FAILED if stale and arguments.check else OK


def _quiet(arguments: argparse.Namespace) -> None:
    """Commands that print a result keep the log for those who ask for it."""
    if not arguments.verbose:
        logging.getLogger().setLevel(logging.ERROR)


# --- arguments ------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heatpump-agent",
        description="Reads heat pumps over Modbus, watches them, controls them within limits, and "
        "sends every record to a platform over MQTT.",
        epilog="Exit codes: 0 well, 1 it did not work out, 2 a file or an argument is wrong, "
        "3 a resource is missing.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log everything")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _command(commands, "run", _run, config_file=True)
    run.add_argument("--watch", action="store_true", help="show values every few seconds")
    check = _command(commands, "check", _check, config_file=True)
    read = _command(commands, "read", _read, config_file=True)
    write = _command(commands, "write", _write, config_file=True)
    write.add_argument("device", help="name of the device in the configuration")
    write.add_argument("point", help="name of the point, such as water_setpoint")
    write.add_argument("value", help="the value, in the unit of the point")
    for one in (read, write):
        one.add_argument(
            "--within",
            type=_seconds,
            default=SWEEP_WITHIN_S,
            metavar="S",
            help="seconds to wait for the devices (60)",
        )
    drivers = _command(commands, "drivers", _drivers)
    decode = _command(commands, "decode", _decode)
    decode.add_argument(
        "driver", choices=names(), metavar="DRIVER", help="a name that `drivers` lists"
    )
    decode.add_argument("dump", help="YAML or JSON: function -> address -> word")
    record = _command(commands, "record", _record, config_file=True)
    record.add_argument("file", help="where to write the trace (JSON lines)")
    record.add_argument("--seconds", type=_seconds, default=60.0, help="how long (60)")
    again = _command(commands, "replay", _replay)
    again.add_argument("file", help="a trace, or a CSV or JSONL of timed values")
    again.add_argument("--config", help="configuration that says what stands on the line")
    docs = _command(commands, "docs", _docs)
    docs.add_argument("--check", action="store_true", help="only say what is stale")
    docs.add_argument("--folder", default="docs/reference", help="where (docs/reference)")
    for one in (run, check, read, write, drivers, decode):
        one.add_argument("--json", action="store_true", help="for programs")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text) if text.replace(".", "", 1).isdecimal() else 0.0
    if not (isfinite(seconds) and seconds > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed here; allowed: above 0 s")
    return seconds


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    config_file: bool = False,
) -> argparse.ArgumentParser:
    text = (run.__doc__ or "").strip()
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    if config_file:
        parser.add_argument("config", help="the gateway's YAML file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
