"""The road with a real buffer: what is on disk before what, and one result for each command."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.account.books import days_key
from agent.clock import Clock
from agent.control import ControlSettings, HomeControl, Period, WeekSchedule
from agent.core import Core, CoreSettings
from agent.errors import FileError, SpoolError
from agent.facts import BlockFailed, BlockRead, Failure, WriteDone
from agent.model import Outcome, Stamp, Write
from agent.records import Lane
from agent.restored import kept_alarms, kept_days, restored
from agent.road import Road, told
from agent.spool import Spool, SpoolSettings, verify_journal
from tests.rooms.control.testpump import CALM, pump, readings

CHINA = ZoneInfo("Asia/Shanghai")
ALWAYS = WeekSchedule((Period(frozenset(range(7)), datetime.min.time(), 45),))
HOME = HomeControl("hp", "water_setpoint", ALWAYS, 45, None, CHINA)
NO = timedelta(0)


class FakeLine:
    """Takes writes and remembers how much of each was on disk by then."""

    def __init__(self, spool: Spool) -> None:
        self.scheduler = SimpleNamespace(devices=("hp",))
        self.spool, self.sent = spool, list[Write]()
        self.counted: list[dict[str, int]] = []
        self.settled_calls = 0

    def send(self, write: Write) -> None:
        self.sent.append(write)
        self.counted.append({point: n for (_, point, _), n in self.spool.writes().items()})

    async def settled(self) -> None:
        self.settled_calls += 1


class House:
    """A road with its core, its buffer and one line; the machine was just read."""

    def __init__(self, spool: Spool, core: Core) -> None:
        self.spool, self.core, self.clock = spool, core, Clock()
        self.line = FakeLine(spool)
        self.road = Road(core, spool, self.clock, CHINA, gateway="gw-1")
        self.road.connect((self.line,))  # type: ignore[arg-type]

    async def read(self, **values: Any) -> None:
        found = readings(**{**CALM, **values})
        await self.road.take(BlockRead("hp", found, self.clock.stamp(), sweep_end=True))

    async def ask(self, id: str, value: float = 40, retained: bool = False, **more: Any) -> None:
        await self.road.command(message(id, value, **more), retained)

    async def done(self, outcome: Outcome = Outcome.VERIFIED) -> None:
        write = self.line.sent[-1]
        await self.road.take(WriteDone(write, outcome, "told", self.clock.stamp(), write.value))

    async def results(self) -> list[tuple[str, str, str]]:
        await self.spool.commit()
        bodies = [json.loads(one.body) for one in await self.spool.batch(Lane.RESULT, 0, 1 << 40)]
        return [(one["command_id"], one["outcome"], one["why"]) for one in bodies]


def message(id: str, value: float = 40, age: timedelta = NO, life_s: float = 600) -> bytes:
    issued = datetime.now(UTC) - age
    fields = {
        "id": id,
        "issuer": "village",
        "role": "platform",
        "device": "hp",
        "point": "water_setpoint",
        "value": value,
        "issued_at": issued.isoformat(),
        "expires_at": (issued + timedelta(seconds=life_s)).isoformat(),
    }
    return json.dumps(fields).encode()


@asynccontextmanager
async def house(folder: Path, *homes: HomeControl) -> AsyncIterator[House]:
    spool = await Spool.open(SpoolSettings(str(folder / "spool.db")), "boot", Clock().stamp)
    settings = CoreSettings({"hp": pump()}, ControlSettings(CHINA, homes))
    try:
        yield House(spool, Core(settings, await restored(spool, Clock())))
    finally:
        await spool.close()


async def test_what_nobody_signed_is_in_the_journal_once_a_minute_and_has_no_result(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as home:
        for _ in range(50):
            await home.road.unsigned("not signed")
        assert await home.results() == []
        assert await home.spool.open_commands() == ()
    assert verify_journal(str(tmp_path / "spool.db")).rows == 1


async def test_a_command_from_the_broker_to_its_result(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read()
        await home.ask("c1", 40)
        assert await home.results() == []
        assert len(await home.spool.open_commands()) == 1
        (write,) = home.line.sent
        assert (write.command_id, write.value) == ("c1", 40)
        await home.done()
        assert await home.results() == [("c1", "verified", "told")]
        assert await home.spool.open_commands() == ()


async def test_a_command_on_the_topic_of_the_wrong_gateway_moves_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read()
        meant = json.loads(message("c1")) | {"gateway": "gw-2"}
        await home.road.command(json.dumps(meant).encode(), False)
        assert home.line.sent == []
        assert await home.results() == [("c1", "refused", "it is for gateway gw-2, this is gw-1")]


async def test_the_id_is_on_disk_before_the_core_hears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as home:
        await home.read()

        def refuse(*_: object) -> Any:
            raise RuntimeError("cut off here")

        monkeypatch.setattr(home.core, "step", refuse)
        with pytest.raises(RuntimeError):
            await home.ask("c1")
        assert len(await home.spool.open_commands()) == 1
    async with house(tmp_path) as again:
        await again.read()
        await again.ask("c1")
        assert again.line.sent == []


async def test_a_repeated_command_is_not_carried_out_even_after_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read()
        await home.ask("c1")
        await home.ask("c1")
        await home.done()
        await home.ask("c1")
        assert len(home.line.sent) == 1
        assert len(await home.results()) == 1
    async with house(tmp_path) as again:
        await again.road.close_commands()
        await again.read()
        await again.ask("c1")
        assert again.line.sent == []
        assert len(await again.results()) == 1


TURNED_AWAY: dict[str, tuple[dict[str, Any], str, str]] = {
    "retained": ({"retained": True}, "refused", "retained"),
    "expired": ({"age": timedelta(hours=1)}, "expired", "expired at"),
    "from the future": ({"age": -timedelta(hours=1)}, "refused", "in the future"),
    "refused by the guard": ({"value": 99}, "refused", "the highest is 60"),
}


@pytest.mark.parametrize("case", TURNED_AWAY.values(), ids=TURNED_AWAY)
async def test_whoever_is_turned_away_learns_why(
    case: tuple[dict[str, Any], str, str], tmp_path: Path
) -> None:
    more, outcome, why = case
    async with house(tmp_path) as home:
        await home.read()
        await home.ask("c1", **more)
        assert home.line.sent == []
        ((id, ended, said),) = await home.results()
        assert (id, ended) == ("c1", outcome)
        assert why in said
        assert await home.spool.open_commands() == ()


async def test_what_has_no_id_is_journalled_and_dropped(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.road.command(b"\xff{", retained=False)
        assert await home.results() == []
        assert await home.spool.open_commands() == ()


async def test_commands_cut_off_by_a_crash_end_as_failed_at_the_next_start(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read()
        await home.ask("c1")
        await home.ask("c2", 99)
    async with house(tmp_path) as again:
        await again.road.close_commands()
        await again.road.close_commands()
        found = await again.results()
        assert [(id, outcome) for id, outcome, _ in found] == [("c2", "refused"), ("c1", "failed")]
        assert "restarted" in found[1][2]


async def test_a_write_is_counted_on_disk_before_it_is_sent(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read()
        await home.ask("c1")
        assert home.line.counted == [{"water_setpoint": 1}]
        await home.done()
    async with house(tmp_path) as again:
        await again.read(water_setpoint=40)
        for number in range(12):
            await again.ask(f"d{number}", 41 + number)
            if len(again.line.sent) > number:
                await again.done()
        assert len(again.line.sent) == 11
        assert (await again.results())[-1][1] == "refused"


async def test_a_write_that_cannot_be_counted_is_not_sent_and_its_command_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as home:
        await home.read()

        async def full(*_: object) -> None:
            raise SpoolError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(home.spool, "count_write", full)
            patch.setattr(home.spool, "journal", full)
            await home.ask("c1")
        assert home.line.sent == []
        ((id, outcome, why),) = await home.results()
        assert (id, outcome) == ("c1", "failed")
        assert "the disk is full" in why
        await home.ask("c2")
        assert [write.command_id for write in home.line.sent] == ["c2"]


async def test_open_alarms_come_back(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        at = home.clock.stamp()
        for wait_s in (0.0, 60.0):
            stamp = Stamp(at.at, at.mono + wait_s)
            await home.road.take(BlockFailed("hp", Failure.SILENCE, "no answer", stamp, True))
        (alarm,) = home.core.open_alarms
    async with house(tmp_path) as again:
        assert again.core.open_alarms == (alarm,)


async def test_parking_waits_for_the_line(tmp_path: Path) -> None:
    async with house(tmp_path, HOME) as home:
        await home.read(water_setpoint=45)
        await home.ask("c1", 38)
        await home.road.park()
        assert [write.value for write in home.line.sent] == [38, 45]
        assert home.line.settled_calls == 1


@pytest.fixture(autouse=True)
def _all_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG, "agent"):
        yield


def test_fields_are_told_as_key_and_value() -> None:
    assert told({"a": 1, "why": "no answer", "on": None}) == ' a=1 why="no answer" on=None'
    assert told({}) == ""
    assert told({"why": '你 "x"\nnext=1'}) == ' why="你 \\"x\\"\\nnext=1"'


@pytest.mark.parametrize("kept", [b'[{"id": 1}]', b'[{"id": "\xff"}]'])
async def test_alarms_that_cannot_be_read_do_not_keep_the_gateway_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kept: bytes
) -> None:
    async with house(tmp_path) as home:
        await home.spool.save_state("alarms", kept)
        assert (await restored(home.spool, Clock())).alarms == ()
    assert "what was saved cannot be read, begun anew key=alarms" in caplog.text


@pytest.mark.parametrize("home_or_id", [b"1", b'"\xff"'])
async def test_what_cannot_be_read_is_named_to_the_commands(
    tmp_path: Path, home_or_id: bytes
) -> None:
    async with house(tmp_path) as home:
        path = str(tmp_path / "spool.db")
        await home.spool.save_state("alarms", b'[{"id": %b}]' % home_or_id)
        with pytest.raises(FileError, match="what is kept as alarms"):
            kept_alarms(path)
        await home.spool.save_state(days_key("east"), b'[{"home": %b}]' % home_or_id)
        with pytest.raises(FileError, match="the account of east"):
            kept_days(path, "east")


async def test_a_wrong_rule_does_not_end_the_ticking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The house must not lose its gateway to one rule; the line loop guards the same core."""
    ticked = asyncio.Event()
    calls: list[object] = []

    def step(fact: object) -> tuple[()]:
        calls.append(fact)
        if len(calls) == 1:
            raise ZeroDivisionError("a wrong rule")
        ticked.set()
        return ()

    monkeypatch.setattr("agent.road.TICK_S", 0.01)
    async with house(tmp_path) as home:
        monkeypatch.setattr(home.core, "step", step)
        task = asyncio.create_task(home.road.tick())
        async with asyncio.timeout(5.0):
            await ticked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert "tick failed" in caplog.text
