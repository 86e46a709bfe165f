"""The household decides: nothing leaves before it agrees, nothing after it withdraws."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent import consent
from agent.cli import main
from agent.clock import Clock
from agent.consent import Consent
from agent.control import ControlSettings
from agent.core import Core, CoreSettings
from agent.errors import FileError
from agent.facts import BlockRead
from agent.records import Lane
from agent.road import HOUSEHOLD, Road
from agent.spool import Spool, SpoolSettings, journal_rows
from tests.rooms.control.testpump import CALM, pump, readings
from tests.rooms.test_road import CHINA, message

CONFIG = """\
gateway: gw
platform: {broker: "mqtt://127.0.0.1:1883", consent: here}
lines:
  - {name: bus, port: "tcp://127.0.0.1:502", devices: [{name: hp, driver: midea_mthermal_r290}]}
"""


class House:
    """A road whose records stay on this side of the broker."""

    def __init__(self, spool: Spool, path: Path, otherwise: bool) -> None:
        self.spool, self.path, self.clock = spool, path, Clock()
        given = CoreSettings({"hp": pump()}, ControlSettings(CHINA, ()), full_every_s=900.0)
        core = Core(given)
        self.road = Road(core, spool, self.clock, CHINA, Consent(path, otherwise))

    async def read(self, **values: Any) -> None:
        found = readings(**{**CALM, **values})
        await self.road.take(BlockRead("hp", found, self.clock.stamp(), sweep_end=True))

    def waiting(self, lane: Lane = Lane.TELEMETRY) -> int:
        return self.spool.status().depth[lane]


@asynccontextmanager
async def house(folder: Path, otherwise: bool = True) -> AsyncIterator[House]:
    path = folder / "spool.db"
    spool = await Spool.open(SpoolSettings(str(path)), "boot", Clock().stamp)
    try:
        yield House(spool, consent.place(str(path)), otherwise)
    finally:
        await spool.close()


async def test_withdrawing_stops_the_stream_and_deletes_what_waited(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read()
        await home.spool.commit()
        assert home.waiting() == 1
        consent.decide(home.path, given=False, by="resident")
        await home.road.heed_consent()
        assert home.waiting() == 0
        await home.read(water_supply_temp=31.0)
        assert home.waiting() == 0
        await home.spool.commit()
        (notice,) = await home.spool.batch(Lane.NOTICE, 0, 10)
        said = json.loads(notice.body)
        assert (said["kind"], said["lane"], said["first"], said["last"], said["records"]) == (
            "withdrawn", "telemetry", 1, 1, 1,
        )  # fmt: skip
    kinds = [row[2] for row in journal_rows(str(tmp_path / "spool.db"), 10)]
    assert kinds == ["consent"]


async def test_commands_alarms_and_results_go_on_without_consent(tmp_path: Path) -> None:
    async with house(tmp_path, otherwise=False) as home:
        await home.read()
        await home.road.command(message("c1"), retained=True)
        assert (home.waiting(), home.waiting(Lane.RESULT)) == (0, 1)
        assert Lane.ALARM not in HOUSEHOLD


async def test_nothing_leaves_before_somebody_agrees_and_then_everything_in_full(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, otherwise=False) as home:
        await home.road.heed_consent()
        await home.read()
        assert home.waiting() == 0
        consent.decide(home.path, given=True, by="resident")
        await home.road.heed_consent()
        await home.read()
        await home.spool.commit()
        (record,) = await home.spool.batch(Lane.TELEMETRY, 0, 10)
        assert json.loads(record.body)["full"] is True


async def test_what_was_withdrawn_while_the_gateway_was_off_is_deleted_at_its_start(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as home:
        await home.read()
    consent.decide(consent.place(str(tmp_path / "spool.db")), given=False, by="resident")
    async with house(tmp_path) as again:
        assert again.waiting() == 1
        await again.road.heed_consent()
        assert again.waiting() == 0


def test_a_file_that_cannot_be_read_counts_as_withdrawn(tmp_path: Path) -> None:
    path = tmp_path / consent.NAME
    path.write_text('{"given": "perhaps"}\n')
    assert not Consent(path, otherwise=True).given
    with pytest.raises(FileError, match=r"consent.jsonl:1: no decision"):
        consent.decisions(path)


def test_a_decision_holds_whatever_a_power_cut_left_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / consent.NAME
    consent.decide(path, given=False, by="resident")
    consent.decide(path, given=True, by="resident")
    path.write_bytes(path.read_bytes()[:-20])
    assert not Consent(path, otherwise=True).given
    consent.decide(path, given=True, by="installer")
    assert [one.by for one in consent.decisions(path)] == ["resident", "installer"]
    assert Consent(path, otherwise=False).given


def test_a_decision_that_does_not_hold_is_not_told_as_made(tmp_path: Path) -> None:
    path = tmp_path / consent.NAME
    path.write_text('{"given": "perhaps"}\n')
    with pytest.raises(FileError, match=r"consent.jsonl:1: no decision"):
        consent.decide(path, given=True, by="resident")


def test_decisions_are_kept_with_time_and_role(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    assert main(["consent", "show", str(file)]) == 1
    assert main(["consent", "give", str(file), "--by", "installer"]) == 0
    assert main(["consent", "withdraw", str(file)]) == 0
    capsys.readouterr()
    assert main(["consent", "show", str(file), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(one["given"], one["by"]) for one in told["decisions"]] == [
        (True, "installer"), (False, "resident"),
    ]  # fmt: skip
    assert all(one["at"].endswith("+00:00") for one in told["decisions"])
    assert stat.S_IMODE(Path(told["file"]).stat().st_mode) == 0o600
    assert main(["consent", "give", str(file)]) == 0
    assert main(["consent", "show", str(file)]) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_decision_that_root_writes_is_read_by_the_service(tmp_path: Path) -> None:
    """One it cannot read counts as withdrawn, and what is not sent yet is deleted."""
    os.chown(tmp_path, 12345, 12345)
    file = tmp_path / "consent.jsonl"
    consent.decide(file, given=True, by="the command")
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 12345)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
