"""The machine's own fault codes, in words; a status such as 'defrosting' is no fault."""

from __future__ import annotations

from collections.abc import Iterator

from agent.faults.condition import Condition, View
from agent.model import Severity

RAISE_AFTER_S = 10.0
CLEAR_AFTER_S = 60.0


def vendor_fault(view: View) -> Iterator[Condition]:
    """One condition for each fault shown, with the vendor's text, or 'unknown code n' without."""
    if view.silent_s > 0:
        return
    for fault in view.machine.vendor_faults(view.snapshot):
        yield Condition(
            rule="vendor_fault",
            device=view.machine.name,
            severity=Severity.S2,
            en=fault.en,
            zh=fault.zh,
            key=str(fault.raw),
            code=fault.code,
            raise_after_s=RAISE_AFTER_S,
            clear_after_s=CLEAR_AFTER_S,
            evidence={"raw": fault.raw},
        )
