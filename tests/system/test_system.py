"""The package on machines of their own: `make test-system`. Needs root, says what is missing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from bench import system
from bench.installed import UNIT, Installed, Packages
from bench.machine import PUT
from tests.system.fresh import exists, install, listening, plain

SHARE = 0.2
CONFIG = "/etc/heatpump-agent/gateway.yaml"
STATE = "/var/lib/heatpump-agent"


@asynccontextmanager
async def at_work(folder: Path, package: Path) -> AsyncIterator[Installed]:
    """A home whose three pumps' readings arrive."""
    async with Installed(folder) as home:
        await home.machine.boot()
        await home.machine.settled()
        await home.install(package)
        await home.configure()
        await home.arrives(monotonic(), 3)
        yield home


async def test_a_new_gateway_waits_and_says_for_what(tmp_path: Path, built: Packages) -> None:
    async with plain(tmp_path) as machine:
        await install(machine, built.now)
        status = await machine.do("systemctl", "show", "--value", "--property=StatusText", UNIT)
        assert "no pump is configured yet" in status
        assert await machine.do("systemctl", "is-active", UNIT) == "active"
        assert await machine.do("systemctl", "is-enabled", UNIT) == "enabled"
        assert await machine.do("stat", "-c", "%U %a", STATE) == "heatpump-agent 700"
        assert await machine.ask("dpkg", "--verify", "heatpump-agent") == ""
        assert "midea_mthermal_r290" in await machine.do("heatpump-agent", "drivers")
        locked = await machine.do("sh", "-c", "getent shadow heatpump-agent | cut -d: -f2")
        assert set(locked) <= {"!", "*"}
        origins = await machine.do("apt-config", "dump", "Unattended-Upgrade::Origins-Pattern")
        assert '"origin=heatpump-agent"' in origins
        assert await listening(machine) == {"0.0.0.0:8080"}


async def test_remove_keeps_and_purge_removes(tmp_path: Path, built: Packages) -> None:
    async with plain(tmp_path) as machine:
        await install(machine, built.now)
        await machine.do("sh", "-c", f"echo '# mine' >> {CONFIG}; touch {STATE}/key.pem")
        await machine.do("dpkg", "--remove", "heatpump-agent")
        assert await exists(machine, CONFIG)
        assert await exists(machine, f"{STATE}/key.pem")
        assert not await exists(machine, "/usr/lib/heatpump-agent")
        assert not await exists(machine, "/usr/bin/heatpump-agent")
        await install(machine, built.now)
        assert "# mine" in await machine.do("cat", CONFIG)
        assert await machine.do("systemctl", "is-active", UNIT) == "active"
        await machine.do("dpkg", "--purge", "heatpump-agent")
        for path in ("/etc/heatpump-agent", STATE, "/usr/lib/heatpump-agent"):
            assert not await exists(machine, path)
        assert await machine.settled() == "running"
        found = f"find / -xdev -iname '*heatpump*' -not -path '{PUT}/*' -not -path '/proc/*'"
        left = await machine.do("sh", "-c", found)
        assert {Path(line).name for line in left.splitlines()} <= {"heatpump-agent.conf"}


async def test_an_upgrade_under_load_keeps_what_was_changed(
    tmp_path: Path, built: Packages
) -> None:
    async with at_work(tmp_path, built.before) as home:
        before = await home.show("MainPID")
        await home.install(built.now)
        await home.arrives(monotonic(), 3)
        assert await home.show("MainPID") != before
        assert "gw-bench" in await home.machine.do("cat", CONFIG)
        taken, lost, epochs = await home.lost()
        assert (lost, epochs) == (0, 1)
        assert taken > 0


async def test_bad_days_lose_nothing(tmp_path: Path, built: Packages) -> None:
    async with at_work(tmp_path, built.now) as home:
        for day in system.DAYS.values():
            await day(home, SHARE)
        await system.boot(home)
        taken, lost, epochs = await home.lost()
        assert (lost, epochs) == (0, 1)
        assert taken > 0
