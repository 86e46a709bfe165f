"""The self-test at a simulated pump behind a real serial line, sixty times faster than life."""

from __future__ import annotations

import asyncio
import json
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


async def test_a_pump_is_tested_on_its_bus_and_put_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pty, sim = tmp_path / "bus1", tmp_path / "sim.yaml"
    sim.write_text(SIM.format(pty=pty))
    gateway = tmp_path / "gateway.yaml"
    gateway.write_text(GATEWAY.format(folder=tmp_path, pty=pty))
    pump = Child.python("simulators.cli", str(sim), "--json", log=tmp_path / "sim.log")
    await pump.start()
    try:
        await pump.heard("ready")
        arguments = ["selftest", str(gateway), "--run", "hp", "--within", "60", "--json"]
        assert await asyncio.to_thread(main, arguments) == 0
        (report,) = json.loads(capsys.readouterr().out)
        assert (report["device"], report["visit"]) == ("hp", "none")
        assert [one["step"] for one in report["checks"] if one["judged"]] == ["heat"]
        assert await asyncio.to_thread(main, ["read", str(gateway), "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)["devices"]["hp"]
        assert shown["water_setpoint"]["value"] == 45
        assert await asyncio.to_thread(main, ["selftest", str(gateway), "--lang", "zh"]) == 0
        assert "制热正常" in capsys.readouterr().out
    finally:
        await pump.stop()
