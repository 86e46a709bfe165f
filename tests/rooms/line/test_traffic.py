"""What a line counts, and what moves the time by which it must show progress."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.facts import BlockFailed, BlockRead, Fact, Failure, Tick, WriteDone
from agent.line import Answer, Garbled, Refused, Reply, Silence, Traffic
from agent.line.traffic import SWEEP_WITHIN_S
from agent.model import Origin, Outcome, Stamp, Write

STAMP = Stamp(datetime(2026, 1, 14, tzinfo=UTC), 50.0)
WRITE = Write("hp", "water_setpoint", 45, Origin.PLATFORM)


@pytest.mark.parametrize(
    ("reply", "counted"),
    [
        (Answer((1,)), "answers"),
        (Silence(), "silences"),
        (Silence(late_s=2.0), "silences"),
        (Garbled("short"), "garbled"),
        (Refused(2), "refused"),
    ],
)
def test_every_exchange_is_counted_once_by_how_it_ended(reply: Reply, counted: str) -> None:
    traffic = Traffic()
    traffic.see(reply)
    ends = {name: getattr(traffic, name) for name in ("answers", "silences", "garbled", "refused")}
    assert traffic.requests == 1
    assert [name for name, count in ends.items() if count] == [counted]


@pytest.mark.parametrize(
    ("fact", "sweeps", "due_by"),
    [
        (BlockRead("hp", (), STAMP, sweep_end=True), 1, 50.0 + SWEEP_WITHIN_S),
        (BlockFailed("hp", Failure.SILENCE, "", STAMP, sweep_end=True), 1, 50.0 + SWEEP_WITHIN_S),
        (WriteDone(WRITE, Outcome.FAILED, "", STAMP), 0, 50.0 + SWEEP_WITHIN_S),
        (BlockRead("hp", (), STAMP), 0, None),
        (Tick(STAMP), 0, None),
    ],
)
def test_only_an_end_is_progress(fact: Fact, sweeps: int, due_by: float | None) -> None:
    traffic = Traffic()
    traffic.told(fact)
    assert (traffic.sweeps, traffic.due_by) == (sweeps, due_by)


def test_a_pause_that_is_due_never_shortens_the_time() -> None:
    traffic = Traffic()
    traffic.progressed(300.0)
    traffic.progressed(50.0)
    assert traffic.due_by == 300.0 + SWEEP_WITHIN_S
