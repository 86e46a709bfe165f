"""The one place that asks what time it is: aware UTC, monotonic seconds, and if it is believed.

Monotonic seconds are the time that everything is ordered and paced by; no jump of the wall clock
reaches them. The wall clock is only shown, and compared with a schedule while it is believed.
"""

from __future__ import annotations

import ctypes
import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.libc import libc
from agent.model import Stamp

_log = logging.getLogger(__name__)

# A clock that shows a time before this program was written has not been set since power-on.
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
LATEST = datetime(2076, 1, 1, tzinfo=UTC)
JUMP = timedelta(minutes=5)
"""What no drift explains; smaller corrections are followed."""
ASK_EVERY_S = 10.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_HARDWARE_CLOCK = Path("/sys/class/rtc/rtc0")
_TIME_SERVICES = tuple(map(Path, ("/run/systemd/timesync", "/run/chrony", "/run/ntpd.pid")))
_TIMESYNCD_SET_IT = Path("/run/systemd/timesync/synchronized")
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # struct timex is smaller everywhere; all zeroes only ask


def _now() -> datetime:
    return datetime.now(UTC)


BELIEVED_S = 9 * 3600.0
"""How long a clock that was set is taken for right: the kernel, which counts 500 ppm of drift up to
16 s, takes about as long."""


def kernel_synchronised() -> bool:
    """Whether a time service has told the kernel that the clock is right (adjtimex).

    A sandbox that lets nobody near the clock refuses the question too; then systemd-timesyncd has
    the word, which touches a file whenever it has set the clock.
    """
    ask = libc("adjtimex")
    if ask is None:
        return False
    state = int(ask(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return 0 <= state < _TIME_ERROR if state >= 0 else set_lately(_TIMESYNCD_SET_IT)


def set_lately(mark: Path) -> bool:
    """Whether the clock was set within `BELIEVED_S`, by the time it shows itself.

    A clock that somebody moves by hand afterwards is too far from the mark until it is set again.
    """
    try:
        return abs(time.time() - mark.stat().st_mtime) < BELIEVED_S
    except OSError:
        return False


def waits_for_service() -> bool:
    """Whether the clock starts anyhow, as on a board without a hardware clock, to be set later."""
    return not _HARDWARE_CLOCK.exists() and any(path.exists() for path in _TIME_SERVICES)


class Clock:
    """Stamps instants; `boot` names this boot of the machine.

    The wall clock is believed when the kernel says that it is synchronised. Without that word it is
    believed from the start where nobody will set it later, as long as it shows a possible time and
    does not jump; a jump of more than five minutes is believed only when the kernel confirms it.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = _now,
        mono: Callable[[], float] = time.monotonic,
        synchronised: Callable[[], bool] = kernel_synchronised,
        waits: Callable[[], bool] = waits_for_service,
    ) -> None:
        self._wall, self._mono, self._synchronised, self._waits = wall, mono, synchronised, waits
        self._start: datetime | None = None  # the believed wall time of monotonic second 0
        self._confirmed = False
        self._ask_at = float("-inf")
        self._believed: bool | None = None
        try:
            self.boot = _BOOT_ID.read_text("ascii").strip()
        except OSError:
            self.boot = str(uuid.uuid4())

    def stamp(self) -> Stamp:
        """Now."""
        at, mono = self._wall(), self._mono()
        believed = EARLIEST <= at < LATEST and self._fits(at - timedelta(seconds=mono), mono)
        if believed != self._believed and (self._believed is not None or not believed):
            level = logging.INFO if believed else logging.WARNING
            _log.log(level, "clock %s at=%s", "right" if believed else "not trusted", at)
        self._believed = believed
        return Stamp(at, mono, believed)

    def _fits(self, start: datetime, mono: float) -> bool:
        known = self._start
        jumped = known is not None and abs(start - known) > JUMP
        if mono >= self._ask_at or jumped:
            self._ask_at = mono + ASK_EVERY_S
            self._confirmed = self._synchronised()
        if not self._confirmed and (jumped or (known is None and self._waits())):
            return False
        self._start = start
        return True
