"""R22: write on change only, with counts per day and for life, and times, kept over restarts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.control import Control, ControlSettings
from agent.facts import Count, Effect, Journal, Keep, Send
from agent.model import Result, Stamp, Value
from agent.remembered import recall
from agent.road import account
from agent.spool import Spool
from tests.rooms.control.testpump import NOON, command, pump, snapshot
from tests.rooms.spool.testspool import spool_at

CHINA = ZoneInfo("Asia/Shanghai")
UNTIL_2020 = NOON - datetime(2020, 1, 1, tzinfo=UTC)


def moment(seconds: float, boot_at: float = 0.0, trusted: bool = True) -> Stamp:
    """So many seconds after noon, on a machine that was started at second `boot_at`."""
    return Stamp(NOON + timedelta(seconds=seconds), seconds - boot_at, trusted)


async def asked(
    spool: Spool,
    boot: str,
    stamp: Stamp,
    id: str,
    value: Value,
    point: str = "mode",
    **shown: Value,
) -> str:
    """What a fresh program says to a resident's command; "sent" when it goes to the wire."""
    control = Control(
        ControlSettings(CHINA, (), frozenset()),
        {"hp": pump()},
        spool.writes(),
        await recall(spool, stamp, boot),
    )
    at = (stamp.at - NOON).total_seconds()
    wish = command(id, value, "resident", point, at=at)
    effects = control.command(wish, {"hp": snapshot(stamp.mono, **shown)}, stamp)
    return await carried_out(effects, spool, boot)


async def carried_out(effects: Iterator[Effect], spool: Spool, boot: str) -> str:
    told = "nothing"
    for effect in effects:
        match effect:
            case Count() | Journal():
                await account(effect, spool, CHINA, boot)
            case Send():
                told = "sent"
            case Keep(_, Result() as result):
                told = f"{result.outcome}: {result.why}"
    return told


async def test_r22_a_restart_does_not_shorten_the_least_interval(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    async with spool_at(path) as spool:
        assert await asked(spool, "b1", moment(0), "c1", "auto") == "sent"
    async with spool_at(path) as spool:
        told = await asked(spool, "b1", moment(60), "c2", "dhw", outdoor_temp=8.0)
        assert told == "refused: written a moment ago; again in 540 s (this may pass)"
        assert await asked(spool, "b1", moment(601), "c3", "auto") == "sent"


@pytest.mark.parametrize(
    ("seconds", "trusted", "sent"),
    [
        (599.0, True, False),
        (601.0, True, True),
        (7000.0, False, False),  # nobody knows how long the power was off
        (-UNTIL_2020.total_seconds(), True, False),  # the clock went back: the write is not old
    ],
)
async def test_r22_nor_does_a_power_cut(
    tmp_path: Path, seconds: float, trusted: bool, sent: bool
) -> None:
    path = tmp_path / "spool.db"
    async with spool_at(path) as spool:
        assert await asked(spool, "b1", moment(0), "c1", "auto") == "sent"
    async with spool_at(path, boot="b2") as spool:
        now = moment(seconds, boot_at=seconds - 20, trusted=trusted)
        told = await asked(spool, "b2", now, "c2", "auto")
        assert (told == "sent") is sent, told


async def test_r22_what_is_so_already_is_not_written(tmp_path: Path) -> None:
    async with spool_at(tmp_path / "spool.db") as spool:
        assert await asked(spool, "b1", moment(0), "c1", "heat") == "verified: it already is so"
        assert spool.lifetime() == {}


async def test_r22_the_budget_of_a_day_and_the_count_for_life_outlive_restarts(
    tmp_path: Path,
) -> None:
    path, told = tmp_path / "spool.db", []
    for hour in range(40):
        async with spool_at(path) as spool:
            now = moment(3600.0 * hour)
            told.append(
                await asked(
                    spool, "b1", now, f"c{hour}", 40 + hour % 2, "water_setpoint", water_setpoint=50
                )
            )
    # Noon to midnight is twelve writes, midnight to midnight twelve of 24; then four hours more.
    assert told[:12] == ["sent"] * 12
    assert told[12:24] == ["sent"] * 12
    assert told[24] == "refused: 12 writes today; 12 are allowed (this may pass)"
    assert told[36:] == ["sent"] * 4
    async with spool_at(path) as spool:
        assert spool.lifetime() == {("hp", "water_setpoint"): 28}
