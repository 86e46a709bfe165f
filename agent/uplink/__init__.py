"""The uplink: from the durable buffer to the platform, and from the platform to the gateway.

`session` is the only door to the MQTT library; `messages`, `topics` and `flights` are pure.
"""

from agent.uplink.messages import (
    RefusedCommand,
    decode_body,
    encode_body,
    parse_command,
)
from agent.uplink.settings import Counters, UplinkSettings
from agent.uplink.topics import Topics
from agent.uplink.uplink import Outbox, Uplink

__all__ = [
    "Counters",
    "Outbox",
    "RefusedCommand",
    "Topics",
    "Uplink",
    "UplinkSettings",
    "decode_body",
    "encode_body",
    "parse_command",
]
