"""Every command of the tutorial, run as printed, must end well and show what the page shows.

The simulator's port names are replaced by the test's own, so that a simulator which somebody runs
at the same time is left alone.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[2]
COPIED = ("docs/tutorial.md", "configs/tutorial.yaml", "simulators/home.yaml")
WITHIN_S = 20.0
LASTING = "heatpump-sim"


@dataclass(frozen=True, slots=True)
class Step:
    """One command line and the lines that the page shows below it."""

    command: str
    shown: tuple[str, ...]


def test_every_command_of_the_tutorial(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    _copy(folder, bus=tmp_path / "bus1", port=_free_port())
    steps = _steps((folder / "docs/tutorial.md").read_text("utf-8"))
    assert len(steps) > 10
    assert steps[0].command.startswith(LASTING)
    with _simulator(folder, steps[0]):
        for step in steps[1:]:
            _run(folder, step)


def test_the_page_shows_the_configuration_it_uses() -> None:
    page = (ROOT / "docs/tutorial.md").read_text("utf-8")
    block = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert block is not None
    assert block[1] in (ROOT / "configs/tutorial.yaml").read_text("utf-8")


# --- the page -------------------------------------------------------------------------------


def _copy(folder: Path, bus: Path, port: int) -> None:
    for name in COPIED:
        text = (ROOT / name).read_text("utf-8")
        own = text.replace("/tmp/heatpump-sim/bus1", str(bus)).replace("15020", str(port))
        assert own != text, f"{name} names no port any more"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(own, "utf-8")


def _steps(page: str) -> list[Step]:
    steps: list[Step] = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:], ()))
            else:
                steps[-1] = Step(steps[-1].command, (*steps[-1].shown, line))
    return steps


def _like(line: str) -> str:
    """A line without what may differ from run to run: measured numbers and widths of columns."""
    if not line.startswith("exit code"):
        line = re.sub(r"-?\d+(\.\d+)?", "#", line)
    return " ".join(line.split())


def _missing(step: Step, output: str) -> list[str]:
    there = {_like(line) for line in output.splitlines()}
    return [line for line in step.shown if _like(line) not in there]


# --- running it -----------------------------------------------------------------------------


def _environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path}


def _run(folder: Path, step: Step) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", step.command],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    told = f"$ {step.command}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, told
    missing = _missing(step, done.stdout + done.stderr)
    assert not missing, f"{missing} is not shown by\n{told}"


@contextmanager
def _simulator(folder: Path, step: Step) -> Iterator[None]:
    program = shutil.which(LASTING, path=_environment()["PATH"])
    assert program is not None
    command = [program, *step.command.split()[1:]]
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as running:
        try:
            _await_lines(running, step)
            yield
        finally:
            running.terminate()
            running.wait(WITHIN_S)


def _await_lines(running: subprocess.Popen[bytes], step: Step) -> None:
    """Until everything the page shows has come. Fails when the time is up or the program ended."""
    assert running.stdout is not None
    descriptor, output = running.stdout.fileno(), ""
    until = monotonic() + WITHIN_S
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while _missing(step, output):
            assert selector.select(until - monotonic()), f"in time came only: {output}"
            piece = os.read(descriptor, 4096)
            assert piece, f"{step.command} ended with: {output}"
            output += piece.decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
