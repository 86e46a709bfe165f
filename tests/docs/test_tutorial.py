"""Every command of the tutorial, run as printed, must end well and show what the page shows.

The simulator's port names are replaced by the test's own, so that a simulator which somebody runs
at the same time is left alone.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path

import console
import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("docs/tutorial.md", "configs/tutorial.yaml", "simulators/home.yaml")
LASTING = "heatpump-sim"


@pytest.mark.timeout(240)  # a dozen programs one after the other: 22 s of processor time
def test_every_command_of_the_tutorial(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    _copy(folder, bus=tmp_path / "bus1", port=_free_port())
    steps = console.steps((folder / "docs/tutorial.md").read_text("utf-8"))
    assert len(steps) > 10
    assert steps[0].command.startswith(LASTING)
    with console.lasting(folder, steps[0]):
        for step in steps[1:]:
            console.run(folder, step)


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
