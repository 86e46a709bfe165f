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
