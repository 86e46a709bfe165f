"""The console blocks of a page: command lines, and what the page shows below them."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """One command line and the lines that the page shows below it."""

    command: str
    shown: tuple[str, ...]


def steps(page: str) -> list[Step]:
    """The commands of a page, in order."""
    found: list[Step] = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:], ()))
            else:
                found[-1] = Step(found[-1].command, (*found[-1].shown, line))
    return found


def _like(line: str) -> str:
    """A line without what may differ from run to run: measured numbers and widths of columns."""
    if not line.startswith("exit code"):
        line = re.sub(r"-?\d+(\.\d+)?", "#", line)
    return " ".join(line.split())


def missing(step: Step, output: str) -> list[str]:
    """Lines that the page shows and the command did not."""
    there = {_like(line) for line in output.splitlines()}
    return [line for line in step.shown if _like(line) not in there]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, with the programs of this Python first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, **(more or {})}


def run(folder: Path, step: Step, more: Mapping[str, str] | None = None) -> None:
    """Run a command of the page; it must end well and show what the page shows."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", step.command],
        cwd=folder,
        env=environment(more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    told = f"$ {step.command}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, told
    lacking = missing(step, done.stdout + done.stderr)
    assert not lacking, f"{lacking} is not shown by\n{told}"


@contextmanager
def lasting(folder: Path, step: Step, more: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run a command that lasts, from when it has shown what the page shows."""
    name, *rest = step.command.split()
    program = shutil.which(name, path=environment()["PATH"])
    assert program is not None
    with subprocess.Popen(
        [program, *rest],
        cwd=folder,
        env=environment(more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
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
        while missing(step, output):
            assert selector.select(until - monotonic()), f"in time came only: {output}"
            piece = os.read(descriptor, 4096)
            assert piece, f"{step.command} ended with: {output}"
            output += piece.decode()
