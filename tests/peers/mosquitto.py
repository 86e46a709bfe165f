"""A real Mosquitto broker for tests: on its own port, killed, frozen and brought back at will."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = Path("/usr/sbin/mosquitto")
_READY_S = 8.0


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of the broker; with `require_certificate` clients must show one signed by `ca`.

    `crl` is the list of revoked ones, read when the broker starts.
    """

    ca: Path
    certificate: Path
    key: Path
    require_certificate: bool = False
    crl: Path | None = None


class Mosquitto:
    """One broker process, as an async context manager; `log` holds its newest lines."""

    def __init__(
        self,
        folder: Path,
        *,
        tls: Tls | None = None,
        acl: str = "",
        passwords: Path | None = None,
        persistence: bool = False,
    ) -> None:
        assert PROGRAM.exists(), f"{PROGRAM} is missing: install the package mosquitto"
        self.folder = folder
        self.port = _free_port()
        self.log: list[str] = []
        self._tls = tls
        self._acl = acl
        self._passwords = passwords
        self._persistence = persistence
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._heard = asyncio.Condition()
        self._frozen = False

    @property
    def url(self) -> str:
        scheme = "mqtts" if self._tls else "mqtt"
        return f"{scheme}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.kill()

    async def start(self) -> None:
        """Start on the port it had before; returns when it accepts connections."""
        assert self._process is None, "it runs already"
        self.log.clear()
        self._process = await asyncio.create_subprocess_exec(
            str(PROGRAM), "-c", str(self._configure()), "-v", stderr=asyncio.subprocess.PIPE
        )
        self._reader = asyncio.create_task(self._read(self._process), name="mosquitto-log")
        await self.logged("running")

    async def stop(self) -> None:
        """End it in an orderly way (SIGTERM): persistence is written."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it at once (SIGKILL): nothing is written, nobody is told."""
        await self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing is answered."""
        self._running().send_signal(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        """SIGCONT."""
        self._running().send_signal(signal.SIGCONT)
        self._frozen = False

    async def logged(self, words: str, within_s: float = _READY_S, times: int = 1) -> str:
        """The `times`-th log line with these words; fails with the whole log when none comes."""

        def found() -> str:
            lines = [line for line in self.log if words in line]
            return lines[times - 1] if len(lines) >= times else ""

        def settled() -> bool:
            return bool(found()) or (self._reader is not None and self._reader.done())

        try:
            async with asyncio.timeout(within_s), self._heard:
                await self._heard.wait_for(settled)
        except TimeoutError:
            pass
        assert found(), f"mosquitto never said {words!r}:\n" + "\n".join(self.log)
        return found()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        try:
            async for line in process.stderr:
                async with self._heard:
                    self.log.append(line.decode(errors="replace").rstrip())
                    self._heard.notify_all()
        finally:
            async with self._heard:
                self._heard.notify_all()

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(how)
            if self._frozen:
                process.send_signal(signal.SIGCONT)
        self._frozen = False
        await process.wait()
        if self._reader is not None:
            await self._reader

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "it does not run"
        return self._process

    def _configure(self) -> Path:
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if self._passwords else 'true'}",
            "set_tcp_nodelay true",
            "log_dest stderr",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # it would change to a user who cannot read the test's files
        if self._persistence:
            lines += ["persistence true", f"persistence_location {self.folder}/"]
        if self._passwords:
            lines.append(f"password_file {self._passwords}")
        if self._acl:
            (self.folder / "acl").write_text(self._acl)
            lines.append(f"acl_file {self.folder / 'acl'}")
        if self._tls:
            lines += [
                f"cafile {self._tls.ca}",
                f"certfile {self._tls.certificate}",
                f"keyfile {self._tls.key}",
                f"require_certificate {'true' if self._tls.require_certificate else 'false'}",
            ]
            lines += [f"crlfile {self._tls.crl}"] if self._tls.crl else []
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join(lines) + "\n")
        return path


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
