"""The uplink: from the durable buffer to the platform, and from the platform to the gateway.

`session` is the only door to the MQTT library; `messages`, `commands`, `encoding`, `topics`,
`flights`, `pace` and `ranges` are pure.
"""

from agent.uplink.commands import CommandMessage, RefusedCommand, parse_command
from agent.uplink.encoding import Encoding
from agent.uplink.forecast import ForecastMessage, parse_forecast
from agent.uplink.messages import (
    DeviceCard,
    DriverCard,
    HomeCard,
    Inventory,
    PointCard,
    decode_body,
    encode_body,
)
from agent.uplink.sender import Outbox
from agent.uplink.settings import Counters, UplinkSettings
from agent.uplink.signing import TYPE as SIGNED_TYPE
from agent.uplink.signing import public_key
from agent.uplink.topics import Topics
from agent.uplink.uplink import Uplink

__all__ = [
    "SIGNED_TYPE",
    "CommandMessage",
    "Counters",
    "DeviceCard",
    "DriverCard",
    "Encoding",
    "ForecastMessage",
    "HomeCard",
    "Inventory",
    "Outbox",
    "PointCard",
    "RefusedCommand",
    "Topics",
    "Uplink",
    "UplinkSettings",
    "decode_body",
    "encode_body",
    "parse_command",
    "parse_forecast",
    "public_key",
]
