"""A whole gateway on one machine: simulated pumps, a broker, a receiving platform and the agent.

The tour shows it to people, tests and benchmarks measure it. Everything is a process of its own on
loopback except the platform, which lives in the caller's loop; only processes started here are
ended here.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulators.platform import Platform

Listen = Callable[[dict[str, Any]], None]
ENDS_WITHIN_S = 8.0
READY_WITHIN_S = 60.0


def free_port() -> int:
    """A TCP port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """A process of ours; its output arrives line by line, JSON lines as dictionaries."""

    def __init__(self, *command: str, log: Path | None = None) -> None:
        self._command, self._log_path = command, log
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self.lines: list[str] = []
        self.on_json: Listen | None = None
        self._heard = asyncio.Event()

    @classmethod
    def python(cls, module: str, *arguments: str, log: Path | None = None) -> Child:
        """A module of this installation."""
        return cls(sys.executable, "-m", module, *arguments, log=log)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it; its errors go to the log file if there is one."""
        errors = self._log_path.open("ab") if self._log_path else asyncio.subprocess.DEVNULL
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        finally:
            if not isinstance(errors, int):
                errors.close()
        self._reader = asyncio.create_task(self._read(), name=f"output of {self._command[2:3]}")

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.lines = [*self.lines[-199:], line]
            if self.on_json is not None and line.startswith("{"):
                self.on_json(json.loads(line))
            self._heard.set()
        self._heard.set()

    async def heard(self, text: str, within_s: float = READY_WITHIN_S) -> str:
        """Wait until a line holds this text; the line. Raises TimeoutError with what was said."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    found = next((line for line in self.lines if text in line), None)
                    if found is not None:
                        return found
                    if not self.running:
                        break
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            pass
        raise TimeoutError(f"{self._command[2:]} did not say {text!r}; last: {self.lines[-3:]}")

    async def say(self, message: dict[str, Any]) -> None:
        """Write one JSON line to its standard input."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps(message) + "\n").encode())
        await self._process.stdin.drain()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it and wait; killed when it does not go. Returns its exit code."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
            try:
                async with asyncio.timeout(ENDS_WITHIN_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        code = await self._process.wait()
        if self._reader is not None:
            await self._reader
        if self._process.stdin is not None:
            self._process.stdin.close()
        return code


def broker_child(kind: str, port: int, folder: Path) -> Child:
    """The broker: `embedded` comes with pip, `mosquitto` is Debian's."""
    if kind == "embedded":
        return Child.python("simulators.broker", "--port", str(port))
    return mosquitto(
        folder,
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\n"
        "set_tcp_nodelay true\nlog_dest stdout\n",
    )


def mosquitto(folder: Path, text: str, within: Sequence[str] = ()) -> Child:
    """Debian's broker with this configuration; FileNotFoundError says how to install it.

    `within` is a command that runs another one, in a network of its own for instance.
    """
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        raise FileNotFoundError("mosquitto is not installed; sh packaging/mosquitto.sh")
    config = folder / f"mosquitto-{free_port()}.conf"
    root = "user root\n" if os.geteuid() == 0 else ""  # else it could not read our files
    config.write_text(root + text, "utf-8")
    return Child(*within, program, "-c", str(config))


class Stage:
    """Broker, simulators, platform and agent, opened in this order and closed in reverse."""

    def __init__(
        self,
        folder: Path,
        sim_file: Path,
        gateway_yaml: str,
        broker: str = "embedded",
        receive: bool = True,
    ) -> None:
        """Without `receive` nobody receives: the caller starts a platform of its own."""
        self._receive = receive
        self.folder, self._broker_kind = folder, broker
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.config = folder / "gateway.yaml"
        self.config.write_text(gateway_yaml.replace("BROKER", self.url), "utf-8")
        self.sim = Child.python("simulators.cli", str(sim_file), "--json", log=folder / "sim.log")
        self.broker = broker_child(broker, self.port, folder)
        self.platform = Platform(self.url, folder / "platform.db")
        self.agent = self._new_agent()
        self._stack = AsyncExitStack()

    def _new_agent(self) -> Child:
        log = self.folder / "agent.log"
        return Child.python("agent.cli", "run", str(self.config), "--watch", "--json", log=log)

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        await self.start_broker()
        self._stack.push_async_callback(self.stop_broker)
        await self.sim.start()
        self._stack.push_async_callback(self.sim.stop)
        await self.sim.heard("ready")
        if self._receive:
            await self._stack.enter_async_context(self.platform)
        self._stack.push_async_callback(self.stop_agent)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def start_agent(self, on_json: Listen | None = None) -> None:
        """Start the agent, or start it again."""
        self.agent = self._new_agent()
        self.agent.on_json = on_json
        await self.agent.start()

    async def claim_code(self) -> str:
        """Make the code that opens the local page, as an installer does; the code."""
        claim = Child.python("agent.cli", "claim", str(self.config), "--json")
        await claim.start()
        line = await claim.heard("code")
        await claim.stop()
        return str(json.loads(line)["code"])

    async def stop_agent(self) -> None:
        await self.agent.stop()

    async def kill_agent(self) -> None:
        """kill -9: no farewell, no park value."""
        await self.agent.stop(signal.SIGKILL)

    async def start_broker(self) -> None:
        """Start the broker, or start it again on the same port."""
        self.broker = broker_child(self._broker_kind, self.port, self.folder)
        await self.broker.start()
        await reachable(self.port)

    async def stop_broker(self) -> None:
        await self.broker.stop()


async def reachable(port: int) -> None:
    """Return when somebody listens on this port; raises TimeoutError."""
    async with asyncio.timeout(READY_WITHIN_S):
        while not await _listens(port):
            await asyncio.sleep(0.05)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
