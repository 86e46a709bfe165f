"""`heatpump-agent alarms`: what is open, for people in both languages and for programs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agent.cli.main import main
from agent.clock import Clock
from agent.faults import LifeCycle, OutOfService
from agent.faults.rights import Issuer
from agent.spool import Spool, SpoolSettings
from tests.rooms.faults.alarmlife import S1, S2, at, condition

GATEWAY = """
gateway: gw-test
spool: {path: spool.db}
platform: {broker: "mqtt://127.0.0.1:9"}
lines:
  - name: bus
    port: /dev/null
    devices: [{name: hp, driver: samsung_ehs_mimb19n, unit_id: 3}]
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY)
    cycle = LifeCycle()
    worst = replace(condition("", S1, "frost_danger", fault="F20"), resident_zh="请恢复供电")
    cycle.step("hp", (condition("a"), condition("b", S2), worst), at(0))
    hidden = next(one for one in cycle.open if one.key == "a")
    cycle.shelve(hidden.id, Issuer("service", "crew"), "part ordered", 3600.0, at(1))

    async def save() -> None:
        spool = await Spool.open(SpoolSettings(str(tmp_path / "spool.db")), "b", Clock().stamp)
        await spool.save_state("alarms", msgspec.json.encode(cycle.open))
        out = [
            OutOfService(
                "hp", "ice", "service:crew", "coil washed", datetime(year, 1, 1, tzinfo=UTC)
            )
            for year in (2020, 2070)
        ]
        await spool.save_state("out_of_service", msgspec.json.encode(out))
        await spool.close()

    asyncio.run(save())
    return path


def test_the_worst_first_with_id_and_words(
    gateway: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alarms", str(gateway)]) == 0
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[2].split()[:5] == ["S1", "unacknowledged_active", "hp", "F20", "frost_danger"]
    assert lines[2].endswith("hp:frost_danger:20260114T040000Z")
    assert "hp:rule:b:" in lines[3]
    assert (
        said.count("out of service: hp ice, 2070-01-01T00:00:00+00:00, service:crew: coil washed")
        == 1
    )
    assert "2020" not in said
    assert "1 more are hidden or have returned: --all" in said
    assert "shelved" not in said


def test_in_chinese_and_with_what_is_hidden(
    gateway: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alarms", str(gateway), "--lang", "zh", "--all"]) == 0
    said = capsys.readouterr().out
    assert "未确认" in said
    assert "-> 请恢复供电" in said
    assert "service:crew" in said
    assert "part ordered" in said


def test_for_programs(gateway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alarms", str(gateway), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["severity"] for one in found] == ["S1", "S2", "S2"]
    assert {one["life"] for one in found} == {"unacknowledged_active", "shelved"}


def test_without_a_buffer_the_command_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY)
    assert main(["alarms", str(path)]) == 3
    assert "there is no such file" in capsys.readouterr().err
