"""A Sparkplug B 3.0 edge node: births, data on change, deaths, rebirth, history. Pure.

Rules are cited by the ids of the text's assertions (`tck-id-...`); the table of all of them is
`docs/reference/sparkplug.md`. Metrics have names and no aliases.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal

from agent.model import Alarm, AlarmState, PointId, Result, Value
from agent.records import Telemetry
from agent.uplink.adapters.cards import DeviceCard, Kind, PointCard
from agent.uplink.adapters.convention import (
    SILENT_RULE,
    Leave,
    Message,
    Opening,
    Picture,
    Wish,
)
from agent.uplink.adapters.kept import Kept
from agent.uplink.adapters.payload import Datatype, Metric, decode, encode
from agent.uplink.adapters.settings import SparkplugSettings

REBIRTH = "Node Control/Rebirth"
BDSEQ = "bdSeq"
ALARMS = "alarms_open"
_TYPES = {
    Kind.NUMBER: Datatype.DOUBLE,
    Kind.TRUTH: Datatype.BOOLEAN,
    Kind.WORD: Datatype.STRING,
}


class Sparkplug:
    """One edge node with a device for every machine. Not `ready` while its host is not online."""

    name = "sparkplug"
    role: Literal["platform", "resident"] = "platform"
    history = True

    def __init__(
        self,
        settings: SparkplugSettings,
        devices: Sequence[DeviceCard],
        picture: Picture,
        version: str,
    ) -> None:
        self._settings, self._picture, self._version = settings, picture, version
        self._devices = {device.name: device for device in devices}
        self._bdseq = self._seq = 0
        self._born = False
        self._host_at = -1
        self._alive: set[str] = set()
        self._sent: dict[str, dict[PointId, Value | None]] = {}

    @property
    def ready(self) -> bool:
        return self._born

    # --- the session --------------------------------------------------------------------------

    def opening(self, number: int, now: datetime) -> Opening:
        """Clean, with NDEATH as will; 3.1.1, where the farewell needs no reason code."""
        self._born, self._alive = False, set()
        self._bdseq = number % 256
        topics = [self._topic("NCMD")]
        if self._settings.writes:
            topics += [self._topic("DCMD", device) for device in self._devices]
        if self._settings.host is not None:
            topics.append(self._state_topic)
        client_id = f"{self._settings.group}-{self._settings.node}-spb"
        return Opening(client_id, self._death(), tuple(topics), clean=True, plain=True)

    def opened(self, now: datetime) -> Iterable[Message]:
        """The births, unless a host must be waited for."""
        return () if self._settings.host is not None else tuple(self._births(now))

    def closing(self, now: datetime) -> Iterable[Message]:
        """NDEATH goes out by hand: MQTT 3.1.1 drops the will at a DISCONNECT."""
        self._born = False
        death = self._death()
        return (Message(death.topic, death.payload, 1),)

    def _death(self) -> Message:
        metric = Metric(BDSEQ, Datatype.INT64, self._bdseq)
        return Message(self._topic("NDEATH"), encode([metric], None, None), 1)

    # --- births and deaths --------------------------------------------------------------------

    def _births(self, now: datetime) -> Iterator[Message]:
        """NBIRTH, then DBIRTH of every machine that answers, with all they will ever send."""
        self._seq, self._born, self._alive = 0, True, set()
        metrics = [
            Metric(BDSEQ, Datatype.INT64, self._bdseq, now),
            Metric(REBIRTH, Datatype.BOOLEAN, False, now),
            Metric("Properties/Software Version", Datatype.STRING, self._version, now),
        ]
        yield Message(self._topic("NBIRTH"), encode(metrics, now, 0), 0)
        for name in self._devices:
            if not self._picture.silent(name):
                yield self._device_birth(name, now)

    def _device_birth(self, name: str, now: datetime) -> Message:
        card, known = self._devices[name], self._picture.values(name)
        at = self._picture.at.get(name, now)
        self._alive.add(name)
        self._sent[name] = {point: known.get(point) for point in card.points}
        metrics = [
            Metric(point, _TYPES[card.points[point].kind], _fit(card.points[point], value), at)
            for point, value in self._sent[name].items()
        ]
        metrics.append(Metric(ALARMS, Datatype.INT64, len(self._picture.alarms(name)), now))
        metrics.append(Metric("Properties/Brand", Datatype.STRING, card.brand, now))
        metrics.append(Metric("Properties/Model", Datatype.STRING, card.model, now))
        return self._data("DBIRTH", name, metrics, now)

    def _data(self, kind: str, device: str, metrics: Sequence[Metric], now: datetime) -> Message:
        self._seq = (self._seq + 1) % 256
        return Message(self._topic(kind, device), encode(metrics, now, self._seq), 0)

    # --- data ---------------------------------------------------------------------------------

    def kept(self, kept: Kept, now: datetime) -> Iterable[Message]:
        """Data on change."""
        match kept.record:
            case Telemetry(device=device) if device in self._devices:
                return tuple(self._telemetry(kept, kept.record, now))
            case Alarm(device=device) if device in self._devices:
                return tuple(self._alarm(kept.record, now))
        return ()

    def _telemetry(self, kept: Kept, record: Telemetry, now: datetime) -> Iterator[Message]:
        name = record.device
        if not kept.trusted:
            return  # its time is not known; the durable lane tells it once it is
        if name not in self._alive:
            if not self._picture.silent(name):
                yield self._device_birth(name, now)
            return
        changed = self._changed(name, self._sent[name], record)
        metrics = [self._metric(name, point, changed[point], kept.at) for point in changed]
        if metrics:
            yield self._data("DDATA", name, metrics, now)

    def _changed(
        self, name: str, sent: dict[PointId, Value | None], record: Telemetry
    ) -> dict[PointId, Value | None]:
        """What differs from what was sent; `sent` is brought up to date."""
        named = {*record.values, *record.missing}
        found = {p: record.values.get(p) for p in self._devices[name].points if p in named}
        changed = {p: v for p, v in found.items() if p not in sent or v != sent[p]}
        sent.update(changed)
        return changed

    def _metric(
        self,
        device: str,
        point: PointId,
        value: Value | None,
        at: datetime,
        historical: bool = False,
    ) -> Metric:
        card = self._devices[device].points[point]
        return Metric(point, _TYPES[card.kind], _fit(card, value), at, historical, typed=False)

    def _alarm(self, alarm: Alarm, now: datetime) -> Iterator[Message]:
        """A machine that does not answer dies and is born again; every alarm changes the count."""
        name = alarm.device
        if alarm.rule == SILENT_RULE and alarm.state is AlarmState.RAISED:
            if name in self._alive:
                self._alive.discard(name)
                yield self._data("DDEATH", name, (), now)
        elif name not in self._alive:
            if not self._picture.silent(name):
                yield self._device_birth(name, now)
        else:
            count = len(self._picture.alarms(name))
            yield self._data("DDATA", name, [Metric(ALARMS, 4, count, now, typed=False)], now)

    def past(self, kept: Sequence[Kept], now: datetime) -> Iterable[Message]:
        """One message for each machine, every metric flagged as historical, only what changed."""
        return tuple(self._history(kept, now))

    def _history(self, kept: Sequence[Kept], now: datetime) -> Iterator[Message]:
        for name in self._devices:
            sent: dict[PointId, Value | None] = {}
            metrics: list[Metric] = []
            for one in kept:
                record = one.record
                if not isinstance(record, Telemetry) or record.device != name or not one.trusted:
                    continue
                changed = self._changed(name, sent, record)
                metrics += [
                    self._metric(name, point, value, one.at, historical=True)
                    for point, value in changed.items()
                    if value is not None
                ]
            if metrics and name in self._alive:
                yield self._data("DDATA", name, metrics, now)

    # --- what comes in ------------------------------------------------------------------------

    def received(
        self, topic: str, payload: bytes, now: datetime
    ) -> Iterable[Message | Wish | Leave]:
        """Commands to the node and its devices, and the state of the host."""
        if topic == self._state_topic:
            return tuple(self._host(payload, now))
        found = decode(payload)
        if topic == self._topic("NCMD"):
            asked = any(m.name == REBIRTH and m.value is True for m in found.metrics)
            return tuple(self._births(now)) if asked and self._born else ()
        device = topic.rpartition("/")[2]
        if not self._settings.writes or topic != self._topic("DCMD", device):
            return ()
        return tuple(self._wish(device, metric) for metric in found.metrics)

    def _wish(self, device: str, metric: Metric) -> Wish:
        """The value as its point has it; the command road refuses what does not fit."""
        card = self._devices[device].points.get(metric.name) if device in self._devices else None
        value = metric.value
        if value is None:
            raise ValueError(f"{device} {metric.name}: a command without a value")
        fitted = card.value_of(value) if card is not None else None
        return Wish(device, metric.name, value if fitted is None else fitted)

    def _host(self, payload: bytes, now: datetime) -> Iterator[Message | Wish | Leave]:
        """Births wait for the host; when it goes, so do we. An older message changes nothing."""
        state = json.loads(payload)
        if not isinstance(state, dict) or not isinstance(state.get("timestamp"), int):
            raise ValueError("a host's state needs online and timestamp")
        if state["timestamp"] < self._host_at:
            return
        self._host_at = state["timestamp"]
        if state.get("online") is True and not self._born:
            yield from self._births(now)
        elif state.get("online") is False and self._born:
            yield Leave(f"the primary host {self._settings.host} is offline")

    def ended(self, wish: Wish, result: Result, now: datetime) -> Iterable[Message]:
        """Nothing: the written value comes with the next data."""
        return ()

    # --- names --------------------------------------------------------------------------------

    def _topic(self, kind: str, device: str | None = None) -> str:
        given = self._settings
        topic = f"spBv1.0/{given.group}/{kind}/{given.node}"
        return topic if device is None else f"{topic}/{device}"

    @property
    def _state_topic(self) -> str:
        return f"spBv1.0/STATE/{self._settings.host}"


def _fit(card: PointCard, value: Value | None) -> Value | None:
    """The value as the type of its point says; None where the map changed since it was read."""
    match card.kind:
        case Kind.TRUTH:
            return value if isinstance(value, bool) else None
        case Kind.WORD:
            return None if value is None else str(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
