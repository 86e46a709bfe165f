"""F28: the machine's own fault codes, in words; a status such as 'defrosting' is no fault.

Machines try again after a trip and lock after some. One that helps itself is told, and sends
nobody; one that stands half an hour, or trips again and again for as long, does.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

STANDS_S, PAUSE_S = 1800.0, 1800.0


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """One finding for each fault shown, with the vendor's text, or 'unknown code n' without."""
    shown, now = view.sample.faults, view.now
    if not shown:
        return NOTHING
    if any(fault.sends for fault in shown):
        if now - memory.get("seen", -inf) > PAUSE_S:
            memory["since"] = now
        memory["seen"] = now
    stands = now - memory.get("since", now) >= STANDS_S
    return tuple(
        Finding(
            {"raw": fault.raw, "code": fault.code, "en": fault.en, "zh": fault.zh},
            key=str(fault.raw),
            code=fault.code,
            severity=Severity.S2 if stands and fault.sends else Severity.S3,
        )
        for fault in shown
    )


VENDOR_FAULT = Rule(
    name="vendor_fault",
    fault="F28",
    severity=Severity.S2,
    look=look,
    on=Event.SAMPLE,
    words=WORDS["F28"],
    raise_after_s=10.0,
    clear_after_s=60.0,
    kinds=("heat_pump", "meter", "sensor"),
)
