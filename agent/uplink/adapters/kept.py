"""What a bridge is told of: a record as the durable buffer was given it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.records import Lane, Record


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as the durable buffer was given it; `at` is aware UTC."""

    lane: Lane
    seq: int
    record: Record
    at: datetime
    trusted: bool = True
