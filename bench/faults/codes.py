"""What the codes of the simulated unit mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agent.model import VendorFault

DEVICE = "hp"


def vendor(
    codes: Iterable[tuple[str, int]], status: Iterable[int]
) -> Callable[[int], tuple[VendorFault, ...]]:
    """What a code means: a fault of the vendor's table, or a status, which is none."""
    names, quiet = {number: name for name, number in codes}, frozenset(status)

    def faults(code: int) -> tuple[VendorFault, ...]:
        if code in quiet:
            return ()
        name = names.get(code, f"code {code}")
        return (VendorFault(str(code), name, name, code, code in names),)

    return faults
