"""What another program sees of a buffer that is in use, and the command that shows it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from testspool import STAMP, spool_at

from agent.cli import main
from agent.cli.status import age_s, in_words
from agent.clock import Clock
from agent.errors import SpoolError
from agent.model import Stamp
from agent.records import Lane
from agent.spool import LaneGlance, glance
from agent.spool.tail import MEMORY

BOOT = Clock().boot
LATER = Stamp(STAMP.at + timedelta(seconds=90), 102.5)
OLDEST = "2025-01-06T07:30:00.123Z"


@pytest.mark.skipif(not MEMORY.is_dir(), reason="no memory file system here")
async def test_disk_and_memory_of_a_buffer_in_use(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    async with spool_at(path, BOOT) as spool:
        for _ in range(3):
            spool.append(Lane.TELEMETRY, STAMP, b"{}")
        spool.append(Lane.ALARM, LATER, b"{}")
        await spool.commit()
        spool.append(Lane.TELEMETRY, LATER, b"{}")
        found = glance(str(path), BOOT)
        lanes = {one.lane: one for one in found.lanes}
        assert lanes[Lane.TELEMETRY] == LaneGlance(Lane.TELEMETRY, 3, 1, OLDEST, 0, 0)
        assert lanes[Lane.ALARM].on_disk == 1
        assert lanes[Lane.RESULT] == LaneGlance(Lane.RESULT, 0, 0, None, 0, 0)
        assert found.file_bytes > 1024
        assert [one.in_memory for one in glance(str(path), "another").lanes] == [0] * len(Lane)
        await spool.forget(Lane.TELEMETRY, 1, 4)
        spool.append(Lane.ALARM, LATER, b"{}")
        await spool.commit()
        lanes = {one.lane: one for one in glance(str(path), BOOT).lanes}
        assert (lanes[Lane.TELEMETRY].on_disk, lanes[Lane.TELEMETRY].in_memory) == (0, 0)
        assert lanes[Lane.ALARM].on_disk == 2


async def test_status_shows_depth_age_and_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, config = tmp_path / "spool.db", tmp_path / "gateway.yaml"
    config.write_text(
        f"gateway: gw-1\nspool: {{path: {path}}}\nplatform: {{broker: 'mqtt://127.0.0.1:1883'}}\n"
        "lines: [{name: l, port: /dev/ttyS0, devices: "
        "[{name: a, driver: midea_mthermal_r290, unit_id: 1}]}]\n",
        "utf-8",
    )
    assert main(["status", str(config)]) == 3, "no buffer yet"
    async with spool_at(path, BOOT) as spool:
        spool.append(Lane.TELEMETRY, STAMP, b"{}")
        await spool.commit()
        capsys.readouterr()
        assert main(["status", str(config), "--json"]) == 1, "nobody runs"
        told = json.loads(capsys.readouterr().out)
        assert told["light"] is told["identity"] is None
        assert told["file"] == str(path)
        assert told["bytes"] > 1024
        assert told["lanes"]["telemetry"]["on_disk"] == 1
        assert told["lanes"]["telemetry"]["oldest_at"] == OLDEST
        assert told["lanes"]["telemetry"]["oldest_s"] > 86_400
        assert main(["status", str(config)]) == 1
        text = capsys.readouterr().out
        assert ["telemetry", "1", "0", OLDEST] in [line.split()[:4] for line in text.splitlines()]
        assert " days" in text
        assert "does not run" in text


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="no such file"):
        glance(str(tmp_path / "none.db"), BOOT)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.0, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (7200.0, "2.0 h"),
     (172_800.0, "2.0 days")],
)  # fmt: skip
def test_ages_in_words(seconds: float | None, words: str) -> None:
    assert in_words(seconds) == words


def test_a_clock_that_went_back_makes_nothing_younger_than_now() -> None:
    one = LaneGlance(Lane.ALARM, 1, 0, OLDEST, 0, 0)
    assert age_s(one, datetime(2025, 1, 1, tzinfo=UTC)) == 0.0
    assert age_s(one, datetime(2025, 1, 6, 7, 31, 0, 123_000, tzinfo=UTC)) == 60.0
