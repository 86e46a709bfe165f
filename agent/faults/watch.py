"""The clocks of one condition: since when it is seen or gone, and what else will happen when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from math import inf

from agent.faults import transitions
from agent.faults.condition import Condition
from agent.faults.rights import GATEWAY, LONGEST_S, releases
from agent.faults.transitions import DAY_S, good_for_s, latches
from agent.model import Alarm, Severity, Stamp

CLEAR_AFTER_S = 60.0  # of a condition not seen since the start
EASE_AFTER_S = 3600.0
"""So long a milder severity must last before an alarm becomes milder; worse it becomes at once."""


@dataclass(slots=True)
class Watch:
    """One condition and its alarm. Instants are monotonic seconds; None where no clock runs.

    `held_until`: until then the alarm stays as it is, for it came and went too often. `wake` is
    when to look again at what was put off.
    """

    condition: Condition | None = None
    alarm: Alarm | None = None
    seen_since: float | None = None
    gone_since: float | None = None
    milder_since: float | None = None
    ends: float | None = None
    shelf_ends: float | None = None
    held_until: float | None = None
    wake: float | None = None
    diagnosed: float = -inf

    @property
    def clear_after_s(self) -> float:
        return self.condition.clear_after_s if self.condition is not None else CLEAR_AFTER_S

    def put(self, alarm: Alarm) -> Alarm:
        """The newest record of its alarm, which is handed back; the last one leaves nothing."""
        self.alarm = alarm if alarm.cleared_at is None else None
        if self.alarm is None:
            self.ends = self.shelf_ends = self.held_until = self.gone_since = None
        return alarm

    def explained_by(self, faults: Collection[str]) -> bool:
        """Whether one of these standing faults hides the alarm: gone or not, nobody can say."""
        hidden_by = self.alarm.suppressed_by if self.alarm is not None else ""
        return hidden_by != "" and hidden_by in faults

    def pause(self) -> None:
        """No clock of seeing runs while nobody can look."""
        self.seen_since = self.gone_since = self.milder_since = None

    def put_off(self, since: float, stamp: Stamp) -> Alarm | None:
        """Nobody could look since then: a wait for good days is longer, which is told."""
        alarm = self.alarm
        if alarm is None or alarm.ends_at is None:
            return None
        if self.ends is not None and self.ends <= since:
            return None  # it has waited; only a shelf keeps it
        longest = stamp.mono + (good_for_s(alarm) or DAY_S)
        ends = longest if self.ends is None else min(self.ends + stamp.mono - since, longest)
        self.ends = ends
        return self.put(transitions.put_off(alarm, ends - stamp.mono, stamp.mono - since, stamp))

    def place(self, stamp: Stamp) -> None:
        """Ends of before a restart, on the scale of now; `stamp` must be believed."""
        if self.alarm is None:
            return
        if self.ends is None and self.alarm.ends_at is not None:
            self.ends = mono_of(self.alarm.ends_at, stamp, good_for_s(self.alarm) or DAY_S)
        if self.shelf_ends is None and self.alarm.shelved_until is not None:
            self.shelf_ends = mono_of(self.alarm.shelved_until, stamp, LONGEST_S)
            if self.alarm.shelved_by == GATEWAY:
                self.held_until = self.shelf_ends

    def due(self) -> float:
        """The second at which something happens though nothing new is seen."""
        alarm, condition = self.alarm, self.condition
        times = [self.shelf_ends, self.held_until, self.wake]
        if self.shelf_ends is None:
            times.append(self.ends)
        waits = alarm is None or not alarm.active
        if waits and self.seen_since is not None and condition is not None:
            times.append(self.seen_since + condition.raise_after_s)
        if self.gone_since is not None and alarm is not None and alarm.active:
            times.append(self.gone_since + self.clear_after_s)
        if self.milder_since is not None:
            times.append(self.milder_since + EASE_AFTER_S)
        return min((one for one in times if one is not None), default=inf)

    def lasting(self, severity: Severity, mono: float) -> bool:
        """Whether the alarm shall take this severity over now; a latching S1 waits to be seen."""
        alarm = self.alarm
        assert alarm is not None
        if severity <= alarm.severity:  # "S1" before "S2"
            self.milder_since = None
            return severity < alarm.severity
        if latches(alarm) and not releases(alarm.acked_by):
            return False
        if self.milder_since is None:
            self.milder_since = mono
        return mono - self.milder_since >= EASE_AFTER_S


def mono_of(at: datetime, stamp: Stamp, longest_s: float) -> float:
    """The second of an instant that lies in time; a clock that was wrong moves it, not for ever."""
    left_s = (at - stamp.at).total_seconds()
    return stamp.mono + min(max(left_s, 0.0), longest_s)
