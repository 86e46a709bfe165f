"""What a controller that cannot make up its mind does to a machine's memory in a year.

Control, guard and spool are the program's own, the spool is a real file, time is virtual. The
program is killed with SIGKILL once a day, at a minute that chance chooses, and started again; every
second time the machine has lost its power as well, and with it the monotonic clock. What reached
the wire is written down outside of the program and compared with its counts at every start.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import tempfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.clock import Clock
from agent.control import Control, ControlSettings, HomeControl, WeekSchedule
from agent.drivers import Cost, Device, load
from agent.facts import Count, Effect, Journal, Send, WriteDone, WriteRepeated
from agent.model import Outcome, Reading, Snapshot, Stamp, Write
from agent.remembered import recall
from agent.road import account
from agent.spool import Spool, SpoolSettings
from bench.kit import Bench, Figures, Goal, Options

MINUTES_A_DAY = 1440
DAYS = 365
CUTS = 20
SHARE_REPEATED = 0.05  # of the writes a machine does not show at first
START = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)  # midnight in China
CHINA = ZoneInfo("Asia/Shanghai")
PLACE = ("hp", "water_setpoint")
MAP = """
map: worn
api: 1
covers: []
source: [none]
grade: draft
every: 60 s
points:
  water_setpoint: {at: 0, write: {low: 30, high: 55, step: 1, park: "45"}}
"""


@dataclass(frozen=True, slots=True)
class Restless(WeekSchedule):
    """Another value every minute."""

    seed: int = 0

    def value_at(self, local: datetime) -> int:
        return random.Random(f"{self.seed} {local:%j %H %M}").randint(30, 55)


@dataclass(frozen=True, slots=True)
class Life:
    """One run of the program, from its start to the minute in which it is killed.

    `cut` kills it in the middle of the next write instead: counted, and not yet sent.
    """

    begins: int
    ends: int
    boot: int
    cut: bool = False


class Wire:
    """What the machine saw: one line a write, on disk before the program goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, minute: int, value: object) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, f"{minute} {value}\n".encode())
        os.close(file)

    def writes(self) -> list[tuple[int, int]]:
        """Minute and value of every write so far."""
        if not self._path.exists():
            return []
        rows = (line.split() for line in self._path.read_text("ascii").splitlines())
        return [(int(minute), int(value)) for minute, value in rows]


class Program:
    """The program's own control over one machine that obeys, and its own way to count."""

    def __init__(self, spool: Spool, control: Control, wire: Wire, life: Life, seed: int) -> None:
        self._spool, self._control, self._wire, self._life = spool, control, wire, life
        self._chance = random.Random(f"{seed} {life.begins}")
        known = wire.writes()
        self._value = known[-1][1] if known else 45

    async def live(self) -> None:
        """Sweep once a minute until the kill."""
        for minute in range(self._life.begins, self._life.ends):
            stamp = stamp_of(minute, self._life.boot)
            shown = (Reading(PLACE[1], self._value),)
            seen = {PLACE[0]: Snapshot(PLACE[0]).with_readings(shown, stamp.mono)}
            await self._do(self._control.sweep(seen, stamp, stamp.mono), minute, stamp)
        os.kill(os.getpid(), signal.SIGKILL)

    async def _do(self, effects: Iterable[Effect], minute: int, stamp: Stamp) -> None:
        left = deque(effects)
        while left:
            match left.popleft():
                case Count() | Journal() as effect:
                    await account(effect, self._spool, CHINA, str(self._life.boot))
                    if self._life.cut and isinstance(effect, Count):
                        os.kill(os.getpid(), signal.SIGKILL)
                case Send(write):
                    left += await self._send(write, minute, stamp)

    async def _send(self, write: Write, minute: int, stamp: Stamp) -> Iterator[Effect]:
        self._wire.put(minute, write.value)
        if write.tries > 1 and self._chance.random() < SHARE_REPEATED:
            again = WriteRepeated(*PLACE, stamp)
            repeated = self._control.write_repeated(again.device, again.point, stamp)
            await self._do(repeated, minute, stamp)
            self._wire.put(minute, write.value)
        assert isinstance(write.value, int)
        self._value = write.value
        done = WriteDone(write, Outcome.VERIFIED, "shown", stamp, write.value)
        return self._control.write_done(done)


def stamp_of(minute: int, boot: int) -> Stamp:
    """An instant; each boot has a monotonic clock of its own."""
    at = START + timedelta(minutes=minute)
    return Stamp(at, 60.0 * minute + 1000.0 * boot)


def day_of(minute: int) -> str:
    return (START + timedelta(minutes=minute)).astimezone(CHINA).date().isoformat()


async def run_life(folder: Path, life: Life, seed: int) -> None:
    """One life of the program, in a process of its own."""
    spool = await Spool.open(SpoolSettings(str(folder / "spool.db")), str(life.boot), Clock().stamp)
    device = Device(PLACE[0], load(MAP, "worn.yaml"), 1, Cost(0.0, 0.0))
    home = HomeControl(*PLACE, Restless((), seed), 45, None, CHINA)
    written = await recall(spool, stamp_of(life.begins, life.boot), str(life.boot))
    settings = ControlSettings(CHINA, (home,))
    control = Control(settings, {PLACE[0]: device}, spool.writes(), written)
    await Program(spool, control, Wire(folder / "wire"), life, seed).live()


def lives(days: int, cuts: int, seed: int) -> Iterator[Life]:
    """A kill a day at some minute; then kills in the middle of a write."""
    chance = random.Random(seed)
    begins = boot = 0
    for day in range(days):
        ends = day * MINUTES_A_DAY + chance.randrange(1, MINUTES_A_DAY)
        if day == days - 1:
            ends = days * MINUTES_A_DAY
        yield Life(begins, ends, boot)
        begins, boot = ends, boot + chance.randrange(2)
    for day in range(days, days + cuts):
        yield Life(day * MINUTES_A_DAY, (day + 1) * MINUTES_A_DAY, boot, cut=True)


def killed(folder: Path, life: Life, seed: int) -> None:
    """Run one life in a child and see that it died of the kill and of nothing else."""
    child = os.fork()
    if not child:
        try:
            asyncio.run(run_life(folder, life, seed))
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
        raise RuntimeError(f"the program ended by itself, status {status}, in {life}")


async def counted(folder: Path) -> tuple[int, dict[str, int]]:
    """Writes for life and by day, as a fresh start of the program knows them."""
    spool = await Spool.open(SpoolSettings(str(folder / "spool.db")), "after", Clock().stamp)
    by_day = {day: n for (*place, day), n in spool.writes().items() if tuple(place) == PLACE}
    life = spool.lifetime().get(PLACE, 0)
    await spool.close()
    return life, by_day


def most_in_a_day(minutes: list[int]) -> int:
    """The most writes in any 24 hours, wherever they begin."""
    most, first = 0, 0
    for i, minute in enumerate(minutes):
        while minute - minutes[first] >= MINUTES_A_DAY:
            first += 1
        most = max(most, i - first + 1)
    return most


def run(options: Options) -> Figures:
    """A year of days, each with its kill; then kills between count and write."""
    days, cuts = max(3, round(DAYS * options.share)), max(2, round(CUTS * options.share))
    miscounted = kills = 0
    with tempfile.TemporaryDirectory() as name:
        folder, wire = Path(name), Wire(Path(name) / "wire")
        minutes: list[int] = []
        life = over = 0
        for one in lives(days, cuts, options.seed):
            killed(folder, one, options.seed)
            kills += 1
            life, by_day = asyncio.run(counted(folder))
            if one.cut:
                over = life - len(minutes)
                continue
            minutes = [minute for minute, _ in wire.writes()]
            sent = Counter(day_of(minute) for minute in minutes)
            miscounted += abs(life - len(minutes))
            miscounted += sum(abs(n - sent[day]) for day, n in by_day.items())
            if kills % 30 == 0:
                options.progress(f"day {kills} of {days}: {len(minutes)} writes")
    by_date = Counter(day_of(minute) for minute in minutes)
    return {
        "mean_per_day": round(len(minutes) / days, 3),
        "max_per_day": max(by_date.values()),
        "max_in_24_h": most_in_a_day(minutes),
        "miscounted": miscounted,
        "days": days,
        "kills": kills,
        "writes": len(minutes),
        "minds_changed": days * MINUTES_A_DAY,
        "cut_between_count_and_write": cuts,
        "counted_though_cut": over,
    }


BENCH = Bench(
    "write_wear",
    "Writes to one setpoint in a year of a controller that changes its mind every minute.",
    "water_setpoint with a budget of 12 a day; 365 days of virtual time swept each minute; a"
    " SIGKILL a day at a chance minute, after half of them a new boot; 5 % of the writes are shown"
    " only after a second try; real spool file, opened and compared with the wire after each kill;"
    " then 20 kills between the count and the write, where a write is counted that was never sent",
    run,
    (
        Goal("mean_per_day", "<=", 13),
        Goal("max_per_day", "<=", 24),
        Goal("max_in_24_h", "<=", 24),
        Goal("miscounted", "=", 0),
    ),
)
