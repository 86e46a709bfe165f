"""How exposed the installed units are, measured on a machine where they are at work."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path
from time import monotonic

from bench.installed import UNIT, Installed, make
from bench.kit import Bench, Figures, Goal, Options
from bench.machine import missing

RELEASES = ("bookworm", "trixie")
_OVERALL = re.compile(r"Overall exposure level for (\S+): ([0-9.]+)")


def run(options: Options) -> Figures:
    """On each Debian release: install, see readings of all pumps arrive, ask systemd."""
    lacks = missing()
    if lacks is not None:
        raise SystemExit(f"hardening: not run, this machine lacks {lacks}")
    rows: list[dict[str, str | float]] = []
    for release in RELEASES:
        with tempfile.TemporaryDirectory(prefix="heatpump-") as name:
            rows += asyncio.run(_measured(Path(name), release))
        options.progress(f"{release}: {rows[-1]}")
    exposures = [float(row["exposure"]) for row in rows]
    agents = [float(row["exposure"]) for row in rows if row["unit"] == UNIT]
    return {
        "agent_exposure": max(agents),
        "worst_exposure": max(exposures),
        "units": len(rows),
        "each": rows,
    }


async def _measured(folder: Path, release: str) -> list[dict[str, str | float]]:
    """The exposure of every unit of ours, while the pumps' readings arrive."""
    package = make(folder, release)
    async with Installed(folder, release) as home:
        await home.machine.boot()
        await home.machine.settled()
        await home.install(package)
        await home.configure()
        await home.arrives(monotonic(), devices=3)
        # The simulated wire needs what a real adapter does not; it is as narrow as theirs.
        listed = await home.machine.do("dpkg", "-L", "heatpump-agent")
        units = [Path(line).name for line in listed.splitlines() if "/systemd/system/" in line]
        said = await home.machine.do(
            "systemd-analyze", "security", "--offline=true", *_paths(listed)
        )
        active = await home.show("ActiveState")
        assert active == "active", active
    found = dict(_OVERALL.findall(re.sub(r"\x1b\[[0-9;]*m", "", said)))
    return [{"release": release, "unit": unit, "exposure": float(found[unit])} for unit in units]


def _paths(listed: str) -> list[str]:
    return [
        line for line in listed.splitlines() if re.search(r"/systemd/system/.*\.service$", line)
    ]


BENCH = Bench(
    "hardening",
    "`systemd-analyze security` of every unit in the package, on a machine where it runs in that "
    "sandbox and the readings of all pumps, serial and TCP, have just arrived.",
    "systemd-nspawn, Debian 12 and 13; the home of the bench system",
    run,
    (Goal("agent_exposure", "<=", 1.5), Goal("worst_exposure", "<=", 2.0)),
)
