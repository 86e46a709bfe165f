"""How long a machine may go without being asked, at worst. Pure; proved when a line is loaded.

Some machines let go of the control given to them when nobody has polled them for a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.drivers import Device
from agent.line.unit import SILENCES_BEFORE_REST, rest_most_s

WRITE_EXCHANGES = 8  # look, write, read back and one condition, and all of it once more
RESTART_S = 12.0  # park at most 4 s, the service manager waits 5 s, first reading within 3 s


@dataclass(frozen=True, slots=True)
class LongestSilence:
    """The parts of the longest time between two requests to one device, in seconds."""

    poll_s: float
    round_s: float
    timeouts_s: float
    writing_s: float
    rest_s: float

    @property
    def running_s(self) -> float:
        """While the program runs and the device answers."""
        return self.poll_s + self.round_s + self.timeouts_s + self.writing_s

    @property
    def total_s(self) -> float:
        """At worst: in a busy round, over a restart, or at the end of a rest after silences."""
        busy_s = self.round_s + self.timeouts_s + self.writing_s
        return max(self.running_s, self.poll_s + self.round_s + RESTART_S, self.rest_s + busy_s)

    def __str__(self) -> str:
        return (
            f"poll {self.poll_s:.1f} s, rounds of the line {self.round_s:.1f} s, time-outs of"
            f" neighbours {self.timeouts_s:.1f} s, a write {self.writing_s:.1f} s, restart"
            f" {RESTART_S:.1f} s, rest {self.rest_s:.1f} s"
        )


def longest_silence(device: Device, line: Sequence[Device]) -> LongestSilence:
    """For one device among all of its line, itself included."""
    neighbours = [other for other in line if other is not device]
    return LongestSilence(
        poll_s=device.poll_s,
        round_s=sum(map(_round_s, line)),
        timeouts_s=sum(SILENCES_BEFORE_REST * _timeout_s(other) for other in neighbours),
        writing_s=max(map(_write_s, line), default=0.0),
        rest_s=rest_most_s(device),
    )


def _round_s(device: Device) -> float:
    """One request after another for every block, as the plan reckons them."""
    return _cost_s(device, (block.request.count for block in device.plan()))


def _write_s(device: Device) -> float:
    return _cost_s(device, [1] * WRITE_EXCHANGES) + _timeout_s(device)


def _cost_s(device: Device, counts: Iterable[int]) -> float:
    return sum(device.cost.request_s + count * device.cost.register_s for count in counts)


def _timeout_s(device: Device) -> float:
    rule = device.map.line
    return float(rule.answer_within) + float(rule.worst_lateness)
