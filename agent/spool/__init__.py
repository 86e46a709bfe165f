"""The durable buffer: what was appended and committed is still there after a power cut."""

from agent.spool.buffer import Spool
from agent.spool.memory import SpoolSettings, SpoolStatus
from agent.spool.spool import verify_journal

__all__ = ["Spool", "SpoolSettings", "SpoolStatus", "verify_journal"]
