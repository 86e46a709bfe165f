"""How fast a backlog may leave, so that a fleet that returns does not drown its platform. Pure.

One full message of readings at a time; after its acknowledgement a rest of `REST_SHARE` times what
that took, and at least `least_s`. A platform that slows down so slows its gateways down: with N of
them it is asked for at most N / (1 + REST_SHARE) messages in each of its own answering times.
"""

from __future__ import annotations

from dataclasses import dataclass

REST_SHARE = 3.0
REST_MAX_S = 60.0


@dataclass(slots=True)
class Pace:
    """When the next full message of readings may leave; monotonic seconds throughout."""

    least_s: float
    due: float = 0.0

    def may(self, mono: float) -> bool:
        """Whether one may leave now."""
        return mono >= self.due

    def wait(self, mono: float, seconds: float) -> None:
        """Nothing leaves for so many seconds."""
        self.due = max(self.due, mono + seconds)

    def answered(self, took_s: float, mono: float, chance: float = 0.5) -> None:
        """A message was acknowledged so many seconds after it left.

        `chance`, 0 to 1, makes the rest half as long to half as long again: when a queue shrinks,
        those who waited in it would otherwise come again at one moment.
        """
        self.wait(mono, max(self.least_s, min((0.5 + chance) * REST_SHARE * took_s, REST_MAX_S)))


def rest_s(share: float, failures: int, least_s: float, most_s: float) -> float:
    """Seconds until the next try to connect: anything from the least to a doubling most.

    `share`, 0 to 1, is chance: gateways must not return together.
    """
    most = max(least_s, min(most_s, least_s * 2.0 ** min(failures, 20)))
    return least_s + share * (most - least_s)
