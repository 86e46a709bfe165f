"""The command `heatpump-sim`: homes, pumps and lines from one file, faults on demand."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from agent.drivers import driver
from agent.errors import AgentError, FileError
from agent.model import Value
from simulators.bus import PtyLine
from simulators.config import Control, LineRule, Simulation, as_value, read_control, read_simulation
from simulators.config import UnitRule as Unit
from simulators.frames import Registers
from simulators.illness import physical, treat
from simulators.registers import RegisterImage
from simulators.tcp import TcpLine
from simulators.unit import Beside, Plant, PumpUnit, home, run_units
from simulators.weather import Weather, synthetic_winter

_STATUS_S = 1.0
_SHOWN = {
    "water_setpoint": "water_setpoint",
    "room": "indoor_temp",
    "supply": "water_supply_temp",
    "outdoor": "outdoor_temp",
    "power": "active_power",
}


@dataclass(frozen=True, slots=True)
class Running:
    """One line at work and its units by unit id."""

    name: str
    line: PtyLine | TcpLine
    units: Mapping[int, PumpUnit]

    @property
    def ready(self) -> dict[str, object]:
        """Where the line can be reached."""
        if isinstance(self.line, PtyLine):
            where: dict[str, object] = {"path": str(self.line.path)}
        else:
            where = {"host": "127.0.0.1", "port": self.line.port, "framing": self.line.framing}
        return {"ready": self.name, **where, "units": sorted(self.units)}

    def status(self) -> list[dict[str, object]]:
        """One row for each unit: traffic, and what its sensors and its plant say."""
        responder = self.line.responder
        return [
            {
                "line": self.name,
                "unit": unit_id,
                "map": unit.image.map.map,
                "requests": responder.requests[unit_id],
                "replies": responder.replies[unit_id],
                **{key: _rounded(unit.value(point)) for key, point in _SHOWN.items()},
            }
            for unit_id, unit in self.units.items()
        ]


class Simulator:
    """All lines and units of one simulation."""

    def __init__(self, found: Simulation) -> None:
        self.speed = found.speed
        weather = synthetic_winter(found.seed)
        self.lines = {
            name: _line(name, rule, found, lambda unit: _pump(unit, found, weather))
            for name, rule in found.lines.items()
        }

    @property
    def units(self) -> tuple[PumpUnit, ...]:
        return tuple(unit for running in self.lines.values() for unit in running.units.values())

    async def start(self) -> None:
        """Open every line. Raises OSError for a port that cannot be had."""
        for running in self.lines.values():
            if isinstance(running.line, PtyLine):
                running.line.start()
            else:
                await running.line.start()

    async def stop(self) -> None:
        """Close every line."""
        for running in self.lines.values():
            if isinstance(running.line, PtyLine):
                running.line.close()
            else:
                await running.line.stop()

    def obey(self, control: Control) -> str | None:
        """Do what a control line says; else say why not."""
        running = self.lines.get(control.line)
        if running is None:
            return f"no line is named {control.line}; there are {', '.join(self.lines)}"
        if control.unit is not None and control.unit not in running.units:
            return f"line {control.line} has no unit {control.unit}"
        if control.unit is not None and (control.ill or control.heal):
            return treat(running.units[control.unit].plant, control)
        control.apply(running.line)
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit code 2 for a file that is wrong, 1 for a port that cannot be had."""
    parser = argparse.ArgumentParser(prog="heatpump-sim", description=__doc__)
    parser.add_argument("file", type=Path, help="the simulation, such as simulators/home.yaml")
    parser.add_argument("--duration", type=float, metavar="S", help="seconds to run; else for ever")
    parser.add_argument("--json", action="store_true", help="one status line a second")
    options = parser.parse_args(arguments)
    try:
        simulator = Simulator(read_simulation(options.file.read_text("utf-8"), str(options.file)))
    except (AgentError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except UnicodeDecodeError:
        print(f"{options.file}: is not UTF-8 text", file=sys.stderr)
        return 2
    # Started without a standard input there is none to obey, as when it has ended.
    commands = os.open(os.devnull, os.O_RDONLY) if sys.stdin is None else sys.stdin.fileno()
    try:
        asyncio.run(run(simulator, options.duration, commands, options.json))
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    return 0


async def run(simulator: Simulator, duration_s: float | None, commands: int, status: bool) -> None:
    """Run until the time is up or SIGTERM comes; the descriptor of `commands` may end before."""
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    try:
        await simulator.start()
        for running in simulator.lines.values():
            _say(running.ready)
        with suppress(TimeoutError):
            async with asyncio.timeout(duration_s), asyncio.TaskGroup() as tasks:
                tasks.create_task(run_units(simulator.units), name="units")
                tasks.create_task(_listen(simulator, commands), name="control")
                if status:
                    tasks.create_task(_report(simulator), name="status")
    finally:
        await simulator.stop()


async def _report(simulator: Simulator) -> None:
    while True:
        await asyncio.sleep(_STATUS_S)
        lines = simulator.lines.values()
        _say({"status": [row for running in lines for row in running.status()]})


async def _listen(simulator: Simulator, commands: int) -> None:
    """Obey the lines of a file descriptor; each is answered with `done` or `error`.

    A thread reads, because epoll takes neither files nor /dev/null, and reads unbuffered, because
    a thread that holds the lock of sys.stdin would keep the interpreter from ending.
    """
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    def read() -> None:
        rest = b""
        with suppress(OSError, RuntimeError):
            while piece := os.read(commands, 4096):
                *whole, rest = (rest + piece).split(b"\n")
                for text in whole:
                    loop.call_soon_threadsafe(lines.put_nowait, text.decode("utf-8", "replace"))
            loop.call_soon_threadsafe(lines.put_nowait, None)

    Thread(target=read, name="control", daemon=True).start()
    while (text := await lines.get()) is not None:
        _say(await _answer(simulator, text.strip()))


async def _answer(simulator: Simulator, text: str) -> dict[str, object]:
    try:
        control = read_control(text)
    except FileError as error:
        return {"error": str(error)}
    wrong = simulator.obey(control)
    if wrong is not None:
        return {"error": wrong}
    line = simulator.lines[control.line].line
    if isinstance(line, TcpLine):
        await line.settled()
    return {"done": text}


def _rounded(value: Value | None) -> Value | None:
    return round(value, 2) if isinstance(value, float) else value


def _say(message: Mapping[str, object]) -> None:
    print(json.dumps(message), flush=True)


def _line(
    name: str, rule: LineRule, found: Simulation, pump: Callable[[Unit], PumpUnit]
) -> Running:
    units = {unit.unit_id: pump(unit) for unit in rule.units if unit.beside is None}
    units |= {
        unit.unit_id: _unit(unit, Beside(units[unit.beside]), found.speed)
        for unit in rule.units
        if unit.beside is not None
    }
    registers: dict[int, Registers] = {
        unit_id: unit.image for unit in units.values() for unit_id in unit.image.unit_ids
    }
    delays_s = {unit.unit_id: float(unit.answer_after) for unit in rule.units}
    line: PtyLine | TcpLine
    if rule.kind == "rtu":
        line = PtyLine(
            registers,
            Path(rule.port),
            baudrate=rule.baudrate or 9600,
            bits_per_char=rule.bits_per_char,
            delays_s=delays_s,
            seed=found.seed,
        )
    else:
        line = TcpLine(
            registers,
            framing="tcp" if rule.kind == "tcp" else "rtu",
            port=int(rule.port),
            baudrate=rule.baudrate,
            bits_per_char=rule.bits_per_char,
            one_connection=rule.one_connection,
            delays_s=delays_s,
            seed=found.seed,
        )
    for unit in rule.units:
        line.faults[unit.unit_id] = unit.faults
    return Running(name, line, units)


def _pump(rule: Unit, found: Simulation, weather: Weather) -> PumpUnit:
    if rule.physics is not None:
        return _unit(rule, physical(rule, rule.physics, found.seed), found.speed)
    plant = home(weather, rule.home.pump, rule.home.share, float(rule.home.start))
    return _unit(rule, plant, found.speed)


def _unit(rule: Unit, plant: Plant, speed: float) -> PumpUnit:
    image = RegisterImage(driver(rule.map).map, rule.unit_id, rule.between)
    unit = PumpUnit(image, plant, speed)
    for point, text in rule.registers.items():
        image.set(point, as_value(text))
    return unit


if __name__ == "__main__":
    sys.exit(main())
