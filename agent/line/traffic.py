"""What happened on one line since the start, counted; and when its loop must next show progress."""

from __future__ import annotations

from dataclasses import dataclass

from agent.facts import BlockFailed, BlockRead, Fact, WriteDone
from agent.line.answers import Answer, Garbled, Refused, Reply

SWEEP_WITHIN_S = 120.0
"""A round that has begun is over after this, whatever the machines do: 16 units of 60 registers at
9600 baud need about 30 s, and a silent one is asked once and then rests."""


@dataclass(slots=True)
class Traffic:
    """Counters of one line. `due_by` is the monotonic second by which a round must have ended.

    It moves on when a round ends, when a write is done, when the port is tried again, and over the
    time in which nothing is due: a loop that hangs in an exchange leaves it where it was.
    """

    requests: int = 0
    answers: int = 0
    silences: int = 0
    garbled: int = 0
    refused: int = 0
    lost: int = 0
    renewed: int = 0
    sweeps: int = 0
    due_by: float | None = None

    def see(self, reply: Reply) -> None:
        """Count one exchange and how it ended."""
        self.requests += 1
        match reply:
            case Answer():
                self.answers += 1
            case Garbled():
                self.garbled += 1
            case Refused():
                self.refused += 1
            case _:
                self.silences += 1

    def told(self, fact: Fact) -> None:
        """The core has taken this fact; the end of a round and of a write are progress."""
        match fact:
            case BlockRead(sweep_end=True) | BlockFailed(sweep_end=True):
                self.sweeps += 1
                self.progressed(fact.stamp.mono)
            case WriteDone():
                self.progressed(fact.stamp.mono)

    def progressed(self, mono: float) -> None:
        """Something ended well or badly at `mono`; the next end is due in time after it."""
        self.due_by = max(self.due_by or 0.0, mono + SWEEP_WITHIN_S)
