"""The durable buffer: what was appended and committed is still there after a power cut."""

from agent.spool.buffer import Spool
from agent.spool.erase import erase
from agent.spool.glance import Glance, LaneGlance, glance
from agent.spool.memory import SpoolSettings, SpoolStatus
from agent.spool.reading import (
    Journal,
    journal_rows,
    saved_state,
    verify_journal,
    write_counts,
)

__all__ = [
    "Glance",
    "Journal",
    "LaneGlance",
    "Spool",
    "SpoolSettings",
    "SpoolStatus",
    "erase",
    "glance",
    "journal_rows",
    "saved_state",
    "verify_journal",
    "write_counts",
]
