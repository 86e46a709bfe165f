"""The gateway as it is installed: its Debian package on a machine of its own, pumps and platform.

Broker and platform are on this side of the machine's network cable; the pumps are beside it, one
wire as a serial port, one bridge over TCP. The state lies on a small disk of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from bench.machine import ARCH, HERE, Machine, rootfs
from simulators.platform import Platform
from simulators.stage import Child, free_port, mosquitto
from simulators.tour import home_file

GATEWAY = "gw-bench"
RELEASE = "bookworm"
FIRST = "e417eb0"
"""The first version that speaks to systemd; what an upgrade in the bench starts from."""
STATE, DISK_MB = "/var/lib/heatpump-agent", 32
UNIT = "heatpump-agent.service"
WITHIN_S = 120.0
CONFIG = """\
gateway: {gateway}
spool: {{path: /var/lib/heatpump-agent/spool.db, commit_every: 10 s}}
platform:
  {{broker: "mqtt://{address}:{port}", batch_every: 1 s, full_every: 1 ms, backlog_wait: 1 s}}
lines:
  - name: bus1
    port: /dev/ttyUSB0
    devices:
      - {{name: midea, driver: midea_mthermal_r290, unit_id: 1, every: 2 s}}
      - {{name: haier, driver: haier_atw_r290, unit_id: 2, every: 2 s}}
  - name: bridge
    port: tcp://127.0.0.1:{bridge}
    devices:
      - {{name: samsung, driver: samsung_ehs_mimb19n, unit_id: 3, every: 2 s}}
"""
PTS = "[Service]\nDeviceAllow=char-pts rw\n"  # the simulated wire is a pseudo terminal


@dataclass(frozen=True, slots=True)
class Packages:
    """The package of this tree and one it can replace; `older` says where that comes from."""

    now: Path
    before: Path
    older: str


def packages(folder: Path, release: str = RELEASE) -> Packages:
    """Both, built for this processor. CalledProcessError when a build fails."""
    now = make(folder, release)
    old, older = folder / "older", f"commit {FIRST}"
    command = ["git", "-C", str(HERE), "archive", FIRST, "agent", "configs", "setup.cfg"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:  # a copy without history
        return Packages(now, make(folder, release, "--version", "0.0.9"), "this tree as 0.0.9")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(old, filter="data")
    before = make(folder, release, "--version", "0.0.9", "--source", str(old))
    return Packages(now, before, older)


def make(folder: Path, release: str, *more: str) -> Path:
    """One package, by the command that people use."""
    command = [sys.executable, str(HERE / "packaging" / "makedeb"), "--json", "--out", str(folder)]
    command += ["--only", f"{release}-{ARCH}", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Path(json.loads(done.stdout.splitlines()[-1])["packages"][0]["file"])


class Installed:
    """Machine, pumps, broker and platform as an async context manager; `install` comes first."""

    def __init__(self, folder: Path, release: str = RELEASE) -> None:
        self._folder = folder
        self.sim_file, self._pty, self._bridge = home_file(folder, 1.0)
        self.state = folder / "state"
        wire = folder / "ttyUSB0"
        files = rootfs(release)
        self.machine = Machine(folder, files, {self.state: STATE, wire: "/dev/ttyUSB0"})
        self._wire = wire
        self._port = free_port()
        self.broker = self._new_broker()
        self.platform = Platform(f"mqtt://{self.machine.address}:{self._port}", folder / "p.db")
        self._stack = AsyncExitStack()

    def _new_broker(self) -> Child:
        return mosquitto(
            self._folder,
            f"listener {self._port} {self.machine.address}\nallow_anonymous true\n"
            "max_queued_messages 100000\nset_tcp_nodelay true\nlog_dest none\n",
        )

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        try:
            self._make_disk()
            self._stack.callback(_sh, "umount", str(self.state))
            await self._stack.enter_async_context(self.machine)
            command = (sys.executable, "-m", "simulators.cli", str(self.sim_file), "--json")
            pumps = Child(*self.machine.beside, *command)
            await pumps.start()
            self._stack.push_async_callback(pumps.stop)
            await pumps.heard("bridge")
            terminal = os.path.realpath(self._pty)
            shutil.chown(terminal, 0, 20)  # root and dialout, as udev makes real ones
            os.chmod(terminal, 0o660)
            self._wire.symlink_to(terminal)
            await self.start_broker()
            self._stack.push_async_callback(self.stop_broker)
            await self._stack.enter_async_context(self.platform)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            said = await self.machine.ask("journalctl", "-b", "--no-pager", "-n", "60", "-u", UNIT)
            print(said, file=sys.stderr)
        await self._stack.__aexit__(kind, error, trace)

    def _make_disk(self) -> None:
        image = self._folder / "state.img"
        with image.open("wb") as file:
            file.truncate(DISK_MB << 20)
        _sh("mkfs.ext4", "-q", "-m", "0", str(image))
        self.state.mkdir()
        _sh("mount", "-o", "loop", str(image), str(self.state))
        (self.state / "lost+found").rmdir()

    async def start_broker(self) -> None:
        self.broker = self._new_broker()
        await self.broker.start()

    async def stop_broker(self) -> None:
        await self.broker.stop()

    # --- on the machine --------------------------------------------------------------------

    async def install(self, package: Path) -> str:
        """Install or upgrade with dpkg; what it said. The configuration there is kept."""
        return await self.machine.do("dpkg", "--force-confold", "-i", self.machine.put(package))

    async def configure(self) -> None:
        """The installer's work: write the configuration and start with it."""
        address, port = self.machine.address, self._port
        text = CONFIG.format(gateway=GATEWAY, address=address, port=port, bridge=self._bridge)
        self.machine.write("/etc/heatpump-agent/gateway.yaml", text)
        await self.drop_in("pts", PTS)
        await self.machine.do("systemctl", "restart", UNIT)

    async def drop_in(self, name: str, text: str) -> None:
        """Add to the unit, as `systemctl edit` does."""
        self.machine.write(f"/etc/systemd/system/{UNIT}.d/{name}.conf", text)
        await self.machine.do("systemctl", "daemon-reload")

    async def show(self, key: str) -> str:
        """A property of the service, such as MainPID or NRestarts."""
        return await self.machine.do("systemctl", "show", "--value", f"--property={key}", UNIT)

    async def kill(self, signal: str) -> None:
        await self.machine.do("systemctl", "kill", "--kill-whom=main", f"--signal={signal}", UNIT)

    # --- at the platform -------------------------------------------------------------------

    async def arrives(self, since: float, devices: int = 1) -> float:
        """Wait for readings of so many devices made after this monotonic second; when they came.

        TimeoutError when they do not. The machine shares this machine's monotonic clock.
        """
        query = (
            "select count(distinct json_extract(body, '$.device')) from record"
            " where lane = 'telemetry' and mono > ?"
        )
        async with asyncio.timeout(WITHIN_S):
            while self._asked(query, since) < devices:
                await asyncio.sleep(0.02)
        return monotonic()

    def silence(self, first: float, last: float) -> float:
        """The longest time between two readings in a span of monotonic seconds."""
        query = (
            "select max(gap) from (select mono - lag(mono) over (order by mono) as gap from record"
            " where lane = 'telemetry' and mono between ? and ?)"
        )
        return self._asked(query, first, last)

    def _asked(self, query: str, *values: float) -> float:
        with closing(sqlite3.connect(self._folder / "p.db")) as db:
            return float(db.execute(query, values).fetchone()[0] or 0)

    async def lost(self) -> tuple[int, int, int]:
        """Stop the service; telemetry numbered, never arrived at the platform, and epochs seen.

        TimeoutError when the platform does not have everything in the end although all is well.
        """
        await self.machine.do("systemctl", "stop", UNIT)
        with closing(sqlite3.connect(self.state / "spool.db")) as db:
            taken = int(db.execute("select next_seq - 1 from lanes where number = 2").fetchone()[0])
        await self.machine.do("systemctl", "start", UNIT)
        await self._until(lambda: self._have(taken) >= taken)
        epochs = int(self._asked("select count(distinct epoch) from record"))
        return taken, taken - self._have(taken), epochs

    def _have(self, taken: int) -> int:
        query = "select count(distinct seq) from record where lane = 'telemetry' and seq <= ?"
        return int(self._asked(query, taken))

    async def _until(self, settled: Callable[[], bool], within_s: float = 60.0) -> None:
        end = monotonic() + within_s
        while not settled() and monotonic() < end:
            await asyncio.sleep(0.2)


def _sh(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
