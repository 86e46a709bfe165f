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
Number = tuple[str, int, int]


@dataclass(slots=True)
class Seen:
    """What the buffer's files said: numbers given out, and numbers that went down with a file."""

    given: dict[tuple[str, int], int] = field(default_factory=dict)
    gone: set[Number] = field(default_factory=set)


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
    """Read a copy of the buffer's file: what was numbered, what still waits in it."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "copy.db"
        for suffix in ("", "-wal"):
            if Path(f"{path}{suffix}").exists():
                shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        with closing(sqlite3.connect(copy)) as db:
            try:
                (epoch,) = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
                lanes = db.execute("SELECT number, next_seq - 1 FROM lanes").fetchall()
                keys = db.execute("SELECT key FROM records").fetchall()
            except (sqlite3.Error, TypeError):
                return  # killed again before it was made
    for lane, last in lanes:
        seen.given[epoch, lane] = last
    if gone:
        seen.gone |= {(epoch, key >> 48, key & (1 << 48) - 1) for (key,) in keys}


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
    """Wait until nothing more is missing, two minutes at most; then count."""
    for _ in range(120):
        if not (missing := _missing(folder, seen) - seen.gone):
            break
        await asyncio.sleep(1.0)
    with closing(sqlite3.connect(folder / "platform.db")) as db:
        (records,) = db.execute("select count(*) from record").fetchone()
        query = "select count(*), count(distinct epoch) from record group by lane, boot, mono, body"
        again = [(n, epochs) for n, epochs in db.execute(query) if n > 1]
    return {
        "lost": len(missing),
        "duplicated": sum(n - epochs for n, epochs in again),
        "gone_with_a_file": len(_missing(folder, seen) & seen.gone),
        "carried_over_and_there_already": sum(epochs - 1 for _, epochs in again),
        "records": records,
        "buffers": len({epoch for epoch, _ in seen.given}),
    }


def _missing(folder: Path, seen: Seen) -> set[Number]:
    with closing(sqlite3.connect(folder / "platform.db")) as db:
        rows = db.execute("select epoch, lane, seq from record")
        lanes = {"alarm": 0, "result": 1, "telemetry": 2}
        there = {(epoch, lanes[lane], seq) for epoch, lane, seq in rows}
    wanted = {(e, lane, n) for (e, lane), last in seen.given.items() for n in range(1, last + 1)}
    return wanted - there


BENCH = Bench(
    "chaos",
    "Records missing and doubled at the platform after its receiver, the broker and the agent were "
    "killed (SIGKILL) and the buffer's file was destroyed while the agent was down, 20 times each "
    "in random order, with frozen brokers, refused publishes and 20 % packet loss between. `lost` "
    "counts every number the buffer ever gave that is not there, but for those that still waited "
    "in a file when it was destroyed: `gone_with_a_file`. What could be read of a damaged file is "
    "sent again under a new epoch; where it had arrived, it is counted apart.",
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
