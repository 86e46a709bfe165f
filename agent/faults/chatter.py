"""Alarms that come and go: how many changes of one are told within an hour. Pure."""

from __future__ import annotations

from agent.faults.condition import Condition
from agent.model import Alarm, Severity

MOST_AN_HOUR = 6
HOUR_S = 3600.0
RULE = "chattering"

Identity = tuple[str, str, str]


class Chatter:
    """Counts the comings and goings that were told of each condition in the last hour."""

    def __init__(self) -> None:
        self._told: dict[Identity, list[float]] = {}

    def note(self, identity: Identity, mono: float) -> int:
        """One more is told; how many there are now."""
        found = [*self._lately(identity, mono), mono]
        if identity not in self._told:
            for old in [one for one in self._told if not self._lately(one, mono)]:
                del self._told[old]
        self._told[identity] = found
        return len(found)

    def count(self, identity: Identity, mono: float) -> int:
        """How many were told in the last hour."""
        return len(self._lately(identity, mono))

    def forget(self, identity: Identity) -> None:
        """Somebody has looked at it: the count begins anew."""
        self._told.pop(identity, None)

    def _lately(self, identity: Identity, mono: float) -> list[float]:
        return [one for one in self._told.get(identity, ()) if mono - one < HOUR_S]


def chattering(alarm: Alarm) -> Condition:
    """The advice that an alarm comes and goes; it stands as long as that one is held."""
    what = ":".join(part for part in (alarm.rule, alarm.key) if part)
    held_en = "kept standing" if alarm.shelved_until is None else "shelved"
    held_zh = "保持显示" if alarm.shelved_until is None else "搁置"
    return Condition(
        RULE,
        alarm.device,
        Severity.S3,
        f"The alarm {what} comes and goes more than {MOST_AN_HOUR // 2} times an hour; it is "
        f"{held_en} for an hour. Look for a loose contact or a limit that is just reached.",
        f"告警{what}在一小时内反复出现，已{held_zh}一小时。请检查接线是否松动、数值是否在限值附近波动。",
        key=what,
        clear_after_s=0.0,
        fault=alarm.fault,
        evidence={"alarm": alarm.id, "count": alarm.count},
    )
