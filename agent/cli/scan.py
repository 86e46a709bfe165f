"""`scan` and `doctor`: a line nobody has configured yet, and a line that does not work."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from agent import config
from agent.cli.base import FAILED, OK, WRONG, Commands, command, quiet, seconds
from agent.commission import text_before, write_configuration
from agent.drivers import driver, usable
from agent.scan import (
    ADVICE,
    Choice,
    Fault,
    Finding,
    Found,
    Patient,
    Search,
    Setting,
    Wanted,
    configuration,
    doctor,
    likely,
    search,
    supplied,
)
from agent.tables import table

TOLERANCE = 2.0  # a display rounds, and its values move while one reads them
PARITIES = ("none", "even", "odd")


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    scan = command(commands, "scan", _scan, as_json=True)
    scan.add_argument("port", help="/dev/..., tcp://host:port or rtu+tcp://host:port")
    _add_line(scan)
    scan.add_argument(
        "--within", type=seconds, default=300.0, metavar="S", help="longest search in s (300)"
    )
    scan.add_argument("--write", metavar="FILE", help="write a configuration, once confirmed")
    scan.add_argument(
        "--seen",
        action="append",
        default=[],
        metavar="ID.POINT=VALUE",
        help="what a display shows, such as 1.water_supply_temp=41.5; repeat it",
    )
    scan.add_argument("--yes", action="store_true", help="write without comparing values")
    scan.add_argument("--leave-out", type=_ids, default=(), help="unit ids not to be written")
    for name, what in (
        ("driver", "the driver where several fit, by the name plate: 3=midea_mthermal_r32"),
        ("name", "how a device is called: 3=east (unit3 if left out)"),
        ("serves", "the heat pump that a meter or a sensor measures for: 11=3"),
    ):
        scan.add_argument(
            f"--{name}", type=_by_id, action="append", default=[], metavar="ID=X", help=what
        )
    scan.add_argument("--gateway", default="gateway-1", help="the gateway's id (gateway-1)")
    scan.add_argument("--broker", default="mqtt://127.0.0.1:1883", help="the platform's broker")
    one = command(commands, "doctor", _doctor, as_json=True)
    one.add_argument("target", help="a configuration file, or a port as for scan")
    _add_line(one)


def _add_line(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--baudrate", type=int, help="known baud rate")
    parser.add_argument("--parity", choices=PARITIES, help="known parity")
    parser.add_argument("--ids", type=_ids, default=(), help="unit ids, such as 1-8,33")


def _ids(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        if not (low.isdecimal() and (high or low).isdecimal()):
            raise argparse.ArgumentTypeError(f"{text!r} is not allowed here; allowed: 1-8,33")
        first, last = int(low), int(high or low)
        if not 1 <= first <= last <= 247:
            raise argparse.ArgumentTypeError(f"{text!r} is not allowed here; allowed: 1 to 247")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


def _by_id(text: str) -> tuple[int, str]:
    unit_id, _, said = text.partition("=")
    if not (unit_id.isdecimal() and said):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed here; allowed: 3=...")
    return int(unit_id), said


def _tell(en: str, zh: str) -> None:
    """Progress on a terminal, one line that is written over."""
    if sys.stderr.isatty():
        print(f"\r\033[K{en}  {zh}", end="", file=sys.stderr, flush=True)


def _end_progress() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _scan(arguments: argparse.Namespace) -> int:
    """Find serial settings, unit ids and likely drivers on a line; it only reads."""
    quiet(arguments)
    before = text_before(Path(arguments.write)) if arguments.write else ""
    drivers = tuple(driver(name) for name in usable())
    wanted = Wanted(arguments.baudrate, arguments.parity, arguments.ids, arguments.within)
    found = asyncio.run(search(arguments.port, drivers, wanted, _tell))
    _end_progress()
    print(json.dumps(_as_json(found)) if arguments.json else _report(found))
    if not any(one.verdict.driver or one.unit_id in dict(arguments.driver) for one in found.units):
        return FAILED
    return _write(found, before, arguments) if arguments.write else OK


def _as_json(found: Search) -> dict[str, object]:
    return {
        "port": found.url,
        "setting": asdict(found.setting) if found.setting else None,
        "units": [
            {
                "unit_id": one.unit_id,
                "driver": one.verdict.driver,
                "guesses": [asdict(guess) for guess in one.verdict.guesses],
                "values": {r.point: r.value for r in one.values},
            }
            for one in found.units
        ],
        "questions": found.questions,
        "seconds": found.seconds,
        "settings_tried": found.tried,
        "ended_early": found.ended_early,
    }


def _report(found: Search) -> str:
    if not found.units:
        early = " before the time was over" if found.ended_early else ""
        return (
            f"Nobody answered at {found.tried} of {found.settings} settings{early}."
            f" Next: heatpump-agent doctor {found.url}\n"
            f"没有设备应答。下一步：heatpump-agent doctor {found.url}"
        )
    heads = ["unit 地址", "driver 驱动", "sure 把握", "values 读数"]
    rows = [[one.unit_id, likely(one), _sureness(one), _values(one)] for one in found.units]
    parts = [f"{found.url} {found.setting or ''}".strip(), "", table(heads, rows)]
    for one in found.units:
        parts += _reasons(one)
    if found.setting is not None:
        parts += ["", "Stop bits come from the drivers; they cannot be heard. 停止位取自驱动。"]
    return "\n".join(parts)


def _sureness(one: Found) -> str:
    return " / ".join(f"{guess.sure:.0%}" for guess in one.verdict.guesses)


def _values(one: Found) -> str:
    return ", ".join(f"{reading.point} {reading.value}" for reading in one.values)


def _reasons(one: Found) -> list[str]:
    if not one.verdict.guesses:
        return [
            "",
            f"unit {one.unit_id}: fits no installed driver ({one.verdict.words} words asked). Next:"
            " get the vendor's point list and make a driver (heatpump-agent driver new).",
            f"地址 {one.unit_id}：与已装驱动都不符。下一步：向厂家要点表，用 driver new 制作驱动。",
        ]
    why = [f"  {guess.driver}: {'; '.join(guess.why)}" for guess in one.verdict.guesses]
    return ["", f"unit {one.unit_id}, because 依据:", *why]


# --- the configuration --------------------------------------------------------------------------


def _write(found: Search, before: str, arguments: argparse.Namespace) -> int:
    """Write the file when the installer has compared values, or has said that he will not."""
    try:
        seen = _seen(arguments.seen)
        chosen = _chosen(found, arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return WRONG
    sure = [one for one in found.units if one.unit_id in chosen]
    shown = [one for one in sure if one.shows(chosen[one.unit_id].driver)]
    confirmed = {one.unit_id for one in shown if _confirmed(one, seen, arguments)}
    for difference in _differences(found, seen):
        print(difference, file=sys.stderr)
    if not arguments.yes and len(confirmed) < len(sure):
        left = ", ".join(str(one.unit_id) for one in sure if one.unit_id not in confirmed)
        print(
            f"Not written: the values of unit {left} are not confirmed (--seen, or --yes).\n"
            f"没有写入：地址 {left} 的读数没有确认（用 --seen 或 --yes）。",
            file=sys.stderr,
        )
        return FAILED
    path = Path(arguments.write)
    chosen = {id: replace(one, confirmed=id in confirmed) for id, one in chosen.items()}
    try:
        text = configuration(found, chosen, arguments.gateway, arguments.broker, before=before)
        write_configuration(path, text)
    except OSError as error:
        print(f"{path}: cannot be written: {error.strerror}", file=sys.stderr)
        return WRONG
    print(f"{path} written. Next: heatpump-agent read {path}  已写入，下一步如左", file=sys.stderr)
    return OK


def _chosen(found: Search, arguments: argparse.Namespace) -> dict[int, Choice]:
    """What becomes of every unit that is sure or was named. Raises ValueError."""
    drivers, names, serves = map(dict, (arguments.driver, arguments.name, arguments.serves))
    there = {one.unit_id for one in found.units}
    for unit_id in (*drivers, *names, *serves):
        if unit_id not in there:
            answered = ", ".join(str(one) for one in sorted(there))
            raise ValueError(f"nobody answered as unit {unit_id}; allowed: {answered}")
    chosen: dict[int, Choice] = {}
    for one in found.units:
        guesses = [guess.driver for guess in one.verdict.guesses]
        name = drivers.get(one.unit_id, one.verdict.driver)
        if not name or one.unit_id in arguments.leave_out:
            continue
        if name not in guesses:
            fits = ", ".join(guesses) or "none"
            raise ValueError(f"--driver {one.unit_id}={name}: allowed: {fits}")
        chosen[one.unit_id] = Choice(name, names.get(one.unit_id, f"unit{one.unit_id}"))
    for unit_id, pump in serves.items():
        served = chosen.get(int(pump)) if pump.isdecimal() else None
        source = chosen.get(unit_id)
        points = (
            supplied(driver(source.driver).map, driver(served.driver).map)
            if source is not None and served is not None
            else ()
        )
        if source is None or served is None or not points:
            raise ValueError(f"--serves {unit_id}={pump}: allowed: a meter or sensor = a heat pump")
        chosen[unit_id] = replace(source, serves=served.name, supplies=points)
    return chosen


def _seen(texts: list[str]) -> dict[tuple[int, str], float]:
    """`ID.POINT=VALUE` as a table. Raises ValueError."""
    found: dict[tuple[int, str], float] = {}
    for text in texts:
        place, _, value = text.partition("=")
        unit_id, _, point = place.partition(".")
        try:
            found[int(unit_id), point] = float(value)
        except ValueError:
            raise ValueError(f"--seen {text}: allowed: 1.water_supply_temp=41.5") from None
    return found


def _confirmed(
    one: Found, seen: dict[tuple[int, str], float], arguments: argparse.Namespace
) -> bool:
    """Whether the values agree with the display: told by arguments, or asked on a terminal."""
    told = {point: value for (unit_id, point), value in seen.items() if unit_id == one.unit_id}
    if told:
        read = {reading.point: reading.value for reading in one.values}
        return all(_agrees(read.get(point), value) for point, value in told.items())
    if arguments.yes or arguments.json or not sys.stdin.isatty() or not one.values:
        return False
    answer = input(
        f"unit {one.unit_id}: does the display show {_values(one)}? [y/N]"
        f"  地址 {one.unit_id}：显示屏上是这些值吗？ "
    )
    return answer.strip().lower() in ("y", "yes", "是")


def _differences(found: Search, seen: dict[tuple[int, str], float]) -> Iterator[str]:
    """What a display is said to show and the line does not, each as a line for people."""
    read = {(one.unit_id, r.point): r.value for one in found.units for r in one.values}
    for (unit_id, point), shown in seen.items():
        value = read.get((unit_id, point))
        if value is None:
            has = ", ".join(name for id, name in read if id == unit_id) or "nothing"
            yield f"--seen {unit_id}.{point}: unit {unit_id} gave {has}  没有这个读数"
        elif not _agrees(value, shown):
            yield (
                f"unit {unit_id}: {point} reads {value}, the display shows {shown:g}"
                f"  地址 {unit_id}：读到 {value}，屏上 {shown:g}"
            )


def _agrees(read: object, shown: float) -> bool:
    return isinstance(read, int | float) and abs(read - shown) <= max(TOLERANCE, 0.03 * abs(shown))


# --- the doctor ---------------------------------------------------------------------------------


def _doctor(arguments: argparse.Namespace) -> int:
    """Name what is wrong with the wiring, from what is heard on the line; it only reads."""
    quiet(arguments)
    drivers = tuple(driver(name) for name in usable())
    said: dict[str, tuple[Finding, ...]] = {}
    for patient in _patients(arguments):
        said[patient.url] = asyncio.run(doctor(patient, drivers, _tell))
        _end_progress()
    if arguments.json:
        print(json.dumps({url: [_finding(one) for one in found] for url, found in said.items()}))
    else:
        print("\n\n".join(_diagnosis(url, found) for url, found in said.items()))
    return OK if all(found[0].fault is Fault.WELL for found in said.values()) else FAILED


def _patients(arguments: argparse.Namespace) -> list[Patient]:
    path = Path(arguments.target)
    is_file = path.is_file() or path.suffix in (".yaml", ".yml")  # a misspelt one is no port
    if "://" in arguments.target or not is_file:
        setting = None
        if arguments.baudrate or arguments.parity:
            setting = Setting(arguments.baudrate or 9600, arguments.parity or "none")
        return [Patient(arguments.target, setting, dict.fromkeys(arguments.ids))]
    patients: list[Patient] = []
    for line in config.read(str(path)).lines:
        port = line.port
        units = {one.unit_id: found for one, found in zip(line.devices, line.drivers, strict=True)}
        setting = Setting(port.baudrate, port.parity, port.stop_bits)
        patients.append(Patient(port.url, setting, dict(units)))
    return patients


def _finding(one: Finding) -> dict[str, object]:
    advice = ADVICE[one.fault]
    return {
        "fault": one.fault.value,
        "sure": one.sure,
        "seen": {"en": one.en, "zh": one.zh},
        "next": {"en": advice.next_en, "zh": advice.next_zh},
    }


def _diagnosis(url: str, found: tuple[Finding, ...]) -> str:
    lines = [url]
    for one in found:
        advice = ADVICE[one.fault]
        lines += [
            f"  {advice.en} ({one.sure:.0%}): {one.en}",
            f"    next: {advice.next_en}",
            f"  {advice.zh}（{one.sure:.0%}）：{one.zh}",
            f"    下一步：{advice.next_zh}",
        ]
    return "\n".join(lines)
