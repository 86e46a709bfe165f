"""What a stamp believes, and what jumps of the wall clock leave untouched."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import clock
from agent.clock import Clock, kernel_synchronised, set_lately
from agent.model import Stamp
from agent.spool.memory import to_ms, to_text

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)
DECADE = timedelta(days=3653)


class World:
    """A wall clock, a monotonic one, a kernel and a time service, all as told."""

    def __init__(self, wall: datetime = NOW, synchronised: bool = False, waits: bool = False):
        self.wall, self.mono = wall, 100.0
        self.synchronised, self.waits = synchronised, waits
        self.clock = Clock(
            lambda: self.wall, lambda: self.mono, lambda: self.synchronised, lambda: self.waits
        )

    def after(self, seconds: float, jump: timedelta = timedelta()) -> Stamp:
        self.mono += seconds
        self.wall += timedelta(seconds=seconds) + jump
        return self.clock.stamp()


@pytest.mark.parametrize(
    ("world", "trusted"),
    [
        (World(), True),
        (World(datetime(1970, 1, 1, tzinfo=UTC)), False),
        (World(datetime(2025, 12, 31, 23, 59, tzinfo=UTC), synchronised=True), False),
        (World(datetime(2099, 1, 1, tzinfo=UTC), synchronised=True), False),
        (World(waits=True), False),
        (World(waits=True, synchronised=True), True),
    ],
)
def test_a_first_stamp_is_believed_where_nobody_will_set_the_clock(
    world: World, trusted: bool
) -> None:
    assert world.clock.stamp().trusted is trusted


def test_a_board_without_a_hardware_clock_is_believed_from_its_first_sync_on() -> None:
    world = World(NOW - timedelta(hours=6), waits=True)
    assert not world.after(1.0).trusted
    assert not world.after(3600.0).trusted
    world.synchronised = True
    assert world.after(10.0, jump=timedelta(hours=6)).trusted
    world.synchronised = False  # the service lost its server; the clock runs on
    assert world.after(86_400.0).trusted


@pytest.mark.parametrize("jump", [DECADE, -DECADE, timedelta(minutes=6), -timedelta(hours=2)])
def test_a_jump_is_believed_only_when_the_kernel_confirms_it(jump: timedelta) -> None:
    world = World()
    before = [world.after(10.0) for _ in range(3)]
    jumped = world.after(10.0, jump)
    assert [one.trusted for one in before] == [True] * 3
    assert not jumped.trusted
    assert jumped.mono == before[-1].mono + 10.0, "order and rate know nothing of it"
    assert not world.after(3600.0).trusted
    assert world.after(10.0, -jump).trusted, "it came back"
    world.synchronised = True
    possible = datetime(2026, 1, 1, tzinfo=UTC) <= world.wall + jump
    assert world.after(1.0, jump).trusted is possible


def test_drift_and_slewing_are_followed() -> None:
    world = World()
    for _ in range(1000):
        assert world.after(60.0, timedelta(seconds=1)).trusted


def test_the_kernel_is_asked_seldom() -> None:
    asked: list[float] = []
    world = World()
    world.clock = Clock(
        lambda: world.wall,
        lambda: world.mono,
        lambda: bool(asked.append(world.mono)),
        lambda: False,
    )
    for _ in range(100):
        world.after(1.0)
    assert len(asked) == 10
    assert kernel_synchronised() in (True, False)


def test_asking_the_kernel_leaves_no_garbage() -> None:
    kernel_synchronised()
    gc.collect()
    for _ in range(50):
        kernel_synchronised()
    assert gc.collect() < 50


ODD_DAYS = [
    datetime(2028, 2, 29, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
]


@pytest.mark.parametrize("at", ODD_DAYS)
def test_instants_survive_the_buffer_on_odd_days(at: datetime) -> None:
    assert datetime.fromisoformat(to_text(to_ms(at))) == at
    assert to_ms(at + timedelta(seconds=1)) - to_ms(at) == 1000


@given(st.integers(-2_000_000_000_000_000, 7_000_000_000_000_000))
def test_any_instant_keeps_its_millisecond(microseconds: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    back = datetime.fromisoformat(to_text(to_ms(at)))
    assert timedelta(0) <= at - back < timedelta(milliseconds=1)


REAL = """
import json, sys, time
from pathlib import Path
from agent.clock import Clock
clock, told = Clock(), []
for offset in ("+0", "+3653d", "-3653d", "+0"):
    Path(sys.argv[1]).write_text(offset + "\\n")
    begun = time.monotonic()
    stamp = clock.stamp()
    told.append([stamp.at.year, stamp.trusted, stamp.mono >= begun, stamp.mono - begun < 5.0])
print(json.dumps(told))
"""


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
def test_a_real_clock_that_jumps_ten_years_leaves_the_monotonic_one_alone(tmp_path: Path) -> None:
    stamp_file = tmp_path / "offset"
    stamp_file.write_text("+0\n")
    (library,) = list(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))[:1]
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(stamp_file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", REAL, str(stamp_file)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    years = [year - told[0][0] for year, *_ in told]
    assert years[0] == years[3] == 0
    assert abs(years[1]) == abs(years[2]) == 10
    assert [trusted for _, trusted, *_ in told] == [True, False, False, True]
    assert all(after and near for *_, after, near in told)


def test_a_mark_counts_as_long_as_the_clock_is_near_it(tmp_path: Path) -> None:
    mark = tmp_path / "synchronized"
    assert not set_lately(mark)
    mark.touch()
    assert set_lately(mark)
    for moved_s in (-366 * 86_400, -10 * 3600, 10 * 3600, 366 * 86_400):
        at = time.time() - moved_s  # the clock was moved by so much since
        os.utime(mark, (at, at))
        assert not set_lately(mark)


def test_where_nobody_may_ask_the_kernel_the_time_service_has_the_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "libc", lambda _: lambda _: -1)
    monkeypatch.setattr(clock, "_TIMESYNCD_SET_IT", tmp_path / "synchronized")
    assert not kernel_synchronised()
    (tmp_path / "synchronized").touch()
    assert kernel_synchronised()
