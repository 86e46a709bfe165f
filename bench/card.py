"""What benchmarks of the buffer share: an ext4 image on a loop device, and a writer process on it.

The loop device counts the sectors written to it, the file system's own journal included. A power
cut is made without any kernel module: the writer is stopped, the backing file copied, and the copy
mounted, which replays the journal: what was not synced is not in it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.model import Stamp

BLOCK = 4096
SECTOR = 512
AT = datetime(2026, 1, 10, tzinfo=UTC)


class NotPossible(Exception):
    """This machine cannot do it, and why."""


class Card:
    """An ext4 file system with 4 KiB blocks on a loop device, mounted."""

    def __init__(self, folder: Path, name: str = "card", size_mb: int = 96) -> None:
        if os.geteuid() != 0:
            raise NotPossible("needs root for mkfs, losetup and mount")
        self.image, self.mount = folder / f"{name}.img", folder / name
        self.mount.mkdir()
        with self.image.open("wb") as file:
            file.truncate(size_mb * 1_000_000)
        _run("mkfs.ext4", "-q", "-b", str(BLOCK), "-E", "lazy_itable_init=0", str(self.image))
        self.device = attach(self.image, self.mount)

    def written(self) -> int:
        """Bytes that reached the device so far; what is only in memory is flushed first."""
        os.sync()
        name = Path(self.device).name
        fields = Path(f"/sys/block/{name}/stat").read_text("ascii").split()
        return int(fields[6]) * SECTOR

    def remove(self) -> None:
        detach(self.device, self.mount)


def attach(image: Path, mount: Path) -> str:
    """Mount an image; the loop device it is on. Raises NotPossible."""
    device = _run("losetup", "-f", "--show", str(image)).strip()
    try:
        _run("mount", "-t", "ext4", device, str(mount))
    except NotPossible:
        _run("losetup", "-d", device)
        raise
    return device


def detach(device: str, mount: Path) -> None:
    _run("umount", str(mount))
    with suppress(NotPossible):
        _run("losetup", "-d", device)


@contextmanager
def mounted(image: Path, mount: Path) -> Iterator[Path]:
    """The files of an image as they are after its journal was replayed."""
    mount.mkdir(exist_ok=True)
    device = attach(image, mount)
    try:
        yield mount
    finally:
        detach(device, mount)


def copied(image: Path, to: Path) -> Path:
    """The image as it is now, holes left holes."""
    shutil.copyfile(image, to) if sys.platform != "linux" else _run(
        "cp", "--sparse=always", str(image), str(to)
    )
    return to


def _run(*command: str) -> str:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env={**os.environ, "PATH": path}
        )
    except FileNotFoundError:
        raise NotPossible(f"{command[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise NotPossible(f"{' '.join(command)}: {error.stderr.strip()}") from None
    return done.stdout


class Virtual:
    """A clock for the buffer whose seconds pass when told, with the wait that belongs to it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self.idle = asyncio.Event()

    def stamp(self) -> Stamp:
        return Stamp(AT + timedelta(seconds=self.now), self.now)

    async def wait(self, event: asyncio.Event, timeout_s: float) -> None:
        over = asyncio.Event()
        self._sleepers.append((self.now + timeout_s, over))
        self.idle.set()
        ends = [asyncio.ensure_future(one.wait()) for one in (event, over)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._sleepers = [one for one in self._sleepers if one[1] is not over]
            self.idle.clear()
            for end in ends:
                end.cancel()

    async def advance(self, seconds: float) -> None:
        """Let time pass; returns when whoever was woken, by it or by an event, waits again."""
        self.now += seconds
        for at, over in self._sleepers:
            if at <= self.now:
                over.set()
                self.idle.clear()
        await asyncio.sleep(0)
        await self.idle.wait()


Progress = Callable[[str], None]
