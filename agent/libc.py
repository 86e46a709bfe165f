"""Functions of the C library that Python does not offer."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


@cache
def libc(name: str) -> Callable[..., int] | None:
    """The function of this name; None where this system's library has none.

    Each is looked up once: a look-up leaves a class of 3.5 KB behind as garbage.
    """
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return None
    return found
