"""A backlog of ten days at one record in ten seconds leaves over a link of 100 ms; who waits?"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import monotonic

import yaml

from agent.records import Lane
from agent.spool import Spool, SpoolSettings
from agent.uplink import encode_body
from bench.gateway import bench_driver, tcp_stage
from bench.kit import Bench, Figures, Goal, Options
from bench.proxy import Proxy
from bench.sweeps import sweeps
from bench.wire import rss_mb, stamp
from simulators.stage import Stage

RECORDS = 86_400
ROUND_TRIP_S = 0.1
QUIET_S, SILENT_S, PAUSE_S = 25.0, 75.0, 20.0
WITHIN_S = 60.0


def run(options: Options) -> Figures:
    """The agent alone, then with the backlog; delays as the platform's own table has them."""
    with tempfile.TemporaryDirectory() as name, bench_driver(Path(name)) as driver_name:
        return asyncio.run(_run(Path(name), driver_name, options))


async def _run(folder: Path, driver_name: str, options: Options) -> Figures:
    count = max(2000, round(RECORDS * options.share))
    async with (
        tcp_stage(folder, driver_name, 2) as stage,
        Proxy(stage.port, ROUND_TRIP_S / 2) as proxy,
    ):
        _through(stage, proxy.port)
        await stage.start_agent()
        await asyncio.sleep(QUIET_S)
        quiet_mb = rss_mb(stage.agent.pid)
        await stage.stop_agent()
        await stage.platform.wait_state("gw-bench", "offline", WITHIN_S)
        options.progress(f"{count} records are put into the buffer")
        first, last = await _fill(folder / "spool.db", count, options.seed)
        begun, started = monotonic(), datetime.now(UTC)
        await stage.start_agent()
        await stage.platform.wait_state("gw-bench", "online", WITHIN_S)
        since = _online(folder / "platform.db")
        peak, commands = await _drained(stage, first, last, options)
        minutes = (monotonic() - begun) / 60
        live, alarms, earlier = _delays(folder / "platform.db", last, since)
        lost = sum(hole.last - hole.first + 1 for hole in stage.platform.archive.holes("gw-bench"))
    return {
        "minutes": round(minutes, 2),
        "live_delay_s": round(max(live), 2),
        "alarm_delay_s": round(max(alarms), 2) if alarms else None,
        "command_median_s": round(median(commands), 2),
        "command_s": round(max(commands), 2) if commands else None,
        "extra_mb": round(peak - quiet_mb, 1),
        "rss_mb": round(peak, 1),
        "records": count,
        "connected_after_s": round((since - started).total_seconds(), 2),
        "live_records": len(live),
        "readings_before_connection": earlier,
        "alarms": len(alarms),
        "commands": len(commands),
        "repeats": stage.platform.counters.repeats,
        "lost": lost,
    }


def _through(stage: Stage, port: int) -> None:
    """Let the agent reach its broker through the proxy, and send its readings every 2 s."""
    found = yaml.safe_load(stage.config.read_text("utf-8"))
    found["platform"] |= {"broker": f"mqtt://127.0.0.1:{port}", "batch_every": "2 s"}
    found["spool"]["commit_every"] = "1 s"
    stage.config.write_text(yaml.safe_dump(found), "utf-8")


async def _fill(path: Path, count: int, seed: int) -> tuple[int, int]:
    """Old records of a real pump, by the spool itself; the first and the last number."""
    hour = [kept for kept in islice(sweeps(seed), 360) if kept is not None]
    spool = await Spool.open(SpoolSettings(str(path)), "of-before", stamp)
    first = spool.newest(Lane.TELEMETRY) + 1
    for number, kept in enumerate(islice(cycle(hour), count)):
        spool.append(Lane.TELEMETRY, kept.stamp, encode_body(kept.record))
        if number % 500 == 499:
            await spool.commit()
    await spool.close()
    return first, first + count - 1


async def _drained(
    stage: Stage, first: int, last: int, options: Options
) -> tuple[float, list[float]]:
    """Raise alarms and send commands until all is there; the highest memory, command times."""
    peak, commands = 0.0, list[float]()
    disturbing = asyncio.create_task(_disturb(stage))
    try:
        while (stored := _stored(stage, first, last)) <= last - first:
            peak = max(peak, rss_mb(stage.agent.pid))
            begun = monotonic()
            asked = await stage.platform.send_command("gw-bench", "d0", "x_r1", 1.0)
            await stage.platform.wait_result(asked, 20.0)
            commands.append(monotonic() - begun)
            if len(commands) % 10 == 0:
                options.progress(f"{stored} of {last - first + 1} records are there")
            await asyncio.sleep(3.0)
    finally:
        disturbing.cancel()
        await asyncio.gather(disturbing, return_exceptions=True)
    return peak, commands


def _stored(stage: Stage, first: int, last: int) -> int:
    with closing(sqlite3.connect(stage.folder / "platform.db")) as db:
        query = "select count(*) from record where lane = 'telemetry' and seq between ? and ?"
        return int(db.execute(query, (first, last)).fetchone()[0])


async def _disturb(stage: Stage) -> None:
    """A machine falls silent, long enough for its alarm, and comes back; again and again."""
    while True:
        await stage.sim.say({"line": "l1", "unit": 1, "fault": "silent"})
        await asyncio.sleep(SILENT_S)
        await stage.sim.say({"line": "l1", "unit": 1, "fault": None})
        await asyncio.sleep(PAUSE_S)


def _online(db: Path) -> datetime:
    """When the gateway said of itself that its connection stands."""
    with closing(sqlite3.connect(db)) as found:
        return _at(found.execute("select at from state where gateway = 'gw-bench'").fetchone()[0])


def _delays(db: Path, last: int, since: datetime) -> tuple[list[float], list[float], int]:
    """Seconds from the stamp of live readings and of alarms to their arrival at the platform.

    And how many readings this run of the agent made before `since`: they are backlog.
    """
    with closing(sqlite3.connect(db)) as found:
        query = "select at, received_at from record where lane = ? and seq > ?"
        rows = found.execute(query, ("telemetry", last)).fetchall()
        live = [_seconds(*row) for row in rows if _at(row[0]) >= since]
        alarms = [_seconds(*row) for row in found.execute(query, ("alarm", 0))]
        return live, alarms, len(rows) - len(live)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _seconds(at: str, received_at: str) -> float:
    gap: timedelta = datetime.fromisoformat(received_at) - datetime.fromisoformat(at)
    return gap.total_seconds()


BENCH = Bench(
    "drain",
    "Minutes until a backlog of 86,400 records is acknowledged at 100 ms round trip, and how long "
    "what is new waits meanwhile: the longest delay of a reading and of an alarm from its stamp to "
    "the platform's commit, and of a command from the platform to its result there. A reading is "
    "live from the moment the gateway says that it is online; `readings_before_connection` were "
    "made between its start and that moment and leave last, as backlog. `extra_mb` is the highest "
    "resident memory above that of the same agent without a backlog.",
    "records of a simulated pump; 2 machines x 60 registers at 1 Hz over TCP, readings sent every "
    "2 s, commit every 1 s, mosquitto behind a proxy that delays both ways by 50 ms; the random "
    "wait of up to 60 s before the backlog is in the minutes",
    run,
    (
        Goal("minutes", "<=", 10.0),
        Goal("live_delay_s", "<=", 5.0),
        Goal("alarm_delay_s", "<=", 2.0),
        Goal("command_s", "<=", 1.0),
        Goal("extra_mb", "<=", 10.0),
        Goal("lost", "=", 0),
    ),
)
