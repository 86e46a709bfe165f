"""A simulated line in a process of its own, where no busy event loop spoils its timing."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from agent.drivers import driver
from agent.errors import FileError
from simulators.bus import PtyLine
from simulators.config import read_control
from simulators.frames import Registers
from simulators.registers import AddressWords, RegisterImage
from simulators.unit import factory_values


class SimProcess:
    """One line in a process of its own: `with SimProcess(path, {1: "addresses"}) as line: ...`.

    A unit is the name of a driver, or `addresses` for a machine whose words are their addresses.
    """

    def __init__(
        self,
        path: Path,
        units: Mapping[int, str],
        *,
        baudrate: int = 9600,
        delays_s: Mapping[int, float] | None = None,
        seed: int = 0,
    ) -> None:
        command = [sys.executable, "-m", "simulators.busprocess", str(path)]
        command += ["--baudrate", str(baudrate), "--seed", str(seed)]
        for unit_id, name in units.items():
            command += ["--unit", f"{unit_id}={name}={(delays_s or {}).get(unit_id, 0.0)}"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._answer()

    def stats(self) -> dict[str, object]:
        """The statistics of the line, as `PtyLine.stats`."""
        return self.send("stats")

    def send(self, line: str) -> dict[str, object]:
        """Send one control line (see `simulators.config.Control`) and wait until it is in force."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process and its port."""
        self._process.communicate(timeout=5)

    def __enter__(self) -> SimProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _answer(self) -> dict[str, object]:
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        if not text:
            raise RuntimeError(f"the line ended with exit code {self._process.wait(5)}")
        found: dict[str, object] = json.loads(text)
        return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one line until standard input ends; `stats` prints JSON, other lines are `Control`."""
    parser = argparse.ArgumentParser(prog="python -m simulators.busprocess", description=__doc__)
    parser.add_argument("path", type=Path, help="name of the port to make")
    parser.add_argument("--baudrate", type=int, default=9600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unit", action="append", default=[], metavar="ID=DRIVER[=DELAY_S]")
    options = parser.parse_args(arguments)
    units: dict[int, Registers] = {}
    delays_s: dict[int, float] = {}
    for text in options.unit or ["1=addresses"]:
        number, name, *delay = text.split("=")
        units[int(number)] = _registers(name, int(number))
        delays_s[int(number)] = float(delay[0]) if delay else 0.0
    line = PtyLine(
        units, options.path, baudrate=options.baudrate, delays_s=delays_s, seed=options.seed
    )
    line.start()
    print(json.dumps({"ready": str(line.path)}), flush=True)
    for text in sys.stdin:
        print(json.dumps(_obey(line, text.strip())), flush=True)
    line.close()
    return 0


def _obey(line: PtyLine, text: str) -> dict[str, object]:
    if text == "stats":
        return line.stats()
    try:
        read_control(text).apply(line)
    except FileError as error:
        return {"error": str(error)}
    return {"done": text}


def _registers(name: str, unit_id: int) -> Registers:
    if name == "addresses":
        return AddressWords()
    image = RegisterImage(driver(name).map, unit_id)
    factory_values(image)
    return image


if __name__ == "__main__":
    sys.exit(main())
