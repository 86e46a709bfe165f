"""The installed gateway through the bad days of a home, under real systemd."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from bench.installed import UNIT, Installed, packages
from bench.kit import Bench, Figures, Goal, Options
from bench.machine import missing

BOOTS = 3
AWAY_S = 60.0
FULL_S = 30.0
CLOCK_S = 15.0
MOVED = "[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/moved_clock.so\n"
YEAR_S = 366 * 86_400

Day = Callable[[Installed, float], Awaitable[float]]
"""A bad day: how long the readings took to come again after it, in seconds. The number shortens."""


def run(options: Options) -> Figures:
    """Install the older package, upgrade it, let things happen, count what the platform has."""
    lacks = missing()
    if lacks is not None:
        raise SystemExit(f"system: not run, this machine lacks {lacks}")
    with tempfile.TemporaryDirectory(prefix="heatpump-") as name:
        folder = Path(name)
        options.progress("building the packages, and the machine's files when they are not there")
        return asyncio.run(_run(folder, options))


async def _run(folder: Path, options: Options) -> Figures:
    built = packages(folder)
    async with Installed(folder) as home:
        await home.machine.boot()
        await home.machine.settled()
        await home.install(built.before)
        await home.configure()
        await home.arrives(monotonic(), devices=3)
        options.progress(f"at work: the package of {built.older}")
        began = monotonic()
        await home.install(built.now)
        recovered = {"upgrade": await home.arrives(monotonic(), 3) - began}
        silence = home.silence(began - 5.0, monotonic())
        options.progress(f"upgrade: {silence:.1f} s without a reading")
        for name, day in DAYS.items():
            recovered[name] = await day(home, options.share)
            options.progress(f"{name}: readings again after {recovered[name]:.1f} s")
        boots = [await boot(home) for _ in range(max(1, round(BOOTS * options.share)))]
        options.progress(f"boots: {boots}")
        taken, lost, epochs = await home.lost()
        return {
            "boot_to_ack_s": round(max(boots), 2),
            "lost": lost,
            "recovered": len(recovered),
            "samples": taken,
            "repeats_ignored": home.platform.counters.repeats,
            "epochs": epochs,
            "upgrade_silence_s": round(silence, 1),
            "older": built.older,
            "days": [{"day": k, "recovered_s": round(v, 1)} for k, v in recovered.items()],
        }


async def boot(home: Installed) -> float:
    """Seconds from power on to the first reading that the platform has acknowledged."""
    await home.machine.off()
    began = monotonic()
    await home.machine.boot()
    return await home.arrives(began) - began


async def killed(home: Installed, share: float) -> float:
    """kill -9."""
    return await _after(home, home.kill("SIGKILL"))


async def hung(home: Installed, share: float) -> float:
    """SIGSTOP: nothing moves until the watchdog ends it."""
    return await _after(home, home.kill("SIGSTOP"))


async def broker_away(home: Installed, share: float) -> float:
    """The broker is gone for a minute."""
    await home.stop_broker()
    await asyncio.sleep(AWAY_S * share)
    return await _after(home, home.start_broker())


async def cable_out(home: Installed, share: float) -> float:
    """The network cable is out for a minute, and the process is killed meanwhile."""
    await home.machine.link(up=False)
    await asyncio.sleep(AWAY_S * share / 2)
    await home.kill("SIGKILL")
    await asyncio.sleep(AWAY_S * share / 2)
    return await _after(home, home.machine.link(up=True))


async def disk_full(home: Installed, share: float) -> float:
    """Nothing more can be stored, and for half the time the platform is away too."""
    filler = home.state / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 65_536)
    await asyncio.sleep(FULL_S * share / 2)
    await home.stop_broker()
    await asyncio.sleep(FULL_S * share / 2)
    await home.start_broker()
    filler.unlink()
    return await _after(home, asyncio.sleep(0))


async def clock_jumps(home: Installed, share: float) -> float:
    """The clock shows a year too much, then a year too little, then the right time."""
    source, made = Path(__file__).parent / "moved_clock.c", "usr/local/lib/moved_clock.so"
    command = ("cc", "-shared", "-fPIC", "-O1", "-o", str(home.machine.root / made), str(source))
    subprocess.run(command, check=True)
    home.machine.write("/etc/moved_clock", "0")
    await home.drop_in("clock", MOVED)
    await home.machine.do("systemctl", "restart", UNIT)
    await home.arrives(monotonic())
    for moved_s in (YEAR_S, -YEAR_S, 0):
        home.machine.write("/etc/moved_clock", f"{moved_s}\n")
        await asyncio.sleep(CLOCK_S * share)
        await home.arrives(monotonic())
    recovered = await _after(home, asyncio.sleep(0))
    await home.drop_in("clock", "")
    await home.machine.do("systemctl", "restart", UNIT)
    return recovered


async def _after(home: Installed, what: Awaitable[object]) -> float:
    """Seconds from the end of this until all three pumps' newer readings are at the platform."""
    await what
    began = monotonic()
    return await home.arrives(began, 3) - began


DAYS: dict[str, Day] = {
    "kill -9": killed,
    "SIGSTOP": hung,
    "broker down 60 s": broker_away,
    "cable out 60 s, kill -9 meanwhile": cable_out,
    "data full 30 s, broker away for half of it": disk_full,
    "clock a year ahead, a year behind": clock_jumps,
}

BENCH = Bench(
    "system",
    "The Debian package installed, upgraded, killed, stopped, starved of network and disk, and its "
    "clock moved, under real systemd. `boot_to_ack_s` is the slowest of three boots, from power on "
    "to the first reading at the platform; `lost` counts readings numbered and never arrived; "
    "`recovered_s` is from the end of the trouble until newer readings of all pumps are there.",
    "systemd-nspawn with Debian's own files, the service in its sandbox; two pumps on a pseudo "
    "terminal at 9600 baud, one over TCP, polled every 2 s; mosquitto and the platform behind a "
    "cable of its own; the state on a disk of 32 MB; the clock moved by a preloaded library",
    run,
    (
        Goal("boot_to_ack_s", "<=", 5.0),
        Goal("lost", "=", 0),
        Goal("recovered", "=", 1 + len(DAYS)),
        Goal("epochs", "=", 1),
    ),
)
