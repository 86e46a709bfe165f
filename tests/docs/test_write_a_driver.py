"""The page for vendors, run as printed: from the table to a driver that is installed and read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import console
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/write-a-driver.md").read_text("utf-8")
EXAMPLE = ROOT / "docs/examples/heatpump-acme"
INSTALL = "pip install ./heatpump-acme"


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def installed(source: Path, site: Path) -> dict[str, str]:
    """Install a package as pip does, without a network; what the environment then needs."""
    copy = site.parent / "source"
    shutil.copytree(source, copy)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*pip, "--no-index", "--target", str(site), str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}


@pytest.mark.timeout(180)
def test_every_command_of_the_page(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    _, dump, display = blocks("yaml")
    (folder / "acme-points.csv").write_text(blocks("csv")[0], "utf-8")
    (folder / "dump.yaml").write_text(dump, "utf-8")
    (folder / "display.yaml").write_text(display, "utf-8")
    page = PAGE.replace("/tmp/heatpump-sim/acme", str(tmp_path / "bus"))
    steps = console.steps(page)
    border = next(i for i, step in enumerate(steps) if step.command == INSTALL)
    for step in steps[:border]:
        console.run(folder, step)
    found = installed(folder / "heatpump-acme", tmp_path / "site")
    assert "driver simulate" in steps[border + 1].command
    with console.lasting(folder, steps[border + 1], found):
        for step in steps[border + 2 :]:
            console.run(folder, step, found)


def test_the_draft_on_the_page_is_what_driver_new_makes(tmp_path: Path) -> None:
    (tmp_path / "acme-points.csv").write_text(blocks("csv")[0], "utf-8")
    (new,) = (step for step in console.steps(PAGE) if " driver new " in step.command)
    console.run(tmp_path, new)
    made = tmp_path / "heatpump-acme/heatpump_acme/acme_kfr_120.yaml"
    assert made.read_text("utf-8") == blocks("yaml")[0]


def test_the_hook_on_the_page_is_that_of_the_example() -> None:
    assert (EXAMPLE / "heatpump_acme/__init__.py").read_text("utf-8") == blocks("python")[0]


@pytest.mark.timeout(180)
def test_the_example_package_is_installed_and_used_through_the_command_line(
    tmp_path: Path,
) -> None:
    found = installed(EXAMPLE, tmp_path / "site")
    Step = console.Step
    console.run(
        tmp_path, Step("heatpump-agent drivers | grep -o acme_kfr_120", ("acme_kfr_120",)), found
    )
    check = Step("heatpump-agent driver check heatpump-acme", ("0 errors, 0 warnings",))
    console.run(tmp_path, check, found)
    bus = tmp_path / "bus"
    simulate = Step(
        f"heatpump-agent driver simulate acme_kfr_120 --port {bus} --config home.yaml",
        ("read it with: heatpump-agent read home.yaml",),
    )
    with console.lasting(tmp_path, simulate, found):
        shown = ("water_supply_temp  34.1  degC  supply water temperature  出水温度",)
        console.run(tmp_path, Step("heatpump-agent read home.yaml", shown), found)
        # The hook gives the permission first; without it the simulated machine takes both anyway.
        write = "heatpump-agent write home.yaml hp1 water_setpoint 47"
        console.run(tmp_path, Step(write, ("hp1 water_setpoint = 47 (read back)",)), found)
        after = 'heatpump-agent read home.yaml --json | grep -o \'"x_remote": {"value": [a-z]*\''
        console.run(tmp_path, Step(after, ('"x_remote": {"value": true',)), found)
