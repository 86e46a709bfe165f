"""An alarm and what happens to it, as the next record of it. Pure functions, no time of their own.

Every record says its change and the cause of it; `life` and `state` follow from the facts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf

from agent.faults.condition import Condition
from agent.faults.rights import GATEWAY, audience_of, releases
from agent.model import Alarm, AlarmState, Change, Life, Severity, Stamp

DAY_S = 86_400.0
UNLATCHED = frozenset({"communication_lost"})
"""An S1 of these rules does not latch: an answer is all that was asked for, and it came."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What hides an alarm from the moment it comes; all empty for nothing."""

    suppressed_by: str = ""
    out_of_service: bool = False
    shelved_until: datetime | None = None


SEEN = Hidden()
COMES_AND_GOES = "comes and goes too often"


def raised(condition: Condition, stamp: Stamp, serial: int, hidden: Hidden = SEEN) -> Alarm:
    """The first record of an alarm; `serial` keeps ids apart while the clock is not believed."""
    name = ":".join(part for part in condition.identity if part)
    apart = "" if stamp.trusted else f"~{serial}"
    alarm = Alarm(
        f"{name}:{stamp.at:%Y%m%dT%H%M%SZ}{apart}",
        condition.rule,
        condition.device,
        AlarmState.RAISED,
        condition.severity,
        condition.en,
        condition.zh,
        stamp.at,
        condition.key,
        seq=0,
        clock_ok=stamp.trusted,
    )
    return told(_hidden(judged(alarm, condition), hidden), Change.RAISED, stamp)


def told(alarm: Alarm, change: Change, stamp: Stamp, cause: str = "") -> Alarm:
    """The alarm as its next record: numbered, dated, with what follows from its facts."""
    return _derived(
        replace(alarm, change=change, cause=cause, seq=alarm.seq + 1, changed_at=stamp.at)
    )


def amended(alarm: Alarm, by: str) -> Alarm:
    """A record that nobody was told yet, hidden by this instead; an empty name shows it."""
    record = replace(alarm, suppressed_by=by)
    if by and alarm.change is Change.RELEASED:
        record = replace(record, change=Change.SUPPRESSED, cause=by)
    return _derived(record)


def _derived(found: Alarm) -> Alarm:
    stands = found.cleared_at is None and (found.active or latches(found))
    return replace(
        found,
        state=AlarmState.RAISED if stands else AlarmState.CLEARED,
        life=life_of(found),
        audience=audience_of(found),
    )


def judged(alarm: Alarm, condition: Condition) -> Alarm:
    """The alarm with what its condition says now; severity and suppression are changes apart."""
    return replace(
        alarm,
        text_en=condition.en,
        text_zh=condition.zh,
        point=condition.point,
        code=condition.code,
        evidence=condition.evidence,
        fault=condition.fault,
        suspects=condition.suspects,
        gate=condition.gate,
        expected=condition.expected,
        resident_en=condition.resident_en,
        resident_zh=condition.resident_zh,
    )


def life_of(alarm: Alarm) -> Life:
    """Where an alarm is in its life; what hides it counts before what it is."""
    acked = alarm.acked_at is not None
    if alarm.cleared_at is not None:
        return Life.NORMAL
    if alarm.out_of_service:
        return Life.OUT_OF_SERVICE
    if alarm.shelved_until is not None:
        return Life.SHELVED
    if alarm.suppressed_by and alarm.active:
        return Life.SUPPRESSED
    if alarm.active:
        return Life.ACKNOWLEDGED if acked else Life.UNACKNOWLEDGED
    if latches(alarm):
        return Life.LATCHED_ACKNOWLEDGED if acked else Life.LATCHED
    return Life.RETURNED


def over(alarm: Alarm) -> bool:
    """Whether nothing is left to wait for: gone, seen by who may say so, and not shelved."""
    if alarm.active or alarm.shelved_until is not None or alarm.acked_at is None:
        return False
    return not latches(alarm) or releases(alarm.acked_by)


def latches(alarm: Alarm) -> bool:
    """Whether it waits, gone or not, for an installer or the vendor to look at what happened."""
    return alarm.severity is Severity.S1 and alarm.rule not in UNLATCHED


def good_for_s(alarm: Alarm) -> float | None:
    """So long a returned alarm stays before it ends by itself; None when it never does."""
    if latches(alarm):
        return None
    return 7 * DAY_S if alarm.severity is Severity.S3 else DAY_S


def returned(alarm: Alarm, stamp: Stamp) -> Alarm:
    """The condition is gone: the end where that was all, else a wait for somebody or for time."""
    gone = replace(alarm, active=False, returned_at=stamp.at, suppressed_by="")
    if over(gone):
        return ended(gone, stamp, "returned after it was acknowledged")
    good_s = good_for_s(alarm)
    ends_at = stamp.at + timedelta(seconds=good_s) if good_s is not None else None
    return told(replace(gone, ends_at=ends_at), Change.RETURNED, stamp)


def put_off(alarm: Alarm, left_s: float, blind_s: float, stamp: Stamp) -> Alarm:
    """Nobody could look for so long: a returned alarm ends that much later, in `left_s`."""
    how_long = f"{blind_s / 3600.0:.1f} h" if blind_s < inf else "an unknown time"
    later = replace(alarm, ends_at=stamp.at + timedelta(seconds=left_s))
    cause = f"nobody could look at the device for {how_long}"
    return told(later, Change.PUT_OFF, stamp, cause)


def again(alarm: Alarm, condition: Condition, stamp: Stamp, hidden: Hidden = SEEN) -> Alarm:
    """The condition is back before the alarm ended: active, and to be acknowledged anew."""
    worse = min(alarm.severity, condition.severity)  # "S1" before "S2"
    kept = alarm if worse is alarm.severity else _unshelved(alarm)
    fresh = replace(
        judged(kept, condition),
        severity=worse,
        active=True,
        count=alarm.count + 1,
        ends_at=None,
        acked_at=None,
        acked_by="",
    )
    return told(_hidden(fresh, hidden), Change.AGAIN, stamp)


def graded(alarm: Alarm, condition: Condition, stamp: Stamp) -> Alarm:
    """Worse or milder; what becomes an S1 is to be acknowledged anew, and no shelf hides it."""
    fresh = replace(judged(alarm, condition), severity=condition.severity)
    if condition.severity is Severity.S1:
        fresh = replace(_unshelved(fresh), acked_at=None, acked_by="")
    return told(fresh, Change.SEVERITY, stamp, f"{alarm.severity} before")


def acknowledged(alarm: Alarm, by: str, stamp: Stamp) -> Alarm:
    """Somebody has seen it; that may be its end."""
    seen = replace(alarm, acked_at=stamp.at, acked_by=by)
    if over(seen):
        return ended(seen, stamp, f"acknowledged by {by}")
    return told(seen, Change.ACKNOWLEDGED, stamp, by)


def shelved(alarm: Alarm, by: str, why: str, until: datetime, stamp: Stamp) -> Alarm:
    """Out of everybody's sight for a while."""
    hidden = replace(alarm, shelved_until=until, shelved_by=by, shelved_why=why)
    return told(hidden, Change.SHELVED, stamp, f"{by}: {why}")


def unshelved(alarm: Alarm, stamp: Stamp, cause: str) -> Alarm:
    """Back in sight; the end where only the shelf kept it."""
    seen = _unshelved(alarm)
    return ended(seen, stamp, cause) if over(seen) else told(seen, Change.UNSHELVED, stamp, cause)


def served(alarm: Alarm, out: bool, stamp: Stamp, cause: str) -> Alarm:
    """Taken out of service, or back in."""
    change = Change.OUT_OF_SERVICE if out else Change.IN_SERVICE
    return told(replace(alarm, out_of_service=out), change, stamp, cause)


def suppressed(alarm: Alarm, by: str, stamp: Stamp) -> Alarm:
    """Explained by something else, which is named; an empty name releases it."""
    change = Change.SUPPRESSED if by else Change.RELEASED
    return told(replace(alarm, suppressed_by=by), change, stamp, by or alarm.suppressed_by)


def ended(alarm: Alarm, stamp: Stamp, cause: str) -> Alarm:
    """The last record of an alarm."""
    last = replace(_unshelved(alarm), active=False, cleared_at=stamp.at, suppressed_by="")
    return told(replace(last, out_of_service=False), Change.CLEARED, stamp, cause)


def _hidden(alarm: Alarm, by: Hidden) -> Alarm:
    fresh = replace(alarm, suppressed_by=by.suppressed_by, out_of_service=by.out_of_service)
    if by.shelved_until is None:
        return fresh
    until = by.shelved_until
    return replace(fresh, shelved_until=until, shelved_by=GATEWAY, shelved_why=COMES_AND_GOES)


def _unshelved(alarm: Alarm) -> Alarm:
    return replace(alarm, shelved_until=None, shelved_by="", shelved_why="")
