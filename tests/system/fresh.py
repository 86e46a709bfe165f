"""A Debian machine to install on, and what is asked of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.installed import RELEASE, UNIT
from bench.machine import Machine, rootfs


@asynccontextmanager
async def plain(folder: Path) -> AsyncIterator[Machine]:
    """A machine on which nothing is installed yet."""
    async with Machine(folder, rootfs(RELEASE)) as machine:
        await machine.boot()
        assert await machine.settled() == "running", machine.console()
        yield machine


async def install(machine: Machine, package: Path) -> str:
    return await machine.do("dpkg", "--force-confdef", "-i", machine.put(package))


async def exists(machine: Machine, path: str) -> bool:
    return await machine.ask("sh", "-c", f"test -e {path} && echo yes") == "yes"


async def listening(machine: Machine) -> set[str]:
    """The TCP and UDP sockets, host:port, at which the service hears what others send."""
    pid = await machine.do("systemctl", "show", "--value", "--property=MainPID", UNIT)
    rows = (await machine.do("ss", "-H", "-lntup")).splitlines()
    return {row.split()[4] for row in rows if f"pid={pid}," in row}
