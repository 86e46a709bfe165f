"""A serial line that is not there: a pty with the true time of a line, and several units on it.

A pty has no line time of its own. The line waits as long as the request would have taken, answers
after the longer of 3.5 characters and the unit's own delay, and lets the reply out in pieces of
eight bytes at the baud rate. All waits end at absolute times, so errors do not add up.
"""

from __future__ import annotations

import ctypes
import heapq
import os
import select
import tty
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from time import monotonic

from simulators.faults import Responder
from simulators.frames import Registers, crc16, request_length, rtu

_PIECE = 8
_STALE_S = 0.05
_PR_SET_TIMERSLACK = 29
_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what became of it, in monotonic seconds.

    `gap_s` is the silence before it since the end of the previous frame (None for the first);
    `line_s` the least time the line needs for both frames, the answer delay and one silence.
    """

    unit_id: int
    request: bytes
    requested_mono: float
    gap_s: float | None
    reply_bytes: int
    replied_mono: float | None
    line_s: float


@dataclass(slots=True)
class _Transmission:
    """A reply on its way: when it may begin, what is left of it, and when the next piece is due."""

    start: float
    frame: bytes
    exchange: Exchange
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Master:
    """Somebody else who asks the units of a line: its reads, the time between them and its pause.

    A read is unit id, table function, first address and count.
    """

    reads: tuple[tuple[int, int, int, int], ...]
    gap_s: float = 0.01
    pause_s: float = 0.3


class PtyLine:
    """Units on one emulated RTU line under the port name `path`, served by a thread of its own.

    For exact timing let it live in a process of its own (`simulators.busprocess`); beside a busy
    event loop it works as well, later by what the interpreter lock costs. A pty knows parity none
    only.
    """

    def __init__(
        self,
        units: Mapping[int, Registers],
        path: Path,
        *,
        baudrate: int = 9600,
        bits_per_char: int = 10,
        delays_s: Mapping[int, float] | None = None,
        seed: int = 0,
        master: Master | None = None,
    ) -> None:
        self.path, self.baudrate, self.master = path, baudrate, master
        self.character_s = bits_per_char / baudrate
        self.silence_s = 0.00175 if baudrate > 19200 else 3.5 * self.character_s
        self.responder = Responder(units, delays_s, seed)
        self.faults = self.responder.faults
        self.exchanges: deque[Exchange] = deque(maxlen=_KEPT)
        self.unheard = self.collisions = 0
        self.master_asked = 0
        self._ask_mono = monotonic()
        self._born = monotonic()
        self._thread: Thread | None = None
        self._fds: tuple[int, ...] = ()
        self._buffer = b""
        self._buffer_mono = 0.0
        self._frame_end: float | None = None
        self._free = 0.0
        self._ready: dict[int, float] = {}
        self._waiting: list[tuple[float, int, _Transmission]] = []
        self._sending: _Transmission | None = None
        self._number = 0

    def start(self) -> None:
        """Make the port and serve it. Raises FileExistsError when `path` is no symlink of ours."""
        if self._thread is not None:
            return
        if self.path.exists() and not self.path.is_symlink():
            raise FileExistsError(f"{self.path} exists and is no symlink")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._fds = (master, slave, *os.pipe())
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))
        self._thread = Thread(target=self._serve, name=f"line {self.path}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the line: the port goes away, whoever has it open gets an error."""
        if self._thread is None:
            return
        os.write(self._fds[3], b"x")
        self._thread.join()
        self._thread = None
        self.path.unlink(missing_ok=True)
        for fd in self._fds:
            os.close(fd)
        self._fds, self._buffer, self._sending = (), b"", None
        self._waiting.clear()
        self._ready.clear()

    def unplug(self) -> None:
        """Pull the USB adapter: port and link vanish, the units and their faults stay."""
        self.close()

    def replug(self) -> None:
        """Put the adapter back: a new pty under the old name."""
        self.start()

    def stats(self) -> dict[str, object]:
        """Counts and times of all exchanges so far, ready for JSON. Seconds are monotonic."""
        done = tuple(self.exchanges)
        gaps = [exchange.gap_s for exchange in done if exchange.gap_s is not None]
        answered = [exchange for exchange in done if exchange.replied_mono is not None]
        busy_s = sum(exchange.line_s for exchange in answered)
        elapsed_s = 0.0
        if answered and answered[-1].replied_mono is not None:
            elapsed_s = answered[-1].replied_mono + self.silence_s - answered[0].requested_mono
        return {
            "baudrate": self.baudrate,
            "silence_s": self.silence_s,
            "requests": sum(self.responder.requests.values()),
            "replies": sum(self.responder.replies.values()),
            "unheard": self.unheard,
            "short_gaps": sum(gap < self.silence_s for gap in gaps),
            "smallest_gap_s": min(gaps, default=None),
            "busy_s": busy_s,
            "elapsed_s": elapsed_s,
            "use": busy_s / elapsed_s if elapsed_s else None,
            "struck": dict(self.responder.struck),
        }

    # --- the thread -------------------------------------------------------------------------

    def _serve(self) -> None:
        _sharpen_timers()
        master, _, wake, _ = self._fds
        while True:
            due = self._next_due()
            timeout = None if due is None else max(0.0, due - monotonic())
            heard, _, _ = select.select((master, wake), (), (), timeout)
            if wake in heard:
                return
            if master in heard:
                self._hear(master)
            self._send_due(master)

    def _next_due(self) -> float | None:
        times = [self._buffer_mono + _STALE_S] if self._buffer else []
        if self._sending is not None:
            times.append(self._piece_due(self._sending))
        elif self._waiting:
            times.append(self._waiting[0][0])
        elif self.master is not None:
            times.append(self._ask_mono)
        return min(times, default=None)

    def _hear(self, master: int) -> None:
        now = monotonic()
        try:
            piece = os.read(master, 1024)
        except OSError:
            return
        if not self._buffer:
            self._buffer_mono = now
        self._buffer += piece
        while (length := request_length(self._buffer)) and len(self._buffer) >= length:
            frame, self._buffer = self._buffer[:length], self._buffer[length:]
            if crc16(frame[:-2]) != frame[-2:]:
                self._forget()
                return
            self._take(frame, self._buffer_mono)
            self._buffer_mono = now

    def _forget(self) -> None:
        """What stands in the buffer is no request; a real unit waits for the next silence."""
        self.unheard += 1
        self._buffer = b""

    def _ask(self, master: Master, mono: float) -> None:
        """The other master asks its next question; both its request and the reply are heard."""
        unit_id, function, at, count = master.reads[self.master_asked % len(master.reads)]
        self.master_asked += 1
        pdu = bytes((function,)) + at.to_bytes(2, "big") + count.to_bytes(2, "big")
        reply = self.responder.answer(unit_id, pdu, mono - self._born)
        ct, request = self.character_s, rtu(unit_id, pdu)
        answer = b"" if reply is None else reply.rtu()
        exchange = Exchange(unit_id, request, mono, None, len(answer), None, 0.0)
        then = mono + len(request) * ct + self.silence_s
        for start, frame in ((mono, request), (then, answer)):
            if frame:
                self._number += 1
                entry = (start, self._number, _Transmission(start, frame, exchange))
                heapq.heappush(self._waiting, entry)
        over = self.master_asked % len(master.reads) == 0
        pause_s = master.pause_s if over else master.gap_s
        self._ask_mono = then + len(answer) * ct + pause_s

    def hush(self) -> None:
        """The other master falls silent for good."""
        self.master = None

    def _take(self, frame: bytes, mono: float) -> None:
        """A request was heard: the answer is made now and leaves when its time has come."""
        unit_id, ct = frame[0], self.character_s
        late = self.master is not None and mono + len(frame) * ct > self._ask_mono
        if self.master is not None and (late or self._sending or self._waiting):
            self.collisions += 1
            return
        request_end = mono + len(frame) * ct
        gap_s = None if self._frame_end is None else mono - self._frame_end
        self._frame_end = max(request_end, self._frame_end or 0.0)
        reply = self.responder.answer(unit_id, frame[1:-2], mono - self._born)
        answer = b"" if reply is None else reply.rtu()
        clutter = b"" if reply is None else self.responder.clutter(reply)
        turnaround_s = max(self.silence_s, 0.0 if reply is None else reply.delay_s)
        line_s = (len(frame) + len(answer)) * ct + turnaround_s + self.silence_s
        exchange = Exchange(unit_id, frame, mono, gap_s, len(answer), None, line_s)
        if not clutter + answer:
            self.exchanges.append(exchange)
            return
        start = max(request_end, self._ready.get(unit_id, 0.0)) + turnaround_s
        self._ready[unit_id] = start + len(clutter + answer) * ct
        self._number += 1
        heapq.heappush(
            self._waiting,
            (start, self._number, _Transmission(start, clutter + answer, exchange)),
        )

    def _piece_due(self, sending: _Transmission) -> float:
        after = min(sending.sent + _PIECE, len(sending.frame))
        return sending.start + after * self.character_s

    def _send_due(self, master: int) -> None:
        now = monotonic()
        if self._buffer and now >= self._buffer_mono + _STALE_S:
            self._forget()
        idle = not (self._sending or self._waiting)
        if self.master is not None and idle and now >= self._ask_mono:
            self._ask(self.master, now)
        if self._sending is None and self._waiting and self._waiting[0][0] <= now:
            self._sending = heapq.heappop(self._waiting)[2]
            self._sending.start = max(self._sending.start, self._free)
        sending = self._sending
        if sending is None or self._piece_due(sending) > now:
            return
        piece = sending.frame[sending.sent : sending.sent + _PIECE]
        sending.sent += len(piece)
        last = sending.sent == len(sending.frame)
        if last:
            self._finish(sending, monotonic())
        try:
            os.write(master, piece)
        except OSError:
            self.unheard += 1

    def _finish(self, sending: _Transmission, mono: float) -> None:
        self._sending, self._frame_end = None, mono
        self._free = self._piece_due(sending)
        self.exchanges.append(replace(sending.exchange, replied_mono=mono))


def _sharpen_timers() -> None:
    """Let waits of this thread end on time; Linux else may add 50 us to each (prctl(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
