"""What a rule is: a declaration and one pure function, in a small file of its own.

The function is called when something happens the rule listens to, and answers with what is wrong;
the answer stands until it is called again. Between two calls it may remember numbers in its
memory, which outlives a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING

from agent.faults.diagnosis import Signature
from agent.model import DeviceKind, Expected, PointId, Severity, Suspect, Value

if TYPE_CHECKING:
    from agent.faults.view import View


class Event(IntFlag):
    """What a rule may listen to.

    `SAMPLE` every poll that was answered, `SILENT` every one that was not, `MINUTE` the first
    sample of each minute, `FIVE` of some five minutes, `WINDOW` ten minutes of steady heating (gate
    G1), `CLEAN` the coil in the minutes after it was bare of frost (G2), `REST` ten minutes of
    standing still with the pump on (G3), `DEFROST` the end of one, `START` and `STOP` of the
    compressor, `DAY` every 24 h.
    """

    SAMPLE = 1
    SILENT = 2
    MINUTE = 4
    WINDOW = 8
    CLEAN = 16
    REST = 32
    DEFROST = 64
    START = 128
    STOP = 256
    DAY = 512
    FIVE = 1024


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of a fault. Braces name evidence: `{water_flow:.1f}`.

    `en` and `zh` are exact, for a technician; the resident's say what to do now.
    """

    en: str
    zh: str
    resident_en: str = ""
    resident_zh: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has found wrong. What is None is as its declaration says."""

    evidence: Mapping[str, Value | None] = field(default_factory=dict)
    expected: Mapping[str, Expected] = field(default_factory=dict)
    key: str = ""
    point: PointId | None = None
    code: str | None = None
    severity: Severity | None = None
    suspects: tuple[Suspect, ...] = ()
    words: Words | None = None
    raise_after_s: float | None = None
    clear_after_s: float | None = None


Memory = dict[str, float]
Look = Callable[["View", Memory], Iterable[Finding]]
NOTHING: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A declaration. `needs` are points without which the rule is off; a tuple among them asks for
    one of several. While one of the faults `masked_by` stands this
    rule is masked. `signatures` are how the fault shows in the machine's own history. One that is
    `against_past` compares with the first days: what was wrong then it may not find.
    """

    name: str
    fault: str
    severity: Severity
    look: Look
    on: Event
    words: Words
    needs: tuple[PointId | tuple[PointId, ...], ...] = ()
    gate: str = ""
    raise_after_s: float = 0.0
    clear_after_s: float = 60.0
    masked_by: tuple[str, ...] = ()
    kinds: tuple[DeviceKind, ...] = ("heat_pump",)
    needs_refrigerant: bool = False
    signatures: tuple[Signature, ...] = ()
    against_past: bool = False

    @property
    def of_verdict(self) -> bool:
        """Whether it only tells the verdict of own history, which is kept by itself."""
        return bool(self.signatures) or self.fault == "unknown"

    def lacks(self, has: Callable[[PointId], bool], refrigerant: bool) -> str | None:
        """Why the rule is off on a machine that has these points; None when it is on."""
        missing = [
            " or ".join(one) if isinstance(one, tuple) else one
            for one in self.needs
            if not (any(map(has, one)) if isinstance(one, tuple) else has(one))
        ]
        if self.needs_refrigerant and not refrigerant:
            missing.append("the refrigerant")
        return f"needs {', '.join(missing)}" if missing else None
