"""How far a piece of work is, said from whatever process does it."""

from __future__ import annotations

from collections.abc import Callable


def _nobody(months: float) -> None:
    """Nobody listens."""


_say: Callable[[float], None] = _nobody


def tell(say: Callable[[float], None]) -> None:
    """From now on this process says to `say` what it has done."""
    global _say  # noqa: PLW0603 - a worker of a pool is told once, at its start
    _say = say


def done(months: float) -> None:
    """So many device-months were seen since this was last called."""
    _say(months)
