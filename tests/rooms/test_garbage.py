"""What only the collector finds goes in time, and the process is as before afterwards."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from agent import garbage
from agent.libc import libc


class Ring:
    """Refers to itself, as an error that knows the frame which keeps it."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture
def lazy() -> Iterator[None]:
    """Python itself does not look."""
    gc.disable()
    yield
    gc.enable()


async def test_cycles_go_with_the_next_look(monkeypatch: pytest.MonkeyPatch, lazy: None) -> None:
    monkeypatch.setattr(garbage, "EVERY_S", 0.0)
    task = asyncio.create_task(garbage.collect())
    await asyncio.sleep(0)
    assert gc.get_freeze_count() > 1000
    gone = weakref.ref(Ring())
    async with asyncio.timeout(10.0):
        while gone() is not None:
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert gc.get_freeze_count() == 0


def test_a_function_the_library_lacks_is_none() -> None:
    assert libc("no_such_function") is None
    assert libc("getpid") is not None
