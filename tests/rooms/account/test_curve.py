"""The last day of a home in pieces of ten minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.account.curve import PIECES, DayCurve, Shown

BEGIN = datetime(2026, 1, 10, 8, 3, tzinfo=UTC)


def looked(seconds: int, every_s: int = 30, curve: DayCurve | None = None) -> DayCurve:
    """A curve after looks at a room that warms by one kelvin in 600 s."""
    found = curve or DayCurve()
    for second in range(0, seconds + 1, every_s):
        at = BEGIN + timedelta(seconds=second)
        found.see(Shown(at, 18.0 + second / 600, 20.0, -4.0, None, 1500.0))
    return found


def test_a_piece_is_the_mean_over_its_ten_minutes() -> None:
    first, second, *_ = looked(1800).pieces
    assert first.at == datetime(2026, 1, 10, 8, 0, tzinfo=UTC)
    assert second.at - first.at == timedelta(minutes=10)
    assert first.room_c.value == pytest.approx(18.325)  # 8:03:00 to 8:09:30, held to the next look
    assert second.room_c.value == pytest.approx(19.175)
    assert second.power_w.value == pytest.approx(1500.0)
    assert second.water_c.value is None


def test_a_gap_is_no_piece_and_what_was_seen_holds_two_minutes_at_most() -> None:
    curve = DayCurve()
    curve.see(Shown(BEGIN, 18.0))
    curve.see(Shown(BEGIN + timedelta(hours=3), 22.0))
    curve.see(Shown(BEGIN + timedelta(hours=3, minutes=1), 22.0))
    assert [one.at.hour for one in curve.pieces] == [8, 11]
    assert curve.pieces[0].room_c.hours == pytest.approx(2 / 60)


def test_only_the_newest_day_is_kept_also_over_a_restart() -> None:
    curve = looked(30 * 3600, 120)
    assert len(curve.pieces) == PIECES
    again = DayCurve(curve.pieces)
    assert again.pieces == curve.pieces


def test_while_the_clock_is_in_doubt_nothing_holds() -> None:
    curve = DayCurve()
    curve.see(Shown(BEGIN, 18.0))
    curve.pause()
    curve.see(Shown(BEGIN + timedelta(seconds=30), 18.0))
    assert curve.pieces == ()
