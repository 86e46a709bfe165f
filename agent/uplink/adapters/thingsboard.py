"""The gateway API of ThingsBoard: connect, telemetry, attributes, RPC. Pure.

Topics and forms: https://thingsboard.io/docs/reference/gateway-mqtt-api/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from agent.model import Alarm, AlarmState, Outcome, PointId, Result, Severity
from agent.records import Telemetry
from agent.uplink.adapters.cards import DeviceCard
from agent.uplink.adapters.convention import Leave, Message, Opening, Picture, Wish, ms
from agent.uplink.adapters.kept import Kept
from agent.uplink.adapters.settings import ThingsBoardSettings

API = "v1/gateway/"
_SEVERITIES = {Severity.S1: "CRITICAL", Severity.S2: "MAJOR", Severity.S3: "WARNING"}


class ThingsBoard:
    """Every machine is a device of the platform; what is kept is told with its own time."""

    name = "thingsboard"
    role: Literal["platform", "resident"] = "platform"
    history = True
    ready = True

    def __init__(
        self,
        settings: ThingsBoardSettings,
        devices: Sequence[DeviceCard],
        picture: Picture,
        version: str,
    ) -> None:
        self._settings, self._picture, self._version = settings, picture, version
        self._devices = {device.name: device for device in devices}

    def opening(self, number: int, now: datetime) -> Opening:
        """Nothing is retained there, and a lost link is seen by the platform itself."""
        lost = self._attributes(None, {"connected": False})
        topics = (API + "rpc",) if self._settings.writes else ()
        return Opening(f"{self._settings.gateway}-tb", lost, topics)

    def opened(self, now: datetime) -> Iterable[Message]:
        """Connect every machine and say what it is."""
        found = [self._attributes(None, {"connected": True, "version": self._version})]
        for card in self._devices.values():
            say = {"device": self._called(card.name), "type": card.driver}
            found.append(Message(API + "connect", _json(say)))
            about: dict[str, object] = {
                "brand": card.brand,
                "model": card.model,
                "driver": card.driver,
            }
            about |= {"units": {p.id: p.unit.value for p in card.points.values() if p.unit.value}}
            found.append(self._attributes(card.name, about | self._health(card.name)))
        return found

    def kept(self, kept: Kept, now: datetime) -> Iterable[Message]:
        """Telemetry with its own time; changes of alarms as telemetry, and what stands now."""
        match kept.record:
            case Telemetry(device=device) if device in self._devices and kept.trusted:
                return self.past((kept,), now)
            case Alarm(device=device) if device in self._devices:
                return tuple(self._alarm(kept.record, kept))
        return ()

    def _alarm(self, alarm: Alarm, kept: Kept) -> Iterator[Message]:
        said = f"{alarm.state.value} {alarm.severity.value} {alarm.text_en}"
        if kept.trusted:
            told: dict[str, object] = {"alarm": said, "alarm_record": _record(alarm)}
            yield self._telemetry({alarm.device: [(kept.at, told)]})
        yield self._attributes(alarm.device, self._health(alarm.device))

    def past(self, kept: Sequence[Kept], now: datetime) -> Iterable[Message]:
        """Everything with its own time: the same key and time twice is one value there."""
        rows: dict[str, list[tuple[datetime, Mapping[PointId, object]]]] = {}
        for one in kept:
            if isinstance(one.record, Telemetry) and one.record.values and one.trusted:
                rows.setdefault(one.record.device, []).append((one.at, one.record.values))
        known = {device: found for device, found in rows.items() if device in self._devices}
        return (self._telemetry(known),) if known else ()

    def received(
        self, topic: str, payload: bytes, now: datetime
    ) -> Iterable[Message | Wish | Leave]:
        """RPC `set` with params {"point": ..., "value": ...}; everything else is refused."""
        call = json.loads(payload)
        if not isinstance(call, dict) or not isinstance(data := call.get("data"), dict):
            raise ValueError("an RPC needs device and data")
        if "method" not in data:
            return ()  # our own answer, which comes back on the same topic
        called, number, params = str(call.get("device")), data.get("id"), data.get("params")
        reference = json.dumps([called, number])
        name = called.removeprefix(f"{self._settings.gateway}-")
        if not self._settings.writes:
            return (self._reply(reference, {"success": False, "why": "writes are off"}),)
        if data["method"] != "set" or not isinstance(params, dict):
            why = 'allowed: method "set" with params {"point": ..., "value": ...}'
            return (self._reply(reference, {"success": False, "why": why}),)
        point, value = params.get("point"), params.get("value")
        if not isinstance(point, str) or not isinstance(value, bool | int | float | str):
            why = "params need a point and a value"
            return (self._reply(reference, {"success": False, "why": why}),)
        card = self._devices[name].points.get(point) if name in self._devices else None
        fitted = card.value_of(value) if card is not None else None
        return (Wish(name, point, value if fitted is None else fitted, reference),)

    def ended(self, wish: Wish, result: Result, now: datetime) -> Iterable[Message]:
        """The answer to an RPC is the result of its command."""
        said: dict[str, object] = {"success": result.outcome is Outcome.VERIFIED}
        said |= {"outcome": result.outcome.value, "why": result.why, "value": result.read_back}
        return (self._reply(wish.reference, said),)

    def closing(self, now: datetime) -> Iterable[Message]:
        """Tell that we go."""
        gone = [
            Message(API + "disconnect", _json({"device": self._called(d)})) for d in self._devices
        ]
        return [self._attributes(None, {"connected": False}), *gone]

    # --- forms --------------------------------------------------------------------------------

    def _called(self, device: str) -> str:
        return f"{self._settings.gateway}-{device}"

    def _health(self, device: str) -> dict[str, object]:
        alarms = self._picture.alarms(device)
        texts = [f"{alarm.severity.value} {alarm.text_en}" for alarm in alarms]
        return {"answers": not self._picture.silent(device), "alarms": texts}

    def _telemetry(
        self, rows: Mapping[str, Sequence[tuple[datetime, Mapping[str, object]]]]
    ) -> Message:
        body = {
            self._called(device): [{"ts": ms(at), "values": dict(values)} for at, values in found]
            for device, found in rows.items()
        }
        return Message(API + "telemetry", _json(body))

    def _attributes(self, device: str | None, values: Mapping[str, object]) -> Message:
        if device is None:  # the gateway itself is a device, too
            return Message("v1/devices/me/attributes", _json(values))
        return Message(API + "attributes", _json({self._called(device): values}))

    def _reply(self, reference: str, data: Mapping[str, object]) -> Message:
        device, number = json.loads(reference)
        return Message(API + "rpc", _json({"device": device, "id": number, "data": data}))


def _record(alarm: Alarm) -> dict[str, object]:
    """The alarm in the words of the platform; a rule chain makes an alarm of it by `id`."""
    cleared, acked = alarm.state is AlarmState.CLEARED, alarm.acked_at is not None
    details = {
        "seq": alarm.seq,
        "life": alarm.life.value,
        "change": alarm.change.value,
        "count": alarm.count,
        "fault": alarm.fault,
        "suspects": [[one.fault, one.weight] for one in alarm.suspects],
        "code": alarm.code,
        "en": alarm.text_en,
        "zh": alarm.text_zh,
    }
    return {
        "id": alarm.id,
        "type": alarm.rule,
        "severity": _SEVERITIES[alarm.severity],
        "status": f"{'CLEARED' if cleared else 'ACTIVE'}_{'ACK' if acked else 'UNACK'}",
        "startTs": ms(alarm.opened_at),
        "ackTs": ms(alarm.acked_at) if alarm.acked_at else 0,
        "clearTs": ms(alarm.changed_at) if cleared and alarm.changed_at else 0,
        "details": details,
    }


def _json(thing: object) -> bytes:
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":")).encode()
