"""Discovery for Home Assistant: a household sees its pump, and sets it where that is allowed. Pure.

One retained message for each machine (device discovery, Home Assistant 2024.11 and later):
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from agent.model import Alarm, PointId, Result, Unit, Value
from agent.records import Telemetry
from agent.uplink.adapters.cards import DeviceCard, Kind, PointCard
from agent.uplink.adapters.convention import Leave, Message, Opening, Picture, Wish
from agent.uplink.adapters.kept import Kept
from agent.uplink.adapters.settings import HomeAssistantSettings

ROOT = "heatpump"
_UNITS: Mapping[Unit, tuple[str | None, str]] = {
    Unit.CELSIUS: ("temperature", "°C"),
    Unit.KELVIN: (None, "K"),
    Unit.HERTZ: ("frequency", "Hz"),
    Unit.AMPERE: ("current", "A"),
    Unit.VOLT: ("voltage", "V"),
    Unit.WATT: ("power", "W"),
    Unit.KILOWATT: ("power", "kW"),
    Unit.KILOWATT_HOUR: ("energy", "kWh"),
    Unit.BAR: ("pressure", "bar"),
    Unit.LITRE_PER_MINUTE: ("volume_flow_rate", "L/min"),
    Unit.RPM: (None, "rpm"),
    Unit.PERCENT: (None, "%"),
    Unit.HOUR: ("duration", "h"),
    Unit.MINUTE: ("duration", "min"),
    Unit.SECOND: ("duration", "s"),
}
_CLASSES = {
    "indoor_humidity": "humidity",
    "compressor_on": "running",
    "pump_on": "running",
    "alarm_active": "problem",
}


class HomeAssistant:
    """The newest values only: Home Assistant keeps its own history."""

    name = "home_assistant"
    role: Literal["platform", "resident"] = "resident"
    history = False
    ready = True

    def __init__(
        self,
        settings: HomeAssistantSettings,
        devices: Sequence[DeviceCard],
        picture: Picture,
        version: str,
    ) -> None:
        self._settings, self._picture, self._version = settings, picture, version
        self._devices = {device.name: device for device in devices}

    def opening(self, number: int, now: datetime) -> Opening:
        """The will says that the gateway is away: everything becomes unavailable."""
        topics = [f"{self._settings.prefix}/status"]
        if self._settings.writes:
            topics.append(f"{self._root}/+/set/+")
        will = Message(f"{self._root}/status", b"offline", retain=True)
        return Opening(f"{self._settings.gateway}-ha", will, tuple(topics), clean=True)

    def opened(self, now: datetime) -> Iterable[Message]:
        """Discovery of every machine, then what is known of it."""
        found = [Message(f"{self._root}/status", b"online", retain=True)]
        for card in self._devices.values():
            name = f"{self._settings.prefix}/device/{self._id(card.name)}/config"
            found.append(Message(name, _json(self._discovery(card)), retain=True))
            found += self._now(card.name)
        return found

    def kept(self, kept: Kept, now: datetime) -> Iterable[Message]:
        """The machine as it is now."""
        match kept.record:
            case Telemetry(device=device) | Alarm(device=device) if device in self._devices:
                return self._now(device)
        return ()

    def past(self, kept: Sequence[Kept], now: datetime) -> Iterable[Message]:
        """Nothing: there is no way to tell it."""
        return ()

    def received(
        self, topic: str, payload: bytes, now: datetime
    ) -> Iterable[Message | Wish | Leave]:
        """Home Assistant was started: tell it again. Somebody moved a slider: a wish."""
        if topic == f"{self._settings.prefix}/status":
            return self.opened(now) if payload == b"online" else ()
        parts = topic.removeprefix(f"{self._root}/").split("/")
        if not self._settings.writes or len(parts) != 3 or parts[1] != "set":
            return ()
        device, point = parts[0], parts[2]
        card = self._devices[device].points.get(point) if device in self._devices else None
        said = payload.decode()
        value = card.value_of(said) if card is not None else None
        return (Wish(device, point, said if value is None else value),)

    def ended(self, wish: Wish, result: Result, now: datetime) -> Iterable[Message]:
        """The old value again: a slider that was refused goes back."""
        return self._now(wish.device) if wish.device in self._devices else ()

    def closing(self, now: datetime) -> Iterable[Message]:
        """All become unavailable."""
        return (Message(f"{self._root}/status", b"offline", retain=True),)

    # --- values -------------------------------------------------------------------------------

    def _now(self, device: str) -> list[Message]:
        values = self._picture.values(device)
        alarms = [one for one in self._picture.alarms(device) if one.active]
        state: dict[str, object] = {
            point: _shown(values.get(point)) for point in self._devices[device].points
        }
        state["alarm"] = "ON" if alarms else "OFF"
        chinese = self._settings.language == "zh"
        texts = [_words(alarm, chinese) for alarm in alarms]
        details = [
            {"severity": one.severity, "rule": one.rule, "since": one.opened_at.isoformat()}
            for one in alarms
        ]
        silent = self._picture.silent(device) or not values
        base = f"{self._root}/{device}"
        return [
            Message(f"{base}/state", _json(state), retain=True),
            Message(f"{base}/alarms", _json({"alarms": texts, "details": details}), retain=True),
            Message(f"{base}/status", b"offline" if silent else b"online", retain=True),
        ]

    # --- discovery ----------------------------------------------------------------------------

    def _discovery(self, card: DeviceCard) -> dict[str, object]:
        base = f"{self._root}/{card.name}"
        parts: dict[str, object] = {}
        for point in card.points.values():
            platform, entity = self._entity(card, point)
            parts[point.id] = {"platform": platform} | self._named(card, point.id, point) | entity
        parts["alarm"] = {
            "platform": "binary_sensor",
            "unique_id": f"{self._id(card.name)}_alarm",
            "name": "故障" if self._settings.language == "zh" else "Alarm",
            "device_class": "problem",
            "value_template": "{{ value_json.alarm }}",
            "json_attributes_topic": f"{base}/alarms",
            "availability": [{"topic": f"{self._root}/status"}],
        }
        return {
            "device": {
                "identifiers": [self._id(card.name)],
                "name": card.name,
                "manufacturer": card.brand,
                "model": card.model,
            },
            "origin": {"name": "heatpump-agent", "sw_version": self._version},
            "state_topic": f"{base}/state",
            "availability": [{"topic": f"{self._root}/status"}, {"topic": f"{base}/status"}],
            "availability_mode": "all",
            "components": parts,
        }

    def _named(self, card: DeviceCard, name: PointId, point: PointCard) -> dict[str, object]:
        text = point.zh if self._settings.language == "zh" else point.en
        return {
            "unique_id": f"{self._id(card.name)}_{name}",
            "name": text[:1].upper() + text[1:],
            "value_template": f"{{{{ value_json.{name} }}}}",
        }

    def _entity(self, card: DeviceCard, point: PointCard) -> tuple[str, dict[str, object]]:
        """Platform and what is its own; what may be set has a command topic."""
        device_class, unit = _UNITS.get(point.unit, (None, ""))
        device_class = _CLASSES.get(point.id, device_class)
        found: dict[str, object] = {"device_class": device_class} if device_class else {}
        if self._settings.writes and point.writable:
            command: dict[str, object] = {
                "command_topic": f"{self._root}/{card.name}/set/{point.id}"
            }
            match point.kind:
                case Kind.TRUTH:
                    return "switch", command
                case Kind.WORD:
                    return "select", command | {"options": list(point.words)}
            limits = {"min": point.low, "max": point.high, "step": point.step}
            found |= command | {key: v for key, v in limits.items() if v is not None}
            return "number", found | {"mode": "box"} | _unit(unit)
        match point.kind:
            case Kind.TRUTH:
                return "binary_sensor", found
            case Kind.WORD:
                known: dict[str, object] = {"device_class": "enum", "options": list(point.words)}
                return "sensor", known if point.words else {}
        if unit or point.id == "cop":
            total = point.unit is Unit.KILOWATT_HOUR
            found["state_class"] = "total_increasing" if total else "measurement"
        return "sensor", found | _unit(unit)

    def _id(self, device: str) -> str:
        return f"{self._settings.gateway}_{device}".replace(".", "_")

    @property
    def _root(self) -> str:
        return f"{ROOT}/{self._settings.gateway}"


def _words(alarm: Alarm, chinese: bool) -> str:
    """What a resident can do, or else what is the matter."""
    if chinese:
        return alarm.resident_zh or alarm.text_zh
    return alarm.resident_en or alarm.text_en


def _unit(unit: str) -> dict[str, object]:
    return {"unit_of_measurement": unit} if unit else {}


def _shown(value: Value | None) -> Value | None:
    """Truth as Home Assistant says it; None becomes null, which it shows as unknown."""
    return {True: "ON", False: "OFF"}[value] if isinstance(value, bool) else value


def _json(thing: object) -> bytes:
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":")).encode()
