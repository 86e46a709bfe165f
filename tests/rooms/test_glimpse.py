"""What another program sees of a running gateway, and that it never sees an old light as new."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from agent import glimpse
from agent.enrol import IdentityState, Standing
from agent.glimpse import OLD_S, Teller, look, place
from agent.light import Light

SPOOL = "/var/lib/x/spool.db"


def identity() -> IdentityState:
    return IdentityState("gw", Standing.VALID, "registered", "已登记")


async def told(folder: Path, *shown: Light) -> asyncio.Task[None]:
    """A teller that has told the last of these."""
    lights = list(shown)
    now = iter("abc")
    teller = Teller(
        SPOOL,
        "boot",
        lambda: lights.pop(0) if len(lights) > 1 else lights[0],
        identity,
        lambda: next(now),
        folder,
    )
    task = asyncio.create_task(teller.run())
    async with asyncio.timeout(5.0):
        while lights != [shown[-1]] or look(SPOOL, "boot", folder) is None:
            await asyncio.sleep(0)
    return task


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def test_the_light_of_a_running_gateway_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glimpse, "TELL_EVERY_S", 0.0)
    task = await told(tmp_path, Light.STARTING, Light.STARTING, Light.GREEN, Light.GREEN)
    seen = look(SPOOL, "boot", tmp_path)
    assert seen is not None
    assert (seen.light, seen.since, seen.identity) == (Light.GREEN, "b", identity())
    assert stat.S_IMODE(place(SPOOL, tmp_path).stat().st_mode) == 0o600
    assert look(SPOOL, "another boot", tmp_path) is None
    assert look("/another.db", "boot", tmp_path) is None
    await ended(task)
    assert list(tmp_path.iterdir()) == []


async def test_what_is_old_or_not_ours_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await told(tmp_path, Light.GREEN)
    path = place(SPOOL, tmp_path)
    content = path.read_bytes()
    await ended(task)
    path.write_bytes(content)
    assert look(SPOOL, "boot", tmp_path) is not None
    path.write_bytes(content[:-1])
    assert look(SPOOL, "boot", tmp_path) is None
    path.unlink()
    (tmp_path / "elsewhere").write_bytes(content)
    path.symlink_to(tmp_path / "elsewhere")
    assert look(SPOOL, "boot", tmp_path) is None
    path.unlink()
    path.write_bytes(content)
    real = glimpse.time.monotonic
    monkeypatch.setattr(glimpse.time, "monotonic", lambda: real() + OLD_S + 1)
    assert look(SPOOL, "boot", tmp_path) is None


async def test_without_a_memory_file_system_the_gateway_goes_on(tmp_path: Path) -> None:
    teller = Teller(SPOOL, "b", lambda: Light.GREEN, identity, lambda: "", tmp_path / "none")
    task = asyncio.create_task(teller.run())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    await ended(task)
