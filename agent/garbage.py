"""Keeps what reference counts cannot free small: a run of years must not wait for Python to look.

Python looks at old objects only after tens of thousands of new ones outlived their youth. A steady
gateway makes so few that this takes hours, and each lost connection and its errors wait that long.
"""

from __future__ import annotations

import asyncio
import gc

EVERY_S = 300.0


async def collect() -> None:
    """Every five minutes, until cancelled; what the start made is never looked at again.

    So a look takes about a millisecond, where all objects would stop polling for ten.
    """
    gc.collect()
    gc.freeze()
    try:
        while True:
            await asyncio.sleep(EVERY_S)
            gc.collect()
    finally:
        gc.unfreeze()
