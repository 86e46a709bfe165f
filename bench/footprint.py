"""What a gateway with its page open costs in memory: now, after a day, and to import it."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import time, timedelta
from importlib.metadata import packages_distributions
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, cast
from zoneinfo import ZoneInfo

import yaml

from agent.clock import Clock
from agent.config import Config
from agent.config.tariff import read_tariff
from agent.control import Comfort, ControlSettings, HomeControl, Period, WeekSchedule
from agent.core import Core, CoreSettings
from agent.enrol import identity_state
from agent.facts import BlockRead, Tick
from agent.health import Health
from agent.homes import Home
from agent.model import Stamp
from agent.showing import Showing
from agent.spool import Spool
from agent.updates import Newer
from agent.vitals import Vitals
from agent.web.sections import pieces
from agent.web.words import Speech
from bench.kit import Bench, Figures, Goal, Options
from bench.package import MAKEDEB
from bench.sweeps import START, facts, machine
from bench.wire import rss_mb
from simulators.stage import Stage, free_port
from simulators.weather import CHINA

PUMPS, EVERY_S = 8, 10.0
MAP = "midea_mthermal_r290"
WARM_S, SECONDS = 60.0, 180.0
WARM_H, HOURS = 26, 48
LOOK_EVERY = 6  # sweeps: one look of an open page in a virtual minute
SWEEPS_A_DAY = 8640
IMPORTS = 9
_IMPORT = (
    "import sys, time; sys.modules.update(dict.fromkeys(sys.argv[1:])); t = time.process_time(); "
    "import agent.app, agent.web.site; print(time.process_time() - t)"
)
"""A name in the arguments cannot be imported."""


def run(options: Options) -> Figures:
    """The real gateway for some minutes, then a day and a half in virtual time."""
    with tempfile.TemporaryDirectory() as name:
        real = asyncio.run(_real(Path(name), options))
    hours = max(WARM_H + 6, round(HOURS * options.share))
    options.progress(f"now {hours} h in virtual time")
    command = [sys.executable, "-m", "bench.footprint", str(options.seed), str(hours)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    virtual = json.loads(done.stdout.splitlines()[-1])
    options.progress("now the imports")
    seconds = _imports()
    return {
        "rss_mb": round(real["rss_mb"], 1),
        "peak_mb": round(real["peak_mb"], 1),
        "growth_mb_per_day": virtual["growth_mb_per_day"],
        "import_s": round(min(seconds), 3),
        "import_slowest_s": round(max(seconds), 3),
        "page_loads": int(real["loads"]),
        "virtual_hours": hours,
        "virtual_looks": virtual["looks"],
    }


# --- real time ------------------------------------------------------------------------------


async def _real(folder: Path, options: Options) -> dict[str, float]:
    web = free_port()
    async with _stage(folder, web) as stage:
        code = await stage.claim_code()
        await stage.start_agent()
        await asyncio.sleep(5.0)
        seconds = WARM_S + max(30.0, SECONDS * options.share)
        watching = asyncio.create_task(asyncio.to_thread(_watch, web, code, seconds))
        highest, began = 0.0, monotonic()
        while not watching.done():
            await asyncio.sleep(1.0)
            if monotonic() - began > WARM_S:
                highest = max(highest, rss_mb(stage.agent.pid))
        peak_mb = _peak_mb(stage.agent.pid)
        return {"rss_mb": highest, "peak_mb": peak_mb, "loads": float(watching.result())}


def _stage(folder: Path, web: int) -> Stage:
    """Eight pumps on TCP ports of their own, each in a home with a plan of its own, and a page."""
    ports = [free_port() for _ in range(PUMPS)]
    units = [{"map": MAP, "unit_id": 1, "home": {"pump": "inverter", "start": "70 d"}}]
    lines = {f"l{i}": {"kind": "tcp", "port": p, "units": units} for i, p in enumerate(ports)}
    sim = folder / "sim.yaml"
    sim.write_text(yaml.safe_dump({"speed": 1, "lines": lines}), "utf-8")
    gateway = {
        "gateway": "gw-bench",
        "spool": {"path": str(folder / "spool.db"), "commit_every": "10 s"},
        "platform": {"broker": "BROKER"},
        "lines": [
            {
                "name": f"l{i}",
                "port": f"tcp://127.0.0.1:{port}",
                "devices": [{"name": f"d{i}", "driver": MAP, "unit_id": 1, "every": "10 s"}],
            }
            for i, port in enumerate(ports)
        ],
        "homes": [{"name": f"h{i}", "heat_pump": f"d{i}"} for i in range(PUMPS)],
        "control": [
            {"device": f"d{i}", "park": "45", "comfort": {"rooms": [{"value": 18}]}}
            for i in range(PUMPS)
        ],
        "account": {"tariff": "beijing_rural"},
        "page": {"listen": f"127.0.0.1:{web}"},
    }
    return Stage(folder, sim, yaml.safe_dump(gateway), "mosquitto")


def _watch(web: int, code: str, seconds: float) -> int:
    """A household with its page open, looking at every page now and then; how many were loaded."""
    loads, end = 0, monotonic() + seconds
    with closing(http.client.HTTPConnection("127.0.0.1", web, timeout=10)) as link:
        body, kind = json.dumps({"code": code}), {"Content-Type": "application/json"}
        link.request("POST", "/api/login", body, kind)
        cookie = str(link.getresponse().getheader("Set-Cookie")).partition(";")[0]
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}
    with closing(http.client.HTTPConnection("127.0.0.1", web, timeout=30)) as stream:
        stream.request("GET", "/events", headers=headers)
        events = stream.getresponse()
        while monotonic() < end:
            for path in ("/", "/technician", "/plan?device=d0", "/api/live", "/api/service"):
                with closing(http.client.HTTPConnection("127.0.0.1", web, timeout=10)) as link:
                    link.request("GET", path, headers=headers)
                    reply = link.getresponse()
                    reply.read()
                    assert reply.status == 200, f"{path}: {reply.status}"
                loads += 1
            for _ in range(4):
                events.readline()
    return loads


def _peak_mb(pid: int) -> float:
    rows = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(row.split()[1]) * 1024 / 1e6 for row in rows if row.startswith("VmHWM:"))


# --- virtual time ---------------------------------------------------------------------------


class _Fine:
    """The vitals of a gateway that fares well."""

    def now(self) -> Health:
        depth = {"alarm": 0, "result": 0, "telemetry": 3}
        none: dict[str, Any] = {}
        return Health(
            0.0, 0.0, True, True, depth, None, 40960, 0, 0, 0, 0, None, 0.0, 0, 0, 0, 0, 0, 0,
            none, 0, (), none, none, 0.0, 0,
        )  # fmt: skip

    def identity(self) -> Any:
        return identity_state(
            "gw", None, wanted=False, withdrawn=False, why="", now=START, trusted=True
        )


class _At:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = Stamp(START, 0.0)

    def stamp(self) -> Stamp:
        return self.now


def _virtual(seed: int, hours: int) -> dict[str, float]:
    """Eight pumps every ten seconds, and an open page that is drawn anew every minute."""
    hour = list(islice(facts(seed, name=MAP), 360))
    always = WeekSchedule((Period(frozenset(range(7)), time(0), 18.0),))
    names = [f"d{i}" for i in range(PUMPS)]
    settings = CoreSettings(
        {name: _named(name) for name in names},
        ControlSettings(CHINA, tuple(_home(name, always) for name in names)),
        homes=tuple(Home(f"h{i}", name) for i, name in enumerate(names)),
        full_every_s=900.0,
        tariff=read_tariff("beijing_rural"),
    )
    core, clock = Core(settings), _At()
    nothing = cast(Any, None)
    zone = ZoneInfo("Asia/Shanghai")
    config = Config("gw", nothing, nothing, (), settings, zone, nothing, None, None)
    showing = Showing(
        core,
        cast(Spool, nothing),
        cast(Vitals, _Fine()),
        cast(Clock, clock),
        config,
        Newer(lambda: 0.0, lambda: None),
    )
    samples: list[tuple[float, float]] = []
    looks = 0
    for number in range(hours * 360):
        at = START + timedelta(seconds=EVERY_S * number)
        clock.now = Stamp(at, EVERY_S * number + 100.0)
        for name in names:
            for block in _shifted(hour[number % 360], name, clock.now):
                core.step(block)
        core.step(Tick(clock.now))
        if number % LOOK_EVERY == 0:
            pieces(showing.live(), Speech("zh"), None, "")
            looks += 1
        if number % 360 == 359:
            gc.collect()
            samples.append((EVERY_S * number, rss_mb(os.getpid())))
    late = [one for one in samples if one[0] >= WARM_H * 3600.0]
    return {"growth_mb_per_day": round(_slope(late) * 86_400, 3), "looks": looks}


def _named(name: str) -> Any:
    device = machine(MAP)
    device.name = name
    return device


def _home(name: str, always: WeekSchedule) -> HomeControl:
    comfort = Comfort(always)
    return HomeControl(
        name, "water_setpoint", WeekSchedule(()), 45, (name, "indoor_temp"), CHINA, comfort=comfort
    )


def _shifted(blocks: tuple[BlockRead, ...], name: str, stamp: Stamp) -> Iterator[BlockRead]:
    for block in blocks:
        yield replace(block, device=name, stamp=stamp)


def _slope(points: list[tuple[float, float]]) -> float:
    """Least squares: MB a second."""
    middle_t = sum(t for t, _ in points) / len(points)
    middle_v = sum(v for _, v in points) / len(points)
    over = sum((t - middle_t) ** 2 for t, _ in points) or 1.0
    return sum((t - middle_t) * (v - middle_v) for t, v in points) / over


# --- imports --------------------------------------------------------------------------------


def _imports() -> list[float]:
    """Processor seconds to import gateway and page, bytecode kept, each in a fresh process.

    Some libraries load others where these happen to be installed, as they are for the tests; what
    is not in the package is not there.
    """
    absent = _not_in_the_package()
    with tempfile.TemporaryDirectory() as kept:
        around = {**os.environ, "PYTHONPYCACHEPREFIX": kept, "PYTHONDONTWRITEBYTECODE": ""}
        found: list[float] = []
        for _ in range(IMPORTS + 1):
            command = [sys.executable, "-c", _IMPORT, *absent]
            done = subprocess.run(command, check=True, capture_output=True, text=True, env=around)
            found.append(float(done.stdout))
    return found[1:]


def _not_in_the_package() -> list[str]:
    """The top-level modules that are installed here and not on a gateway."""
    done = subprocess.run(
        [sys.executable, str(MAKEDEB), "--needs"], check=True, capture_output=True
    )
    there = {"heatpump-agent", *json.loads(done.stdout)}
    return sorted(
        module
        for module, by in packages_distributions().items()
        if there.isdisjoint(one.lower().replace("_", "-") for one in by)
    )


BENCH = Bench(
    "footprint",
    "Memory of the whole agent with its page open: the highest resident memory after the first "
    "minute (`peak_mb` includes the start and the login, whose scrypt takes 16 MB for a moment). "
    "Growth: least squares over the resident memory of core, books and page in virtual time, from "
    "the 26th hour on, when the curves of a day are full; broker and disk are in `soak`. "
    "`import_s` is processor time for gateway and page with bytecode kept and only the libraries "
    "that the package brings, the best of nine fresh processes.",
    "8 Midea pumps every 10 s over TCP, each with a home, a plan and an account, mosquitto, the "
    "platform; one session with the stream of live updates and all pages in turn, four minutes",
    run,
    (
        Goal("rss_mb", "<=", 64),
        Goal("growth_mb_per_day", "<=", 1),
        Goal("import_s", "<=", 0.3),
    ),
)

if __name__ == "__main__":
    print(json.dumps(_virtual(int(sys.argv[1]), int(sys.argv[2]))))
