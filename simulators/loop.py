"""An event loop that skips its waits: minutes of line time pass in seconds of computing.

Whenever nothing is ready and the next timer is due later, the loop's clock jumps there. What the
program computes in between still counts, so its own slowness is part of the minutes.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Skipping(selectors.DefaultSelector):
    """A selector that never waits for a timer; what it did not wait is `skipped_s`."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.skipped_s += timeout
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    """The loop; `time()` is monotonic and runs ahead of the clock on the wall."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Seconds, waits included."""
        return super().time() + self._skipping.skipped_s


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run this to its end on a loop that skips its waits."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(work)
