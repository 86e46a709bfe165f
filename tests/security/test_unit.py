"""What the service may not do, line by line of its unit, and how the checks look for weaknesses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = (ROOT / "packaging/debian/heatpump-agent.service").read_text("utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "User=heatpump-agent",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "PrivateUsers=yes",
        "ProtectProc=invisible",
    ],
)
def test_it_has_no_more_rights_than_it_needs(line: str) -> None:
    assert line in UNIT.splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "MemoryDenyWriteExecute=yes",
        "DevicePolicy=closed",
        "ProtectKernelTunables=yes",
        "LimitCORE=0",
        "LockPersonality=yes",
    ],
)
def test_memory_and_devices_are_guarded_by_the_processor_and_the_kernel(line: str) -> None:
    assert line in UNIT.splitlines()


def test_it_reaches_files_of_its_own_only() -> None:
    modes = dict(re.findall(r"^(StateDirectoryMode|UMask)=(\d+)$", UNIT, re.MULTILINE))
    assert modes == {"StateDirectoryMode": "0700", "UMask": "0077"}
    written = re.findall(r"^ReadWritePaths=(.*)$", UNIT, re.MULTILINE)
    paths = {path for line in written for path in line.split()}
    lights = {path for path in paths if path.startswith("-/sys/class/leds/heatpump:")}  # the lamp
    assert paths - lights == {"-/etc/heatpump-agent"}  # who sets it up at the page


def test_weaknesses_in_the_code_are_looked_for_in_every_check() -> None:
    rules = tomllib.loads((ROOT / "ruff.toml").read_text("utf-8"))["lint"]
    assert {"S", "B", "BLE"} <= set(rules["select"])
    product = {path for path in rules["per-file-ignores"] if path.startswith("agent")}
    assert product <= {"agent/spool/**", "agent/web/pages.py"}
    made = (ROOT / "Makefile").read_text("utf-8")
    for step in ("ruff check", "mypy", "lint-imports", "bench.provisions --check"):
        assert step in made
