"""What only the collector finds goes in time, and the process is as before afterwards."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from agent import garbage
from agent.libc import libc

BUFFERS = """
import ctypes, sys
from pathlib import Path
from agent.garbage import one_heap

def in_heap(bytes_):
    found = library.malloc(bytes_)
    heap = next(row for row in Path("/proc/self/maps").read_text().splitlines() if "[heap]" in row)
    first, last = (int(one, 16) for one in heap.split()[0].split("-"))
    library.free(ctypes.c_void_p(found))
    return first <= found < last

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
if sys.argv[1] == "frugal":
    one_heap()
print([in_heap(300_000) for _ in range(2)])
"""


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


@pytest.mark.skipif(libc("mallopt") is None, reason="glibc's own")
@pytest.mark.parametrize(("how", "second"), [("frugal", False), ("as it is", True)])
def test_a_large_buffer_goes_back_when_it_is_freed(how: str, second: bool) -> None:
    told = subprocess.run(
        [sys.executable, "-c", BUFFERS, how], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == str([False, second])


def test_a_function_the_library_lacks_is_none() -> None:
    assert libc("no_such_function") is None
    assert libc("getpid") is not None
