"""F28: the machine's own fault codes, in words; a status such as 'defrosting' is no fault."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """One finding for each fault shown, with the vendor's text, or 'unknown code n' without."""
    shown = view.sample.faults
    if not shown:
        return NOTHING
    return tuple(
        Finding(
            {"raw": fault.raw, "code": fault.code, "en": fault.en, "zh": fault.zh},
            key=str(fault.raw),
            code=fault.code,
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
