"""Whether a value that leaps is believed: only when the next ones agree. Pure."""

from __future__ import annotations

from dataclasses import dataclass

LEAPS = 3  # so many readings in a row that agree with one another, and the leap was real


@dataclass(slots=True)
class Jump:
    """How far one point may leap between two readings, and what was believed last.

    A leap counts from its `times`-th reading on.
    """

    most: float
    times: int = LEAPS
    believed: float | None = None
    doubted: float | None = None
    leaps: int = 0

    def believes(self, value: float) -> bool:
        """False for a leap that the next readings have not confirmed."""
        if self.believed is None or abs(value - self.believed) <= self.most:
            self.take(value)
            return True
        near = self.doubted is not None and abs(value - self.doubted) <= self.most
        self.leaps = self.leaps + 1 if near else 1
        self.doubted = value
        if self.leaps < self.times:
            return False
        self.take(value)
        return True

    def follows(self, value: float) -> bool:
        """Believe a value that is no leap; False, and nothing changes, where it is one."""
        if self.believed is None or abs(value - self.believed) > self.most:
            return False
        self.believed = value
        return True

    def take(self, value: float | None) -> None:
        """Believe this from now on; None for nothing."""
        self.believed, self.doubted, self.leaps = value, None, 0
