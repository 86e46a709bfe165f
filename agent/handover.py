"""What an installer leaves behind: who is on which line and what was checked, signed here."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from agent import __version__, identity
from agent.config import Config
from agent.errors import AgentError
from agent.pollcheck import ORDER as POLL_CHECK
from agent.selftest import TRIAL, Report
from agent.support import MODEL, SUPPORTED_UNTIL

SIGNED_WITHIN_S = 30.0
NO_KEY = "not signed: this gateway has no key of its own (platform.enrol)"


class Machine(Struct, frozen=True):
    """A device as it is configured, and its last tests; `needs` are checks not made or not well."""

    name: str
    kind: str
    driver: str
    unit_id: int
    tests: tuple[Report, ...]
    needs: tuple[str, ...]


class Wire(Struct, frozen=True):
    """A line: where it is plugged in, how it speaks, who is on it."""

    name: str
    port: str
    baudrate: int | None
    parity: str | None
    stop_bits: int | None
    machines: tuple[Machine, ...]


class Handover(Struct, frozen=True):
    """Everything of one gateway at one moment."""

    gateway: str
    made_at: datetime
    model: str
    version: str
    supported_until: str
    lines: tuple[Wire, ...]

    @property
    def complete(self) -> bool:
        """Whether every device passed its ten polls, and every heat pump its test write."""
        return not any(machine.needs for line in self.lines for machine in line.machines)


def handover(config: Config, reports: Iterable[Report], at: datetime) -> Handover:
    """The record of this configuration, with what was tested before."""
    tested: dict[str, list[Report]] = {}
    for report in reports:
        tested.setdefault(report.device, []).append(report)
    lines = tuple(
        Wire(
            line.port.name,
            line.port.url,
            None if line.port.is_network else line.port.baudrate,
            None if line.port.is_network else line.port.parity,
            None if line.port.is_network else line.port.stop_bits,
            tuple(
                _machine(one.name, one.map.kind, one.map.map, one.unit_id, tested.get(one.name, []))
                for one in line.devices
            ),
        )
        for line in config.lines
    )
    until = SUPPORTED_UNTIL.isoformat()
    return Handover(config.gateway, at, MODEL, __version__, until, lines)


def _machine(name: str, kind: str, driver: str, unit_id: int, tests: list[Report]) -> Machine:
    wanted = (POLL_CHECK, TRIAL) if kind == "heat_pump" else (POLL_CHECK,)
    seen = (one for one in tests if any(check.judged for check in one.checks))
    well = {one.order for one in seen if one.well}
    needs = tuple(order for order in wanted if order not in well)
    return Machine(name, kind, driver, unit_id, tuple(tests), needs)


def signed(made: Handover, folder: Path | None) -> tuple[str, str]:
    """The record as a JWS by the gateway's own key, and an empty text; or nothing, and why not."""
    if folder is None:
        return "", NO_KEY
    try:
        return identity.sign(folder, msgspec.json.encode(made)), ""
    except AgentError as error:
        return "", f"not signed: {error}"


async def signed_apart(made: Handover, folder: Path | None) -> tuple[str, str]:
    """As `signed`, in a process of its own: a gateway need not keep the library it takes."""
    if folder is None:
        return "", NO_KEY
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-s", "-m", "agent.cli", "identity", "sign", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        async with asyncio.timeout(SIGNED_WITHIN_S):
            jws, why = await process.communicate(msgspec.json.encode(made))
    except TimeoutError:
        return "", f"not signed: it took longer than {SIGNED_WITHIN_S:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        return "", f"not signed: {why.decode(errors='replace').strip()}"
    return jws.decode().strip(), ""
