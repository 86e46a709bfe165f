"""What is on its way in one lane of one connection. Pure: numbers and monotonic seconds only."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

WINDOW = 4
"""Messages of one lane that may wait for their acknowledgement at the same time."""
RESEND_MAX_S = 900.0


@dataclass(slots=True, eq=False)
class Flight:
    """A message on its way: its records not yet acknowledged, and when it is sent again."""

    numbers: set[int]
    sent: float
    due: float = inf  # while its PUBACK is awaited it is not sent again
    attempts: int = 0
    refused: bool = False


@dataclass(slots=True)
class Flights:
    """The window of one stream: so many messages, each sent again with a doubling wait.

    `cursor` is the highest number that left in this connection; what lies above `until` belongs to
    another stream.
    """

    ack_timeout_s: float
    window: int = WINDOW
    until: float = inf
    cursor: int = 0
    flying: list[Flight] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.flying) >= self.window

    def start(self, numbers: set[int], mono: float) -> Flight:
        """A new message leaves."""
        flight = Flight(numbers, mono)
        self.flying.append(flight)
        self.cursor = max(numbers)
        return flight

    def again(self, flight: Flight, numbers: set[int], mono: float) -> bool:
        """Whether the message leaves once more; not when nothing of it is left."""
        if flight not in self.flying:
            return False
        flight.numbers &= numbers
        if not flight.numbers:
            self.flying.remove(flight)
            return False
        flight.attempts += 1
        flight.sent, flight.due = mono, inf
        return True

    def landed(self, flight: Flight, mono: float, refused: bool) -> None:
        """The broker has answered; from now on the acknowledgement is waited for."""
        flight.refused = refused
        wait_s = self.ack_timeout_s * 2.0 ** min(flight.attempts, 20)
        flight.due = mono + min(wait_s, RESEND_MAX_S)

    def acknowledge(self, first: int, last: int) -> list[Flight]:
        """`first`..`last` need not be sent again; the messages of which nothing is left."""
        for flight in self.flying:
            flight.numbers = {number for number in flight.numbers if not first <= number <= last}
        done = [flight for flight in self.flying if not flight.numbers]
        self.flying = [flight for flight in self.flying if flight.numbers]
        return done

    def due(self, mono: float, heard: float) -> list[Flight]:
        """What is to be sent again now; `heard` is when the platform last spoke."""
        return [flight for flight in self._candidates(heard) if flight.due <= mono]

    def next_due(self, heard: float) -> float:
        """The monotonic second at which something is to be sent again; infinite for never."""
        return min((flight.due for flight in self._candidates(heard)), default=inf)

    def hurry(self, mono: float) -> None:
        """The platform is there: no message in a long wait waits longer than one time-out."""
        soon = mono + self.ack_timeout_s
        for flight in self.flying:
            if not flight.refused and soon < flight.due < inf:
                flight.attempts, flight.due = 0, soon

    def _candidates(self, heard: float) -> list[Flight]:
        # A silent platform is tried with the oldest message only: repeats cost mobile data.
        return self.flying[:1] + [flight for flight in self.flying[1:] if flight.sent < heard]
