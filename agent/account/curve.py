"""The last day of a home in pieces of ten minutes, for people to look at. Pure."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from agent.account.days import Mean

PIECE = timedelta(minutes=10)
PIECES = 144
DAY = PIECES * PIECE
LONGEST_LOOK_H = 120.0 / 3600.0


class Piece(Struct, frozen=True, array_like=True):
    """Means from `at` (aware UTC) on: degrees Celsius and watts."""

    at: datetime
    room_c: Mean = Mean()
    wanted_c: Mean = Mean()
    outdoor_c: Mean = Mean()
    water_c: Mean = Mean()
    power_w: Mean = Mean()


class Shown(Struct, frozen=True):
    """What a look shows; None where nobody knows."""

    at: datetime
    room_c: float | None = None
    wanted_c: float | None = None
    outdoor_c: float | None = None
    water_c: float | None = None
    power_w: float | None = None


class DayCurve:
    """The newest pieces, oldest first; a piece without a look is not there."""

    def __init__(self, pieces: tuple[Piece, ...] = ()) -> None:
        self._pieces = deque(pieces[-PIECES:])
        self._last: Shown | None = None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What to show, and to save."""
        return tuple(self._pieces)

    def pause(self) -> None:
        """The clock is in doubt: what was seen last no longer holds."""
        self._last = None

    def see(self, shown: Shown) -> None:
        """Let what was seen last hold until now, for two minutes at most."""
        last, self._last = self._last, shown
        if last is None:
            return
        hours = min((shown.at - last.at).total_seconds() / 3600.0, LONGEST_LOOK_H)
        if hours <= 0:
            return
        at = _begun(last.at)
        if not self._pieces or self._pieces[-1].at < at:
            while self._pieces and at - self._pieces[0].at >= DAY:
                self._pieces.popleft()
            self._pieces.append(Piece(at))
        piece = self._pieces[-1]
        self._pieces[-1] = replace(
            piece,
            room_c=piece.room_c.with_value(last.room_c, hours),
            wanted_c=piece.wanted_c.with_value(last.wanted_c, hours),
            outdoor_c=piece.outdoor_c.with_value(last.outdoor_c, hours),
            water_c=piece.water_c.with_value(last.water_c, hours),
            power_w=piece.power_w.with_value(last.power_w, hours),
        )


def _begun(at: datetime) -> datetime:
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0)
