"""Alarms that come and go: how many changes of one are told within an hour. Pure.

Ten sensors that fail at once are no chatter, ten of one cable that fail in turn are: what comes
back is counted for each condition, and for each rule of a device whatever its keys. What is new
within the hour is always told.
"""

from __future__ import annotations

from agent.faults.condition import Condition
from agent.model import Alarm, Severity

MOST_AN_HOUR = 6
BACK_AN_HOUR = MOST_AN_HOUR // 2
"""So often conditions of one rule of a device are told to be back."""
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

    def full(self, identity: Identity, mono: float) -> bool:
        """Whether one more coming of this condition were one too many."""
        own = self.count(identity, mono)
        back = self.count(_of_rule(identity), mono)
        return own >= MOST_AN_HOUR - 1 or (own > 0 and back >= BACK_AN_HOUR)

    def come(self, identity: Identity, mono: float) -> bool:
        """A coming is told; whether the next were one too many."""
        known = identity[1] != RULE and self.count(identity, mono) > 0
        own = self.note(identity, mono)
        back = self.note(_of_rule(identity), mono) if known else 0
        return own >= MOST_AN_HOUR - 1 or back >= BACK_AN_HOUR

    def forget(self, identity: Identity) -> None:
        """Somebody has looked at it: the count begins anew."""
        self._told.pop(identity, None)
        self._told.pop(_of_rule(identity), None)

    def _lately(self, identity: Identity, mono: float) -> list[float]:
        return [one for one in self._told.get(identity, ()) if mono - one < HOUR_S]


def _of_rule(identity: Identity) -> Identity:
    device, rule, _ = identity
    return (device, f"{rule} back", "")


def chattering(alarm: Alarm) -> Condition:
    """The advice that alarms of a rule come and go; it stands as long as one of them is held."""
    what = ":".join(part for part in (alarm.rule, alarm.key) if part)
    held_en = "kept standing" if alarm.shelved_until is None else "shelved"
    held_zh = "保持显示" if alarm.shelved_until is None else "搁置"
    others_en = ", or others of its rule with it," if alarm.key else ""
    others_zh = "（或同一规则的其他告警）" if alarm.key else ""
    return Condition(
        RULE,
        alarm.device,
        Severity.S3,
        f"The alarm {what}{others_en} comes and goes more than {BACK_AN_HOUR} times an hour; it is "
        f"{held_en} for an hour. Look for a loose contact or a limit that is just reached.",
        f"告警{what}{others_zh}在一小时内反复出现，已{held_zh}一小时。"
        "请检查接线是否松动、数值是否在限值附近波动。",
        key=alarm.rule,
        clear_after_s=0.0,
        fault=alarm.fault,
        evidence={"alarm": alarm.id, "count": alarm.count},
    )
