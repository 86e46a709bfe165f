"""The self-test at a simulated pump behind a real serial line, sixty times faster than life."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.cli.main import main
from simulators.stage import Child

pytestmark = [pytest.mark.house, pytest.mark.timeout(90)]

SIM = """
speed: 60
seed: 3
lines:
  bus1:
    kind: rtu
    port: {pty}
    units:
      - map: simulated_pump
        unit_id: 1
        home: {{pump: inverter, share: 1.0, start: 10 d}}
"""
GATEWAY = """
gateway: gw-test
spool: {{path: {folder}/spool.db, commit_every: 1 s}}
platform: {{broker: "mqtt://127.0.0.1:9"}}
season: {{self_test_watch: 8 s}}
lines:
  - {{name: bus1, port: {pty}, devices: [
      {{name: hp, driver: simulated_pump, unit_id: 1, every: 1 s}}]}}
"""


@asynccontextmanager
async def wired(folder: Path) -> AsyncIterator[str]:
    """A pump on a pty, and the file of a gateway that has it."""
    pty, sim = folder / "bus1", folder / "sim.yaml"
    sim.write_text(SIM.format(pty=pty))
    gateway = folder / "gateway.yaml"
    gateway.write_text(GATEWAY.format(folder=folder, pty=pty))
    pump = Child.python("simulators.cli", str(sim), "--json", log=folder / "sim.log")
    await pump.start()
    try:
        await pump.heard("ready")
        yield str(gateway)
    finally:
        await pump.stop()


async def test_a_pump_is_tested_on_its_bus_and_put_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with wired(tmp_path) as gateway:
        arguments = ["selftest", gateway, "--run", "hp", "--within", "60", "--json"]
        assert await asyncio.to_thread(main, arguments) == 0
        (report,) = json.loads(capsys.readouterr().out)
        assert (report["device"], report["visit"]) == ("hp", "none")
        assert [one["step"] for one in report["checks"] if one["judged"]] == ["heat"]
        assert await asyncio.to_thread(main, ["read", gateway, "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)["devices"]["hp"]
        assert shown["water_setpoint"]["value"] == 45
        assert await asyncio.to_thread(main, ["selftest", gateway, "--lang", "zh"]) == 0
        assert "制热正常" in capsys.readouterr().out


async def test_after_wiring_ten_polls_are_looked_at_and_a_write_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with wired(tmp_path) as gateway:
        assert await asyncio.to_thread(main, ["selftest", gateway, "--polls", "hp", "--json"]) == 0
        said = capsys.readouterr()
        (polls,) = json.loads(said.out)
        assert "hp is polled every" in said.err
        assert (polls["order"], polls["visit"]) == ("poll_check", "none")
        assert polls["checks"][0]["values"]["answered"] == 10
        assert await asyncio.to_thread(main, ["selftest", gateway, "--trial", "hp", "--json"]) == 0
        (trial,) = json.loads(capsys.readouterr().out)
        assert [one["step"] for one in trial["checks"]] == ["moved", "restored"]
        assert trial["checks"][0]["values"] == {"before": 45.0, "read_back": 46.0}
        assert await asyncio.to_thread(main, ["read", gateway, "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)["devices"]["hp"]
        assert shown["water_setpoint"]["value"] == 45
        assert await asyncio.to_thread(main, ["selftest", gateway, "--json"]) == 0
        kept = json.loads(capsys.readouterr().out)
        assert [one["order"] for one in kept] == ["poll_check", "test_write"]
