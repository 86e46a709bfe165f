"""Keeps small what reference counts cannot free, and gives freed memory back to the system.

Python looks at old objects only when tens of thousands of new ones have outlived their youth. A
steady gateway makes so few that this takes hours, and until then lost connections and their errors
lie about. And what compiling the program needed stays with the process when nobody asks for it.
"""

from __future__ import annotations

import asyncio
import gc

from agent.libc import libc

EVERY_S = 60.0
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # glibc's malloc.h
_APART_BYTES = 128 * 1024


def one_heap() -> None:
    """One heap for all threads, large buffers apart from it: they go back when they are freed.

    Before the first thread. Else glibc puts large buffers into the heap once one was freed, and
    what was allocated above them keeps their room.
    """
    choose = libc("mallopt")
    if choose is not None:
        choose(_M_ARENA_MAX, 1)
        choose(_M_MMAP_THRESHOLD, _APART_BYTES)


async def collect() -> None:
    """At once and every minute, until cancelled.

    What the start made is never looked at again, so that a look takes half a millisecond, not ten.
    """
    gc.collect()
    gc.freeze()
    try:
        while True:
            _give_back()
            await asyncio.sleep(EVERY_S)
            gc.collect()
    finally:
        gc.unfreeze()


def _give_back() -> None:
    trim = libc("malloc_trim")
    if trim is not None:
        trim(0)
