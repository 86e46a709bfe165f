"""At most three dispatch alarms (S1 and S2) stand open on a gateway at a time. Pure.

An S1 always has a place, were it the tenth. An S2 that finds none waits, suppressed by design and
told as such, and takes the next place that falls free. Who is asked to come for three things
already does not come sooner for a fourth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from agent.model import Alarm, Severity

MOST_OPEN = 3
WAITS = "dispatch_limit"
"""Why an alarm is suppressed that waits for a place."""


def moves(alarms: Iterable[Alarm], placed: Collection[str]) -> Iterator[tuple[Alarm, bool]]:
    """The alarms that lose or take a place now; True takes one. `placed`: ids that had one.

    What has become an advice waits for none any more.
    """
    everyone = tuple(alarms)
    for alarm in everyone:
        if alarm.suppressed_by == WAITS and alarm.severity is Severity.S3:
            yield alarm, True
    asking = sorted((one for one in everyone if _asks(one)), key=lambda one: _order(one, placed))
    for number, alarm in enumerate(asking):
        has = alarm.suppressed_by != WAITS
        gets = number < MOST_OPEN or alarm.severity is Severity.S1
        if has != gets:
            yield alarm, gets


def taken(alarms: Iterable[Alarm]) -> frozenset[str]:
    """The ids of those that have a place."""
    return frozenset(one.id for one in alarms if _asks(one) and one.suppressed_by != WAITS)


def _asks(alarm: Alarm) -> bool:
    """What returned asks nobody to come, nor does what is hidden for another reason."""
    hidden = alarm.out_of_service or alarm.shelved_until is not None
    explained = alarm.suppressed_by not in ("", WAITS)
    return alarm.active and alarm.severity is not Severity.S3 and not hidden and not explained


def _order(alarm: Alarm, placed: Collection[str]) -> tuple[bool, bool, datetime, str]:
    """S1 first, then who has a place, then who is older."""
    return (alarm.severity is not Severity.S1, alarm.id not in placed, alarm.opened_at, alarm.id)
