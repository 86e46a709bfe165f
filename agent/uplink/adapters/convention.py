"""What every convention speaks: what is kept comes in, messages and wishes go out. Pure.

A convention is told what the durable buffer was given. It never says what may be forgotten there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from agent.model import Alarm, AlarmState, Change, Life, PointId, Result, Value
from agent.records import Telemetry
from agent.report import rebuilt
from agent.uplink.adapters.kept import Kept

SILENT_RULE = "communication_lost"
"""The alarm that says that a machine does not answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish."""

    topic: str
    payload: bytes
    qos: Literal[0, 1] = 1
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody outside wants a point to have a value; `reference` is the convention's own."""

    device: str
    point: PointId
    value: Value
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """End this connection, and begin another after the usual pause."""

    why: str


@dataclass(frozen=True, slots=True)
class Opening:
    """How to connect: will, what to subscribe to, and whether the session begins clean.

    `plain` asks for MQTT 3.1.1.
    """

    client_id: str
    will: Message
    subscriptions: tuple[str, ...]
    clean: bool = False
    plain: bool = False


class Picture:
    """The newest of every machine, as the kept records told it."""

    def __init__(self, alarms: Iterable[Alarm] = ()) -> None:
        self.at: dict[str, datetime] = {}
        self._told: dict[str, Telemetry] = {}
        self._alarms = {one.id: one for one in alarms if one.state is AlarmState.RAISED}
        self._heard: set[str] = set()

    def see(self, kept: Kept) -> None:
        """Take in one record."""
        match kept.record:
            case Telemetry(device=device):
                self._told[device] = rebuilt(self._told.get(device), kept.record)
                self.at[device] = kept.at
                self._heard.add(device)
            case Alarm(id=name, state=AlarmState.CLEARED):
                self._alarms.pop(name, None)
            case Alarm(id=name, device=device):
                self._alarms[name] = kept.record
                if kept.record.change in (Change.RAISED, Change.AGAIN):
                    self._heard.discard(device)

    def values(self, device: str) -> Mapping[PointId, Value]:
        """The points of a machine that have a value now."""
        told = self._told.get(device)
        return {} if told is None else told.values

    def alarms(self, device: str) -> tuple[Alarm, ...]:
        """The alarms of a machine that stand now, without what is shelved or suppressed."""
        return tuple(one for one in self._of(device) if one.annunciated)

    def silent(self, device: str) -> bool:
        """Whether the machine is known not to answer.

        Of a shelved alarm not every return is told; there a reading since then tells it.
        """
        return any(
            one.rule == SILENT_RULE and not (one.life is Life.SHELVED and device in self._heard)
            for one in self._of(device)
        )

    def _of(self, device: str) -> list[Alarm]:
        return [alarm for alarm in self._alarms.values() if alarm.device == device]


class Convention(Protocol):
    """One way of telling others. `history` when it can tell of the past, `ready` when it may."""

    name: str
    role: Literal["platform", "resident"]
    history: bool

    @property
    def ready(self) -> bool: ...

    def opening(self, number: int, now: datetime) -> Opening:
        """How to connect for the `number`-th time, counted from 0 over restarts."""
        ...

    def opened(self, now: datetime) -> Iterable[Message]:
        """What to publish first."""
        ...

    def kept(self, kept: Kept, now: datetime) -> Iterable[Message]:
        """A record was kept a moment ago."""
        ...

    def past(self, kept: Sequence[Kept], now: datetime) -> Iterable[Message]:
        """Records of the telemetry lane that could not be told in their time, ascending."""
        ...

    def received(
        self, topic: str, payload: bytes, now: datetime
    ) -> Iterable[Message | Wish | Leave]:
        """Somebody published; raises ValueError for what cannot be understood."""
        ...

    def ended(self, wish: Wish, result: Result, now: datetime) -> Iterable[Message]:
        """A wish has its result."""
        ...

    def closing(self, now: datetime) -> Iterable[Message]:
        """What to publish before the connection is ended on purpose."""
        ...


def ms(at: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return round(at.timestamp() * 1000)
