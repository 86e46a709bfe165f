"""What benchmarks of the whole program share: a driver of 60 registers, machines, a stage."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import yaml

from simulators.stage import Stage, free_port

REGISTERS = 60


@contextmanager
def bench_driver(folder: Path) -> Iterator[str]:
    """A driver package of 60 registers, installed for this process and its children."""
    package = folder / "packages"
    info = package / "bench_driver-1.dist-info"
    info.mkdir(parents=True)
    points = "\n".join(
        f"  x_r{at}: {{table: input, at: {at}, type: s16, scale: 0.1, en: r{at}, zh: 值{at}}}"
        for at in range(REGISTERS)
    )
    (package / "bench60.yaml").write_text(
        "map: bench60\napi: 1\ncovers: []\nsource: [made for a benchmark]\ngrade: draft\n"
        f"every: 1 s\nline: {{unit_id: 1, tcp_port: 502, max_words: 125}}\npoints:\n{points}\n",
        "utf-8",
    )
    (package / "bench_driver.py").write_text(
        "from agent.drivers import DriverSource\n"
        "bench60 = DriverSource('bench_driver_data', 'bench60.yaml')\n",
        "utf-8",
    )
    data = package / "bench_driver_data"
    data.mkdir()
    (data / "__init__.py").write_text("", "utf-8")
    (package / "bench60.yaml").rename(data / "bench60.yaml")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-driver\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[heatpump_agent.drivers]\nbench60 = bench_driver:bench60\n"
    )
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(package), before)))
    try:
        yield "bench60"
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def tcp_stage(
    folder: Path,
    driver_name: str,
    machines: int,
    commit_every: str = "10 s",
    receive: bool = True,
) -> Stage:
    """So many machines on TCP ports of their own, polled once a second, and a mosquitto."""
    ports = [free_port() for _ in range(machines)]
    lines = {
        f"l{i}": {
            "kind": "tcp",
            "port": port,
            "units": [{"map": driver_name, "unit_id": 1}],
        }
        for i, port in enumerate(ports)
    }
    sim = folder / "sim.yaml"
    sim.write_text(yaml.safe_dump({"speed": 1, "lines": lines}), "utf-8")
    gateway = {
        "gateway": "gw-bench",
        "spool": {"path": str(folder / "spool.db"), "commit_every": commit_every},
        "platform": {"broker": "BROKER", "batch_every": "5 s", "full_every": "1 ms"},
        "lines": [
            {
                "name": f"l{i}",
                "port": f"tcp://127.0.0.1:{port}",
                "devices": [{"name": f"d{i}", "driver": driver_name, "unit_id": 1, "every": "1 s"}],
            }
            for i, port in enumerate(ports)
        ],
    }
    return Stage(folder, sim, yaml.safe_dump(gateway), "mosquitto", receive)


def committed(spool: Path) -> bool:
    """Whether a running gateway has a chunk of readings on disk.

    It locks its file for itself, so a copy is asked.
    """
    with tempfile.TemporaryDirectory() as name:
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(f"{spool}{suffix}", f"{name}/copy{suffix}")
        try:
            with closing(sqlite3.connect(f"{name}/copy")) as db:
                found = db.execute("SELECT 1 FROM chunks WHERE key >> 48 = 2 LIMIT 1").fetchone()
        except sqlite3.Error:
            return False
        return found is not None


def highest_seq(spool: Path) -> int:
    """The number of telemetry records a gateway that has ended had made durable."""
    try:
        with closing(sqlite3.connect(f"file:{spool}?mode=ro", uri=True, timeout=1.0)) as db:
            row = db.execute("SELECT next_seq - 1 FROM lanes WHERE number = 2").fetchone()
    except sqlite3.Error:
        return 0
    return int(row[0]) if row else 0
