"""Everything around the buffer dies in random order while it fills; what is missing at the end?"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from agent.clock import Clock
from agent.records import Lane
from agent.spool.chunks import unpack
from agent.spool.memory import LANES
from agent.spool.tail import left_by
from bench.gateway import bench_driver, tcp_stage
from bench.kit import Bench, Figures, Goal, Options
from simulators.stage import Child, Stage, mosquitto, reachable

MACHINES = 3
KILLED, OTHERS = ("broker", "platform", "database", "agent"), ("frozen", "refused", "loss")
KILLS, OTHER_FAULTS = 20, 4
LAST_S = 15.0
LOSS = "-m statistic --mode random --probability 0.2 -j DROP"
ALL = "topic readwrite #\n"
NO_RECORDS = "topic read #\ntopic write hp/1/+/down/#\ntopic write hp/1/+/up/state\n"
SKIPPED = ("damaged", "power_cut")
"""Notices of numbers that a gateway does not give any more: it cannot know how far it had come."""
Number = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Held:
    """What a stopped gateway holds: the last number given in each lane, and what still waits."""

    epoch: str
    given: dict[str, int]
    in_file: frozenset[Number]
    in_memory: frozenset[Number]


@dataclass(slots=True)
class Seen:
    """Every look at the buffer, oldest first, and what went down with a destroyed file."""

    looks: list[Held] = field(default_factory=list)
    gone_in_file: set[Number] = field(default_factory=set)
    gone_in_memory: set[Number] = field(default_factory=set)


def run(options: Options) -> Figures:
    """In a network namespace of its own where that is allowed; else without packet loss."""
    count = max(1, round(KILLS * options.share)), max(1, round(OTHER_FAULTS * options.share))
    command = [sys.executable, "-m", "bench.chaos", str(options.seed), *map(str, count)]
    apart = os.geteuid() == 0 and _works("unshare", "-n", "iptables", "-L")
    if apart:
        command = ["unshare", "-n", *command]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "APART": str(int(apart))}
    )
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        last = line
        if not line.startswith("{"):
            options.progress(line.rstrip())
    if process.wait() != 0:
        raise RuntimeError("chaos ended before its end")
    found: dict[str, int] = json.loads(last)
    return {**found, "packet_loss": "20 %" if apart else "none: needs root and iptables"}


def _works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


async def _chaos(seed: int, kills: int, others: int, apart: bool) -> dict[str, float]:
    random, seen = Random(seed), Seen()
    between = [one for one in OTHERS if apart or one != "loss"]
    plan = [*KILLED * kills, *between * others]
    random.shuffle(plan)
    with tempfile.TemporaryDirectory() as name, bench_driver(Path(name)) as driver_name:
        folder = Path(name)
        async with tcp_stage(folder, driver_name, MACHINES, receive=False) as stage:
            await stage.broker.stop()
            await _start_broker(stage)
            receiver = await _start_platform(stage)
            await _start_agent(stage)
            await asyncio.sleep(5.0)
            for done, fault in enumerate(plan, 1):
                receiver = await _strike(stage, receiver, fault, random, seen)
                await asyncio.sleep(random.uniform(1.0, 4.0))
                print(f"{done} of {len(plan)}: {fault}", flush=True)
            await asyncio.sleep(LAST_S)
            await stage.agent.stop()
            _note(folder / "spool.db", seen)
            await _start_agent(stage)
            figures = await _end(folder, seen)
            await stage.agent.stop()
            await receiver.stop()
        return {"kills": kills * len(KILLED), **figures, "other_faults": len(plan) - 4 * kills}


async def _strike(stage: Stage, receiver: Child, fault: str, random: Random, seen: Seen) -> Child:
    """One fault, and its end; the platform that receives from now on."""
    if fault == "broker":
        await stage.broker.stop(signal.SIGKILL)
        await asyncio.sleep(random.uniform(0.0, 2.0))
        await _start_broker(stage)
    elif fault == "platform":
        await receiver.stop(signal.SIGKILL)
        await asyncio.sleep(random.uniform(0.0, 2.0))
        return await _start_platform(stage)
    elif fault == "agent":
        await stage.kill_agent()
        await _start_agent(stage)
    elif fault == "database":
        await stage.kill_agent()
        _note(stage.folder / "spool.db", seen, gone=True)
        _destroy(stage.folder / "spool.db", random)
        await _start_agent(stage)
    else:
        await _trouble(stage, fault, random)
    return receiver


async def _trouble(stage: Stage, fault: str, random: Random) -> None:
    seconds = random.uniform(8.0, 15.0)
    if fault == "frozen":  # the other side of a half-open link: it takes and never answers
        os.kill(stage.broker.pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        os.kill(stage.broker.pid, signal.SIGCONT)
    elif fault == "refused":
        for rules in (NO_RECORDS, ALL):
            (stage.folder / "acl").write_text(rules, "ascii")
            os.kill(stage.broker.pid, signal.SIGHUP)
            await asyncio.sleep(seconds)
    else:
        for how in ("-I", "-D"):
            for side in ("--dport", "--sport"):
                rule = f"{how} INPUT -p tcp {side} {stage.port} {LOSS}"
                subprocess.run(["iptables", *rule.split()], check=True)
            await asyncio.sleep(seconds if how == "-I" else 0.0)


async def _start_agent(stage: Stage) -> None:
    """Start it, and wait until it shows that it lives."""
    await stage.start_agent()
    await stage.agent.heard('"devices"', 60.0)


async def _start_broker(stage: Stage) -> None:
    (stage.folder / "acl").write_text(ALL, "ascii")
    stage.broker = mosquitto(
        stage.folder,
        f"listener {stage.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
        f"max_queued_messages 100000\nlog_dest stdout\nacl_file {stage.folder}/acl\n",
    )
    await stage.broker.start()
    await reachable(stage.port)


async def _start_platform(stage: Stage) -> Child:
    receiver = Child.python(
        "simulators.platform", "--broker", stage.url, "--db", str(stage.folder / "platform.db"),
        "--json", log=stage.folder / "platform.log",
    )  # fmt: skip
    await receiver.start()
    return receiver


def _note(path: Path, seen: Seen, gone: bool = False) -> None:
    """Look into a copy of the buffer's file and at the records that waited for their commit."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "copy.db"
        for suffix in ("", "-wal"):
            if Path(f"{path}{suffix}").exists():
                shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        with closing(sqlite3.connect(copy)) as db:
            (epoch,) = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
            lanes = db.execute("SELECT number, next_seq - 1 FROM lanes").fetchall()
            chunks = db.execute("SELECT key >> 48, body FROM chunks").fetchall()
    given = {LANES[number].value: last for number, last in lanes}
    in_file = {
        (epoch, LANES[n].value, one.seq) for n, body in chunks for one in unpack(LANES[n], body)
    }
    left, in_memory = left_by(str(path), Clock().boot), set[Number]()
    if left is not None and left.epoch == epoch:
        given |= {lane.value: max(given[lane.value], n - 1) for lane, n in left.next_seq.items()}
        in_memory = {(epoch, one.lane.value, one.seq) for one in left.records} - in_file
    seen.looks.append(Held(epoch, given, frozenset(in_file), frozenset(in_memory)))
    if gone:
        seen.gone_in_file |= in_file
        seen.gone_in_memory |= in_memory


def _destroy(path: Path, random: Random) -> None:
    """Removed, cut in half, or full of rubbish; with its log, which would mend it."""
    Path(f"{path}-wal").unlink(missing_ok=True)
    how = random.choice(("removed", "cut", "rubbish"))
    if how == "removed":
        path.unlink()
        return
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(content[:half] if how == "cut" else content[:half] + random.randbytes(half))


async def _end(folder: Path, seen: Seen) -> dict[str, float]:
    """Wait until nothing more is missing, three minutes at most; then count."""
    gone = seen.gone_in_file | seen.gone_in_memory
    for _ in range(180):
        if not (missing := _missing(folder, seen) - gone):
            break
        await asyncio.sleep(1.0)
    with closing(sqlite3.connect(folder / "platform.db")) as db:
        (records,) = db.execute("select count(*) from record").fetchone()
        query = "select count(*), count(distinct epoch) from record group by lane, boot, mono, body"
        again = [(n, epochs) for n, epochs in db.execute(query) if n > 1]
    absent = _missing(folder, seen)
    return {
        "lost": len(missing),
        "duplicated": sum(n - epochs for n, epochs in again),
        "gone_with_a_file": len(absent & seen.gone_in_file),
        "gone_from_memory": len(absent & seen.gone_in_memory),
        "alarms_gone": sum(lane == Lane.ALARM for _, lane, _ in absent),
        "carried_over_and_there_already": sum(epochs - 1 for _, epochs in again),
        "numbers_given": len(_given(folder, seen)),
        "records": records,
        "buffers": len({look.epoch for look in seen.looks}),
    }


def _missing(folder: Path, seen: Seen) -> set[Number]:
    with closing(sqlite3.connect(folder / "platform.db")) as db:
        return _given(folder, seen) - set(db.execute("select epoch, lane, seq from record"))


def _given(folder: Path, seen: Seen) -> set[Number]:
    """Every number a record ever had: up to the last of each buffer, but for those skipped."""
    last: dict[tuple[str, str], int] = {}
    for look in seen.looks:
        last |= {(look.epoch, lane): n for lane, n in look.given.items()}
    given = {(epoch, lane, n) for (epoch, lane), end in last.items() for n in range(1, end + 1)}
    return given - _skipped(folder, seen)


def _skipped(folder: Path, seen: Seen) -> set[Number]:
    """Numbers told as gone that no look had seen as given before the notice was made."""
    with closing(sqlite3.connect(folder / "platform.db")) as db:
        told = db.execute(
            "select epoch, seq, body from record where lane = 'notice' order by seq"
        ).fetchall()
    skipped = set[Number]()
    for epoch, seq, body in told:
        notice = json.loads(body)
        if notice["kind"] not in SKIPPED:
            continue
        lane, first = notice["lane"], notice["first"]
        for look in seen.looks:
            if look.epoch == epoch and look.given["notice"] < seq:
                first = max(first, look.given[lane] + 1)
        skipped |= {(epoch, lane, n) for n in range(first, notice["last"] + 1)}
    return skipped


BENCH = Bench(
    "chaos",
    "Records missing and doubled at the platform after its receiver, the broker and the agent were "
    "killed (SIGKILL) and the buffer's file was destroyed while the agent was down, 20 times each "
    "in random order, with frozen brokers, refused publishes and 20 % packet loss between. `lost` "
    "counts every number the buffer ever gave to a record, as its file and its memory file showed "
    "at each look, that is not at the platform, but for the numbers that ended with the destroyed "
    "file they waited in: `gone_with_a_file` were in the file, `gone_from_memory` waited beside it "
    "for their commit (readings of the last 10 s) and are told again under new numbers, counted in "
    "`numbers_given` like all others; `alarms_gone` are the alarms among both. Whatever else of a "
    "damaged file can be read is sent again too, under a new epoch where the old one was not "
    "readable; where it had arrived, it is counted apart.",
    "3 machines x 60 registers at 1 Hz over TCP, every record in full, commit every 10 s, batches "
    "every 5 s, mosquitto, in a network namespace of its own; 1 to 4 s between faults",
    run,
    (Goal("kills", ">=", 80), Goal("lost", "=", 0), Goal("duplicated", "=", 0)),
)

if __name__ == "__main__":
    inside = os.environ.get("APART") == "1"
    if inside:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    first, second, third = map(int, sys.argv[1:4])
    print(json.dumps(asyncio.run(_chaos(first, second, third, inside))))
