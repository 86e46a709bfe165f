"""From conditions to alarms: raise delay, clear delay, one open alarm for each identity. Pure.

The part of the ISA-18.2 life cycle that exists now is normal -> active -> normal; acknowledging,
shelving and latching find their place here. The state survives restarts through `dump` and `load`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from agent.faults.condition import Condition
from agent.model import Alarm, AlarmState, Stamp

Identity = tuple[str, str, str]


@dataclass(slots=True)
class _Watch:
    """One condition's clock: since when it is seen, or since when it is gone."""

    seen_since: float | None = None
    gone_since: float | None = None
    open: Alarm | None = None
    clear_after_s: float = 60.0


class LifeCycle:
    """Turns the conditions of each judgement into alarms raised and cleared."""

    def __init__(self, restored: Iterable[Alarm] = ()) -> None:
        self._watches: dict[Identity, _Watch] = {}
        for alarm in restored:
            identity = (alarm.device, alarm.rule, alarm.key)
            self._watches[identity] = _Watch(open=alarm)

    @property
    def open(self) -> tuple[Alarm, ...]:
        """The alarms that stand."""
        return tuple(watch.open for watch in self._watches.values() if watch.open)

    def step(
        self, device: str, conditions: Iterable[Condition], stamp: Stamp, masked: bool = False
    ) -> tuple[Alarm, ...]:
        """Alarms raised and cleared now for one device.

        `masked`: the device cannot be judged; what stands stays, only what is listed may change.
        """
        current = {condition.identity: condition for condition in conditions}
        changes: list[Alarm] = []
        for identity, condition in current.items():
            raised = self._seen(identity, condition, stamp)
            if raised is not None:
                changes.append(raised)
        for identity in [i for i in self._watches if i[0] == device and i not in current]:
            if masked:  # no clock runs while nobody can look
                self._watches[identity].seen_since = self._watches[identity].gone_since = None
                continue
            cleared = self._gone(identity, stamp)
            if cleared is not None:
                changes.append(cleared)
        return tuple(changes)

    def _seen(self, identity: Identity, condition: Condition, stamp: Stamp) -> Alarm | None:
        watch = self._watches.setdefault(identity, _Watch())
        watch.gone_since, watch.clear_after_s = None, condition.clear_after_s
        if watch.open is not None:
            return None
        if watch.seen_since is None:
            watch.seen_since = stamp.mono
        if stamp.mono - watch.seen_since < condition.raise_after_s:
            return None
        watch.open = _raised(condition, stamp.at)
        return watch.open

    def _gone(self, identity: Identity, stamp: Stamp) -> Alarm | None:
        watch = self._watches[identity]
        watch.seen_since = None
        if watch.open is None:
            del self._watches[identity]
            return None
        if watch.gone_since is None:
            watch.gone_since = stamp.mono
        if stamp.mono - watch.gone_since < watch.clear_after_s:
            return None
        del self._watches[identity]
        return replace(watch.open, state=AlarmState.CLEARED)


def _raised(condition: Condition, at: datetime) -> Alarm:
    name = ":".join(part for part in condition.identity if part)
    return Alarm(
        id=f"{name}:{at:%Y%m%dT%H%M%SZ}",
        rule=condition.rule,
        device=condition.device,
        state=AlarmState.RAISED,
        severity=condition.severity,
        text_en=condition.en,
        text_zh=condition.zh,
        opened_at=at,
        key=condition.key,
        point=condition.point,
        code=condition.code,
        evidence=condition.evidence,
    )
