"""A device-month of 30 s polls through `heatpump-agent replay`, the whole process timed."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from math import cos, pi
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from agent.replay.ahead import is_read_ahead
from agent.replay.cells import Reader, numbers
from agent.replay.table import blocks
from bench.kit import Bench, Figures, Goal, Options

ROWS, POLL_S, LIMIT_S = 86_400, 30, 2.0
COLUMNS = (
    "at",
    "outdoor_temp",
    "water_supply_temp",
    "water_return_temp",
    "water_flow",
    "pump_on",
    "pump_speed",
    "compressor_on",
    "compressor_frequency",
    "fan_speed",
    "eev_steps",
    "discharge_temp",
    "suction_temp",
    "coil_temp",
    "liquid_temp",
    "high_pressure",
    "low_pressure",
    "active_power",
    "input_current",
    "supply_voltage",
    "electric_heater_on",
    "defrost_active",
    "mode_active",
    "water_setpoint_active",
    "indoor_temp",
    "energy_total",
    "fault_code",
)
CYCLE = 110
"""Polls from one start of the compressor to the next: 90 running, of which 12 defrosting."""


def write_month(path: Path, rows: int, seed: int) -> None:
    """A table of made-up but plausible days: cycles, defrosts, noise, steps of a tenth."""
    random = Random(seed)
    at, energy = datetime(2026, 1, 1, tzinfo=UTC), 0.0
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for k in range(rows):
            place = k % CYCLE
            on, defrost = place < 90, 78 <= place < 90
            energy += 0.018 if on else 0.0002
            row = _row(random, k, on, defrost)
            stamp = (at + timedelta(seconds=POLL_S * k)).isoformat()
            table.writerow([stamp, *row[:-1], f"{energy:.2f}", row[-1]])


def _row(random: Random, k: int, on: bool, defrost: bool) -> list[object]:
    outdoor = 1.5 - 3.0 * cos(2 * pi * k / 2880)
    heating = on and not defrost
    hz = (40 + 15 * cos(2 * pi * k / 2880)) if on else 0.0
    lift = 4.5 if heating else (-6.0 if defrost else 0.1)

    def about(value: float, sd: float) -> str:
        return f"{value + random.gauss(0.0, sd):.1f}"

    return [
        about(outdoor, 0.06),
        about(36.0 + lift, 0.15),
        about(36.0, 0.15),
        about(21.0, 0.2),
        1,
        80,
        int(on),
        f"{hz:.0f}",
        720 if heating else 0,
        210 if on else 60,
        about(62.0 if heating else 40.0, 0.6),
        about(outdoor - 3.0, 0.4),
        about(18.0 if defrost else outdoor - 7.0, 0.4),
        about(33.0, 0.3),
        about(26.0 if on else 15.0, 0.1),
        about(7.0 if on else 12.0, 0.1),
        f"{1900 + random.gauss(0, 30) if on else 20:.0f}",
        about(8.6 if on else 0.1, 0.1),
        f"{224 + random.gauss(0, 1):.0f}",
        0,
        int(defrost),
        "defrost" if defrost else ("heating" if on else "idle"),
        41.0,
        about(20.6, 0.03),
        0,
    ]


def run_bench(options: Options) -> Figures:
    """Three runs of the whole program; the median counts."""
    rows = max(2880, round(ROWS * min(1.0, options.share)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "month.csv"
        write_month(path, rows, options.seed)
        options.progress(f"{rows} rows, {path.stat().st_size / 1e6:.1f} MB")
        command = [sys.executable, "-m", "agent.cli", "replay", str(path), "--refrigerant", "R32"]
        times, alarms = [], 0
        for _ in range(3):
            began = perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            times.append(perf_counter() - began)
            alarms = len(done.stdout.splitlines())
            options.progress(f"{times[-1]:.2f} s, {alarms} lines")
        began = perf_counter()
        subprocess.run([*command[:4], "--help"], capture_output=True, check=True)
        start_s = perf_counter() - began
        parse_s = _parse_s(path)
        ahead = is_read_ahead(path)
    beside_s = 0.0 if ahead else parse_s  # reading goes on beside detection, or before it
    seconds = median(times)
    limit_s = LIMIT_S * rows / ROWS
    return {
        "seconds": round(seconds, 2),
        "rows": rows,
        "columns": len(COLUMNS),
        "of_limit": round(seconds / limit_s, 3),
        "rows_per_s": round(rows / seconds),
        "start_s": round(start_s, 2),
        "parse_s": round(parse_s, 2),
        "processes": 1 + ahead,
        "us_per_row_detecting": round(1e6 * (seconds - start_s - beside_s) / rows, 1),
        "lines_out": alarms,
    }


def _parse_s(path: Path) -> float:
    """Reading the table and making numbers of it, without detection."""
    began = perf_counter()
    readers = {name: Reader(lambda word: float(len(word))) for name in COLUMNS}
    for block in blocks(path):
        for name, cells in block.cells.items():
            numbers(cells, readers[name], block.lines, name, path)
    return perf_counter() - began


BENCH = Bench(
    "replay",
    "A month of one device through the command `heatpump-agent replay`, from start to exit.",
    "86,400 rows of 30 s, 27 columns, some 13 MB of CSV; cycles, defrosts, noise in steps of 0.1; "
    "median of three runs",
    run_bench,
    (Goal("seconds", "<=", LIMIT_S), Goal("of_limit", "<=", 1.0)),
)
