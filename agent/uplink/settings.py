"""How the uplink is set, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from agent.uplink.dial import Address
from agent.uplink.encoding import Encoding
from agent.uplink.messages import Inventory
from agent.uplink.topics import Topics


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a connection needs. `will` is topic and payload, retained unless `will_retained` is off.

    `clean` begins without what the broker kept for this client, and leaves nothing there. Silence
    is noticed `timeout_s` (broker) or 20 s (path) after something was sent, else after
    `keepalive_s` + `answer_s` + 1 s or `probe_every_s` + 5 s. `clock_set`: see `trust.Trust`.
    """

    address: Address
    client_id: str
    will: tuple[str, bytes]
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    keepalive_s: int = 20
    answer_s: float = 8.0
    timeout_s: float = 10.0
    clean: bool = False
    will_retained: bool = True
    probe_every_s: float = 15.0
    clock_set: bool = True


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """How to reach the platform. Raises ValueError for an unusable gateway id or broker URL.

    `backlog_every_s` is the least rest between two messages of the backlog, `backlog_wait_s` the
    longest random time before its first. `probe_every_s` of quiet after which the kernel asks
    whether the other side is there; without `keepalive_s` the broker is asked a minute after a
    batch should have left.
    """

    gateway: str
    broker_url: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    acknowledge: Literal["platform", "puback"] = "platform"
    encoding: Encoding = Encoding.COMPACT_DEFLATE
    batch_records: int = 200
    batch_every_s: float = 300.0
    backlog_every_s: float = 0.5
    backlog_wait_s: float = 60.0
    window: int = 4
    ack_timeout_s: float = 10.0
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0
    probe_every_s: float = 120.0
    keepalive_s: float | None = None
    answer_s: float = 8.0
    username: str | None = None
    password_file: Path | None = None
    inventory: Inventory = field(default_factory=Inventory)
    command_keys: tuple[Path, ...] = ()
    look_every_s: float = 60.0

    def __post_init__(self) -> None:
        Topics(self.gateway)
        Address.parse(self.broker_url)

    @property
    def ping_every_s(self) -> float:
        """Seconds of quiet after which the broker itself is asked; MQTT allows 65,535."""
        return min(self.keepalive_s or self.batch_every_s + 60.0, 65_535.0)


@dataclass(slots=True)
class Counters:
    """Numbers since the start of the program; sent, acknowledged, resent count records.

    `taken_mono` is the monotonic second in which a reading was last acknowledged.
    """

    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    refused: int = 0
    reconnects: int = 0
    faults: int = 0
    unsigned: int = 0
    untrusted: int = 0
    connected_since: datetime | None = None
    taken_mono: float | None = None
