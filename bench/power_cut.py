"""Power cuts under load: what was confirmed is there, what was not is at most an interval old."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

from agent.errors import SpoolError
from agent.model import Stamp
from agent.records import Lane
from agent.spool import Spool, SpoolSettings, verify_journal
from agent.thinning import fold
from bench.card import Card, NotPossible, copied, mounted
from bench.kit import Bench, Figures, Goal, Options

CUTS = 120
COMMIT_S = 2.0
DAY = "2026-01-10"


def clock() -> Stamp:
    """Real time: the cuts are."""
    return Stamp(datetime.now(UTC), monotonic())


# --- the writer, a process of its own -------------------------------------------------------


def write(path: str, seed: int) -> None:
    """Readings, alarms, counts, journal rows and acknowledgements for ever; says what is done."""
    asyncio.run(_write(path, random.Random(seed)))


async def _write(path: str, chance: random.Random) -> None:
    spool = await Spool.open(SpoolSettings(path, COMMIT_S), "before", clock, fold)
    task = asyncio.create_task(spool.run())
    counts = rows = 0
    while not task.done():
        for _ in range(chance.randrange(1, 6)):
            stamp = clock()
            seq = spool.append(Lane.TELEMETRY, stamp, chance.randbytes(chance.randrange(40, 900)))
            _say("reading", seq, stamp.mono)
        kind = chance.randrange(120)
        if kind == 0:
            alarm = spool.append(Lane.ALARM, clock(), b"fire")
            await spool.commit()
            _say("alarm", alarm)
            _say("saved", seq)
        elif kind == 1:
            await spool.count_write("hp", "water_setpoint", DAY)
            counts += 1
            _say("count", counts)
        elif kind == 2:
            await spool.journal("now", "written", b"{}")
            rows += 1
            _say("row", rows)
        elif kind < 12:  # the platform has some, from file and from memory
            for one in await spool.batch(Lane.TELEMETRY, 0, chance.randrange(1, 40)):
                await spool.forget(Lane.TELEMETRY, one.seq, one.seq)
                _say("forgotten", one.seq)
        await asyncio.sleep(chance.uniform(0.0, 0.06))


def _say(*what: object) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


# --- what was said, and what is there -------------------------------------------------------


@dataclass(slots=True)
class Said:
    """What the writer has confirmed so far."""

    readings: dict[int, float] = field(default_factory=dict)
    forgotten: set[int] = field(default_factory=set)
    saved: int = 0
    alarms: int = 0
    counts: int = 0
    rows: int = 0
    _rest: bytes = b""

    def hear(self, pipe: int) -> None:
        """Everything the stopped writer has said."""
        with suppress(BlockingIOError):
            while more := os.read(pipe, 1 << 16):
                self._rest += more
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            what, *values = json.loads(line)
            if what == "reading":
                self.readings[values[0]] = values[1]
            elif what == "forgotten":
                self.forgotten.add(values[0])
            elif what == "saved":
                self.saved = values[0]
            elif what == "alarm":
                self.alarms = values[0]
            elif what == "count":
                self.counts = values[0]
            else:
                self.rows = values[0]


@dataclass(slots=True)
class Found:
    """What all cuts together have shown."""

    cuts: int = 0
    acknowledged_lost: int = 0
    unreadable: int = 0
    newest_unsaved_s: float = 0.0
    alarms_lost: int = 0
    counts_lost: int = 0
    journal_rows_lost: int = 0
    numbers_given_twice: int = 0
    readings_checked: int = 0


def run(options: Options) -> Figures:
    """Cut after cut into one writer's work."""
    cuts = max(3, round(CUTS * options.share))
    try:
        with tempfile.TemporaryDirectory() as name:
            found = _run(Path(name), cuts, options)
    except NotPossible as why:
        return {"skipped": str(why), "cuts": None}
    return {
        "cuts": found.cuts,
        "acknowledged_lost": found.acknowledged_lost,
        "unreadable": found.unreadable,
        "newest_unsaved_s": round(found.newest_unsaved_s, 2),
        "commit_every_s": COMMIT_S,
        "alarms_lost": found.alarms_lost,
        "counts_lost": found.counts_lost,
        "journal_rows_lost": found.journal_rows_lost,
        "numbers_given_twice": found.numbers_given_twice,
        "confirmed_readings_checked": found.readings_checked,
    }


def _run(folder: Path, cuts: int, options: Options) -> Found:
    card, chance = Card(folder, size_mb=48), random.Random(options.seed)
    found, said = Found(), Said()
    path = str(card.mount / "spool.db")
    code = f"from bench.power_cut import write; write({path!r}, {options.seed})"
    try:
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            os.set_blocking(writer.stdout.fileno(), False)
            try:
                sleep(3.0)
                for number in range(cuts):
                    sleep(chance.uniform(0.05, 1.0))
                    _cut(writer, card, folder, said, found)
                    if number % 10 == 9:
                        options.progress(f"{found.cuts} cuts, {len(said.readings)} readings made")
            finally:
                writer.kill()
    finally:
        card.remove()
    return found


def _cut(
    writer: subprocess.Popen[bytes], card: Card, folder: Path, said: Said, found: Found
) -> None:
    """Stop the writer, keep what the card would hold, let it go on; then look at the copy."""
    assert writer.stdout is not None
    writer.send_signal(signal.SIGSTOP)
    at = monotonic()
    said.hear(writer.stdout.fileno())
    image = copied(card.image, folder / "cut.img")
    writer.send_signal(signal.SIGCONT)
    with mounted(image, folder / "cut") as files:
        found.cuts += 1
        try:
            asyncio.run(_look(str(files / "spool.db"), said, at, found))
        except SpoolError:
            found.unreadable += 1
    image.unlink()


async def _look(path: str, said: Said, at: float, found: Found) -> None:
    journal = verify_journal(path)
    found.journal_rows_lost += max(0, said.rows - journal.rows)
    spool = await Spool.open(SpoolSettings(path), "after", clock, fold)
    try:
        found.unreadable += bool(spool.opening_note) or journal.why is not None
        there = {one.seq for one in await spool.batch(Lane.TELEMETRY, 0, 1 << 40)}
        alarms = {one.seq for one in await spool.batch(Lane.ALARM, 0, 1 << 40)}
        confirmed = {seq for seq in said.readings if seq <= said.saved} - said.forgotten
        found.readings_checked += len(confirmed)
        found.acknowledged_lost += len(confirmed - there)
        found.alarms_lost += len(set(range(1, said.alarms + 1)) - alarms)
        counted = spool.writes().get(("hp", "water_setpoint", DAY), 0)
        found.counts_lost += max(0, said.counts - counted)
        unsaved = [
            at - mono
            for seq, mono in said.readings.items()
            if seq not in there and seq not in said.forgotten
        ]
        found.newest_unsaved_s = max([found.newest_unsaved_s, *unsaved])
        following = spool.append(Lane.TELEMETRY, clock(), b"{}")
        found.numbers_given_twice += following <= max(said.readings, default=0)
    finally:
        await spool.close()


BENCH = Bench(
    "power_cut",
    "What an ext4 image holds when the power is cut: the writer is stopped, the backing file "
    "copied and the copy mounted, so that nothing unsynced is in it. `acknowledged_lost` counts "
    "readings whose commit was confirmed, `newest_unsaved_s` is the age of the oldest reading "
    "that a cut lost, `numbers_given_twice` those that a record of before the cut had.",
    "120 cuts at random moments into one writer: about 90 readings/s of 40 to 900 bytes; an "
    "alarm, a write count and a journal row every four seconds each; acknowledgements from "
    "file and memory; commit every 2 s; ext4 with 4 KiB blocks; needs root",
    run,
    (
        Goal("cuts", ">=", 100),
        Goal("acknowledged_lost", "=", 0),
        Goal("unreadable", "=", 0),
        Goal("newest_unsaved_s", "<=", COMMIT_S),
        Goal("alarms_lost", "=", 0),
        Goal("counts_lost", "=", 0),
        Goal("journal_rows_lost", "=", 0),
        Goal("numbers_given_twice", "=", 0),
    ),
)
