"""A Debian machine in systemd-nspawn: real systemd as its first process, a network of its own.

Needs root and Linux with systemd-container and mmdebstrap (`missing` says what is not there). The
system's files are made once by mmdebstrap from the Debian mirror and kept in var/system; a machine
writes into an overlay of its own. Only what was started here is ended here.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import signal
import subprocess
from contextlib import AsyncExitStack, suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent.parent
CACHE = HERE / "var" / "system"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = "systemd,systemd-sysv,systemd-timesyncd,udev,dbus,python3,iproute2,procps,tzdata"
LEAN = ("man", "locale", "doc", "info")
TOOLS = ("systemd-nspawn", "mmdebstrap", "nsenter", "ip", "dpkg-deb", "mkfs.ext4", "cc")
PUT = "/var/tmp"
BOOTS_WITHIN_S = 60.0
REACHES_MIRROR = "apt-get update"
"""The step of mmdebstrap that fails, and is named, when the mirror does not answer."""
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


class NoMirror(Exception):
    """No Debian mirror answers, so no other machine can be made here."""


def missing() -> str | None:
    """What this machine lacks to run another one; None when all is there."""
    if os.geteuid() != 0:
        return "root"
    lacks = [name for name in TOOLS if shutil.which(name) is None]
    if lacks:
        return f"{', '.join(lacks)} (apt-get install systemd-container mmdebstrap e2fsprogs gcc)"
    known = Path("/proc/filesystems").read_text("ascii")
    return None if "\toverlay\n" in known else "a kernel with overlayfs"


def rootfs(release: str) -> Path:
    """The files of a minimal system of this release; made when missing (a minute or two).

    NoMirror when no mirror answers, RuntimeError with what mmdebstrap says when it fails otherwise.
    """
    key = sha256(f"{release} {ARCH} {PACKAGES} {LEAN}".encode()).hexdigest()[:12]
    made = CACHE / f"{release}-{ARCH}-{key}"
    if made.is_dir():
        return made
    CACHE.mkdir(parents=True, exist_ok=True)
    part = CACHE / f"{made.name}.{os.getpid()}"
    lean = [f"--dpkgopt=path-exclude=/usr/share/{one}/*" for one in LEAN]
    keep = "--dpkgopt=path-include=/usr/share/doc/heatpump-agent/*"
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", *lean, keep]
    command += [release, str(part), MIRROR]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode and REACHES_MIRROR in done.stderr:
        shutil.rmtree(part)  # nothing was mounted in it yet
        raise NoMirror(f"no Debian mirror answers at {MIRROR}")
    if done.returncode:
        raise RuntimeError(f"mmdebstrap: {done.stderr.strip()}")
    part.rename(made)
    return made


class Machine:
    """One machine as an async context manager: off at first, `boot` starts it.

    It is `inner` and reaches `address` on this machine over a link of its own that can be cut, and
    nothing else; the loopback of its network is also that of programs started with `beside`.
    """

    def __init__(self, folder: Path, files: Path, binds: dict[Path, str] | None = None) -> None:
        """`binds`: what of this machine appears there, and where."""
        self._folder, self._files, self._binds = folder, files, binds or {}
        number = os.getpid() % 250 + 1
        self.name = f"hp{os.getpid()}"
        self.address, self.inner = f"10.213.{number}.1", f"10.213.{number}.2"
        self.root = folder / "root"
        self._nspawn: asyncio.subprocess.Process | None = None
        self._leader = 0
        self._stack = AsyncExitStack()

    @property
    def beside(self) -> tuple[str, ...]:
        """What to put before a command so that it runs in the machine's network."""
        return ("ip", "netns", "exec", self.name)

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        try:
            await self._prepare()
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
        await self._stack.__aexit__(kind, error, trace)

    async def _prepare(self) -> None:
        upper, work = self._folder / "upper", self._folder / "work"
        for path in (upper, work, self.root):
            path.mkdir()
        layers = f"lowerdir={self._files},upperdir={upper},workdir={work}"
        await _do("mount", "-t", "overlay", "overlay", "-o", layers, str(self.root))
        self._stack.push_async_callback(_do, "umount", str(self.root))
        await _do("ip", "netns", "add", self.name)
        self._stack.push_async_callback(_do, "ip", "netns", "del", self.name)
        here, there = f"{self.name}h", f"{self.name}c"
        await _do("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        await _do("ip", "link", "set", there, "netns", self.name)
        await _do("ip", "addr", "add", f"{self.address}/30", "dev", here)
        await _do("ip", "link", "set", here, "up")
        for words in (f"addr add {self.inner}/30 dev {there}", f"link set {there} up"):
            await _do("ip", "-n", self.name, *words.split())
        await _do("ip", "-n", self.name, "link", "set", "lo", "up")
        self._stack.push_async_callback(self.off)

    async def boot(self) -> None:
        """Power on; returns as soon as its first process runs. RuntimeError when it does not."""
        binds = [f"--bind={here}:{there}" for here, there in self._binds.items()]
        with (self._folder / "console.log").open("ab") as log:
            self._nspawn = await asyncio.create_subprocess_exec(
                *("systemd-nspawn", "--boot", "--quiet", "--register=no", "--keep-unit"),
                *(f"--machine={self.name}", f"--directory={self.root}", "--console=pipe"),
                *(f"--network-namespace-path=/run/netns/{self.name}", *binds),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        async with asyncio.timeout(BOOTS_WITHIN_S):
            while not (leader := self._child()):
                if self._nspawn.returncode is not None:
                    raise RuntimeError(f"nspawn ended: {self.console()}")
                await asyncio.sleep(0.02)
        self._leader = leader

    def _child(self) -> int:
        assert self._nspawn is not None
        pid = self._nspawn.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        comms = [Path(f"/proc/{child}/comm").read_text("ascii").strip() for child in children]
        return next(
            (int(c) for c, comm in zip(children, comms, strict=True) if comm == "systemd"), 0
        )

    async def settled(self) -> str:
        """How it stands once everything has been started: running, or degraded."""
        async with asyncio.timeout(BOOTS_WITHIN_S):
            while (said := await self.ask("systemctl", "is-system-running")) not in _UP:
                await asyncio.sleep(0.05)
        return said

    async def off(self) -> None:
        """Shut it down in order; pull the plug when it does not go."""
        if self._nspawn is None or self._nspawn.returncode is not None:
            return
        with suppress(ProcessLookupError, TimeoutError):
            os.kill(self._leader, signal.SIGRTMIN + 4)  # systemd: power off
            async with asyncio.timeout(BOOTS_WITHIN_S):
                await self._nspawn.wait()
        if self._nspawn.returncode is None:
            self._nspawn.kill()
            await self._nspawn.wait()

    async def ask(self, *command: str) -> str:
        """What a command in the machine prints, whether it succeeds or not."""
        return (await _run("nsenter", "-t", str(self._leader), "-a", *command))[1]

    async def do(self, *command: str) -> str:
        """What a command in the machine prints; RuntimeError when it fails."""
        return await _do("nsenter", "-t", str(self._leader), "-a", *command)

    async def link(self, up: bool) -> None:
        """Plug the network cable in or out."""
        await _do("ip", "link", "set", f"{self.name}h", "up" if up else "down")

    def put(self, file: Path) -> str:
        """A copy of a file of here, and where it lies there."""
        there = f"{PUT}/{file.name}"
        shutil.copyfile(file, self.root / there.lstrip("/"))
        return there

    def write(self, path: str, text: str) -> None:
        """A file there, with the folders it needs."""
        here = self.root / path.lstrip("/")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_text(text, "utf-8")

    def console(self) -> str:
        """The last lines the machine wrote."""
        return "\n".join((self._folder / "console.log").read_text("utf-8").splitlines()[-10:])


_UP = ("running", "degraded")


async def _run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace").strip()


async def _do(*command: str) -> str:
    code, said = await _run(*command)
    if code:
        raise RuntimeError(f"{' '.join(command)}: exit code {code}: {said}")
    return said
