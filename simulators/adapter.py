"""The adapter between a program and a `Pair`: in the program's own loop, or as a pty.

In the loop the serial settings arrive as they are meant, and minutes can be skipped. A pty carries
bytes of a real open, read and write; it knows baud rate and stop bits, but the kernel gives a pty
no parity (setting it fails), so over a pty parity is none.
"""

from __future__ import annotations

import asyncio
import os
import select
import termios
import tty
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Literal, Protocol

from simulators.uart import Serial
from simulators.wiring import Pair

_BAUDS = {getattr(termios, f"B{n}"): n for n in (1200, 2400, 4800, 9600, 19200, 38400, 57600)}
_BAUDS[termios.B115200] = 115200


class Settings(Protocol):
    """What an adapter must be told; the port settings of any program will do."""

    @property
    def baudrate(self) -> int: ...
    @property
    def parity(self) -> Literal["none", "even", "odd"]: ...
    @property
    def stop_bits(self) -> int: ...


class LoopAdapter:
    """Opens the pair inside the running loop; `attach` is what a program's port calls."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._timer: asyncio.TimerHandle | None = None
        self._open = False

    def attach(
        self, settings: Settings, take: Callable[[bytes], None], drop: Callable[[str], None]
    ) -> LoopAdapter:
        """Open with these settings; what comes in goes to `take`."""
        loop = asyncio.get_running_loop()
        serial = Serial(settings.baudrate, settings.parity, settings.stop_bits)
        self._open, self._pair.hear = True, take
        self._pair.open(serial, loop.time())
        self._schedule()
        return self

    def write(self, frame: bytes) -> None:
        """Send these bytes."""
        now = asyncio.get_running_loop().time()
        self._pair.advance(now)
        self._pair.send(frame, now)
        self._schedule()

    def close(self) -> None:
        """Close our end; the pair lives on."""
        self._open, self._pair.hear = False, lambda _: None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._open and self._pair.due is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._pair.due, self._advance)

    def _advance(self) -> None:
        self._timer = None
        self._pair.advance(asyncio.get_running_loop().time())
        self._schedule()


class PtyAdapter:
    """A pty at `path` with the pair behind it, served by a thread. Use it with `with`."""

    def __init__(self, pair: Pair, path: Path) -> None:
        self.path, self._pair = path, pair
        self._fds: tuple[int, ...] = ()
        self._thread: Thread | None = None

    def __enter__(self) -> PtyAdapter:
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self.path.symlink_to(os.ttyname(slave))
        self._fds = (master, slave, *os.pipe())
        self._pair.hear = lambda content: _put(master, content)
        self._thread = Thread(target=self._serve, name=f"pair {self.path}", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._fds[3], b"x")
        assert self._thread is not None
        self._thread.join()
        self.path.unlink()
        for fd in self._fds:
            os.close(fd)

    def _serve(self) -> None:
        master, _, wake, _ = self._fds
        settings: Serial | None = None
        while True:
            due = self._pair.due
            timeout = 0.02 if due is None else min(0.02, max(0.0, due - monotonic()))
            ready, _, _ = select.select((master, wake), (), (), timeout)
            if wake in ready:
                return
            now = monotonic()
            self._pair.advance(now)
            found = _settings(master)
            if found != settings:
                settings = found
                self._pair.open(found, now)
            if master in ready:
                self._pair.send(os.read(master, 1024), now)


def _settings(fd: int) -> Serial:
    """What the other end of the pty was last set to."""
    flags, speed = termios.tcgetattr(fd)[2], termios.tcgetattr(fd)[5]
    return Serial(_BAUDS.get(speed, 38400), "none", 2 if flags & termios.CSTOPB else 1)


def _put(fd: int, content: bytes) -> None:
    try:
        os.write(fd, content)
    except BlockingIOError:  # nobody reads: a full adapter drops what comes
        return
