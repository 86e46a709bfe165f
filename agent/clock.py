"""The one place that asks what time it is: aware UTC, monotonic seconds, and if it is believed."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from agent.model import Stamp

# A clock that shows a time before this program was written has not been set since power-on.
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock:
    """Stamps instants; `boot` names this boot of the machine."""

    def __init__(self) -> None:
        try:
            self.boot = _BOOT_ID.read_text("ascii").strip()
        except OSError:
            self.boot = str(uuid.uuid4())

    def stamp(self) -> Stamp:
        """Now."""
        at = datetime.now(UTC)
        return Stamp(at, time.monotonic(), at >= EARLIEST)
