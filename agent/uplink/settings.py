"""How the uplink is set, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from agent.uplink.dial import Address
from agent.uplink.topics import Topics


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """How to reach the platform. Raises ValueError for an unusable gateway id or broker URL."""

    gateway: str
    broker_url: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    acknowledge: Literal["platform", "puback"] = "platform"
    batch_records: int = 200
    batch_every_s: float = 5.0
    ack_timeout_s: float = 10.0
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0
    keepalive_s: int = 20
    answer_s: float = 8.0
    username: str | None = None
    password_file: Path | None = None

    def __post_init__(self) -> None:
        Topics(self.gateway)
        Address.parse(self.broker_url)


@dataclass(slots=True)
class Counters:
    """Numbers since the start of the program; sent, acknowledged, resent count records."""

    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    refused: int = 0
    reconnects: int = 0
    faults: int = 0
    connected_since: datetime | None = None
